"""Become another program that does not outlive its parent, and is not root where it must not be.

    python -I -S launch.py [--when-orphaned SIGNAL] [--niceness NUMBER] [--as-owner-of FOLDER] \
        [--reaching PATH]... -- PROGRAM ARGUMENT...

A script of its own with nothing but the standard library, because every part of the desk passes
through it: it replaces itself by PROGRAM, so that the process a supervisor started is the part.

--when-orphaned  the signal that the kernel sends to PROGRAM when its parent dies, however it dies.
                 One that died before it could be asked for has left its number in LAUNCHED, or
                 nobody would see that PROGRAM is somebody else's child by now.
--niceness       how much PROGRAM gives way to others that want the processor too, 0 to 19.
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
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522

CANNOT_LAUNCH = 78

# Names the variable in which a launched program finds its own number, for what it launches itself.
LAUNCHED = "COPYDESK_LAUNCHED"


def main() -> None:
    """Read the command line above and become PROGRAM. Ends with 78 and a sentence if it cannot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--when-orphaned", default="KILL")
    parser.add_argument("--niceness", type=int, default=0)
    parser.add_argument("--as-owner-of")
    parser.add_argument("--reaching", action="append", default=[])
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    parent = int(os.environ.get(LAUNCHED, os.getppid()))
    os.environ[LAUNCHED] = str(os.getpid())
    try:
        # Folders that PROGRAM's user may not enter make poor working directories.
        if options.as_owner_of and os.geteuid() == 0:
            os.chdir("/")
            _become_owner_of(options.as_owner_of, options.reaching)
        os.nice(options.niceness)
        # Last, because a change of user takes the order back.
        _end_with_parent(parent, signal.Signals[f"SIG{options.when_orphaned}"])
        os.execv(options.program[0], options.program)  # noqa: S606 - a shell would be in the way
    except OSError as error:
        print(f"Cannot start {options.program[0]}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(CANNOT_LAUNCH)


def _end_with_parent(parent: int, orphaned: signal.Signals) -> None:
    if sys.platform != "linux":
        return
    if orphaned is not signal.SIGKILL:
        # A shell that starts something in the background has it ignore SIGINT.
        signal.signal(orphaned, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, orphaned)
    if os.getppid() != parent:
        sys.exit(CANNOT_LAUNCH)


def _become_owner_of(folder: str, paths: list[str]) -> None:
    owner = os.stat(folder)
    if owner.st_uid == 0:
        raise PermissionError(f"{folder} belongs to root, who must not run this")
    may_keep_capabilities = sys.platform == "linux" and _separate_capabilities_from_user()
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    if may_keep_capabilities:
        _hold_capabilities(kept=1 << CAP_DAC_READ_SEARCH, used=0)
        if all(os.access(path, os.R_OK) for path in paths):
            _hold_capabilities(kept=0, used=0)
        else:
            _hold_capabilities(kept=1 << CAP_DAC_READ_SEARCH, used=1 << CAP_DAC_READ_SEARCH)
    for path in paths:
        if not os.access(path, os.R_OK):
            raise PermissionError(
                f"user {owner.st_uid} may not enter the folders above {path}; keep the desk and "
                "its COPYDESK_HOME where everyone may enter, or run it as an ordinary user"
            )


def _separate_capabilities_from_user() -> bool:
    """Let neither a change of user nor access(2) drop capabilities; say whether that is allowed.

    PostgreSQL asks access(2) before it starts its own programs, and that, unlike every other call,
    leaves out the capabilities of users other than root.
    """
    try:
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    except OSError:
        return False
    return True


def _hold_capabilities(kept: int, used: int) -> None:
    """Hold exactly these capabilities, those that are used also across the exec that follows.

    Where they are not ours to keep, as in a container, nothing happens.
    """
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(used, kept, used, 0, 0, 0)
    if _libc().capset(header, data) != 0:
        if kept:
            _hold_capabilities(kept=0, used=0)
    elif used:
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH)


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc().prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
