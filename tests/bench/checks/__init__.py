"""The labelled lines that `bench_checks.py` measures the checks with, one module a family."""
