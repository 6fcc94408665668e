"""Goldens: made from reviews, approved by a second person where the task asks for one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.in_words import in_words
from accounts.log import record
from accounts.models import Person
from accounts.rights import LEAD, has_right
from accounts.words import translatable
from explanations.checks import (
    Finding,
    Published,
    Subject,
    blocking,
    findings_of,
    gist_of,
    make_subject,
)
from explanations.checks.published import Words
from explanations.checks.thresholds import ABOUT_CLAIMS
from explanations.context import get_fact, has_fact
from explanations.fact_changes import (
    FactChange,
    Facts,
    LaidOver,
    changed_anew,
    changed_pointers,
    changes_of,
    laid_over,
    same_facts,
    touches,
)
from explanations.models import Draft, FactSnapshot, PublishedLine, Recommendation, Task
from explanations.output_formats import UnusableOutput, get_output_format
from explanations.services.catalogue import catalogue_at_hand
from explanations.services.dismissing import Dismissals, dismissals_of
from explanations.services.published import Handed, publish_all, published_at_hand, unpublish_all
from explanations.services.versions import rules_of
from feedback.models import FactReport, FindingJudgement, Golden, Review
from feedback.outcomes import Outcome, worth
from feedback.services.datasets.marking import UNDONE, mark_golden, mark_review

MOST_REASON: Final = 500

DOUBTED: Final = translatable("These facts are reported and not settled: %(facts)s.")
CHANGED: Final = translatable("These facts have changed since: %(facts)s.")
REWRITTEN: Final = translatable("Rewritten.")

_STANDS: Final = (Golden.State.PROPOSED, Golden.State.APPROVED, Golden.State.NEEDS_REVIEW)


class GoldenRefused(Exception):
    """A golden that cannot go where it was sent; the message is a sentence for people."""


# --- The facts a draft is judged by --------------------------------------------------------------


def facts_seen(draft: Draft) -> tuple[Facts, dict[str, str]]:
    """Return the facts that an editor judges a draft by, and the sources of those that people gave.

    They are the facts that the model was shown, with those that editors have added since. A fact
    that a later delivery changed stays as it was: a draft that rests on it is withdrawn, and for
    any other it is no matter.
    """
    shown = _shown(draft)
    now = draft.recommendation.snapshot
    if now is None or now.pk == shown.pk:
        return shown.facts, dict(shown.sources)
    added = [
        LaidOver("added", pointer, get_fact(now.facts, pointer), None, source)
        for pointer, source in now.sources.items()
        if has_fact(now.facts, pointer) and not has_fact(shown.facts, pointer)
    ]
    facts, sources = laid_over(shown.facts, added)
    return facts, dict(shown.sources) | sources


def _shown(draft: Draft) -> FactSnapshot:
    if draft.snapshot is None:
        raise GoldenRefused(_("The draft has no facts."))
    return draft.snapshot


def _snapshot_seen(draft: Draft) -> FactSnapshot:
    """Return the snapshot that says what the editor saw; the recommendation is locked.

    Where a delivery and an editor have both changed the facts since the draft, none does yet, and
    one is taken: it keeps what the golden rests on, and is never the recommendation's own.
    """
    shown = _shown(draft)
    now = draft.recommendation.snapshot
    if now is None or now.pk == shown.pk:
        return shown
    facts, sources = facts_seen(draft)
    for snapshot in (shown, now):
        if same_facts(snapshot.facts, facts):
            return snapshot
    last = draft.recommendation.snapshots.aggregate(last=Max("number"))["last"]
    return FactSnapshot.objects.create(
        recommendation=draft.recommendation,
        number=last + 1,
        cause=FactSnapshot.Cause.OVERLAY,
        item=facts["item"],
        audience=facts["audience"],
        sources=sources,
    )


def uses_unshown_fact(golden: Golden) -> bool:
    """Whether the golden rests on a fact that the model was not shown, or was shown differently."""
    shown = _shown(golden.review.draft)
    return bool(changed_pointers(golden.rests_on, golden.snapshot.facts, shown.facts))


# --- Making --------------------------------------------------------------------------------------


def learn_names_first(outcome: Outcome) -> None:
    """Where a golden may be made, wait for the names that checks know before anything is locked.

    A process that has just begun reads them for as much as a minute.
    """
    if worth(outcome, ()).grade:
        catalogue_at_hand()


@dataclass(frozen=True, slots=True)
class MadeGolden:
    """The golden that a review gives, to be written with it, and the line that it hands down."""

    golden: Golden
    published_line: PublishedLine | None
    words: Words
    """The words of the golden that are no facts."""


def make_golden(
    draft: Draft,
    outcome: Outcome,
    severities: Sequence[int],
    rewrite: tuple[str, dict[str, object] | None],
    reported: Iterable[str],
) -> MadeGolden | None:
    """Make the golden that a review gives, or None where its outcome gives none; nothing is saved.

    Must run in the review's transaction, with the recommendation locked. Approved by itself where
    the task asks for no second person; it waits as PROPOSED, with the reason, where a check forbids
    the text or a fact it rests on is among the `reported`, and as NEEDS_REVIEW where one has
    changed since.
    """
    grade = worth(outcome, severities).grade
    if not grade:
        return None
    text, output = rewrite if outcome is Outcome.EDIT else (draft.text, draft.output)
    golden = Golden(
        task=draft.task,
        recommendation=draft.recommendation,
        snapshot=_snapshot_seen(draft),
        prompt_id=draft.prompt_id,
        text=text,
        language=draft.language,
        output=output,
        grade=grade,
    )
    subject = _subject(golden)
    golden.rests_on = _rests_on(golden, subject)
    golden.state, golden.state_reason = _first_state(golden, subject, reported)
    line = None
    if golden.state == Golden.State.APPROVED and _is_handed_down(golden):
        line = PublishedLine(
            task_id=golden.task_id,
            text=text,
            words=list(subject.words_beside_facts),
            owner=subject.owner,
        )
    return MadeGolden(golden, line, subject.words_beside_facts)


def _rests_on(golden: Golden, subject: Subject) -> list[str]:
    return subject.output_format.rests_on(
        golden.text, golden.output, golden.snapshot.facts, subject.mentions
    )


def _first_state(
    golden: Golden, subject: Subject, reported: Iterable[str]
) -> tuple[Golden.State, str]:
    if changed := _changed_since(golden):
        return Golden.State.NEEDS_REVIEW, changed
    if forbidden := _forbidden_by_checks(golden, subject):
        return Golden.State.PROPOSED, forbidden
    if doubted := _doubted(golden, reported):
        return Golden.State.PROPOSED, doubted
    if golden.task.second_person_required:
        return Golden.State.PROPOSED, ""
    return Golden.State.APPROVED, ""


def _doubted(golden: Golden, reported: Iterable[str]) -> str:
    """Say which of the facts it rests on are reported and not settled: they hold no work in hand,
    but nobody is to learn from it before a lead has looked.
    """
    touched = {pointer for pointer in reported if touches(golden.rests_on, pointer)}
    doubted = ", ".join(sorted(touched))
    return (DOUBTED % {"facts": doubted})[:MOST_REASON] if doubted else ""


def facts_changed(golden: Golden) -> list[FactChange]:
    """Return the facts the golden rests on that have changed since, with what they say now.

    What somebody has found it still right with is not among them. `golden` must come with its
    snapshots: its own, `still_right_with`, and the recommendation's.
    """
    now = golden.recommendation.snapshot
    if now is None or now.pk in {golden.snapshot_id, golden.still_right_with_id}:
        return []
    then, accepted = golden.snapshot.facts, golden.still_right_with
    changed = (
        changed_pointers(golden.rests_on, then, now.facts)
        if accepted is None
        else changed_anew(golden.rests_on, then, accepted.facts, now.facts)
    )
    return changes_of(changed, then, now.facts)


def _changed_since(golden: Golden) -> str:
    changed = ", ".join(change.pointer for change in facts_changed(golden))
    return (CHANGED % {"facts": changed})[:MOST_REASON] if changed else ""


def state_reason_in_words(reason: str) -> str:
    """Return why a golden came to its state in the reader's language, where the desk said it."""
    return in_words(reason, (DOUBTED, CHANGED))


