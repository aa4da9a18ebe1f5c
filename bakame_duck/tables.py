"""
Set the reports' tables and blocks in HTML. Every text is escaped.

Rows in, HTML out. The looks are the page's business: nothing here holds a style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bakame_duck.wording import (
    STAGE_TITLES,
    Row,
    amount,
    configuration_settings,
    count,
    decimal,
    milliseconds,
    moment,
    percent,
    target,
)

_VERDICTS = {
    "met": ("good", "Met"),
    "breached": ("bad", "Breached"),
    "too few": ("unsure", "Too few turns"),
    "not measured": ("neutral", "Not measured"),
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
    """

    title: str
    cell: Callable[[Row], object]
    number: bool = False
    wide_only: bool = False

    @property
    def classes(self) -> str:
        """The HTML classes of its cells."""
        return " ".join(filter(None, ["number" if self.number else "", "wide" if self.wide_only else ""]))


def table(rows: Iterable[Row], columns: Sequence[TableColumn], *, label: str, empty: str) -> Block:
    """
    Set *rows* as a table, its first column as row heads; without rows, the sentence *empty*.

    Args:
        rows: What to show, in order.

        columns: How to show it.

        label: What the table is, for readers who hear it.

        empty: What to say when there is nothing.
    """
    rows = list(rows)
    if not rows:
        return paragraph(empty) if empty else Block(Markup(""))
    first, *others = columns
    head = Markup("").join(
        Markup('<th scope="col" class="{}">{}</th>').format(column.classes, column.title) for column in columns
    )
    body = Markup("").join(
        Markup("<tr><th scope='row'>{}</th>{}</tr>").format(
            first.cell(row),
            Markup("").join(
                Markup('<td class="{}">{}</td>').format(column.classes, column.cell(row)) for column in others
            ),
        )
        for row in rows
    )
    return Block(
        Markup(
            '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
        ).format(label, head, body)
    )


def paragraph(text: str) -> Block:
    """Set *text* as the paragraph below a heading."""
    return Block(Markup('<p class="why">{}</p>').format(text))


def lead(verdict: str, sentences: str) -> Block:
    """Set the report's opening: the verdict in bold, then the sentences behind it."""
    return Block(Markup('<p class="lead"><b>{}</b> {}</p>').format(verdict, sentences))


def cards(items: Iterable[tuple[str, str, str]]) -> Block:
    """Set key figures: each a title, a value and a remark."""
    card = Markup('<div class="card"><span>{}</span> <b>{}</b> <span>{}</span></div>')
    return Block(Markup('<div class="cards">{}</div>').format(Markup("").join(card.format(*item) for item in items)))


def verdict(status: str) -> Markup:
    """Set the status of an objective as a chip."""
    tone, words = _VERDICTS[status]
    return Markup('<span class="chip {}">{}</span>').format(tone, words)


