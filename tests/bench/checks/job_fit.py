"""Grounding of a job's fit: bullets, with and without their facts, and prose."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

from explanations.output_formats.job_fit import fit_of
from tests.bench.checks.frame import Corpus, Line, Row, Written, write

NAME: Final = "job_fit"
CHECKS: Final = frozenset({"grounding"})

_OWNED: Final = "/audience/headline"
_WANTED: Final = "/item/title"
_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)

_MATCHES: Final = (
    "You already work with {skill}.",
    "You know {skill}, which the job asks for.",
    "You bring {skill}.",
    "Your profile shows {skill}, and the job wants it.",
    "{skill} is in your profile already.",
    "You use {skill} today.",
    "You have worked with {skill}.",
)
_MATCHES_OF_YEARS: Final = (
    "You bring {owned} years of experience where the job asks for {wanted}.",
    "You have {owned} years of experience; the job asks for {wanted} years.",
    "Your {owned} years meet the {wanted} that the job wants.",
)
_GAPS: Final = (
    "The job asks for {skill}.",
    "The job asks for {skill}, which your profile does not show yet.",
    "The job wants {skill}; your profile does not list it.",
    "{skill} is wanted and not in your profile yet.",
    "The role calls for {skill}, and your profile does not mention it.",
)
_STEPS: Final = (
    "Try a beginners' course in {skill}.",
    "Build something small with {skill} and keep it.",
    "Ask a colleague to show you {skill}.",
    "Read the first chapter of its documentation.",
    "Practise {skill} on your own data for a week.",
)
_GAPS_OF_YEARS: Final = (
    "The job asks for {wanted} years of experience; your profile shows {owned}.",
    "The job wants {wanted} years, and your profile shows {owned} years.",
    "The role asks for {wanted} years where your profile has {owned}.",
)
_STEPS_OF_YEARS: Final = (
    "Show the work that comes closest to the job.",
    "Look for the same job one level down.",
)
_PROSE: Final = (
    "You are a {verdict} fit: you know {has}, and the job also wants {gap}, which you do not show.",
    "{Verdict} fit. You already work with {has}. The job asks for {gap}, which your profile lacks.",
    "This is a {verdict} match because you bring {has}; you lack {gap}.",
    "A {verdict} fit: your profile shows {has}, but not {gap}.",
    "You have {has}, yet the job also wants {gap}, which is missing from your profile.",
    "With {has} you cover part of the job, while {gap} is still missing.",
    "Your work with {has} counts here. What is missing is {gap}.",
    "You are a {verdict} fit, since you have used {has}, although you have not yet used {gap}.",
)
_PROSE_OF_YEARS: Final = (
    " You have {owned} years of experience, and the job asks for {wanted}.",
    " The job asks for {wanted} years; you have {owned}.",
    " Your profile shows {owned} years of experience.",
    " The role wants {wanted} years of experience.",
)
_DEGREES: Final = (
    "You hold [[a bachelor's degree]] in the subject.",
    "You have [[a PhD]].",
    "You are [[certified]] in project management.",
    "You bring [[a master's degree]] from university.",
    "You earned [[an MBA]] on the way.",
)
_EMPLOYERS: Final = (
    "You worked at [[Accenture]] for some time.",
    "Your time at [[Northwind Traders]] taught you the trade.",
    "You did the same job for [[Siemens]].",
    "You have experience at [[Goldman Sachs]].",
)
_CLAIMS: Final = (
    "You have experience in [[venture capital]].",
    "You are fluent in [[Mandarin]].",
    "You have a background in [[astrophysics]].",
    "You led [[a zoo]].",
    "You have expertise in [[viticulture]].",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A row with what a right text may say of it."""

    row: Row
    shared: Sequence[str]
    lacking: Sequence[str]
    owned_only: Sequence[str]
    verdict: str
    owned: int
    wanted: int

    @property
    def years_short(self) -> int:
        """Return by how many years the profile is short; at most 0 where it is not."""
        return self.wanted - self.owned


@dataclass(slots=True)
class Bullet:
    """A bullet in the making, with the words in it that are wrong."""

    text: str
    wrong: str = ""
    fact: str = ""


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield right answers, a third each with facts, as bullets alone, and as prose."""
    for case in _cases(corpus, random):
        if line := _right(case, random):
            yield line


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield answers with one claim that profile and job do not support."""
    everything = sorted({skill for row in corpus.jobs for skill in row["item"]["skills_wanted"]})
    kinds = list(_CORRUPTIONS.items())
    for case in _cases(corpus, random):
        kind, corrupt = random.choice(kinds)
        if line := corrupt(case, random, everything):
            yield Line(line.text, line.recommendation, kind, line.wrong)


