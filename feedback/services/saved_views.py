"""Looks at the dashboard that people name, find again, and share."""

from accounts.models import Person
from feedback.models import SavedView
from feedback.models.saved_view import SavedViewQuerySet


def save_view(owner: Person, name: str, page: str, asked: str, *, shared: bool) -> SavedView:
    """Keep a page of the dashboard with its filters under a name; a name used before moves on."""
    saved, _is_new = SavedView.objects.update_or_create(
        owner=owner, name=name, defaults={"page": page, "asked": asked, "shared": shared}
    )
    return saved


def views_seen_by(person: Person) -> SavedViewQuerySet:
    """Return the views that the person saved and those that others share, with their owners."""
    return SavedView.objects.seen_by(person).select_related("owner")


def share_view(owner: Person, view_id: int, *, shared: bool) -> bool:
    """Let everybody see the owner's view, or nobody else; False if there is no such view."""
    return bool(SavedView.objects.filter(owner=owner, pk=view_id).update(shared=shared))


def forget_view(owner: Person, view_id: int) -> bool:
    """Forget the owner's view; False if there is no such view."""
    gone, _by_table = SavedView.objects.filter(owner=owner, pk=view_id).delete()
    return bool(gone)
