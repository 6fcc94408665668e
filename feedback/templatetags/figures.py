"""`{% row_name row %}`, `{% number figure about %}`, `{% reviews_behind figure about %}` and
`{% line_of_points chart %}`: what a page of figures has hundreds of.

Python and no templates: of a year by weeks and categories they were more than half of what the page
took to make.
"""

from typing import Literal

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from feedback.views.dashboard_tables import Row, Shown, TrendChart, TrendPoint

register = template.Library()


@register.simple_tag
def row_name(row: Row) -> SafeString:
    """Show what a row counts: a category with the sign that stands for it."""
    name = (
        format_html(
            '<span class="tag category-{}"><kbd>{}</kbd> {}</span>',
            row.category_key,
            row.category_key,
            row.name,
        )
        if row.category_key
        else format_html("<bdi>{}</bdi>", row.name)
    )
    said = format_html(' <span class="row-said quiet">{}</span>', row.said) if row.said else ""
    return format_html("<span>{}{}</span>", name, said)


@register.simple_tag
def number(figure: Shown, about: str) -> SafeString:
    """Show a figure with its interval: a link to the drafts that it counts, that all have it, or
    that they are too few to say. `about` says of what.
    """
    interval = (
        format_html('<span class="interval">{}</span>', figure.interval) if figure.interval else ""
    )
    return format_html('<span class="figure">{}{}</span>', _value(figure, about), interval)


def _value(figure: Shown, about: str) -> SafeString:
    if figure.is_none:
        return format_html('<span class="too-few">{}</span>', gettext("none"))
    if figure.is_all:
        return format_html('<span class="too-few">{}</span>', gettext("all")) + _drafts(
            figure,
            about,
            ngettext(
                "%(about)s: all, %(number)s draft",
                "%(about)s: all, %(number)s drafts",
                figure.count,
            ),
        )
    if figure.is_too_few:
        too_few = format_html('<span class="too-few">{}</span>', gettext("too few"))
        said = ngettext(
            "%(about)s: %(number)s draft, too few to say",
            "%(about)s: %(number)s drafts, too few to say",
            figure.count,
        )
        return too_few + _drafts(figure, about, said) if figure.count else too_few
    if not figure.count:
        return format_html("<span>{}</span>", figure.words)
    return format_html(
        '<a href="{}" data-drafts="{}" aria-label="{}">{}</a>',
        figure.address,
        figure.count,
        gettext("%(about)s: %(number)s, the drafts behind it")
        % {"about": about, "number": figure.words},
        figure.words,
    )


def _drafts(figure: Shown, about: str, said: str) -> SafeString:
    words = {"about": about, "number": _count(figure.count)}
    return format_html(
        '<a class="interval" href="{}" data-drafts="{}" aria-label="{}">{}</a>',
        figure.address,
        figure.count,
        said % words,
        ngettext("%(number)s draft", "%(number)s drafts", figure.count) % words,
    )


@register.simple_tag
def reviews_behind(figure: Shown | Literal[""], about: str) -> SafeString:
    """Show how many reviews a figure rests on, with a link to them; 0 where a row has no figure."""
    if not figure or not figure.n:
        return SafeString("0")
    words = {"about": about, "number": _count(figure.n)}
    return format_html(
        '<a href="{}" data-drafts="{}" aria-label="{}">{}</a>',
        figure.among_address,
        figure.n,
        ngettext("%(about)s: %(number)s review", "%(about)s: %(number)s reviews", figure.n) % words,
        words["number"],
    )


@register.simple_tag
def line_of_points(chart: TrendChart) -> SafeString:
    """Draw a line over time: its points with their whiskers and where they lead, and its strokes.

    What leads somewhere tells the walk of all links how many drafts are there; rows, where the
    chart has no table of figures.
    """
    columns = format_html_join("", "{}", ((_column(chart, each),) for each in chart.points))
    strokes = format_html_join(
        "",
        '<line class="trend-stroke" x1="{}" y1="{}" x2="{}" y2="{}"/>',
        ((each.x1, each.y1, each.x2, each.y2) for each in chart.strokes),
    )
    points = format_html_join(
        "",
        '<circle class="trend-point" cx="{}" cy="{}" r="4.5"/>',
        ((each.at.x, each.at.y) for each in chart.points),
    )
    return format_html('{}<g pointer-events="none">{}{}</g>', columns, strokes, points)


def _column(chart: TrendChart, point: TrendPoint) -> SafeString:
    drawn = format_html(
        '<title>{}</title><rect class="trend-column" x="{}" y="0" width="{}" height="{}"/>'
        '<line class="trend-whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>',
        point.said,
        point.at.column_x,
        point.at.column_width,
        chart.frame.column_height,
        point.at.x,
        point.at.x,
        point.at.low_y,
        point.at.high_y,
    )
    if not point.count:
        return format_html("<g>{}</g>", drawn)
    leads_to = "data-drafts" if chart.table else "data-rows"
    return format_html(
        '<a href="{}" tabindex="-1" {}="{}">{}</a>', point.address, leads_to, point.count, drawn
    )


def _count(number: int) -> str:
    return number_format(number, 0, use_l10n=True, force_grouping=True)
