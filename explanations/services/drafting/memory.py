"""What a process that drafts all night does so that it does not grow."""

import ctypes
import gc

_C = ctypes.CDLL(None)


def keep_what_is_loaded() -> None:
    """Spare the collector what was loaded before the first draft: it is there to stay.

    Looking it over again and again costs a tenth of the processor time that a draft takes.
    """
    gc.collect()
    gc.freeze()


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library can (glibc).

    Requests and answers of all sizes come and go in two threads; what they leave between each other
    adds up to about a kilobyte a draft, which the library otherwise keeps.
    """
    trim = getattr(_C, "malloc_trim", None)
    if trim is not None:
        trim(0)
