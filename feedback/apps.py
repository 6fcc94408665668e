"""The human side: queue, reviews, goldens, agreement, statistics, datasets."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """The human side of the desk."""

    name = "feedback"

    def ready(self) -> None:
        """Let goldens follow the facts they rest on."""
        from explanations.services.redrafting import follow_changes
        from feedback.services.goldens import mark_outdated

        follow_changes(mark_outdated)