def objectives_table(objectives: Sequence[Row]) -> Block:
    """
    Set the objectives with their targets, measurements and verdicts.

    Args:
        objectives: Rows of ``objectives_report``.
    """
    return table(
        objectives,
        [
            TableColumn("Objective", lambda row: row["title"]),
            TableColumn("Target", lambda row: Markup('<span class="mute">{}</span>').format(target(row))),
            TableColumn(
                "This week", lambda row: Markup("<b>{}</b>").format(amount(row["measured"], row["unit"])), number=True
            ),
            TableColumn("Against target", _bullet, wide_only=True),
            TableColumn("Turns or checks", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Verdict", lambda row: verdict(row["status"])),
        ],
        label="Objectives",
        empty="No objectives are set.",
    )


def _bullet(objective: Row) -> Markup:
    """Draw a measurement as a dot against its target, a dashed line two thirds along the track."""
    measured, limit = objective["measured"], objective["target"]
    if measured is None:
        missing = (
            "no health check of this time" if objective["kind"] == "availability" else "no turn reached this stage"
        )
        return Markup('<span class="mute">{}</span>').format(missing)
    width, place = 170, 112
    if objective["comparison"] == ">":  # both lie near 100: scale what is missing to it
        measured, limit = 100 - measured, 100 - limit
    x = min(measured / limit * place, width - 6) if limit else (0 if measured == 0 else width - 6)
    tone = _VERDICTS[objective["status"]][0]
    text = f"{amount(objective['measured'], objective['unit'])} against {target(objective)}"
    return Markup(
        '<svg class="bullet" width="{w}" height="22" viewBox="0 0 {w} 22" role="img" aria-label="{text}">'
        '<rect class="track" x="0" y="9" width="{w}" height="4" rx="2"/>'
        '<line class="target" x1="{p}" x2="{p}" y1="2" y2="20"/>'
        '<circle class="{tone}" cx="{x:.1f}" cy="11" r="4.5"/></svg>'
    ).format(w=width, p=place, x=max(x, 5), tone=tone, text=text)


def messages_table(messages: Sequence[Row], *, timezone: str) -> Block:
    """
    Set the error messages with their stage and times.

    Args:
        messages: Rows of ``errors_by_message``.

        timezone: The time zone that instants are shown in.
    """
    return table(
        messages,
        [
            TableColumn("Message", lambda row: row["message"]),
            TableColumn("Stage", lambda row: STAGE_TITLES[row["stage"]]),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Calls", lambda row: count(row["calls"]), number=True, wide_only=True),
            TableColumn("First", lambda row: moment(row["first_seen"], timezone), wide_only=True),
            TableColumn("Last", lambda row: moment(row["last_seen"], timezone), wide_only=True),
        ],
        label="Error messages",
        empty="No turn failed.",
    )


def modules_table(modules: Sequence[Row]) -> Block:
    """Set the learning modules, the rows of ``turns_by_module``."""
    return table(
        modules,
        [
            TableColumn("Module", lambda row: row["module_name"] or "not known"),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Calls", lambda row: count(row["calls"]), number=True, wide_only=True),
            TableColumn("Callers", lambda row: count(row["callers"]), number=True),
            TableColumn("Turn, p50", lambda row: milliseconds(row["p50_ms"]), number=True, wide_only=True),
            TableColumn("Turn, p95", lambda row: milliseconds(row["p95_ms"]), number=True),
            TableColumn("Errors", lambda row: percent(row["error_rate_percent"]), number=True),
            TableColumn("ASR confidence", lambda row: decimal(row["avg_asr_confidence"]), number=True, wide_only=True),
            TableColumn("Tokens in", lambda row: count(row["avg_tokens_in"]), number=True, wide_only=True),
            TableColumn("Tokens out", lambda row: count(row["avg_tokens_out"]), number=True, wide_only=True),
        ],
        label="Turns by learning module",
        empty="No turn in this time.",
    )


def availability_table(days: Sequence[Row]) -> Block:
    """Set the days of the metric ``availability``."""
    return table(
        days,
        [
            TableColumn("Day", lambda row: f"{row['day']:%a} {row['day'].day} {row['day']:%b}"),
            TableColumn("Checks", lambda row: count(row["checks"]), number=True),
            TableColumn("Healthy", lambda row: percent(row["health_check_success_percent"]), number=True),
            TableColumn("Up", lambda row: percent(row["uptime_percent"]), number=True),
            TableColumn("Silent", lambda row: f"{count(row['observed_minutes'] - row['up_minutes'])} min", number=True),
        ],
        label="Availability by day",
        empty="",  # the sentence above has said it
    )


def files_table(files: Sequence[Row]) -> Block:
    """Set the files of the view ``ingest_files`` that are not simply sound; the sound ones are counted."""
    return table(
        [row for row in files if row["state"] != "sound" or row["pending_bytes"]],
        [
            TableColumn(
                "File", lambda row: Markup("{}<small>{}</small>").format(row["file"].rsplit("/", 1)[-1], _why(row))
            ),
            TableColumn("State", lambda row: " and ".join(_states(row))),
            TableColumn("Records", lambda row: count(row["records"]), number=True, wide_only=True),
            TableColumn("Rejected", lambda row: count(row["rejects"]), number=True),
        ],
        label="Files that are not simply sound",
        empty="Every file is sound.",
    )


def _states(file: Row) -> list[str]:
    return [state for state in (file["state"], "live" if file["pending_bytes"] else "") if state not in ("", "sound")]


def _why(file: Row) -> str:
    reasons = [file["reason"]] if file["reason"] else []
    if file["duplicate_of"]:
        reasons.append(f"the same content as {file['duplicate_of'].rsplit('/', 1)[-1]}")
    if file["pending_bytes"]:
        reasons.append(f"{count(file['pending_bytes'])} bytes of a record that is still being written")
    return "; ".join(reasons)


def configurations_table(configurations: Sequence[Row], objective: Row) -> Block:
    """
    Set the TTS configurations against the objective.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        objective: The row of the view ``objectives`` for the TTS latency.
    """

    def status(row: Row) -> str:
        if row["p95_ms"] is None:
            return "not measured"
        if row["turns"] < objective["fewest"]:
            return "too few"
        return "met" if row["p95_ms"] < objective["target"] else "breached"

    return table(
        configurations,
        [
            TableColumn(
                "Configuration",
                lambda row: Markup("{}<small>{}</small>").format(row["name"], configuration_settings(row)),
            ),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("p50", lambda row: milliseconds(row["p50_ms"]), number=True, wide_only=True),
            TableColumn("p95", lambda row: milliseconds(row["p95_ms"]), number=True),
            TableColumn("Interrupted", lambda row: percent(row["barge_in_rate_percent"]), number=True, wide_only=True),
            TableColumn("Fallbacks", lambda row: percent(row["fallback_rate_percent"]), number=True, wide_only=True),
            TableColumn("Errors", lambda row: percent(row["error_rate_percent"]), number=True, wide_only=True),
            TableColumn("Transcoding", lambda row: milliseconds(row["avg_transcode_ms"]), number=True, wide_only=True),
            TableColumn("Chunks", lambda row: decimal(row["avg_sentence_chunks"], 1), number=True, wide_only=True),
            TableColumn("Against target", lambda row: verdict(status(row))),
        ],
        label="TTS configurations",
        empty="No turn in this time has TTS metrics.",
    )
