"""People, the tokens their programs use, and the log of who did what."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from knox.models import AbstractAuthToken

from accounts.history import append_only


class Person(AbstractUser):  # type: ignore[django-manager-missing]
    """Somebody who works at the desk, or the machine user that signs machine work."""

    is_demo = models.BooleanField(
        default=False,
        editable=False,
        help_text="Made to try the desk with; a desk in production does not start with them.",
    )

    class Meta:
        verbose_name_plural = "people"
        # The rights that views ask for; which role has which is said in accounts.roles.
        permissions: ClassVar = [
            ("review", "Review drafts, add and report facts"),
            ("lead", "Settle, unblock, quarantine and withdraw; own guides and the taxonomy"),
            ("draft", "Import, start and steer runs, edit prompts, register models"),
            ("build_datasets", "Build and download datasets"),
            ("read", "Read drafts, goldens, runs and statistics"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class AccessToken(AbstractAuthToken):  # type: ignore[misc]
    """A token of one program: hashed at rest, scoped, expiring.

    Its reach is what its scopes and its person's rights both allow, asked anew at each request, so
    a token never outlives the role it was made under.
    """

    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=50))

    class Meta:
        ordering: ClassVar = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"


class LogEntry(models.Model):
    """One line of the append-only log: who did what to what, and when."""

    actor = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="log_entries"
    )
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    detail = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "log entries"
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id", "id"])]
        triggers: ClassVar = [append_only("log_is_append_only")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor or 'the desk'}: {self.action}"
