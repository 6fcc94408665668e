"""The page of a task's checks: thresholds and dismissals."""

from django.test import Client

from accounts.models import LogEntry, Person
from explanations.models import Dismissal, Draft, Finding, Task
from explanations.services.blocking import Blocking, blocking_of, set_blocking
from explanations.services.dismissing import dismiss_for_task

ADDRESS = "/tasks/music-oneliner/checks/"


def dismissed(draft: Draft, lead: Person) -> Dismissal:
    """A finding of the draft that Lin has dismissed for all drafts."""
    finding = Finding.objects.create(
        draft=draft,
        check_name="tone",
        check_version=1,
        level="warning",
        message="A worn <b>word</b>.",
        start=0,
        end=4,
        gist="dead",
    )
    return dismiss_for_task(finding.pk, lead, "It is their <i>name</i>.")


def test_a_lead_sets_what_blocks(lead_client: Client, music_task: Task) -> None:
    answer = lead_client.post(
        ADDRESS, {"usual": "nothing", "check-privacy": "errors", "check-format": ""}, follow=True
    )
    assert "Saved" in answer.content.decode()
    assert blocking_of(music_task).by_check == {"privacy": "errors"}
    music_task.refresh_from_db()
    assert (music_task.blocked_by, music_task.redrafts_blocked) == ("nothing", False)


def test_the_page_shows_what_blocks_and_who_changed_it(
    editor_client: Client, music_task: Task, lead: Person
) -> None:
    set_blocking(music_task, Blocking("everything", {"format": "nothing"}, redrafts=False), lead)
    page = editor_client.get(ADDRESS).content.decode()
    assert '<option value="everything" selected>' in page
    assert "Lin Haddad" in page
    assert "Leads change this." in page


def test_nobody_else_sets_it(editor_client: Client, music_task: Task) -> None:
    assert editor_client.post(ADDRESS, {"usual": "nothing"}).status_code == 403
    music_task.refresh_from_db()
    assert music_task.blocked_by == "errors"


def test_a_threshold_that_does_not_exist_is_refused_with_a_sentence(
    lead_client: Client, music_task: Task
) -> None:
    page = lead_client.post(ADDRESS, {"usual": "now and then"}, follow=True).content.decode()
    assert "is none of: nothing, errors, everything" in page


def test_dismissals_are_listed_and_revoked(
    lead_client: Client, ready_draft: Draft, lead: Person
) -> None:
    dismissal = dismissed(ready_draft, lead)
    page = lead_client.get(ADDRESS).content.decode()
    assert "It is their &lt;i&gt;name&lt;/i&gt;." in page
    assert "<b>word</b>" not in page
    lead_client.post(ADDRESS, {"revoke": dismissal.pk})
    dismissal.refresh_from_db()
    assert dismissal.revoked_by == lead
    assert LogEntry.objects.filter(action="finding.dismissal_revoked").exists()


def test_a_dismissal_of_another_task_is_not_revoked_here(
    lead_client: Client, ready_draft: Draft, job_task: Task, lead: Person
) -> None:
    dismissal = dismissed(ready_draft, lead)
    address = "/tasks/job-fit/checks/"
    assert lead_client.post(address, {"revoke": dismissal.pk}).status_code == 404
    assert lead_client.post(address, {"revoke": "x"}).status_code == 404
