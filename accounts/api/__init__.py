"""The REST views of people and tokens."""
