"""The machine side: tasks, prompts, models, recommendations, runs, drafts, checks."""

from django.apps import AppConfig


class ExplanationsConfig(AppConfig):
    """The machine side of the desk."""

    name = "explanations"
