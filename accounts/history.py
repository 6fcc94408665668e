"""Triggers that hold history in the database: append-only tables and columns that become final."""

from functools import reduce
from operator import or_

import pgtrigger


def append_only(name: str) -> pgtrigger.Protect:
    """Refuse every UPDATE and DELETE of the table's rows."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


def kept(name: str, once: pgtrigger.Q | None = None) -> pgtrigger.Protect:
    """Refuse the DELETE of a row, or only of one that fulfils `once`."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Delete, condition=once)


def final_columns(name: str, *fields: str, once: pgtrigger.Q | None = None) -> pgtrigger.Protect:
    """Refuse an UPDATE that changes one of `fields`, always or once the old row fulfils `once`."""
    changes = [
        pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")}) for field in fields
    ]
    condition = reduce(or_, changes)
    return pgtrigger.Protect(
        name=name,
        operation=pgtrigger.Update,
        condition=condition if once is None else once & condition,
    )