def _forbidden_by_checks(golden: Golden, subject: Subject) -> str:
    found = findings_of(subject)
    if not blocking(found, subject):
        return ""  # whatever is dismissed
    said = _said_about(golden, subject, found, dismissals_of(golden.task))
    forbidding = [each.finding.message for each in said if each.forbids]
    return " ".join(forbidding)[:MOST_REASON]


# --- What the checks say -------------------------------------------------------------------------

# Nobody's reason makes a text that may hurt somebody an example to learn from.
NEVER_OVERRIDDEN: Final = frozenset({"harmful"})


@dataclass(frozen=True, slots=True)
class Said:
    """What a check says about a golden's own text, and whether that stands in its way."""

    finding: Finding
    words: str
    """Of the text, or "" where it is about all of it."""
    gist: str
    forbids: bool
    """An error, which no lead has overridden for this golden."""
    is_overridden: bool = False
    is_dismissed: bool = False
    """Its editor dismissed the same finding in the draft."""

    @property
    def may_be_overridden(self) -> bool:
        """Whether a lead can let the golden through in spite of it."""
        return self.forbids and self.finding.category not in NEVER_OVERRIDDEN


def what_checks_say(golden: Golden) -> list[Said]:
    """Return the same as `said_of`, with what its editor dismissed, for whoever approves it."""
    said = said_of(golden)
    if not said:
        return []
    judgements = FindingJudgement.objects.filter(
        review=golden.review_id, verdict=FindingJudgement.Verdict.DISMISSED
    )
    dismissed = set(judgements.values_list("finding__check_name", "finding__gist"))
    return [
        replace(each, is_dismissed=(each.finding.check, each.gist) in dismissed) for each in said
    ]


