"""The weekly digest: what it says, to whom, once a week, and what becomes of it on its way."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from editorial.stack.model_server import free_port
from explanations.models import Draft, Import, Prompt, Recommendation, Run
from feedback.mail_words import unlinked
from feedback.models import CatalogueContact, Digest, FactReport
from feedback.services.statistics import digest_mail
from feedback.services.statistics.digest import monday_of, week_of_person
from feedback.services.statistics.digest_mail import (
    MOST_ATTEMPTS,
    make_digests,
    send_again,
    send_due,
    written,
)
from tests.conftest import LISTENER, TRACK, drafted, logged_in, recommended
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed, tag_on, tag_on_all

pytestmark = pytest.mark.django_db

HOSTILE = (
    'See https://evil.example/x?a=1 or www.evil.example, mail me@evil.example <a href="//e">x</a>'
)


def this_monday() -> Any:
    """The Monday of the week in which the tests run."""
    return monday_of(timezone.localdate())


# A mail server ------------------------------------------------------------------------------------


class Mailbox:
    """What a mail server got, and what it answers."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"
        self.after_data: Callable[[], None] = lambda: None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, or say why not."""
        self.after_data()
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """A real mail server, to which the desk sends."""
    box = Mailbox()
    port = free_port(None)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield box
    controller.stop()


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    """Nobody listens where the desk sends."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port(None)


# A week -------------------------------------------------------------------------------------------


@pytest.fixture
def prompt(run: Run, ml_engineer: Person) -> Prompt:
    """Mia wrote the prompt."""
    Prompt.objects.filter(pk=run.prompt_id).update(created_by=ml_engineer)
    return Prompt.objects.get(pk=run.prompt_id)


@pytest.fixture
def week(prompt: Prompt, drafts: DraftMaker, editor: Person) -> list[Draft]:
    """One line accepted, one rewritten, one rejected, and a fact that was wrong."""
    made = drafts(3)
    reviewed(editor, outcome="ACCEPT")
    reviewed(
        editor,
        outcome="EDIT",
        rewrite="Dead Rabbitts turn metalcore up.",
        tags=[tag_on(made[1], "metalcore", "tone") | {"note": "worn"}],
    )
    reviewed(editor, outcome="REJECT", tags=[tag_on_all("unsupported", 5)], note="No fact says so.")
    delivery = Import.objects.create(source="feed.ndjson", catalogue_owner="Label feed")
    Recommendation.objects.filter(pk=made[2].recommendation_id).update(delivery=delivery)
    FactReport.objects.create(
        recommendation=made[2].recommendation,
        draft=made[2],
        pointer="/item/genre",
        problem="wrong",
        value_then="metalcore",
        right_value="post-hardcore",
        source="their own page",
        catalogue_owner="Label feed",
        reported_by=editor,
    )
    return made


@pytest.fixture
def contact(db: None) -> CatalogueContact:
    """Where the label's catalogue people are reached."""
    return CatalogueContact.objects.create(owner="Label feed", address="feed@label.example")


def sent() -> list[str]:
    """The digests by what became of them."""
    return list(Digest.objects.order_by("pk").values_list("state", flat=True))


def due_now() -> None:
    """Turn the clock to the next attempt."""
    Digest.objects.filter(state="WAITING").update(next_at=F("created_at"))


# What it says -------------------------------------------------------------------------------------


def test_a_prompt_owner_is_told_what_was_rejected_and_rewritten_and_why(
    week: list[Draft], ml_engineer: Person, mailbox: Mailbox
) -> None:
    assert make_digests(this_monday()) == 1
    assert send_due() == 1

    (mail,) = mailbox.mails
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert mail["To"] == ml_engineer.email
    assert mail["Subject"].endswith("1 rejected, 1 rewritten")
    for body in (text.get_content(), html.get_content()):
        assert "Music one-liner, prompt 1" in body
        assert "Dead Rabbitts turn metalcore up." in body
        assert "worn" in body
        assert "No fact says so." in body
        assert "Unsupported" in body
        assert "post-hardcore" in body
        assert "their own page" in body
        assert f"/drafts/{week[2].pk}/reviews/" in body
    assert sent() == ["SENT"]


def test_a_catalogue_owner_is_told_of_their_facts(
    week: list[Draft], contact: CatalogueContact, mailbox: Mailbox
) -> None:
    make_digests(this_monday())
    send_due()

    mail = next(mail for mail in mailbox.mails if mail["To"] == "feed@label.example")
    text = mail.get_body(("plain",))
    assert text is not None
    body = text.get_content()
    assert "Catalogue of Label feed" in body
    assert "post-hardcore" in body
    assert week[2].text in body.replace("\u200b", "")
    assert week[1].text not in body.replace("\u200b", "")


