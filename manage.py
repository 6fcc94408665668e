#!/usr/bin/env python
"""Copydesk's command line."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "editorial.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from editorial.stack.errors import StackError

    try:
        execute_from_command_line(sys.argv)
    except (StackError, ImproperlyConfigured) as error:
        sys.exit(f"copydesk: {error}")


if __name__ == "__main__":
    main()
