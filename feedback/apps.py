"""The human side: queue, reviews, goldens, agreement, statistics, datasets."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """The human side of the desk."""

    name = "feedback"
