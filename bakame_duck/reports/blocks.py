"""
The HTML blocks of a report: tables, paragraphs, verdict chips.

Rows in, HTML out. Nothing here knows a metric.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bakame_duck.export import spreadsheet_csv
from bakame_duck.formatting import (
    Row,
)
from bakame_duck.sanitize import sanitize_row

_LONG = 30  # characters of a word
VERDICT_LABELS = {
    "met": ("good", "Met"),
    "breached": ("bad", "Breached"),
    "inconclusive": ("unsure", "Can’t say"),
    "too few": ("unsure", "Too few"),
    "not measured": ("neutral", "Not measured"),
    "better": ("good", "Better"),
    "worse": ("bad", "Worse"),
    "not separable": ("neutral", "Not separable"),
    "confounded": ("unsure", "Confounded"),
    "not isolated": ("unsure", "Not isolated"),
}


@dataclass(frozen=True)
class Block:
    """A piece of a page, which a notebook shows as HTML."""

    html: Markup

    def _repr_html_(self) -> str:
        return str(self.html)


@dataclass(frozen=True)
class TableColumn:
    """
    A column of a table.

    Attributes:
        title: Its head.

        cell: What it shows of a row: text, or Markup.

        number: Whether it is set flush right.

        wide_only: Whether a phone leaves it out.

        widest_only: Whether a tablet leaves it out, too.
    """

    title: str
    cell: Callable[[Row], object]
    number: bool = False
    wide_only: bool = False
    widest_only: bool = False

    @property
    def classes(self) -> str:
        """The HTML classes of its cells."""
        redact = {"number": self.number, "wide": self.wide_only, "widest": self.widest_only}
        return " ".join(name for name, holds in redact.items() if holds)


def table(rows: Iterable[Row], columns: Sequence[TableColumn], *, label: str, empty: str) -> Block:
    """
    Set *rows* as a table, its first column as row heads; without rows, the sentence *empty*.

    Args:
        rows: What to show, in order.

        columns: How to show it.

        label: What the table is, for readers who hear it, and the name of its CSV.

        empty: What to say when there is nothing.
    """
    rows = [sanitize_row(row) for row in rows]
    if not rows:
        return paragraph(empty) if empty else Block(Markup(""))
    first, *others = columns
    head = Markup("").join(
        Markup('<th scope="col" class="{}">{}</th>').format(column.classes, column.title) for column in columns
    )
    body = Markup("").join(
        Markup("<tr><th scope='row'>{}</th>{}</tr>").format(
            breakable(first.cell(row)),
            Markup("").join(
                Markup('<td class="{}">{}</td>').format(column.classes, breakable(column.cell(row)))
                for column in others
            ),
        )
        for row in rows
    )
    return Block(
        Markup(
            '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}"
        ).format(label, head, body, csv_link(rows, label))
    )


def breakable(cell: object) -> object:
    """Return the text of a *cell* so that a word that is wider than a phone breaks; all else as it is."""
    if isinstance(cell, Markup) or not isinstance(cell, str) or all(len(word) <= _LONG for word in cell.split()):
        return cell
    return Markup('<span class="text">{}</span>').format(cell)


def csv_link(rows: Sequence[Row], label: str) -> Markup:
    """Return the link that gives *rows*, with all that the metric tells and unrounded, as a CSV file."""
    name = label.lower().replace(" ", "-")
    content = b64encode(spreadsheet_csv(rows).encode()).decode()
    return Markup(
        '<a class="csv" download="{}.csv" href="data:text/csv;base64,{}" aria-label="{} as CSV">CSV</a>'
    ).format(name, content, label)


def paragraph(text: str) -> Block:
    """Set *text*, if there is any, as the paragraph below a heading."""
    return Block(Markup('<p class="why">{}</p>').format(text) if text else Markup(""))


def lead(verdict: str, sentences: str) -> Block:
    """Set the report's opening: the verdict in bold, then the sentences behind it."""
    return Block(Markup('<p class="lead"><b>{}</b> {}</p>').format(verdict, sentences))


def verdict(status: str) -> Markup:
    """Set the status of an objective, or the verdict of a comparison, as a chip."""
    tone, words = VERDICT_LABELS[status]
    return Markup('<span class="chip {}">{}</span>').format(tone, words)


def over(name: str, remark: str) -> Markup:
    """Set a *name* with a *remark* below it, in small type."""
    return Markup("{}<small>{}</small>").format(breakable(name), breakable(remark))
