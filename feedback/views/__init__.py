"""The pages of the human side."""