def said_of(golden: Golden, dismissals: Dismissals | None = None) -> list[Said]:
    """Return what the checks say about a golden's text, by the facts of its own snapshot.

    Errors forbid, whatever the task lets its drafts do: a golden is copied by the next model. What
    is dismissed for the task is left out. `dismissals` are the task's, for who has them at hand.
    """
    subject = _subject(golden)
    found = findings_of(subject)
    if found and dismissals is None:
        dismissals = dismissals_of(golden.task)
    return _said_about(golden, subject, found, dismissals or frozenset())


def _said_about(
    golden: Golden, subject: Subject, findings: Iterable[Finding], dismissals: Dismissals
) -> list[Said]:
    found = [
        (finding, gist)
        for finding in findings
        if (finding.check, gist := gist_of(finding, golden.text)) not in dismissals
    ]
    forbidding = blocking([finding for finding, _gist in found], subject)
    overridden = {(each["check"], each["gist"]) for each in golden.overridden}
    return [
        Said(
            finding,
            "" if finding.start is None else golden.text[finding.start : finding.end],
            gist,
            forbids=finding in forbidding and (finding.check, gist) not in overridden,
            is_overridden=(finding.check, gist) in overridden,
        )
        for finding, gist in found
    ]


def _subject(golden: Golden) -> Subject:
    return subject_of(
        golden.text,
        task=golden.task,
        locale=golden.recommendation.locale,
        facts=golden.snapshot.facts,
        output=golden.output,
        published=published_at_hand(golden.task.slug) if golden.output is None else None,
    )


def subject_of(
    text: str,
    *,
    task: Task,
    locale: str,
    facts: Facts,
    output: dict[str, object] | None = None,
    published: Published | None = None,
) -> Subject:
    """Return a text of people for the checks, judged by these facts and its task as it is now."""
    return make_subject(
        text,
        {
            "task": task.slug,
            "output_format": task.output_format,
            "word_limit": task.word_limit,
            "locale": locale,
            "output": output,
            "guide": rules_of(task),
            **facts,
        },
        catalogue_at_hand(),
        published,
    )


def unsupported_by_snapshot(said: Collection[Said]) -> bool:
    """Whether the golden asserts what the facts it rests on do not bear out.

    That is an error of a check of what is claimed: whose music it is, what contradicts a fact, what
    no fact says. A vivid sentence that claims nothing needs no fact.
    """
    return any(each.forbids and each.finding.category in ABOUT_CLAIMS for each in said)


