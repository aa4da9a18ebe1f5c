"""
The HTML blocks of a report: tables, paragraphs, verdict chips.

Rows in, HTML out, with every text escaped. Nothing here depends on a metric.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from markupsafe import Markup

from bakame_duck.export import spreadsheet_csv
from bakame_duck.formatting import Row
from bakame_duck.palette import SQL
from bakame_duck.sanitize import sanitize_row

_LONG = 30  # characters of a word
VERDICT_LABELS = {
    "breached": ("bad", "Breached"),
    "met": ("good", "Met"),
    "inconclusive": ("unsure", "Can’t say"),
    "too few": ("unsure", "Too few"),
    "not measured": ("neutral", "Not measured"),
    "better": ("good", "Better"),
    "worse": ("bad", "Worse"),
    "not separable": ("neutral", "Not separable"),
    "confounded": ("unsure", "Confounded"),
    "not isolated": ("unsure", "Not isolated"),
}


Mime = dict[str, Any]  # what IPython takes: contents by type, and metadata


class Text(str):
    """
    A sentence of a report.

    Attributes:
        sql: The SQL of the results that it was made from.
    """

    sql: tuple[str, ...]

    def __new__(cls, text: str, sql: tuple[str, ...] = ()) -> Self:
        """Return *text* with its *sql*."""
        made = super().__new__(cls, text)
        made.sql = sql
        return made


@dataclass(frozen=True)
class Block:
    """
    A part of a page, which a notebook shows as HTML.

    Attributes:
        html: The HTML.

        sql: The SQL of the results that it was made from.
    """

    html: Markup
    sql: tuple[str, ...] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[Mime, Mime]:
        return {"text/html": str(self.html), "text/plain": str(self.html.striptags())}, {SQL: list(self.sql)}


@dataclass(frozen=True)
class TableColumn:
    """
    A column of a table.

    Attributes:
        title: Its heading.

        cell: Returns what it shows of a row: text, or Markup.

        number: Whether it is aligned right.

        wide_only: Whether it is hidden on a phone.

        widest_only: Whether it is hidden on a tablet, too.
    """

    title: str
    cell: Callable[[Row], object]
    number: bool = False
    wide_only: bool = False
    widest_only: bool = False

    @property
    def classes(self) -> str:
        """The HTML classes of its cells."""
        classes = {"number": self.number, "wide": self.wide_only, "widest": self.widest_only}
        return " ".join(name for name, applies in classes.items() if applies)


def table(rows: Iterable[Row], columns: Sequence[TableColumn], *, label: str, empty: str) -> Block:
    """
    Set *rows* as a table, its first column as row headings; without rows, the sentence *empty*.

    Args:
        rows: The rows in order.

        columns: The columns in order.

        label: The table's name for screen readers and for its CSV file.

        empty: The sentence to show without rows.
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
    """Return the text of a *cell* so that words wider than a phone wrap; other cells are unchanged."""
    if isinstance(cell, Markup) or not isinstance(cell, str) or all(len(word) <= _LONG for word in cell.split()):
        return cell
    return Markup('<span class="text">{}</span>').format(cell)


def csv_link(rows: Sequence[Row], label: str) -> Markup:
    """Return a link to *rows* as a CSV file, with all columns of the metric, unrounded."""
    name = label.lower().replace(" ", "-")
    content = b64encode(spreadsheet_csv(rows).encode()).decode()
    return Markup(
        '<a class="csv" download="{}.csv" href="data:text/csv;base64,{}" aria-label="{} as CSV">CSV</a>'
    ).format(name, content, label)


def paragraph(text: str) -> Block:
    """Set *text*, if there is any, as the paragraph below a heading."""
    return Block(Markup('<p class="why">{}</p>').format(text) if text else Markup(""), _sql_of(text))


def lead(verdict: str, sentences: str) -> Block:
    """Set the report's opening: the verdict in bold, then the sentences that explain it."""
    return Block(Markup('<p class="lead"><b>{}</b> {}</p>').format(verdict, sentences), _sql_of(sentences))


def _sql_of(text: str) -> tuple[str, ...]:
    return text.sql if isinstance(text, Text) else ()


def verdict(status: str) -> Markup:
    """Set the status of an objective, or the verdict of a comparison, as a chip."""
    tone, words = VERDICT_LABELS[status]
    return Markup('<span class="chip {}">{}</span>').format(tone, words)


def over(name: str, remark: str) -> Markup:
    """Set a *name* with a *remark* below it, in small type."""
    return Markup("{}<small>{}</small>").format(breakable(name), breakable(remark))
