"""A job's fit: what a text says of a person and a job is held against both."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import run_checks

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


@pytest.fixture
def developer() -> dict[str, Any]:
    """A web developer's job and a programmer: half of the skills, and a year to spare."""
    return {
        "task": "job-fit",
        "locale": "en",
        "item": {
            "title": "Web Developers",
            "description": "Develop and implement websites, web applications and databases.",
            "skills_wanted": [
                "Python",
                "Structured query language SQL",
                "JavaScript",
                "Microsoft Excel",
                "Docker",
                "SAP software",
            ],
            "responsibilities": ["Design, build, or maintain web sites."],
            "years_wanted": 4,
        },
        "audience": {
            "headline": "Computer Programmers",
            "skills": ["Python", "Structured query language SQL", "Microsoft Excel", "Git"],
            "years_of_experience": 5,
            "did": ["Write, update, and maintain computer programs.", "Supervise programmers."],
        },
    }


def unsupported(said: Said, text: str, recommendation: dict[str, Any]) -> list[str]:
    """The words that grounding points at."""
    return [words for check, _, words in said(text, recommendation) if check == "grounding"]


# Right --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "You are a strong fit because you know Python and SQL; you do not show Docker yet.",
        "Strong fit: your Python and SQL are what the job asks for, and five years are there.",
        "Strong fit\n+ You already use Python.\n− The job also asks for SAP. Try a course.",
        "You have worked with Python and Excel for five years. SAP software is missing.",
        "You know three of the six wanted skills: Python, SQL and Excel.",
        "You bring Git too, although the job does not ask for it.",
        "Although you have not used Docker, you know Python, SQL and Excel.",
        "You have no JavaScript yet, but your Python carries over.",
        "Strong fit\n+ Python: you use it already.\n− Docker: not in your profile yet. Try it.",
        "You have more years than the job asks for: five against four.",
        "You have five years of experience, one more than the job asks for.",
        "You maintain computer programs, and the job is to maintain web sites.",
        "Your work as a programmer is close to web development, and JavaScript is close to Python.",
        "The role requires JavaScript and Docker, none of which your profile shows.",
    ],
)
def test_what_profile_and_job_say_is_fine(said: Said, developer: dict[str, Any], text: str) -> None:
    assert unsupported(said, text, developer) == []


@pytest.mark.parametrize(
    "text",
    [
        "Strengths: Python and SQL. Gaps: Docker and SAP.",
        "Strong fit\nMatches:\n- Python\nGaps:\n- Docker",
        "You meet three of six skills (Python, SQL, Excel) and miss three (SAP, Docker and such).",
        "You match 3 of 6 skills and are one year ahead.",
    ],
)
def test_headings_and_lists_say_what_they_head(
    said: Said, developer: dict[str, Any], text: str
) -> None:
    assert unsupported(said, text, developer) == []
    turned = text.replace("Python", "Tmp").replace("Docker", "Python").replace("Tmp", "Docker")
    if "ahead" not in text:
        assert set(unsupported(said, turned, developer)) == {"Python", "Docker"}


