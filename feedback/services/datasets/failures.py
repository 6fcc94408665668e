"""Why a build came to nothing: kept in English, shown in the reader's language."""

import errno
from typing import Final

from accounts.in_words import in_words
from accounts.words import translatable
from feedback.models import Dataset
from feedback.services.datasets.sizes import ALL_LEFT_OUT, TOO_FEW

FULL_DISK: Final = translatable("The disk is full: there is no room for the files of this dataset.")
NOT_WRITTEN: Final = translatable("The files could not be written: %(why)s.")
BROKE: Final = translatable("The build broke: %(what)s. The worker's log says where.")
DIED: Final = translatable("The build was begun %(times)d times and its worker died each time.")
LOST: Final = translatable(
    "The build was begun %(times)d times; the last time it lost its database."
)

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def sentence_of(error: Exception) -> str:
    """Return what people read of an error that ended a build and has no sentence of its own."""
    if not isinstance(error, OSError):
        return BROKE % {"what": type(error).__name__}
    if error.errno in _FULL:
        return FULL_DISK
    return NOT_WRITTEN % {"why": error.strerror or error}


def failure_in_words(dataset: Dataset) -> str:
    """Return why there is no dataset, in the reader's language; empty where it did not fail."""
    return in_words(dataset.failure, (TOO_FEW, ALL_LEFT_OUT, NOT_WRITTEN, BROKE, DIED, LOST))