def _cases(corpus: Corpus, random: Random) -> Iterator[Case]:
    rows = list(corpus.jobs)
    random.shuffle(rows)
    for row in cycle(rows):
        yield _case(row, random)


def _case(row: Row, random: Random) -> Case:
    wanted, owned = row["item"]["skills_wanted"], row["audience"]["skills"]
    return Case(
        row=row,
        shared=random.sample(shared := [skill for skill in owned if skill in wanted], len(shared)),
        lacking=random.sample(rest := [skill for skill in wanted if skill not in owned], len(rest)),
        owned_only=[skill for skill in owned if skill not in wanted],
        verdict=fit_of({"item": row["item"], "audience": row["audience"]}).verdict,
        owned=row["audience"]["years_of_experience"],
        wanted=row["item"]["years_wanted"],
    )


# --- Right ones -----------------------------------------------------------------------------------


def _right(case: Case, random: Random) -> Line | None:
    if random.random() < 0.35:
        return _prose(case, random, case.shared, case.lacking, case.verdict)
    return _bulleted(case, random, _bullets(case, random), case.verdict, random.random() < 0.5)


def _bullets(case: Case, random: Random) -> tuple[list[Bullet], list[Bullet]]:
    matches = [_match(skill, case, random) for skill in case.shared[: random.randint(1, 3)]]
    if case.years_short <= 0 and case.owned and random.random() < 0.5:
        matches.append(Bullet(_said(random.choice(_MATCHES_OF_YEARS), case, random)))
    gaps = [_gap(skill, case, random) for skill in case.lacking[: random.randint(0, 2)]]
    if case.years_short > 0:
        template = f"{random.choice(_GAPS_OF_YEARS)} {random.choice(_STEPS_OF_YEARS)}"
        gaps.insert(0, Bullet(_said(template, case, random)))
    return matches[:3], gaps[:3]


def _match(skill: str, case: Case, random: Random) -> Bullet:
    text = random.choice(_MATCHES).replace("{skill}", _called(skill, random))
    return Bullet(text, fact=f"/audience/skills/{case.row['audience']['skills'].index(skill)}")


def _gap(skill: str, case: Case, random: Random) -> Bullet:
    template = f"{random.choice(_GAPS)} {random.choice(_STEPS)}"
    text = template.replace("{skill}", _called(skill, random))
    return Bullet(
        text, fact=f"/item/skills_wanted/{case.row['item']['skills_wanted'].index(skill)}"
    )


def _called(skill: str, random: Random) -> str:
    """Return a skill by its name, now and then by the short one that people use."""
    if random.random() < 0.7:
        return skill
    for vendor in (
        "Microsoft ",
        "Adobe ",
        "Autodesk ",
        "Intuit ",
        "Atlassian ",
        "Dassault Systemes ",
    ):
        skill = skill.removeprefix(vendor)
    last = skill.split()[-1]
    return last if last.isupper() and len(skill.split()) > 2 else skill.removesuffix(" software")


def _said(template: str, case: Case, random: Random) -> str:
    as_words = random.random() < 0.5
    return template.replace("{owned}", _number(case.owned, as_words=as_words)).replace(
        "{wanted}", _number(case.wanted, as_words=as_words)
    )


def _number(number: int, *, as_words: bool) -> str:
    return _WORDS[number] if as_words and number < len(_WORDS) else str(number)


def _bulleted(
    case: Case,
    random: Random,
    bullets: tuple[list[Bullet], list[Bullet]],
    verdict: str,
    with_facts: bool,
) -> Line | None:
    matches, gaps = bullets
    if not matches and not gaps:
        return None
    lines = [f"{verdict.capitalize()} fit"]
    lines += [f"+ {_sentence(bullet.text)}" for bullet in matches]
    lines += [f"− {_sentence(bullet.text)}" for bullet in gaps]
    text = "\n".join(lines)
    row = {**case.row, "output": _output(case, verdict, matches, gaps)} if with_facts else case.row
    for line, bullet in zip(lines[1:], (*matches, *gaps), strict=True):
        if bullet.wrong:
            start = text.index(line) + line.index(bullet.wrong)
            return Line(text, row, "bullets", (start, start + len(bullet.wrong)))
    return Line(text, row, "bullets")


