"""A fact changes, by a delivery or an accepted report: exactly what rests on it goes."""

from typing import Any

import pytest

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, FactSnapshot, Place, Recommendation, Run
from feedback.models import Assignment, Golden
from feedback.services.fact_reports import Doubt, FactReportRefused, accept_report, report_fact
from feedback.services.queue import LeaseLost, claim_next, save_work
from tests.conftest import LISTENER, TRACK, drafted
from tests.explanations.test_importing import delivered, line
from tests.feedback.people_at_work import claimed, reviewed, submitted

# Texts that rest on values, on members of lists, and on all of the item.
TEXTS = {
    "/item/genre": "Loud metalcore.",
    "/item/title": "Deer Heart it is.",
    "/audience/favourite_subgenres/0": "You like metalcore.",
    "/audience/favourite_subgenres/1": "You like post-hardcore.",
    "/audience/recently_played/0/artist": "For those who play Architects.",
    "/item": "All there is to know.",
}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def about(recommendation: Recommendation) -> Recommendation:
    """The track, as a delivery brought it."""
    delivered(line())
    recommendation.refresh_from_db()
    return recommendation


@pytest.fixture
def waiting(run: Run, about: Recommendation) -> dict[str, Draft]:
    """A draft that waits for each fact, all of one recommendation and one run."""
    return {
        pointer: drafted(run, about, text, rests_on=[pointer], ordinal=ordinal)
        for ordinal, (pointer, text) in enumerate(TEXTS.items(), start=1)
    }


@pytest.fixture
def goldens(editor: Person, waiting: dict[str, Draft]) -> dict[str, Golden]:
    """A golden of each of them instead."""
    made = {}
    for _each in waiting:
        golden = reviewed(editor, outcome="ACCEPT").golden
        assert golden is not None
        # What it rests on is found anew in its words; here it is to be one fact alone.
        pointer = next(p for p, draft in waiting.items() if draft.pk == golden.review.draft_id)
        made[pointer] = golden
    return made


def item(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**TRACK, **changes}.items() if value is not None}


# What a delivery changes, and the facts that no longer stand by it.
CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a value": ({"item": item(genre="djent")}, {"/item/genre", "/item"}),
    "a fact that goes": ({"item": item(genre=None)}, {"/item/genre", "/item"}),
    "a fact that comes": ({"item": item(label="Own Records")}, {"/item"}),
    "a fact that no text rests on": ({"item": item(tempo_bpm=99)}, {"/item"}),
    "the same number, written otherwise": ({"item": item(tempo_bpm=172.0)}, set()),
    "a list in another order": (
        {"audience": {**LISTENER, "favourite_subgenres": ["post-hardcore", "metalcore"]}},
        set(),
    ),
    "a member that comes first": (
        {"audience": {**LISTENER, "favourite_subgenres": ["djent", "metalcore", "post-hardcore"]}},
        set(),
    ),
    "a member that goes": (
        {"audience": {**LISTENER, "favourite_subgenres": ["post-hardcore"]}},
        {"/audience/favourite_subgenres/0"},
    ),
    "a member in place of another": (
        {"audience": {**LISTENER, "favourite_subgenres": ["metalcore", "djent"]}},
        {"/audience/favourite_subgenres/1"},
    ),
    "what a member says besides": (
        {"audience": {**LISTENER, "recently_played": [{"title": "x", "artist": "Architects"}]}},
        set(),
    ),
    "what a member says": (
        {"audience": {**LISTENER, "recently_played": [{"title": "x", "artist": "Bad Omens"}]}},
        {"/audience/recently_played/0/artist"},
    ),
    "nothing": ({}, set()),
}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> tuple[dict[str, Any], set[str]]:
    """One delivery after the other."""
    return CHANGES[request.param]


# Deliveries --------------------------------------------------------------------------------------


def test_exactly_the_waiting_drafts_that_rest_on_it_are_withdrawn_and_drafted_again(
    waiting: dict[str, Draft], change: tuple[dict[str, Any], set[str]]
) -> None:
    fields, outdated = change
    delivered(line(**fields))
    states = dict(Draft.objects.values_list("pk", "state"))
    withdrawn = {p for p, draft in waiting.items() if states[draft.pk] == Draft.State.WITHDRAWN}
    assert withdrawn == outdated
    again = Draft.objects.filter(redraft_of__isnull=False)
    assert {each.redraft_of_id for each in again} == {waiting[p].pk for p in outdated}
    assert {each.state for each in again} <= {Draft.State.PENDING}
    assert len({each.ordinal for each in Draft.objects.all()}) == len(waiting) + len(outdated)
    closed = {place.draft_id for place in Place.objects.filter(state=Place.State.CLOSED)}
    assert closed == {waiting[p].pk for p in outdated}


