"""Passwords and keys, made once for each home and read by its owner alone."""

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from editorial.stack.errors import StackError
from editorial.stack.home import Home, make_private_folder


@dataclass(frozen=True)
class Secrets:
    """Everything that must not be guessed."""

    secret_key: str
    database_superuser_password: str
    database_password: str
    model_server_key: str
    editor_password: str
    lead_password: str
    manager_password: str
    engineer_password: str


def keep(home: Home) -> Secrets:
    """Return the home's secrets; the first call for a home makes them.

    Safe to call from several processes at once: the first one to finish decides.
    Raises StackError when they cannot be made or read.
    """
    try:
        if not home.secrets.exists():
            _make(home.secrets)
        kept = json.loads(home.secrets.read_text())
        return Secrets(**{field.name: str(kept[field.name]) for field in fields(Secrets)})
    except OSError as error:
        raise StackError(
            f"Cannot read or write {home.secrets} ({error.strerror}): give this user the folder, "
            "or set COPYDESK_HOME to another one."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(
            f"{home.secrets} is damaged, and the data beside it opens only with the passwords in "
            f"it: bring it back from a backup, or move {home.root} away to begin anew."
        ) from error


def _make(path: Path) -> None:
    made = Secrets(
        secret_key=secrets.token_urlsafe(64),
        database_superuser_password=secrets.token_urlsafe(32),
        database_password=secrets.token_urlsafe(32),
        model_server_key=secrets.token_urlsafe(32),
        # People type these, so they are short; the desk listens on the loopback address only.
        editor_password=secrets.token_urlsafe(9),
        lead_password=secrets.token_urlsafe(9),
        manager_password=secrets.token_urlsafe(9),
        engineer_password=secrets.token_urlsafe(9),
    )
    make_private_folder(path.parent)
    # mkstemp makes the file 0600. Linking it into place, unlike renaming, fails when another
    # process was faster, so that nobody goes on with secrets that are about to vanish.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(made), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        os.unlink(temporary)
