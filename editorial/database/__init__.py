"""Django's PostgreSQL, with what a desk that answers in milliseconds needs of it."""
