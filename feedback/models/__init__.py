"""The human side's tables: assignments, reviews and their tags, fact reports, goldens, datasets."""

from feedback.models.adjudication import NOT_OVERRULED, Adjudication, overruled
from feedback.models.assignment import Assignment
from feedback.models.bulk_action import BulkAction, BulkActionRow
from feedback.models.dataset import (
    Dataset,
    DatasetFile,
    DatasetMark,
    DatasetRow,
    GroupSplit,
    Split,
)
from feedback.models.decided_line import DecidedLine
from feedback.models.desk_day import CheckDay, DeskDay, DeskDaysCounted
from feedback.models.digest import CatalogueContact, Digest
from feedback.models.fact_report import FactReport
from feedback.models.finding_judgement import FindingJudgement
from feedback.models.golden import Golden
from feedback.models.golden_change import GoldenChange
from feedback.models.lesson import Lesson, NearLessons
from feedback.models.measure import Measure
from feedback.models.review import CriterionAnswer, Review, Tag
from feedback.models.saved_view import SavedView
from feedback.models.statistics import (
    Cohort,
    DraftToCount,
    JudgedDraft,
    StatisticsKeeper,
    Tally,
)
from feedback.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "NOT_OVERRULED",
    "Adjudication",
    "Assignment",
    "BulkAction",
    "BulkActionRow",
    "CatalogueContact",
    "CheckDay",
    "Cohort",
    "CriterionAnswer",
    "Dataset",
    "DatasetFile",
    "DatasetMark",
    "DatasetRow",
    "DecidedLine",
    "DeskDay",
    "DeskDaysCounted",
    "Digest",
    "DraftToCount",
    "FactReport",
    "FindingJudgement",
    "Golden",
    "GoldenChange",
    "GroupSplit",
    "JudgedDraft",
    "Lesson",
    "Measure",
    "NearLessons",
    "Review",
    "SavedView",
    "Split",
    "StatisticsKeeper",
    "Tag",
    "Tally",
    "Webhook",
    "WebhookDelivery",
    "overruled",
]
