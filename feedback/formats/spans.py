"""`spans`: drafts with the errors that editors marked, for models that find errors."""

from collections.abc import Iterable, Mapping

from feedback.formats.base import PROVENANCE, About, Example, Kind, Row, draft_id


class Spans:
    """The draft, its tags with their offsets in code points, and what became of its words."""

    slug = "spans"
    about = About.DRAFTS
    sentence = "Drafts with every tag and every change, for models that find errors."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "facts": "text",
        "draft": "text",
        "outcome": "text",
        "tags": "tags",
        "golden": "text",
        "alignment": "changes",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row; a draft without a tag is one without an error."""
        return (
            {
                "id": f"{draft_id(example)}-review-{example.provenance['review_id']}",
                "facts": example.facts,
                "draft": example.draft,
                "outcome": example.outcome,
                "tags": example.tags,
                "golden": example.golden,
                "alignment": example.alignment,
                **example.provenance,
            },
        )