def test_nobody_is_written_to_because_an_import_says_so(week: list[Draft]) -> None:
    Import.objects.update(catalogue_owner="victim@elsewhere.example")
    FactReport.objects.update(catalogue_owner="victim@elsewhere.example")
    make_digests(this_monday())

    assert not Digest.objects.filter(address__contains="victim").exists()


def test_who_has_left_or_has_no_address_is_told_nothing(
    week: list[Draft], ml_engineer: Person
) -> None:
    Person.objects.filter(pk=ml_engineer.pk).update(is_active=False)
    assert make_digests(this_monday()) == 0
    Person.objects.filter(pk=ml_engineer.pk).update(is_active=True, email="")
    assert make_digests(this_monday()) == 0


def test_a_week_in_which_nothing_was_wrong_gives_no_mail(
    prompt: Prompt, drafts: DraftMaker, editor: Person, contact: CatalogueContact
) -> None:
    drafts(1)
    reviewed(editor, outcome="ACCEPT")
    assert make_digests(this_monday()) == 0


def test_a_digest_is_in_the_language_of_whom_it_is_for(
    week: list[Draft], ml_engineer: Person
) -> None:
    Person.objects.filter(pk=ml_engineer.pk).update(language="de")
    make_digests(this_monday())
    digest = Digest.objects.get()
    assert "Woche" in digest.subject
    assert "Music one-liner" in digest.text


# Other people's words -----------------------------------------------------------------------------


def test_nothing_that_a_model_or_an_editor_wrote_is_a_link(
    run: Run, prompt: Prompt, editor: Person, ml_engineer: Person, recommendation: Recommendation
) -> None:
    drafted(run, recommendation, HOSTILE + "\nBcc: all@evil.example\n- https://evil.example")
    reviewed(editor, outcome="REJECT", tags=[tag_on_all() | {"note": HOSTILE}], note=HOSTILE)
    subject, text, html = written(week_of_person(ml_engineer, this_monday()))

    for body in (subject, text, html):
        assert not re.search(r"evil\.example|https?://evil|//evil|@evil", body)
        assert '<a href="//e' not in body
    links = re.findall(r'href="([^"]*)"', html)
    assert links
    assert all(link.startswith("http://127.0.0.1:8000/") for link in links)
    assert "\nBcc:" not in text
    assert "evil" in text


@pytest.mark.parametrize(
    "text",
    [
        *("https://evil.example", "www.evil.example/x", "a@b.example", "evil.example"),
        *("javascript:alert(1)", "\\\\host\\share", "tel:+49301234", "\u202eelpmaxe.live"),
    ],
)
def test_what_looks_like_a_link_is_none(text: str) -> None:
    said = unlinked(text)
    assert not re.search(r"\S[.:/@\\]\w", said)
    assert "\u202e" not in said


def test_plain_words_stay_as_they_are() -> None:
    assert unlinked("It is 3 minutes. Really: “yes”!") == "It is 3 minutes. Really: “yes”!"
    assert unlinked("two\nlines\x00 and\x07 a bell") == "two lines and a bell"
    assert unlinked("x" * 500, most=10) == "x" * 9 + "…"


# Once a week --------------------------------------------------------------------------------------


def test_a_digest_is_made_and_sent_once_however_often_it_is_asked_for(
    week: list[Draft], contact: CatalogueContact, mailbox: Mailbox
) -> None:
    assert [make_digests(this_monday()) for _ in range(3)] == [2, 0, 0]
    assert [send_due(), send_due()] == [2, 0]
    assert len(mailbox.mails) == 2