def test_exactly_the_goldens_that_rest_on_it_are_listed(
    goldens: dict[str, Golden], change: tuple[dict[str, Any], set[str]]
) -> None:
    fields, outdated = change
    rests_on = {golden.pk: set(golden.rests_on) for golden in goldens.values()}
    # The words of a golden name the facts it rests on; "/item" is no name.
    expected = {pk for pk, pointers in rests_on.items() if pointers & outdated}
    assert bool(expected) == bool(outdated - {"/item"})
    before = dict(Golden.objects.values_list("pk", "state"))
    delivered(line(**fields))
    listed = Golden.objects.filter(state=Golden.State.NEEDS_REVIEW)
    assert {golden.pk for golden in listed} == expected
    others = Golden.objects.exclude(pk__in=expected).values_list("pk", "state")
    assert dict(others) == {pk: state for pk, state in before.items() if pk not in expected}


def test_a_draft_that_waits_for_the_model_takes_the_new_facts(
    run: Run, about: Recommendation
) -> None:
    draft = unwritten(run, about, Draft.State.PENDING)
    delivered(line(item=item(genre="djent")))
    draft.refresh_from_db()
    assert (draft.state, draft.attempt, draft.snapshot) == (Draft.State.PENDING, 0, None)
    assert Draft.objects.count() == 1


def test_a_draft_that_is_with_the_model_is_fenced_off_and_waits_again(
    run: Run, about: Recommendation
) -> None:
    draft = unwritten(run, about, Draft.State.RUNNING)
    delivered(line(item=item(genre="djent")))
    draft.refresh_from_db()
    assert (draft.state, draft.attempt, draft.snapshot) == (Draft.State.PENDING, 2, None)
    assert Draft.objects.count() == 1


def unwritten(run: Run, about: Recommendation, state: Draft.State) -> Draft:
    is_running = state == Draft.State.RUNNING
    return Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=about,
        prompt=run.prompt,
        model_version=run.model_version,
        priority=50,
        state=state,
        attempt=int(is_running),
        snapshot=about.snapshot if is_running else None,
        lease_until="2999-01-01T00:00Z" if is_running else None,
    )


@pytest.mark.parametrize("state", ["REVIEWED", "QUARANTINED", "WITHDRAWN", "FAILED", "CANCELLED"])
def test_drafts_that_wait_for_nobody_are_left_alone(waiting: dict[str, Draft], state: str) -> None:
    Draft.objects.update(state=state, failure_reason="x")
    delivered(line(item=item(genre="djent")))
    assert set(Draft.objects.values_list("state", flat=True)) == {state}


def test_other_recommendations_are_left_alone(run: Run, about: Recommendation) -> None:
    delivered(line("track:other"))
    other = drafted(
        run,
        Recommendation.objects.get(external_id="track:other"),
        "Loud.",
        rests_on=["/item/genre"],
    )
    delivered(line(item=item(genre="djent")))
    other.refresh_from_db()
    assert other.state == Draft.State.READY


def test_the_editor_who_has_it_open_is_told_and_keeps_what_was_typed(
    editor: Person, waiting: dict[str, Draft]
) -> None:
    Place.objects.exclude(draft=waiting["/item/genre"]).update(state=Place.State.CLOSED)
    held = claimed(editor)
    save_work(held.pk, editor, {"note": "half a thought"}, 0, 10)
    delivered(line(item=item(genre="djent")))
    with pytest.raises(LeaseLost, match="its facts changed"):
        submitted(editor, held, outcome="ACCEPT", note="a whole thought")
    held.refresh_from_db()
    assert held.work["note"] == "a whole thought"
    assert claim_next(editor) is None
    assert not Golden.objects.exists()
    assert Assignment.objects.active().count() == 0


def test_a_draft_that_misses_two_deliveries_is_held_against_the_last(
    waiting: dict[str, Draft],
) -> None:
    delivered(line(item=item(tempo_bpm=99)))
    delivered(line(item=item(tempo_bpm=98, genre="djent")))
    states = dict(Draft.objects.values_list("pk", "state"))
    assert states[waiting["/item/genre"].pk] == Draft.State.WITHDRAWN
    assert states[waiting["/item/title"].pk] == Draft.State.READY


# Reports -----------------------------------------------------------------------------------------


def accepted(editor: Person, lead: Person, about: Recommendation, doubt: Doubt) -> None:
    about = Recommendation.objects.select_related("snapshot").get(pk=about.pk)
    accept_report(report_fact(editor, about, doubt).pk, lead)


