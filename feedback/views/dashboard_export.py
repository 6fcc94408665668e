"""A page of the dashboard for spreadsheets and for programs: its tables, figure by figure."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from explanations.spreadsheet_cells import safe_cell
from feedback.figures import Difference, Figure
from feedback.question import Question
from feedback.services.statistics.desk_lines import DeskLine
from feedback.views.dashboard_tables import Table, address_of

COLUMNS: Final = (
    *("table", "row", "name", "measure", "unit", "value", "low", "high", "n", "count"),
    *("method", "drafts", "reviews", "said"),
)


def csv_of(
    request: HttpRequest,
    page: str,
    tables: Sequence[Table],
    differences: Sequence[Difference],
    lines: Sequence[DeskLine] = (),
) -> HttpResponse:
    """Return one line a figure, with addresses that list its drafts and its reviews.

    Names are data of the desk: none of them is a formula to a spreadsheet.
    """
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="copydesk-{page}.csv"'},
    )
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    for line in (*_lines(request, tables, differences), *_desk_lines(request, lines)):
        # A minus before a number is no formula, before a name it may be one.
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in line])
    return response


def _lines(
    request: HttpRequest, tables: Sequence[Table], differences: Sequence[Difference]
) -> Iterator[list[str | float | int | None]]:
    def written(
        table: str, row: str, name: str, measure: str, figure: Figure
    ) -> list[str | float | int | None]:
        return [
            *(table, row, name, measure, figure.unit),
            *(figure.value, figure.low, figure.high, figure.n, figure.count, figure.method),
            request.build_absolute_uri(address_of(figure.question)),
            request.build_absolute_uri(address_of(figure.among)),
            "",
        ]

    for table in tables:
        for row in table.rows:
            for (key, _words), figure in zip(table.columns, row.figures, strict=True):
                yield written(table.key, row.key, row.name, key, figure)
    for each in differences:
        yield written("comparison", each.name, each.name, "one", each.one)
        yield written("comparison", each.name, each.name, "other", each.other)
        yield [
            *("comparison", each.name, each.name, "difference", each.one.unit),
            *(each.difference, each.low, each.high, None, None, each.method, "", ""),
            f"{each.said} {each.left_out}".strip(),
        ]


def _desk_lines(
    request: HttpRequest, lines: Sequence[DeskLine]
) -> Iterator[list[str | float | int | None]]:
    for line in lines:
        yield [
            *(line.table, line.row, line.name, line.measure, line.unit),
            *(line.value, line.low, line.high, line.n, None, line.method),
            *("", request.build_absolute_uri(line.address) if line.address else "", ""),
        ]


def json_of(
    request: HttpRequest,
    page: str,
    question: Question,
    as_of: datetime | None,
    tables: Sequence[Table],
    differences: Sequence[Difference],
    lines: Sequence[DeskLine] = (),
) -> JsonResponse:
    """Return the same for a program."""

    def written(figure: Figure) -> dict[str, object]:
        return {
            "unit": figure.unit,
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "method": figure.method,
            "n": figure.n,
            "count": figure.count,
            "drafts": request.build_absolute_uri(address_of(figure.question)),
            "reviews": request.build_absolute_uri(address_of(figure.among)),
        }

    return JsonResponse(
        {
            "page": page,
            "question": question.as_parameters(),
            "as_of": as_of,
            "tables": [
                {
                    "table": table.key,
                    "title": table.title,
                    "rows": [
                        {
                            "row": row.key,
                            "name": row.name,
                            "figures": {
                                key: written(figure)
                                for (key, _words), figure in zip(
                                    table.columns, row.figures, strict=True
                                )
                            },
                        }
                        for row in table.rows
                    ],
                }
                for table in tables
            ],
            "differences": [
                {
                    "name": each.name,
                    "one": written(each.one),
                    "other": written(each.other),
                    "difference": each.difference,
                    "low": each.low,
                    "high": each.high,
                    "method": each.method,
                    "verdict": each.verdict,
                    "said": each.said,
                    "left_out": each.left_out,
                }
                for each in differences
            ],
            "desk": [asdict(line) for line in lines],
        }
    )
