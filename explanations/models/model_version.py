"""Model servers and the model versions that they serve."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# A row may name no other variable: its author chooses where the value is sent, so any name would
# do to carry a secret of the desk away.
API_KEY_VARIABLE = r"^LLM_API_KEY[A-Z0-9_]*$"
WIDEST_WINDOW = 1024


class ModelServer(models.Model):
    """An OpenAI-compatible endpoint that serves model versions.

    The key itself is never stored: the row names the environment variable that holds it.
    """

    name = models.CharField(max_length=60, unique=True)
    base_url = models.URLField(max_length=300, help_text="With /v1, e.g. http://10.0.0.5:8000/v1")
    api_key_variable = models.CharField(
        max_length=60,
        blank=True,
        default="LLM_API_KEY",
        validators=[RegexValidator(API_KEY_VARIABLE)],
        help_text="LLM_API_KEY or a name that begins with it.",
    )
    window = models.PositiveSmallIntegerField(
        default=64,
        db_default=64,
        validators=[MinValueValidator(1), MaxValueValidator(WIDEST_WINDOW)],
        help_text="Requests that one drainer keeps in flight there at most.",
    )
    window_found = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="What a drainer last found it to take; the next one begins with it.",
    )
    trouble = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why nothing is sent there for now; empty if all is well.",
    )
    trouble_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="server_key_variable_is_a_model_key",
                condition=models.Q(api_key_variable="")
                | models.Q(api_key_variable__regex=API_KEY_VARIABLE),
            ),
            models.CheckConstraint(
                name="server_window_in_range",
                condition=models.Q(window__gte=1, window__lte=WIDEST_WINDOW),
            ),
            models.CheckConstraint(
                name="server_trouble_has_a_beginning",
                condition=models.Q(trouble="", trouble_since__isnull=True)
                | (~models.Q(trouble="") & models.Q(trouble_since__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelVersion(models.Model):
    """A served model: a base, or a LoRA adapter on a base."""

    class Kind(models.TextChoices):
        BASE = "base", _("base model")
        ADAPTER = "adapter", _("LoRA adapter")

    name = models.CharField(max_length=200, unique=True, help_text="The `model` of a request.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BASE)
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="adapters"
    )
    servers = models.ManyToManyField(ModelServer, related_name="model_versions", blank=True)
    trained_on = models.CharField(
        max_length=200, blank=True, help_text="Name and number of the dataset."
    )
    scores = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="adapter_has_a_base",
                condition=models.Q(kind="base", base__isnull=True)
                | models.Q(kind="adapter", base__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name
