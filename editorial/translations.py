"""The desk's words in other languages: `locale/` holds what translators write, compiled where the
desk keeps its data.

Every process looks at its start whether that is up to date. So a checkout needs no step that
somebody could forget after an update, and no gettext tools on the machine.
"""

import hashlib
import logging
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from editorial.stack.home import make_private_folder

logger = logging.getLogger(__name__)

DOMAINS: Final = ("django", "djangojs")


def compile_changed(written: Path, compiled: Path) -> None:
    """Compile every `written/<language>/LC_MESSAGES/*.po` that is not in `compiled` as it is now.

    Where nothing can be written the desk speaks English, and its log says why.
    """
    for source in sorted(written.glob("*/LC_MESSAGES/*.po")):
        target = compiled / source.relative_to(written).with_suffix(".mo")
        try:
            if _is_current(source, target):
                continue
            make_private_folder(target.parent)
            _compile(source, target)
        except OSError as error:
            logger.warning("%s cannot be compiled to %s: %s", source, target, error)


@cache
def fingerprint(compiled: Path, language: str) -> str:
    """Return a value that changes with the words of scripts; empty where there are none."""
    script_words = compiled / language / "LC_MESSAGES" / "djangojs.mo"
    if not script_words.exists():
        return ""
    return hashlib.sha256(script_words.read_bytes()).hexdigest()[:12]


def _is_current(source: Path, target: Path) -> bool:
    # Equal, not newer: an older version of the desk that is put back has older words.
    return target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns


def _compile(source: Path, target: Path) -> None:
    # Hundreds of processes start and find nothing to compile.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    status = source.stat()
    with source.open("rb") as lines:
        catalogue = read_po(lines)
    # Others start at the same time, and none may read half a file.
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as unfinished:
        write_mo(unfinished, catalogue)
    os.chmod(unfinished.name, 0o644)
    os.utime(unfinished.name, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(unfinished.name, target)
