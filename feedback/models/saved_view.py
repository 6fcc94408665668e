"""A look at the dashboard that somebody gave a name."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, by who may see them."""

    def seen_by(self, person: object) -> "SavedViewQuerySet":
        """Those of the person's own, and those that others share."""
        return self.filter(models.Q(owner=person) | models.Q(shared=True))


class SavedView(models.Model):
    """A page of the dashboard with its filters, under a name of its owner's."""

    class Page(models.TextChoices):
        GLANCE = "glance", _("At a glance")
        ERRORS = "errors", _("Errors")
        OUTCOMES = "outcomes", _("Outcomes")
        CRITERIA = "criteria", _("Criteria")
        EFFORT = "effort", _("Effort")
        COMPARISON = "comparison", _("Comparison")
        PEOPLE = "people", _("People")
        DESK = "desk", pgettext_lazy("page", "The desk")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(max_length=80)
    page = models.CharField(max_length=12, choices=Page.choices)
    asked = models.TextField(blank=True, help_text="The filters, as they stand in the address.")
    shared = models.BooleanField(
        default=False, db_default=False, help_text="Everybody who sees the dashboard sees it."
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="saved_view_name_is_unique", fields=["owner", "name"]),
            models.CheckConstraint(name="saved_view_has_a_name", condition=~models.Q(name="")),
            models.CheckConstraint(
                name="saved_view_is_of_a_page",
                condition=models.Q(
                    page__in=[
                        *("glance", "errors", "outcomes", "criteria"),
                        *("effort", "comparison", "people", "desk"),
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name
