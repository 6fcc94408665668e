"""The drafting engine against a real vLLM server on a CPU; `make test-vllm` prepares and runs it."""
