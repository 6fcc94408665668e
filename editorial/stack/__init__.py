"""The embedded parts of the desk and their supervision.

Plain process management: nothing here imports Django or an app, so every part can be read,
started and tested by itself.

- `home`        where everything that the desk keeps lies
- `secrets`     passwords and keys, made once for each home
- `addresses`   where database, broker and model server are reached
"""