# --- Judging -------------------------------------------------------------------------------------


def approve_golden(golden_id: int, person: Person, override: str = "") -> Golden:
    """Approve as the second person a golden that waits.

    The checks look at it again. What they forbid a lead may `override`, saying why: a check can be
    wrong, but for what may hurt somebody. Raises GoldenRefused when the person wrote it, when it
    does not wait, when a check forbids its text or when a fact it rests on has changed;
    Golden.DoesNotExist.
    """
    with transaction.atomic():
        golden = _locked(golden_id)
        if golden.writer_id == person.pk:
            raise GoldenRefused(_("A golden is approved by somebody else than its editor."))
        if golden.state not in {Golden.State.PROPOSED, Golden.State.NEEDS_REVIEW}:
            raise GoldenRefused(
                _("This golden does not wait: it is %(state)s.")
                % {"state": golden.get_state_display()}
            )
        if reason := _changed_since(golden):
            raise GoldenRefused(state_reason_in_words(reason))
        forbidding = [said for said in said_of(golden) if said.forbids]
        if forbidding:
            _override(golden, forbidding, person, override)
        return _move(golden, Golden.State.APPROVED, "", person)


def _override(golden: Golden, forbidding: Collection[Said], person: Person, reason: str) -> None:
    """Let a golden be in spite of its findings. Raises GoldenRefused where that is not allowed."""
    said = " ".join(each.finding.message for each in forbidding)[:MOST_REASON]
    if not reason.strip() or not has_right(person, LEAD):
        raise GoldenRefused(said)
    if not all(each.may_be_overridden for each in forbidding):
        raise GoldenRefused(_("Nobody overrides this. %(said)s") % {"said": said})
    golden.overridden = [
        *golden.overridden,
        *({"check": each.finding.check, "gist": each.gist} for each in forbidding),
    ]
    Golden.objects.filter(pk=golden.pk).update(overridden=golden.overridden)
    record(
        person,
        "golden findings overridden",
        golden,
        reason=_said(reason),
        findings=[
            {"check": each.finding.check, "message": each.finding.message} for each in forbidding
        ],
    )


def send_back(golden_id: int, person: Person, reason: str) -> Golden:
    """Send a golden back to its editor, saying why.

    Raises GoldenRefused without a reason, for one's own, and when it neither waits nor stands;
    Golden.DoesNotExist.
    """
    with transaction.atomic():
        golden = _locked(golden_id)
        if golden.writer_id == person.pk:
            raise GoldenRefused(_("Undo your own review instead of sending it back."))
        if golden.state not in _STANDS:
            raise GoldenRefused(
                _("This golden is %(state)s already.") % {"state": golden.get_state_display()}
            )
        return _move(golden, Golden.State.SENT_BACK, _said(reason), person)


def withdraw_golden(golden_id: int, person: Person, reason: str) -> Golden:
    """Take a golden out of what training uses, for good.

    Raises GoldenRefused without a reason and when it is withdrawn already; Golden.DoesNotExist.
    """
    with transaction.atomic():
        golden = _locked(golden_id)
        if golden.state == Golden.State.WITHDRAWN:
            raise GoldenRefused(_("This golden is withdrawn already."))
        return _move(golden, Golden.State.WITHDRAWN, _said(reason), person)


# --- Judging anew --------------------------------------------------------------------------------


def waiting_for_new_review() -> QuerySet[Golden]:
    """Return the goldens whose facts have changed or that a lead sent back to review, oldest first.

    They come with all that `facts_changed` needs.
    """
    return (
        Golden.objects.filter(state=Golden.State.NEEDS_REVIEW)
        .select_related(
            "task",
            "review__editor",
            "rewritten_by",
            "snapshot",
            "still_right_with",
            "recommendation__snapshot",
        )
        .order_by("changed_at", "pk")
    )


