"""The pages for logging in, passwords and tokens."""
