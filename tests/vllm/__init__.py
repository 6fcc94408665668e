"""The drafting engine against a real vLLM on a CPU; `make test-vllm` prepares and runs it."""
