"""The pages of a task's prompts and guides: the list, one version, and the form for the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Person
from accounts.rights import DRAFT, LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.guide_html import guide_html
from explanations.guide_rules import read_rules
from explanations.models import Guide, Prompt, Recommendation, Task, Trial
from explanations.output_formats import get_output_format
from explanations.services import versions
from explanations.services.versions import VersionConflict, VersionRefused
from explanations.version_forms import GuideForm, PromptForm, VersionForm

VERSIONS_A_PAGE: Final = 30
ACTIVATIONS_SHOWN: Final = 10
TRIALS_SHOWN: Final = 10

AnyVersion = TypeVar("AnyVersion", Prompt, Guide)


@dataclass(frozen=True, slots=True)
class Kind(Generic[AnyVersion]):
    """What pages of prompts and pages of guides differ in."""

    name: str
    model: type[AnyVersion]
    right: str
    """What somebody needs to write one or to make one active."""
    activated: str
    list_page: str
    version_page: str
    new_page: str

    def active(self, task: Task) -> AnyVersion | None:
        """Return the task's active version."""
        found: AnyVersion | None = getattr(task, self.name)
        return found

    def of(self, task: Task) -> "QuerySet[AnyVersion]":
        """Return the task's versions, newest first."""
        found = self.model._default_manager.filter(task=task)
        return found.select_related("created_by").order_by("-number")


PROMPTS: Final = Kind(
    "prompt", Prompt, DRAFT, versions.PROMPT_ACTIVATED, "prompts", "prompt", "prompt-new"
)
GUIDES: Final = Kind(
    "guide", Guide, LEAD, versions.GUIDE_ACTIVATED, "guides", "guide-version", "guide-new"
)


class TasksPage(RightRequiredMixin, View):
    """`/tasks/`: each task with its active prompt, guide and model."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the tasks."""
        tasks = Task.objects.select_related("prompt", "guide", "model_version")
        return render(request, "explanations/tasks.html", {"tasks": tasks})


# The list -----------------------------------------------------------------------------------------