REPORTS = {
    "a wrong value": (
        Doubt("/item/genre", "wrong", "djent", "the sleeve"),
        {"/item/genre", "/item"},
    ),
    "a value nobody knows": (Doubt("/item/genre", "wrong"), {"/item/genre", "/item"}),
    "a member of a list": (
        Doubt("/audience/favourite_subgenres/0", "wrong", "djent", "they said so"),
        {"/audience/favourite_subgenres/0"},
    ),
    "a member not for showing": (
        Doubt("/audience/favourite_subgenres/0", "not_for_showing"),
        {"/audience/favourite_subgenres/0"},
    ),
    "part of a member": (
        Doubt("/audience/recently_played/0/artist", "stale", "Bad Omens", "they said so"),
        {"/audience/recently_played/0/artist"},
    ),
    "a missing fact": (Doubt("/item/label", "missing", "Own", "the sleeve"), {"/item"}),
    "what is right already": (Doubt("/item/genre", "wrong", "metalcore", "the sleeve"), set()),
}


@pytest.mark.parametrize("name", REPORTS)
def test_an_accepted_report_withdraws_exactly_the_drafts_that_rest_on_the_fact(
    editor: Person, lead: Person, about: Recommendation, waiting: dict[str, Draft], name: str
) -> None:
    doubt, outdated = REPORTS[name]
    accepted(editor, lead, about, doubt)
    states = dict(Draft.objects.values_list("pk", "state"))
    assert {
        p for p, draft in waiting.items() if states[draft.pk] == Draft.State.WITHDRAWN
    } == outdated
    assert Draft.objects.filter(redraft_of__isnull=False).count() == len(outdated)


@pytest.mark.parametrize("name", REPORTS)
def test_an_accepted_report_lists_exactly_the_goldens_that_rest_on_the_fact(
    editor: Person, lead: Person, about: Recommendation, goldens: dict[str, Golden], name: str
) -> None:
    doubt, outdated = REPORTS[name]
    expected = {golden.pk for golden in goldens.values() if set(golden.rests_on) & outdated}
    accepted(editor, lead, about, doubt)
    listed = Golden.objects.filter(state=Golden.State.NEEDS_REVIEW)
    assert {golden.pk for golden in listed} == expected


def test_a_correction_outlives_the_next_delivery(
    editor: Person, lead: Person, about: Recommendation, waiting: dict[str, Draft]
) -> None:
    accepted(editor, lead, about, Doubt("/item/genre", "wrong", "djent", "the sleeve"))
    count = Draft.objects.count()
    delivered(line(item=item(tempo_bpm=99)))
    about.refresh_from_db()
    assert about.snapshot is not None
    assert (about.snapshot.item["genre"], about.snapshot.item["tempo_bpm"]) == ("djent", 99)
    assert Draft.objects.count() == count


def test_a_report_follows_a_member_that_a_delivery_has_moved(
    editor: Person, lead: Person, about: Recommendation, waiting: dict[str, Draft]
) -> None:
    doubt = Doubt("/audience/favourite_subgenres/0", "wrong", "djent", "they said so")
    report = report_fact(editor, about, doubt)
    moved = {**LISTENER, "favourite_subgenres": ["post-hardcore", "metalcore"]}
    delivered(line(audience=moved))
    accept_report(report.pk, lead)
    now = FactSnapshot.objects.latest("pk").audience
    assert now["favourite_subgenres"] == ["post-hardcore", "djent"]
    states = dict(Draft.objects.values_list("pk", "state"))
    assert states[waiting["/audience/favourite_subgenres/0"].pk] == Draft.State.WITHDRAWN
    assert states[waiting["/audience/favourite_subgenres/1"].pk] == Draft.State.READY


def test_a_report_on_what_a_delivery_has_changed_is_looked_at_again(
    editor: Person, lead: Person, about: Recommendation
) -> None:
    report = report_fact(editor, about, Doubt("/item/genre", "wrong", "djent", "the sleeve"))
    delivered(line(item=item(genre="polka")))
    with pytest.raises(FactReportRefused, match="changed since the report"):
        accept_report(report.pk, lead)


class TestPriority:
    """What a delivery says of a recommendation's urgency moves what waits."""

    def test_what_waits_moves_with_its_recommendation(
        self, run: Run, waiting: dict[str, Draft]
    ) -> None:
        shown = next(iter(waiting.values()))
        pending = Draft.objects.create(
            run=run,
            task=run.task,
            recommendation=shown.recommendation,
            prompt=run.prompt,
            model_version=run.model_version,
            priority=shown.priority,
            ordinal=len(waiting) + 1,
        )

        delivered(line(priority=93))

        assert set(Place.objects.values_list("priority", flat=True)) == {93}
        pending.refresh_from_db()
        assert pending.priority == 93

    def test_what_was_reviewed_does_not_nor_what_has_a_priority_of_its_run(
        self, run: Run, about: Recommendation
    ) -> None:
        done = drafted(run, about, "Loud metalcore.", ordinal=1)
        done.places.update(state=Place.State.DONE)
        delivered(line(priority=93))
        assert done.places.get().priority == done.priority

        Run.objects.filter(pk=run.pk).update(priority=70)
        waits = drafted(run, about, "Deer Heart it is.", ordinal=2)
        delivered(line(priority=94))
        assert waits.places.get().priority == waits.priority