def find_still_right(golden_id: int, person: Person, looked_at: int | None) -> Golden:
    """Approve again a golden that needs a new review: its text is right with the facts as they are.

    `looked_at` is the number of the facts that the person looked at. Its own facts stay those it
    rests on. Raises GoldenRefused when it needs no new review, when the facts have changed again,
    when a check forbids its text, and for one's own where the task asks for a second person;
    Golden.DoesNotExist.
    """
    with transaction.atomic():
        golden = _to_judge_anew(golden_id, looked_at)
        if golden.task.second_person_required and golden.writer_id == person.pk:
            raise GoldenRefused(_("A golden is approved by somebody else than its editor."))
        if forbidden := _forbidden_by_checks(golden, _subject(golden)):
            raise GoldenRefused(forbidden)
        if facts_changed(golden):
            Golden.objects.filter(pk=golden.pk).update(
                still_right_with=golden.recommendation.snapshot
            )
        return _move(golden, Golden.State.APPROVED, "", person)


def rewrite_golden(
    golden_id: int, person: Person, written: Mapping[str, object], looked_at: int | None
) -> Golden:
    """Put another golden in the place of one that needs a new review, on the facts as they are.

    `written` is what the task's form of a rewrite holds, `{"text": …}` where it is one text. The
    old one is withdrawn; the new one waits for a second person where the task asks for one, or a
    check forbids it. Raises GoldenRefused when it needs no new review, when the facts have changed
    again, and when what was written cannot be; Golden.DoesNotExist.
    """
    with transaction.atomic():
        old = _to_judge_anew(golden_id, looked_at)
        now = old.recommendation.snapshot or old.snapshot
        output_format = get_output_format(old.task.output_format)
        try:
            output = output_format.validated(written, now.facts)
        except UnusableOutput as unusable:
            raise GoldenRefused(unusable.sentence) from unusable
        text = output_format.render(output)
        _move(old, Golden.State.WITHDRAWN, REWRITTEN, person)
        kept = None if old.output is None else output
        golden = Golden(
            task=old.task,
            recommendation=old.recommendation,
            review=old.review,
            replaces=old,
            rewritten_by=person,
            snapshot=now,
            prompt_id=old.prompt_id,
            text=text,
            output=kept,
            grade=old.grade,
        )
        subject = _subject(golden)
        golden.rests_on = _rests_on(golden, subject)
        golden.state, golden.state_reason = _first_state(golden, subject, _reported(golden))
        golden.save(force_insert=True)
        hand_down([golden])
        record(person, "golden rewritten", golden, replaces=old.pk)
        return golden


def _reported(golden: Golden) -> Iterable[str]:
    """Return the facts of its recommendation that are reported and not settled."""
    return FactReport.objects.filter(
        recommendation=golden.recommendation_id, state=FactReport.State.OPEN
    ).values_list("pointer", flat=True)


def _to_judge_anew(golden_id: int, looked_at: int | None) -> Golden:
    golden = _locked(golden_id)
    if golden.state != Golden.State.NEEDS_REVIEW:
        raise GoldenRefused(
            _("This golden needs no new review: it is %(state)s.")
            % {"state": golden.get_state_display()}
        )
    now = golden.recommendation.snapshot
    if now is not None and looked_at != now.number:
        raise GoldenRefused(_("The facts have changed again; look at them as they are now."))
    return golden


# --- Following ------------------------------------------------------------------------------------


def withdraw_undone(review: Review, editor: Person) -> None:
    """Withdraw the golden of a review that its editor takes back, in the undo's transaction, and
    mark the datasets that learned from either.
    """
    standing = Golden.objects.exclude(state=Golden.State.WITHDRAWN).filter(review=review)
    for golden in standing.select_for_update(no_key=True):
        _move(golden, Golden.State.WITHDRAWN, UNDONE, editor)
    # A rejected draft has no golden, and is a bad example all the same.
    mark_review(review.pk)


def withdraw_overruled(
    review_ids: Collection[int], reason: str, person: Person
) -> list[dict[str, object]]:
    """Withdraw the goldens of reviews that a lead found wrong; return what they were before.

    Must run in the transaction that settles the draft, with the recommendation locked.
    """
    standing = Golden.objects.exclude(state=Golden.State.WITHDRAWN).filter(review__in=review_ids)
    before: list[dict[str, object]] = []
    for golden in (
        standing.select_related("snapshot")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    ):
        before.append(
            {"golden": golden.pk, "state": golden.state, "state_reason": golden.state_reason}
        )
        _move(golden, Golden.State.WITHDRAWN, reason, person)
    return before


