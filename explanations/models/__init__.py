"""The machine side's tables: tasks and their versions, recommendations, runs and drafts."""

from explanations.models.draft import Draft, Finding, Place
from explanations.models.drainer import Drainer
from explanations.models.model_version import ModelServer, ModelVersion
from explanations.models.recommendation import (
    FactOverlay,
    FactSnapshot,
    Import,
    Recommendation,
    RefusedLine,
)
from explanations.models.run import Run
from explanations.models.task import Category, Criterion, Guide, Prompt, Severity, Task

__all__ = [
    "Category",
    "Criterion",
    "Draft",
    "Drainer",
    "FactOverlay",
    "FactSnapshot",
    "Finding",
    "Guide",
    "Import",
    "ModelServer",
    "ModelVersion",
    "Place",
    "Prompt",
    "Recommendation",
    "RefusedLine",
    "Run",
    "Severity",
    "Task",
]