# Skills -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You know Docker well.", "Docker"),
        ("Strong fit\n+ You already work with SAP software.", "SAP software"),
        ("Your SAP knowledge is what the job wants.", "SAP"),
        ("With JavaScript in your profile, you match.", "JavaScript"),
        ("Strong fit\n+ Docker is in your profile already.", "Docker"),
    ],
)
def test_a_match_that_the_profile_lacks_is_pointed_at(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert unsupported(said, text, developer) == [words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You lack SQL.", "SQL"),
        ("Strong fit\n− The job asks for Excel. Try a course.", "Excel"),
        ("The job wants Python, which your profile does not show.", "Python"),
        ("You have no experience with Python.", "Python"),
    ],
)
def test_a_gap_that_the_person_does_not_have_is_pointed_at(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert unsupported(said, text, developer) == [words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You know Kubernetes.", "Kubernetes"),
        ("The job asks for Salesforce.", "Salesforce"),
        ("Strong fit\n− Django is wanted and not in your profile yet.", "Django"),
        ("You have experience with Excel and Angular.", "Angular"),
        ("You are fluent in German.", "German"),
        ("You have a background in astrophysics.", "astrophysics"),
        ("You know R.", "R"),
    ],
)
def test_a_skill_that_is_in_neither_is_pointed_at(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert unsupported(said, text, developer) == [words]


def test_a_next_step_may_name_what_it_likes(said: Said, developer: dict[str, Any]) -> None:
    text = "Strong fit\n− The job asks for Docker. Try it beside your Python and on Linux."
    assert unsupported(said, text, developer) == []


def test_what_is_only_close_to_a_wanted_skill_is_no_claim_to_it(
    said: Said, developer: dict[str, Any]
) -> None:
    assert unsupported(said, "You know Python, and JavaScript is close to it.", developer) == []


# Years --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You have seven years of experience.", "seven years"),
        ("You have 4 years of experience.", "4 years"),
        ("The job asks for five years.", "five years"),
        ("The job asks for six; you know Python.", "asks for six"),
        ("Strong fit\n− The job asks for four years. Look for another.", "four years"),
        ("You do not have enough years, fewer years than the job wants.", "fewer years than"),
    ],
)
def test_years_that_are_not_theirs_are_pointed_at(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert unsupported(said, text, developer) == [words]


def test_years_that_are_short_are_no_match(said: Said, developer: dict[str, Any]) -> None:
    developer["audience"]["years_of_experience"] = 2
    text = "You have the years the job asks for."
    assert unsupported(said, text, developer) == ["have the years"]


# Degrees and employers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You hold a degree in computer science.", "degree"),
        ("You have a PhD.", "PhD"),
        ("You are AWS certified.", "AWS"),
        ("You worked at Google for years.", "Google"),
        ("Your time at Goldman Sachs counts.", "Goldman Sachs"),
    ],
)
def test_degrees_and_employers_that_no_fact_names_are_pointed_at(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert words in unsupported(said, text, developer)


def test_a_degree_that_the_job_names_may_be_named(said: Said, developer: dict[str, Any]) -> None:
    developer["item"]["description"] = "Requires a degree in computer science."
    assert unsupported(said, "The job asks for a degree in computer science.", developer) == []


def test_a_step_that_was_taken_for_a_requirement_is_pointed_at(
    said: Said, developer: dict[str, Any]
) -> None:
    text = "Strong fit\n− The job asks for a beginner's course in Docker. Try it."
    assert unsupported(said, text, developer) == ["a beginner's course in Docker"]


# Verdict ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Weak fit\n+ You know Python.", "Weak fit"),
        ("Partial fit\n+ You know Python.", "Partial fit"),
        ("You are a weak fit, although you know Python.", "weak fit"),
        ("You are not a good fit, although you know Python.", "good fit"),
    ],
)
def test_a_verdict_against_the_rule_is_for_the_editor(
    said: Said, developer: dict[str, Any], text: str, words: str
) -> None:
    assert unsupported(said, text, developer) == [words]


def test_a_strong_fit_of_gaps_alone_contradicts_itself(
    said: Said, developer: dict[str, Any]
) -> None:
    text = "Strong fit\n− The job asks for Docker. Try it.\n− The job asks for SAP. Try it."
    assert unsupported(said, text, developer) == ["Strong fit"]


# Bullets with their facts -------------------------------------------------------------------------


def test_a_bullet_on_a_fact_that_is_not_there_blocks(job: dict[str, Any]) -> None:
    job["output"]["matches"][0]["fact"] = "/audience/skills/5"
    findings = run_checks("Partial fit\n+ You already work with Excel.", job)
    assert [(finding.severity, finding.pointer) for finding in findings] == [
        ("error", "/audience/skills/5")
    ]


def test_a_gap_on_a_skill_of_the_profile_is_pointed_at_by_its_fact(
    said: Said, job: dict[str, Any]
) -> None:
    gap = {"fact": "/item/skills_wanted/0", "text": "The job asks for tables.", "next_step": "Try."}
    job["output"]["gaps"] = [gap]
    text = "Partial fit\n+ You already work with Excel.\n− The job asks for tables. Try."
    assert unsupported(said, text, job) == ["The job asks for tables."]


def test_the_verdict_of_the_output_counts(said: Said, job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You already work with Excel."
    assert said(text, job) == []
    job["output"]["verdict"] = "strong"
    assert said(text, job) == [("grounding", "warning", "Partial fit")]


def test_a_finding_says_which_kind_of_error_it_is(developer: dict[str, Any]) -> None:
    text = "Weak fit\n+ You know Docker.\n− The job asks for Python. Try it."
    findings = run_checks(text, developer)
    assert [(finding.category, finding.pointer) for finding in findings] == [
        ("verdict", "/item/skills_wanted"),
        ("unsupported", "/item/skills_wanted/4"),
        ("contradicts", "/audience/skills/0"),
    ]


def test_a_track_is_not_judged_as_a_job(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran, you know Docker.", track) == []