class VersionsPage(RightRequiredMixin, View):
    """All versions of one kind of a task."""

    rights = (READ,)
    kind: "Kind[Any]"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """List them, newest first, with when which was made active."""
        task = _task(slug)
        page = Paginator(self.kind.of(task), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
        context = {
            "task": task,
            "kind": self.kind,
            "active": self.kind.active(task),
            "page_obj": page,
            "activations": versions.activations(task, self.kind.activated, ACTIVATIONS_SHOWN),
            "may_write": has_right(request.user, self.kind.right),
        }
        return render(request, "explanations/versions.html", context)


class PromptsPage(VersionsPage):
    """`/tasks/<slug>/prompts/`."""

    kind = PROMPTS


class GuidesPage(VersionsPage):
    """`/tasks/<slug>/guides/`."""

    kind = GUIDES


# One version --------------------------------------------------------------------------------------


class VersionPage(RightRequiredMixin, View):
    """One version, how it differs from another, and the button that makes it active."""

    rights = (READ,)
    kind: "Kind[Any]"

    def get(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        """Show the version."""
        task = _task(slug)
        version = _version(self.kind, task, number)
        others = list(self.kind.of(task).exclude(pk=version.pk).values_list("number", flat=True))
        against = _chosen(request.GET.get("against"), others, version.number)
        before = _version(self.kind, task, against) if against else None
        context = {
            "task": task,
            "kind": self.kind,
            "version": version,
            "active": self.kind.active(task),
            "others": others,
            "against": against,
            "differences": versions.differences(before, version) if before else None,
            "may_write": has_right(request.user, self.kind.right),
            **self.more(version),
        }
        return render(request, f"explanations/{self.kind.name}_version.html", context)

    def post(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        """Make the version active, if the active one is still the one that was seen."""
        if not has_right(request.user, self.kind.right):
            raise PermissionDenied
        task = _task(slug)
        version = _version(self.kind, task, number)
        seen = request.POST.get("instead_of", "")
        if seen and _number(seen) is None:
            return HttpResponseBadRequest("instead_of is the number of a version.")
        try:
            versions.make_active(version, _number(seen), person_of(request))
        except VersionConflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, f"{self.kind.name.capitalize()} {number} is active now.")
        return redirect(self.kind.version_page, slug, number)

    def more(self, version: Any) -> dict[str, Any]:
        """Return what the page of this kind shows besides."""
        raise NotImplementedError


class PromptPage(VersionPage):
    """`/tasks/<slug>/prompts/<number>/`."""

    kind = PROMPTS

    def more(self, version: Prompt) -> dict[str, Any]:
        """Return its examples and parameters as text, and the trials that it was part of."""
        return {
            "written": PromptForm.words_of(version),
            "has_schema": get_output_format(version.task.output_format).fixed_schema() is not None,
            "trials": Trial.objects.of(version).select_related(
                "prompt", "against", "model_version", "created_by"
            )[:TRIALS_SHOWN],
        }


class GuideVersionPage(VersionPage):
    """`/tasks/<slug>/guides/<number>/`."""

    kind = GUIDES

    def more(self, version: Guide) -> dict[str, Any]:
        """Return its text as it is read, and its rules."""
        return {"text": guide_html(version.text), "rules": read_rules(version.rules)}


# The form for the next version --------------------------------------------------------------------


class NewVersionPage(RightRequiredMixin, View):
    """The form for the next version; `from` in the address says which one it begins with."""

    kind: "Kind[Any]"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show the form."""
        task = _task(slug)
        start = self.start(request, task)
        return self.show(request, task, start, self.form(task, None, start), {})

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what the version would be, or write it and go to its page."""
        task = _task(slug)
        start = self.start(request, task)
        form = self.form(task, request.POST, start)
        preview: dict[str, Any] = {}
        if request.POST.get("step") == "preview":
            preview = self.preview(task, form, start) if form.is_valid() else {}
        elif form.is_valid():
            try:
                version = self.write(task, form, person_of(request))
            except VersionRefused as refusal:
                form.refuse(refusal.problems)
            else:
                messages.success(
                    request, f"{self.kind.name.capitalize()} {version.number} is written."
                )
                return _go_to(request, reverse(self.kind.version_page, args=[slug, version.number]))
        return self.show(request, task, start, form, preview)

    def start(self, request: HttpRequest, task: Task) -> Any:
        """Return the version that the next one begins with; the active one by default."""
        asked = request.GET.get("from", "")
        if not asked:
            return self.kind.active(task) or self.kind.of(task).first()
        number = _number(asked)
        if number is None:
            raise Http404
        return _version(self.kind, task, number)

    def show(
        self, request: HttpRequest, task: Task, start: Any, form: VersionForm, more: dict[str, Any]
    ) -> HttpResponse:
        """Render the page."""
        context = {
            "task": task,
            "kind": self.kind,
            "start": start,
            "form": form,
            **self.help(task),
            **more,
        }
        page = render(request, f"explanations/{self.kind.name}_new.html", context)
        # What is wrong stands above the form, what is asked for below it.
        if form.errors:
            page["HX-Reswap"] = "outerHTML show:#writing:top"
        return page

    def form(self, task: Task, typed: Mapping[str, Any] | None, start: Any) -> Any:
        """Return the form, with what was typed or with the words of the first version."""
        raise NotImplementedError

    def help(self, task: Task) -> dict[str, Any]:
        """Return what helps to write."""
        return {}

    def preview(self, task: Task, form: Any, start: Any) -> dict[str, Any]:
        """Return what the version of a valid form would be."""
        raise NotImplementedError

    def write(self, task: Task, form: Any, person: Person) -> Any:
        """Write the version. Raises VersionRefused."""
        raise NotImplementedError


class NewPromptPage(NewVersionPage):
    """`/tasks/<slug>/prompts/new/`."""

    kind = PROMPTS
    rights = (DRAFT,)

    def form(self, task: Task, typed: Mapping[str, Any] | None, start: Any) -> PromptForm:
        """Return the form of a prompt."""
        return PromptForm(task, typed, start)

    def help(self, task: Task) -> dict[str, Any]:
        """Return the facts that a template can name."""
        return {"facts": versions.known_facts(task)}

    def preview(self, task: Task, form: PromptForm, start: Prompt | None) -> dict[str, Any]:
        """Return the messages of one draft, and what is changed."""
        written = form.written()
        example = (
            Recommendation.objects.filter(task=task, snapshot__isnull=False)
            .select_related("snapshot")
            .order_by("-priority", "pk")
            .first()
        )
        return {
            "example": example,
            "sent": versions.messages_for(written, example) if example else [],
            "differences": versions.differences(start, written) if start else None,
        }

    def write(self, task: Task, form: PromptForm, person: Person) -> Prompt:
        """Write the prompt."""
        return versions.write_prompt(task, form.written(), form.cleaned_data["note"], person)


class NewGuidePage(NewVersionPage):
    """`/tasks/<slug>/guides/new/`."""

    kind = GUIDES
    rights = (LEAD,)

    def form(self, task: Task, typed: Mapping[str, Any] | None, start: Any) -> GuideForm:
        """Return the form of a guide."""
        return GuideForm(typed, start)

    def preview(self, task: Task, form: GuideForm, start: Guide | None) -> dict[str, Any]:
        """Return the guide as it will be read, and what is changed."""
        written = form.written()
        return {
            "text": guide_html(written.text),
            "differences": versions.differences(start, written) if start else None,
        }

    def write(self, task: Task, form: GuideForm, person: Person) -> Guide:
        """Write the guide."""
        written = form.written()
        note = form.cleaned_data["note"]
        return versions.write_guide(task, written.text, note, person, written.rules)


def _go_to(request: HttpRequest, address: str) -> HttpResponse:
    """Send the browser on; htmx would put what it finds there into the form's place."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return redirect(address)


def _task(slug: str) -> Task:
    return get_object_or_404(Task.objects.select_related("prompt", "guide"), slug=slug)


def _version(kind: "Kind[Any]", task: Task, number: int) -> Any:
    return get_object_or_404(kind.of(task).select_related("task"), number=number)


def _chosen(asked: str | None, others: list[int], number: int) -> int | None:
    """Return the version to compare with: the one asked for, else the one before."""
    wanted = _number(asked or "")
    if wanted in others:
        return wanted
    return next((other for other in others if other < number), None)


def _number(said: str) -> int | None:
    """Read the number of a version; None if it is none."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None
