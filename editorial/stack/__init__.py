"""The embedded parts of the desk and their supervision.

Plain process management: nothing here imports Django or an app, so every part can be read,
started and tested by itself. docs/running.md tells the same from outside.

- `desk`          a start from beginning to end, and the stop; the place to begin reading
- `supervision`   supervisord, which restarts what dies
- `terminal`      labelled lines
- `database`, `broker`, `model_server` (and its process, `serve_model`)   one embedded part each
- `launch`        how a part is started: gone with its parent, never root where it must not be
- `home`          where everything that the desk keeps lies
- `secrets`       passwords and keys, made once for each home
- `addresses`     where database, broker and model server are reached
- `testing`       the same parts for as long as a test
"""