def _output(
    case: Case, verdict: str, matches: Sequence[Bullet], gaps: Sequence[Bullet]
) -> dict[str, object]:
    """Return the structured answer behind the bullets, with the facts that they rest on."""
    return {
        "matches": [{"text": each.text, "fact": each.fact or _OWNED} for each in matches],
        "gaps": [
            {"text": each.text, "fact": each.fact or _WANTED, "next_step": ""} for each in gaps
        ],
        "verdict": verdict,
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text[1:2].islower() else text


def _prose(
    case: Case, random: Random, has: Sequence[str], gap: Sequence[str], verdict: str
) -> Line | None:
    if not has or not gap:
        return None
    values = {
        "verdict": verdict,
        "Verdict": verdict.capitalize(),
        "has": _listed([_called(skill, random) for skill in has[: random.randint(1, 2)]]),
        "gap": _listed([_called(skill, random) for skill in gap[: random.randint(1, 2)]]),
    }
    written = write(random.choice(_PROSE), values)
    if written is None:
        return None
    text = written.text
    if random.random() < 0.4:
        text += _said(random.choice(_PROSE_OF_YEARS), case, random)
    return Line(text, case.row, "prose")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


# --- Wrong ones -----------------------------------------------------------------------------------


def _match_lacked(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    if not case.lacking:
        return None
    skill = _called(case.lacking[0], random)
    bullet = Bullet(random.choice(_MATCHES).replace("{skill}", skill), skill)
    return _with(case, random, match=bullet)


def _gap_owned(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    owned = [*case.shared]
    if not owned:
        return None
    skill = _called(random.choice(owned), random)
    template = f"{random.choice(_GAPS)} {random.choice(_STEPS_OF_YEARS)}"
    return _with(case, random, gap=Bullet(template.replace("{skill}", skill), skill))


def _stranger(case: Case, random: Random, everything: Sequence[str]) -> str:
    known = {*case.row["item"]["skills_wanted"], *case.row["audience"]["skills"]}
    words = {word for skill in known for word in skill.split()}
    return random.choice(
        [skill for skill in everything if not words & set(skill.split())] or ["Kubernetes"]
    )


def _match_invented(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    skill = _stranger(case, random, everything)
    bullet = Bullet(random.choice(_MATCHES).replace("{skill}", skill), skill)
    return _with(case, random, match=bullet)


def _gap_invented(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    skill = _stranger(case, random, everything)
    template = f"{random.choice(_GAPS)} {random.choice(_STEPS_OF_YEARS)}"
    return _with(case, random, gap=Bullet(template.replace("{skill}", skill), skill))


def _years_of_profile(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    number = random.choice([n for n in range(1, 16) if n not in {case.owned, case.wanted}])
    said = _number(number, as_words=random.random() < 0.5)
    text = f"You have {said} years of experience."
    return _with(case, random, match=Bullet(text, said))


def _years_of_job(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    number = random.choice([n for n in range(1, 16) if n not in {case.owned, case.wanted}])
    said = _number(number, as_words=random.random() < 0.5)
    text = f"The job asks for {said} years of experience. {random.choice(_STEPS_OF_YEARS)}"
    return _with(case, random, gap=Bullet(text, said))


def _credential(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    return _with(case, random, match=_marked(random.choice(_DEGREES)))


def _employer(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    return _with(case, random, match=_marked(random.choice(_EMPLOYERS)))


def _claim(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    return _with(case, random, match=_marked(random.choice(_CLAIMS)))


def _wrong_verdict(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    verdict = random.choice(
        [each for each in ("strong", "partial", "weak") if each != case.verdict]
    )
    line = _bulleted(case, random, _bullets(case, random), verdict, True)
    return line and Line(line.text, line.recommendation, line.kind, (0, line.text.index("\n")))


def _prose_swapped(case: Case, random: Random, everything: Sequence[str]) -> Line | None:
    line = _prose(case, random, case.lacking, case.shared, case.verdict)
    return line and Line(line.text, line.recommendation, line.kind)


def _with(
    case: Case, random: Random, *, match: Bullet | None = None, gap: Bullet | None = None
) -> Line | None:
    matches, gaps = _bullets(case, random)
    if match:
        matches = [match, *matches[:2]]
    if gap:
        gaps = [gap, *gaps[:2]]
    return _bulleted(case, random, (matches, gaps), case.verdict, False)


def _marked(template: str) -> Bullet:
    written: Written | None = write(template, {})
    assert written is not None
    assert written.marked is not None
    return Bullet(written.text, written.text[slice(*written.marked)])


_CORRUPTIONS: Final[Mapping[str, Callable[[Case, Random, Sequence[str]], Line | None]]] = {
    "match lacked": _match_lacked,
    "gap owned": _gap_owned,
    "match invented": _match_invented,
    "gap invented": _gap_invented,
    "years of the profile": _years_of_profile,
    "years of the job": _years_of_job,
    "credential": _credential,
    "employer": _employer,
    "claim": _claim,
    "verdict": _wrong_verdict,
    "prose swapped": _prose_swapped,
}
