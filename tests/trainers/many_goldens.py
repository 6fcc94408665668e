"""Several hundred goldens over both shipped tasks: the shipped samples, and variants of them."""

import random
from collections.abc import Iterator
from typing import Any, Final

from accounts.models import Person
from explanations.models import ModelServer, ModelVersion, Recommendation, Run, Severity, Task
from explanations.output_formats import get_output_format
from explanations.services.starter import import_samples, load_starter_tasks
from feedback.models import Review
from tests.conftest import drafted, drafting_run, recommended
from tests.feedback.test_choosing import rejected, tagged
from tests.feedback.test_exporting import reviewed

# How often each shipped recommendation is told anew, with some of its facts.
VARIANTS: Final = 6
_OPENINGS: Final = (
    "brings steady drums and patient guitars to",
    "lets warm voices drift slowly across",
    "builds bright rhythm with quiet care around",
    "keeps everything close and restless during",
    "turns small melodies into open rooms throughout",
    "folds soft noise and sharp edges into",
    "answers every beat with another colour on",
    "finds a slow pulse and gentle voices for",
    "sets deep bass against clear keys all over",
    "hides a simple tune behind dense layers of",
    "walks between quiet verses and wide choruses in",
)
_NEXT_STEPS: Final = (
    "Try a free course on {skill} this month.",
    "Ask a colleague to show you {skill} on a real task.",
    "Build one small project with {skill} and keep notes.",
    "Read the first chapters of a handbook about {skill}.",
)
_EVIDENCE: Final = (
    "You already work with {skill}, which this job asks for.",
    "Your profile names {skill}, one of the wanted skills.",
    "They want {skill}, and you bring it.",
    "{skill} is on your list and on theirs.",
)


def many_goldens(editor: Person, ml_engineer: Person) -> None:
    """Put the goldens on the desk: edits with a tag, a few accepts and a few rejects."""
    load_starter_tasks()
    import_samples()
    chance = random.Random(6)
    model = ModelVersion.objects.create(name="small-model")
    model.servers.add(
        ModelServer.objects.create(name="Own server", base_url="http://127.0.0.1:9/v1")
    )
    for slug in ("music-oneliner", "job-fit"):
        task = Task.objects.get(slug=slug)
        run = drafting_run(task, model, ml_engineer)
        told = _music_lines if slug == "music-oneliner" else _job_answers
        for number, (variant, text, output) in enumerate(told(task, chance)):
            _decided(run, variant, text, output, editor, number)


def _decided(
    run: Run,
    about: Recommendation,
    text: str,
    output: dict[str, Any] | None,
    editor: Person,
    number: int,
) -> None:
    """Every twentieth draft is rejected, every tenth accepted as it is, the others are edited."""
    form = get_output_format(run.task.output_format)
    thin = output and {**output, "matches": output["matches"][:1], "gaps": output["gaps"][:1]}
    wrong = form.render(thin) if thin else "An amazing banger, a must for everyone!"
    is_accepted, is_rejected = number % 10 == 1, number % 20 == 2
    draft = drafted(
        run,
        about,
        text if is_accepted else wrong,
        output=output if is_accepted else thin,
    )
    if is_accepted:
        reviewed(draft, editor, outcome=Review.Outcome.ACCEPT, output=output)
    elif is_rejected:
        rejected(draft, editor)
    else:
        tagged(reviewed(draft, editor, text, output=output).review, Severity.MAJOR)


Told = Iterator[tuple[Recommendation, str, dict[str, Any] | None]]


def _variants(task: Task, chance: random.Random) -> Iterator[tuple[Recommendation, dict[str, Any]]]:
    """Yield recommendations like the shipped ones, each with a title of its own."""
    for shipped in list(task.recommendations.order_by("pk")):
        assert shipped.snapshot is not None
        for number in range(VARIANTS):
            item = {**shipped.snapshot.item}
            if "skills_wanted" in item:
                wanted = item["skills_wanted"]
                item["skills_wanted"] = chance.sample(wanted, min(len(wanted), 5))
            audience = shipped.snapshot.audience
            name = f"variant:{shipped.external_id}:{number}"
            variant = recommended(task, name, item, audience, group=shipped.group)
            yield variant, {"item": item, "audience": audience}


def _music_lines(task: Task, chance: random.Random) -> Told:
    for variant, facts in _variants(task, chance):
        item = facts["item"]
        opening = chance.choice(_OPENINGS)
        yield variant, f"{item['artist']} {opening} “{item['title']}”.", None


def _job_answers(task: Task, chance: random.Random) -> Told:
    form = get_output_format(task.output_format)
    for variant, facts in _variants(task, chance):
        wanted, has = facts["item"].get("skills_wanted", []), facts["audience"].get("skills", [])
        matched = [skill for skill in wanted if skill in has][:3]
        missing = [skill for skill in wanted if skill not in has][:3]
        if not matched or not missing:
            continue
        output: dict[str, Any] = {
            "matches": [
                {
                    "fact": f"/audience/skills/{has.index(skill)}",
                    "text": chance.choice(_EVIDENCE).format(skill=skill),
                }
                for skill in matched
            ],
            "gaps": [
                {
                    "fact": f"/item/skills_wanted/{wanted.index(skill)}",
                    "text": f"{skill} is wanted, and your profile does not name it.",
                    "next_step": chance.choice(_NEXT_STEPS).format(skill=skill),
                }
                for skill in missing
            ],
            "verdict": "partial",
        }
        yield variant, form.render(output), output
