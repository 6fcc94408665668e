"""Read a file of flags with vLLM's own parser; runs in the environment of vLLM.

    python tests/vllm/check_flags.py deploy/vllm/llama-3.1-8b-instruct.yaml

ends with an error when vLLM does not know a flag or does not take its value.
"""

import sys

from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

parser = make_arg_parser(FlexibleArgumentParser())
flags = parser.parse_args(["--config", sys.argv[1]])
print(f"{sys.argv[1]} serves {flags.served_model_name}")
