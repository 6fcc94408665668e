"""Find a Chromium that starts here, or get one: Playwright's own, else the system's.

`python tests/chromium.py` is a step of `make test`; browser tests ask `launch_options()`.
"""

import os
import shutil
import subprocess
import sys
from typing import TypedDict

from playwright.sync_api import Error, sync_playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SYSTEM_INSTALLERS = (
    (
        "apt-get",
        "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y chromium",
    ),
    ("dnf", "dnf install -y chromium"),
    ("pacman", "pacman -Sy --noconfirm chromium"),
    ("apk", "apk add chromium"),
)
# A download that is not let through can hang as well as fail.
SECONDS_TO_DOWNLOAD = 240


class LaunchOptions(TypedDict, total=False):
    """What Playwright's `launch` takes."""

    executable_path: str
    args: list[str]


def launch_options() -> LaunchOptions:
    """Return the options with which Chromium starts on this machine, Playwright's own first.

    Raises RuntimeError when none does.
    """
    # Chromium's sandbox refuses root; the pages that it opens here are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    found = [path for name in SYSTEM_NAMES if (path := shutil.which(name))]
    candidates: list[LaunchOptions] = [
        {"args": arguments},
        *(LaunchOptions(args=arguments, executable_path=path) for path in found),
    ]
    with sync_playwright() as playwright:
        for options in candidates:
            try:
                playwright.chromium.launch(**options).close()
            except Error:
                continue
            return options
    raise RuntimeError("No Chromium starts here: run `make browser`.")


def main() -> None:
    """Leave a Chromium on this machine that starts, or end with a sentence."""
    if _is_there():
        return
    print("Downloading Playwright's own Chromium", flush=True)
    try:
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"], timeout=SECONDS_TO_DOWNLOAD
        )
    except subprocess.TimeoutExpired:
        print("The download takes too long.", flush=True)
    if _is_there():
        return
    for program, command in SYSTEM_INSTALLERS:
        if shutil.which(program):
            print("Installing the system's Chromium instead", flush=True)
            as_root = [] if os.geteuid() == 0 else ["sudo"]
            subprocess.run([*as_root, "sh", "-c", command])
            break
    if not _is_there():
        sys.exit("No Chromium starts here: install one with the system's package manager.")


def _is_there() -> bool:
    try:
        options = launch_options()
    except RuntimeError:
        return False
    print(f"Chromium: {options.get('executable_path', 'from Playwright')}", flush=True)
    return True


if __name__ == "__main__":
    main()
