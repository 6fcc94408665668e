"""People, the tokens their programs use, and the log of who did what."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy
from knox.models import AbstractAuthToken

from accounts.history import append_only


class Theme(models.TextChoices):
    """Light or dark, or as the person's system has it."""

    SYSTEM = "auto", pgettext_lazy("theme", "As the system")
    LIGHT = "light", pgettext_lazy("theme", "Light")
    DARK = "dark", pgettext_lazy("theme", "Dark")


class Person(AbstractUser):  # type: ignore[django-manager-missing]
    """Somebody who works at the desk, or the machine user that signs machine work."""

    is_demo = models.BooleanField(
        default=False,
        editable=False,
        help_text="Made to try the desk with; a desk in production does not start with them.",
    )

    # How somebody likes the desk. Pages read the first two from cookies, which a login sets.
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    theme = models.CharField(
        max_length=5, choices=Theme.choices, default=Theme.SYSTEM, db_default=Theme.SYSTEM
    )
    own_keys = models.JSONField(default=dict, blank=True, db_default={})
    character_keys = models.BooleanField(default=True, db_default=True)

    class Meta:
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="theme_is_known", condition=models.Q(theme__in=("auto", "light", "dark"))
            ),
        ]
        # The rights that views ask for; which role has which is said in accounts.roles.
        permissions: ClassVar = [
            ("review", "Review drafts, add and report facts"),
            ("lead", "Settle, unblock, quarantine and withdraw; own guides and the taxonomy"),
            ("draft", "Import, start and steer runs, edit prompts, register models"),
            ("build_datasets", "Build datasets, cancel builds, and say who is told of them"),
            ("read_datasets", "Read and download datasets"),
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
