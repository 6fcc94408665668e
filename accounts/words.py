"""Words that are kept where no Django is, and translated where they are shown."""


def translatable(words: str) -> str:
    """Return the words as they are: the mark by which translators find them.

    For pure modules and for what goes into the database. A page translates such words when it
    shows them (`accounts.in_words`), also where something was put in their places.
    """
    return words
