"""The REST views of the human side: one module a resource, one class an operation."""
