"""What is done about people and their tokens."""