def test_on_monday_at_six_the_last_week_is_over(
    week: list[Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_monday = timezone.localtime().replace(hour=5, minute=59) + timedelta(
        days=7 - timezone.localtime().weekday()
    )
    monkeypatch.setattr(timezone, "localtime", lambda *_: next_monday)
    assert digest_mail.make_due_digests() == 0
    monkeypatch.setattr(timezone, "localtime", lambda *_: next_monday + timedelta(minutes=1))
    assert digest_mail.make_due_digests() == 1


# On its way ---------------------------------------------------------------------------------------


def test_while_the_mail_server_is_down_it_is_tried_again_and_then_given_up(
    week: list[Draft], no_mail_server: None
) -> None:
    make_digests(this_monday())
    assert send_due() == 1
    digest = Digest.objects.get()
    assert (digest.state, digest.attempts) == ("WAITING", 1)
    assert "refused" in digest.problem
    assert digest.next_at > digest.created_at
    assert send_due() == 0  # not before its time
    for _ in range(MOST_ATTEMPTS - 1):
        due_now()
        assert send_due() == 1
    assert sent() == ["FAILED"]


def test_it_goes_out_when_the_mail_server_is_back(week: list[Draft], mailbox: Mailbox) -> None:
    make_digests(this_monday())
    mailbox.answer = "451 Try again later"
    send_due()
    assert sent() == ["WAITING"]
    assert "451" in Digest.objects.get().problem
    mailbox.answer = "250 OK"
    due_now()
    send_due()
    assert sent() == ["SENT"]
    assert len(mailbox.mails) == 1


def test_one_that_was_given_up_is_sent_again(
    week: list[Draft], mailbox: Mailbox, lead: Person
) -> None:
    make_digests(this_monday())
    Digest.objects.update(state="FAILED", problem="x", attempts=MOST_ATTEMPTS)
    digest = Digest.objects.get()
    assert send_again(digest.pk, lead)
    assert not send_again(digest.pk, lead)
    send_due()
    assert sent() == ["SENT"]


def test_a_worker_that_dies_after_sending_sends_once_more_under_the_same_number(
    week: list[Draft], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the control for what the page of docs says."""
    make_digests(this_monday())

    class Died(Exception):
        pass

    def dies(digest: Digest) -> Any:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(digest_mail, "_of_attempt", dies)
        with pytest.raises(Died):
            send_due()
    assert sent() == ["SENDING"]
    assert send_due() == 0  # its lease still runs
    Digest.objects.update(lease_until=F("created_at") - timedelta(minutes=1))
    assert send_due() == 1

    assert sent() == ["SENT"]
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
    assert len(mailbox.mails) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail(week: list[Draft], mailbox: Mailbox) -> None:
    make_digests(this_monday())
    begun, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert may_end.wait(60)

    mailbox.after_data = wait

    def work() -> None:
        send_due()
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(60)
    assert send_due() == 0
    may_end.set()
    worker.join(60)

    assert sent() == ["SENT"]
    assert len(mailbox.mails) == 1


def test_without_a_mail_server_mails_are_files(
    week: list[Draft], settings: Settings, tmp_path: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    make_digests(this_monday())
    send_due()
    (file,) = tmp_path.iterdir()
    assert b"Message-ID: <digest-" in file.read_bytes()


# Pages and the command ----------------------------------------------------------------------------


def test_everybody_reads_their_own_and_a_lead_all(
    week: list[Draft], contact: CatalogueContact, ml_engineer: Person, lead: Person, editor: Person
) -> None:
    make_digests(this_monday())
    own = Digest.objects.get(person=ml_engineer)
    other = Digest.objects.get(person=None)

    def answers(viewer: Person) -> list[int]:
        browser = logged_in(viewer)
        return [browser.get(f"/digests/{digest.pk}/").status_code for digest in (own, other)]

    assert answers(lead) == [200, 200]
    assert answers(ml_engineer) == [200, 404]
    assert answers(editor) == [404, 404]
    assert "Label feed" not in logged_in(ml_engineer).get("/digests/").content.decode()
    assert "Label feed" in logged_in(lead).get("/digests/").content.decode()


def test_the_preview_keeps_and_sends_nothing(
    week: list[Draft], ml_engineer_client: Client, editor_client: Client
) -> None:
    assert "Dead Rabbitts turn" in ml_engineer_client.get("/digests/preview/").content.decode()
    assert "Nothing to tell" in editor_client.get("/digests/preview/").content.decode()
    assert not Digest.objects.exists()


def test_a_lead_sends_again_what_was_given_up(week: list[Draft], lead_client: Client) -> None:
    make_digests(this_monday())
    Digest.objects.update(state="FAILED", problem="The server <b>is</b> away.")
    digest = Digest.objects.get()
    assert "&lt;b&gt;is" in lead_client.get(f"/digests/{digest.pk}/").content.decode()
    lead_client.post(f"/digests/{digest.pk}/")
    assert sent() == ["WAITING"]


def test_the_command_prints_or_sends(
    week: list[Draft], ml_engineer: Person, mailbox: Mailbox
) -> None:
    said = StringIO()
    call_command("send_digests", week=str(timezone.localdate()), preview=True, stdout=said)
    assert f"To: {ml_engineer.email}" in said.getvalue()
    assert not Digest.objects.exists()
    call_command("send_digests", week=str(timezone.localdate()), stdout=said)
    assert "1 digests made, 1 attempts" in said.getvalue()
    with pytest.raises(CommandError, match="no day"):
        call_command("send_digests", week="2026-02-31")


def test_drafts_of_another_week_are_not_in_it(week: list[Draft], ml_engineer: Person) -> None:
    assert week_of_person(ml_engineer, this_monday() - timedelta(weeks=1)).is_empty
    assert not week_of_person(ml_engineer, this_monday()).is_empty


def test_many_reviews_ask_no_more_than_few(
    week: list[Draft], ml_engineer: Person, editor: Person, run: Run
) -> None:
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            week_of_person(ml_engineer, this_monday())
        return len(captured)

    few = queries()
    for number in range(8):
        track = recommended(run.task, f"more:{number}", TRACK, LISTENER, "Dead Rabbitts")
        drafted(run, track, f"Loud, for the {number}th time.")
        reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
    assert queries() == few
