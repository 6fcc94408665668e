"""The machine side's tables: tasks and their versions, recommendations, runs and drafts."""

from explanations.models.draft import Draft, Finding, Place, StandingFinding
from explanations.models.drainer import DraftsEnded, Drainer
from explanations.models.model_version import ModelServer, ModelVersion
from explanations.models.overruled import Dismissal, LetThrough
from explanations.models.published_line import PublishedLine
from explanations.models.recommendation import (
    FactOverlay,
    FactSnapshot,
    Import,
    Recommendation,
    RefusedLine,
    Stratum,
)
from explanations.models.run import Run
from explanations.models.task import (
    Answer,
    Category,
    CheckThreshold,
    Criterion,
    DecidedAnswer,
    Guide,
    GuideAcknowledgement,
    Prompt,
    Severity,
    Task,
    Threshold,
)
from explanations.models.trial import MOST_SAMPLED, Trial

__all__ = [
    "MOST_SAMPLED",
    "Answer",
    "Category",
    "CheckThreshold",
    "Criterion",
    "DecidedAnswer",
    "Dismissal",
    "Draft",
    "DraftsEnded",
    "Drainer",
    "FactOverlay",
    "FactSnapshot",
    "Finding",
    "Guide",
    "GuideAcknowledgement",
    "Import",
    "LetThrough",
    "ModelServer",
    "ModelVersion",
    "Place",
    "Prompt",
    "PublishedLine",
    "Recommendation",
    "RefusedLine",
    "Run",
    "Severity",
    "StandingFinding",
    "Stratum",
    "Task",
    "Threshold",
    "Trial",
]
