"""The human side's tables: assignments, reviews with their tags, fact reports and goldens."""

from feedback.models.assignment import Assignment
from feedback.models.bulk_action import BulkAction, BulkActionRow
from feedback.models.decided_line import DecidedLine
from feedback.models.fact_report import FactReport
from feedback.models.finding_judgement import FindingJudgement
from feedback.models.golden import Golden
from feedback.models.review import CriterionAnswer, Review, Tag

__all__ = [
    "Assignment",
    "BulkAction",
    "BulkActionRow",
    "CriterionAnswer",
    "DecidedLine",
    "FactReport",
    "FindingJudgement",
    "Golden",
    "Review",
    "Tag",
]
