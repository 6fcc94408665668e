"""Write to the append-only log of who did what."""

from django.db.models import Model

from accounts.models import LogEntry, Person


def record(actor: Person | None, action: str, subject: Model, **detail: object) -> LogEntry:
    """Add one line. `actor` None is the desk itself; `detail` must be JSON."""
    return LogEntry.objects.create(
        actor=actor,
        action=action,
        subject_type=subject._meta.model_name or "",
        subject_id=subject.pk,
        detail=detail,
    )
