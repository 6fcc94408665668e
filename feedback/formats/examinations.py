"""`eval`: what a model is asked and what would be right, for scoring; never trained on."""

from collections.abc import Iterable, Mapping

from feedback.formats.base import PROVENANCE, About, Example, Kind, Row, golden_id, listed


class Eval:
    """Prompt, facts, the golden, and other answers that people stand behind."""

    slug = "eval"
    about = About.EXAMINATIONS
    sentence = "Questions with their facts, the golden and other good answers, for scoring."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "prompt": "messages",
        "facts": "text",
        "golden": "text",
        "answer": "text",
        "alternatives": "texts",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row. `golden` is the text for people, `answer` what a model should write."""
        return (
            {
                "id": golden_id(example),
                "prompt": listed(example.prompt),
                "facts": example.facts,
                "golden": example.golden,
                "answer": example.answer,
                "alternatives": example.alternatives,
                **example.provenance,
            },
        )
