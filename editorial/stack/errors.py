"""What can go wrong for reasons that lie outside the program."""


class StackError(Exception):
    """Something that the person at the terminal can put right; its text says how."""