def put_back_overruled(before: Iterable[Mapping[str, Any]], person: Person) -> None:
    """Give goldens that `withdraw_overruled` withdrew the state they had, by what it returned.

    One whose facts have changed meanwhile needs a new review. Must run in the transaction that
    takes the lead's word back, with the recommendation locked.
    """
    was = {each["golden"]: each for each in before}
    goldens = list(
        Golden.objects.filter(pk__in=was, state=Golden.State.WITHDRAWN)
        .select_related("snapshot")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    for golden in goldens:
        golden.state = was[golden.pk]["state"]
        golden.state_reason = was[golden.pk]["state_reason"]
        Golden.objects.filter(pk=golden.pk).update(
            state=golden.state, state_reason=golden.state_reason, changed_at=Now()
        )
        record(person, "golden put back", golden, state=golden.state)
    hand_down(goldens)
    mark_outdated({golden.recommendation_id for golden in goldens})


def mark_outdated(recommendation_ids: Collection[int]) -> int:
    """Mark NEEDS_REVIEW the goldens that rest on a fact which has changed. Returns how many.

    Must run in the transaction that changed the facts, with the recommendations locked.
    """
    standing = (
        Golden.objects.filter(
            recommendation__in=list(recommendation_ids),
            state__in=[Golden.State.PROPOSED, Golden.State.APPROVED],
        )
        .exclude(snapshot=F("recommendation__snapshot"))
        .select_related("snapshot", "still_right_with", "recommendation__snapshot")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    marked = 0
    for golden in standing.iterator(chunk_size=500):
        if changed := _changed_since(golden):
            _move(golden, Golden.State.NEEDS_REVIEW, changed, None)
            marked += 1
    return marked


def _locked(golden_id: int) -> Golden:
    """Return the golden; its recommendation is locked first, so that its facts hold still."""
    recommendation_id = Golden.objects.values_list("recommendation", flat=True).get(pk=golden_id)
    Recommendation.objects.select_for_update(no_key=True).only("pk").get(pk=recommendation_id)
    return (
        Golden.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "task", "review", "snapshot", "still_right_with", "recommendation__snapshot"
        )
        .get(pk=golden_id)
    )


def _said(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise GoldenRefused(_("Say why."))
    if len(said) > MOST_REASON:
        raise GoldenRefused(_("The reason may have %(most)d characters.") % {"most": MOST_REASON})
    return said


def _move(golden: Golden, state: Golden.State, reason: str, person: Person | None) -> Golden:
    """Change the state of a locked golden and write it down."""
    was = golden.state
    golden.state, golden.state_reason = state, reason
    if state == Golden.State.APPROVED:
        golden.approved_by = person
    Golden.objects.filter(pk=golden.pk).update(
        state=state, state_reason=reason, approved_by=golden.approved_by, changed_at=Now()
    )
    hand_down([golden])
    if state == Golden.State.WITHDRAWN:
        mark_golden(golden.review_id, golden.pk, reason)
    record(person, "golden " + state.label, golden, was=was, reason=reason)
    return golden


def hand_down(goldens: Iterable[Golden]) -> None:
    """Tell the machine side what people stand behind now, so that new drafts do not repeat it.

    They must come with their snapshots.
    """
    told = [golden for golden in goldens if _is_handed_down(golden)]
    standing = [golden for golden in told if golden.state == Golden.State.APPROVED]
    others = [golden for golden in told if golden.state != Golden.State.APPROVED]
    if standing:
        publish_all(
            Handed(_source(golden), golden.task_id, golden.text, golden.snapshot.facts)
            for golden in standing
        )
    if others:
        unpublish_all([_source(golden) for golden in others])


def _is_handed_down(golden: Golden) -> bool:
    """Whether new drafts are compared with it: bullets are alike by design, and are not."""
    return golden.output is None


def _source(golden: Golden) -> str:
    return f"golden {golden.pk}"
