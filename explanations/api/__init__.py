"""The REST views of the machine side: one module a resource, one class an operation."""
