"""What somebody typed for a fact, as the kind of value that the fact has."""


def typed_value(typed: str, now: object) -> object:
    """Return the typed words as a number or a truth value where the fact is one; None for nothing.

    A tempo stays a number, because a golden's facts are compared by value. What cannot be read so
    stays text: the service says whether it will do.
    """
    if not typed:
        return None
    if isinstance(now, bool):
        return {"yes": True, "no": False}.get(typed.casefold(), typed)
    if isinstance(now, int | float):
        for kind in (int, float):
            try:
                return kind(typed)
            except ValueError:
                continue
    return typed
