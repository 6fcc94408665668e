"""Become another program that does not outlive its parent, and is not root where it must not be.

    python -I -S launch.py [--when-orphaned SIGNAL] [--as-owner-of FOLDER] [--reaching PATH]... \
        -- PROGRAM ARGUMENT...

A script of its own with nothing but the standard library, because every part of the desk passes
through it: it replaces itself by PROGRAM, so that the process a supervisor started is the part.

--when-orphaned  the signal that the kernel sends to PROGRAM when its parent dies, however it dies.
--as-owner-of    as root, run PROGRAM as the user that FOLDER belongs to; anybody else is that user.
--reaching       what PROGRAM must be able to read. Where that user may not pass (/root is closed on
                 most machines), PROGRAM gets the one capability to read and enter everything,
                 instead of our opening folders that are not the desk's.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522

CANNOT_LAUNCH = 78


def main() -> None:
    """Read the command line above and become PROGRAM. Ends with 78 and a sentence if it cannot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--when-orphaned", default="TERM")
    parser.add_argument("--as-owner-of")
    parser.add_argument("--reaching", action="append", default=[])
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    parent = os.getppid()
    try:
        # Folders that PROGRAM's user may not enter make poor working directories.
        if options.as_owner_of and os.geteuid() == 0:
            os.chdir("/")
            _become_owner_of(options.as_owner_of, options.reaching)
        # Last, because a change of user takes the order back.
        _end_with_parent(parent, signal.Signals[f"SIG{options.when_orphaned}"])
        os.execv(options.program[0], options.program)  # noqa: S606 - a shell would be in the way
    except OSError as error:
        print(f"Cannot start {options.program[0]}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(CANNOT_LAUNCH)


def _end_with_parent(parent: int, orphaned: signal.Signals) -> None:
    if sys.platform != "linux":
        return
    _prctl(PR_SET_PDEATHSIG, orphaned)
    if os.getppid() != parent:
        sys.exit(CANNOT_LAUNCH)


def _become_owner_of(folder: str, paths: list[str]) -> None:
    owner = os.stat(folder)
    if owner.st_uid == 0:
        raise PermissionError(f"{folder} belongs to root, who must not run this")
    if sys.platform == "linux":
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    if sys.platform == "linux":
        reached = all(os.access(path, os.R_OK) for path in paths)
        _hold_capabilities(0 if reached else 1 << CAP_DAC_READ_SEARCH)
    _refuse_unreachable(paths)


def _hold_capabilities(capabilities: int) -> None:
    """Keep exactly these, also across the exec that follows."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(capabilities, capabilities, capabilities, 0, 0, 0)
    if _libc().capset(header, data) != 0:
        return  # Not ours to give, as in a container; what cannot be reached is named next.
    if capabilities:
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH)


def _refuse_unreachable(paths: list[str]) -> None:
    for path in paths:
        try:
            os.stat(path)
        except PermissionError:
            raise PermissionError(
                f"user {os.getuid()} may not enter the folders above {path}; keep the desk and "
                "its COPYDESK_HOME where everyone may enter, or run it as an ordinary user"
            ) from None


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc().prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
