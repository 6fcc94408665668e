"""The pages on which an ML engineer imports a file and sees what became of it."""

import csv
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.rights import DRAFT, RightRequiredMixin, person_of
from explanations.forms import DeliveryForm
from explanations.models import Import
from explanations.services.importing import DeliveryTooLargeError, receive
from explanations.spreadsheet_cells import safe_cell

IMPORTS_A_PAGE: Final = 25
LINES_A_PAGE: Final = 50
# What the parts of a form add to the file that they carry.
FORM_BYTES: Final = 64 * 1024


# The token of a form is looked for in its body, so the body would be taken in, whoever sends it and
# however large it is, before anybody is asked who they are. It is looked for in `post` instead.
@method_decorator(csrf_exempt, name="dispatch")
class ImportsPage(RightRequiredMixin, View):
    """`/imports/`: the deliveries so far, and a form for the next."""

    rights = (DRAFT,)

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Turn a file away that is too large, before it is read."""
        if _length(request) > settings.IMPORT_MAX_BYTES + FORM_BYTES:
            return HttpResponse(
                f"A file may have {settings.IMPORT_MAX_BYTES:,} bytes; send it in parts.",
                status=413,
                content_type="text/plain; charset=utf-8",
            )
        return super().dispatch(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the list and the form."""
        return self.show(request, DeliveryForm())

    @method_decorator(csrf_protect)
    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the file for a worker and go to its page."""
        form = DeliveryForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(request, form)
        file = form.cleaned_data["file"]
        try:
            delivery = receive(
                file.chunks(),
                name=file.name,
                person=person_of(request),
                catalogue_owner=form.cleaned_data["catalogue_owner"],
            )
        except DeliveryTooLargeError as too_large:
            form.add_error("file", str(too_large))
            return self.show(request, form)
        messages.success(request, _("The file is here and is being imported."))
        return redirect("import", delivery.pk)

    def show(self, request: HttpRequest, form: DeliveryForm) -> HttpResponse:
        """Render the page."""
        imports = Import.objects.select_related("created_by")
        page = Paginator(imports, IMPORTS_A_PAGE).get_page(request.GET.get("page"))
        return render(request, "explanations/imports.html", {"form": form, "page_obj": page})


class ImportPage(RightRequiredMixin, View):
    """`/imports/<id>/`: what became of one delivery, live while it runs."""

    rights = (DRAFT,)

    def get(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Show the page, or to htmx the part of it that changes."""
        delivery = get_object_or_404(Import.objects.select_related("created_by"), pk=import_id)
        lines = delivery.refused_lines.all()
        context: dict[str, Any] = {
            "delivery": delivery,
            "unfinished": delivery.state in {Import.State.RECEIVED, Import.State.RUNNING},
            "size": _size(delivery),
            "page_obj": Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page")),
        }
        fragment = "#outcome" if getattr(request, "htmx", False) else ""
        return render(request, f"explanations/import.html{fragment}", context)


class RefusedLinesFile(RightRequiredMixin, View):
    """`/imports/<id>/refused.csv`: the refused lines for whoever has to mend them."""

    rights = (DRAFT,)

    def get(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Send number, field and reason; the texts quote the delivery, so formulas are disarmed."""
        delivery = get_object_or_404(Import, pk=import_id)
        response = HttpResponse(
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="import-{import_id}-refused.csv"'
            },
        )
        writer = csv.writer(response)
        writer.writerow(["line", "field", "reason"])
        for refused in delivery.refused_lines.all():
            writer.writerow([refused.line, safe_cell(refused.field), safe_cell(refused.reason)])
        return response


def _size(delivery: Import) -> int:
    """Bytes of the stored file; 0 when there is none, or none any more."""
    try:
        return delivery.file.size if delivery.file else 0
    except OSError:
        return 0


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
