"""The pages of the machine side."""
