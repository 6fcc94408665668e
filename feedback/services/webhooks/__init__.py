"""Webhooks: whom the desk tells when a dataset is ready.

`addresses` adds and retires them, `signing` signs what is said to them, `deliveries` says it, again
and again where it does not get through.
"""
