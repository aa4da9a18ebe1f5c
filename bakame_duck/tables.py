"""
Set the reports' tables and blocks in HTML. Every text is escaped.

What a log says stands in a table, and in its CSV, as ``texts`` shows it.

Rows in, HTML out. The looks are the page's business: nothing here holds a style. Below
each table lie its rows as CSV, for a spreadsheet; they are on the page itself.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from bakame_duck.export import spreadsheet_csv
from bakame_duck.texts import shown_row
from bakame_duck.wording import (
    DRIFT,
    STAGE_TITLES,
    Row,
    amount,
    count,
    decimal,
    interval,
    milliseconds,
    moment,
    percent,
    rows_in_short,
    seconds,
    several,
    short_day,
    some_columns,
    target,
)

_LONG = 30  # characters of a word
_VERDICTS = {
    "met": ("good", "Met"),
    "breached": ("bad", "Breached"),
    "can't say": ("unsure", "Can’t say"),
    "too few": ("unsure", "Too few"),
    "not measured": ("neutral", "Not measured"),
    "better": ("good", "Better"),
    "worse": ("bad", "Worse"),
    "not separable": ("neutral", "Not separable"),
    "confounded": ("unsure", "Confounded"),
    "never alone": ("unsure", "Never alone"),
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
        told = {"number": self.number, "wide": self.wide_only, "widest": self.widest_only}
        return " ".join(name for name, holds in told.items() if holds)


def table(rows: Iterable[Row], columns: Sequence[TableColumn], *, label: str, empty: str) -> Block:
    """
    Set *rows* as a table, its first column as row heads; without rows, the sentence *empty*.

    Args:
        rows: What to show, in order.

        columns: How to show it.

        label: What the table is, for readers who hear it, and the name of its CSV.

        empty: What to say when there is nothing.
    """
    rows = [shown_row(row) for row in rows]
    if not rows:
        return paragraph(empty) if empty else Block(Markup(""))
    first, *others = columns
    head = Markup("").join(
        Markup('<th scope="col" class="{}">{}</th>').format(column.classes, column.title) for column in columns
    )
    body = Markup("").join(
        Markup("<tr><th scope='row'>{}</th>{}</tr>").format(
            _breakable(first.cell(row)),
            Markup("").join(
                Markup('<td class="{}">{}</td>').format(column.classes, _breakable(column.cell(row)))
                for column in others
            ),
        )
        for row in rows
    )
    return Block(
        Markup(
            '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}"
        ).format(label, head, body, _download(rows, label))
    )


def _breakable(cell: object) -> object:
    """Return the text of a *cell* so that a word that is wider than a phone breaks; all else as it is."""
    if isinstance(cell, Markup) or not isinstance(cell, str) or all(len(word) <= _LONG for word in cell.split()):
        return cell
    return Markup('<span class="text">{}</span>').format(cell)


def _download(rows: Sequence[Row], label: str) -> Markup:
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


def cards(items: Iterable[tuple[str, str, str]]) -> Block:
    """Set key figures: each a title, a value and a remark."""
    card = Markup('<div class="card"><span>{}</span> <b>{}</b> <span>{}</span></div>')
    return Block(Markup('<div class="cards">{}</div>').format(Markup("").join(card.format(*item) for item in items)))


def verdict(status: str) -> Markup:
    """Set the status of an objective, or the verdict of a comparison, as a chip."""
    tone, words = _VERDICTS[status]
    return Markup('<span class="chip {}">{}</span>').format(tone, words)


def objectives_table(
    objectives: Sequence[Row], budgets: Sequence[Row], history: Sequence[Row], busy_windows: Row
) -> Block:
    """
    Set the objectives with their targets, measurements, budgets, histories and verdicts.

    Args:
        objectives: Rows of ``objectives_report``.

        budgets: Rows of ``error_budgets``.

        history: Rows of ``objectives_by_week``.

        busy_windows: The row of ``busy_windows``, which stands beside an uptime that nobody measured.
    """
    budget_of = {row["objective"]: row for row in budgets}
    weeks = sorted({row["week_start"] for row in history})
    measured_in = {(row["objective"], row["week_start"]): row["measured"] for row in history}
    nothing: Row = dict.fromkeys(budgets[0]) if budgets else {}  # of an objective on which nothing was observed
    rows = [objective | nothing | budget_of.get(objective["objective"], {}) | objective for objective in objectives]

    def past(row: Row) -> list[float | None]:
        return [measured_in.get((row["objective"], week)) for week in weeks]

    return table(
        rows,
        [
            TableColumn("Objective", lambda row: Markup("{}<small>{}</small>").format(row["title"], target(row))),
            TableColumn("This week", _measured, number=True),
            TableColumn("Against target", lambda row: _bullet(row, busy_windows), wide_only=True),
            TableColumn("Turns or checks", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Burn rate", _burn_rate, number=True, wide_only=True),
            TableColumn("Budget used", _budget, number=True, wide_only=True),
            TableColumn("By week", lambda row: _sparkline(past(row), row), wide_only=True),
            TableColumn("Verdict", lambda row: verdict(row["status"])),
        ],
        label="Objectives",
        empty="No objectives are set.",
    )


def _measured(objective: Row) -> Markup:
    measured = Markup("<b>{}</b>").format(amount(objective["measured"], objective["unit"]))
    if objective["low"] is None or objective["high"] is None:
        return measured
    return measured + Markup("<small>{}</small>").format(interval(objective["low"], objective["high"]))


def _burn_rate(objective: Row) -> str:
    return "–" if objective["burn_rate"] is None else f"{objective['burn_rate']:.1f} ×"


def _budget(objective: Row) -> Markup:
    """Set how much of four weeks' budget is used, and this week's part of it."""
    used = objective.get("used_lookback_percent")
    if used is None:
        return Markup("–")
    this_week = objective["used_percent"]  # None where nothing was observed in it
    return Markup("<b>{:,.0f}%</b><small>{} this week</small>").format(
        used, "–" if this_week is None else f"{this_week:,.0f}%"
    )


def _bullet(objective: Row, busy_windows: Row) -> Markup:
    """Draw a measurement as a dot on its interval against the target, a dashed line two thirds along the track."""
    measured, limit = objective["measured"], objective["target"]
    if measured is None:
        return Markup('<span class="mute">{}</span>').format(_why_not_measured(objective, busy_windows))
    width, place = 150, 100

    def x(value: float) -> float:
        # What is to stay above its target lies near 100: what is missing to it is drawn.
        shown, whole = (100 - value, 100 - limit) if objective["comparison"] == ">" else (value, limit)
        share = shown / whole if whole else float(shown > 0) * width
        return float(min(max(share * place, 5), width - 5))

    tone = _VERDICTS[objective["status"]][0]
    span = Markup("")
    if objective["low"] is not None and objective["high"] is not None:
        left, right = sorted((x(objective["low"]), x(objective["high"])))
        span = Markup('<rect class="span {}" x="{:.1f}" y="8.5" width="{:.1f}" height="5" rx="2.5"/>').format(
            tone, left, max(right - left, 1)
        )
    text = f"{amount(measured, objective['unit'])} against {target(objective)}"
    return Markup(
        '<svg class="bullet" width="{w}" height="22" viewBox="0 0 {w} 22" role="img" aria-label="{text}">'
        '<rect class="track" x="0" y="9" width="{w}" height="4" rx="2"/>{span}'
        '<line class="target" x1="{p}" x2="{p}" y1="2" y2="20"/>'
        '<circle class="{tone}" cx="{x:.1f}" cy="11" r="4.5"/></svg>'
    ).format(w=width, p=place, x=x(measured), tone=tone, text=text, span=span)


def _why_not_measured(objective: Row, busy_windows: Row) -> str:
    if objective["kind"] != "availability":
        return "no turn reached this stage"
    if objective["objective"] != "uptime" or not busy_windows["windows"]:
        return "no health check of this time"
    return (
        f"no health check of this time. Not the same: in {percent(busy_windows['success_percent'])} of "
        f"{count(busy_windows['windows'])} busy five-minute windows a turn succeeded"
    )


def _sparkline(values: Sequence[float | None], objective: Row) -> Markup:
    """Draw the weeks of an objective as a line, the newest as a dot; dashed: the target."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    width, height, margin = 96, 30, 5
    bottom, top = min([*known, objective["target"]]), max([*known, objective["target"]])
    step = (width - 2 * margin) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return margin + (height - 2 * margin) * ((top - value) / (top - bottom) if top > bottom else 0.5)

    points = [(margin + step * place, y(value)) for place, value in enumerate(values) if value is not None]
    path = " ".join(f"{x:.1f},{at:.1f}" for x, at in points)
    text = ", ".join("–" if value is None else amount(value, objective["unit"]) for value in values)
    return Markup(
        '<svg class="spark" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="by week: {text}">'
        '<line class="target" x1="0" x2="{w}" y1="{t:.1f}" y2="{t:.1f}"/><polyline points="{path}"/>'
        '<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/></svg>'
    ).format(w=width, h=height, text=text, t=y(objective["target"]), path=path, x=points[-1][0], y=points[-1][1])


def messages_table(messages: Sequence[Row], *, timezone: str) -> Block:
    """
    Set the error messages with their stage and times; those of no week before carry a mark.

    Args:
        messages: Rows of ``errors_by_message``.

        timezone: The time zone that instants are shown in.
    """
    return table(
        messages,
        [
            TableColumn("Message", _message),
            TableColumn("Stage", lambda row: STAGE_TITLES[row["stage"]]),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Calls", lambda row: count(row["calls"]), number=True, wide_only=True),
            TableColumn("First", lambda row: moment(row["first_seen"], timezone), wide_only=True),
            TableColumn("Last", lambda row: moment(row["last_seen"], timezone), wide_only=True),
        ],
        label="Error messages",
        empty="",  # the sentence above has said it
    )


def _message(row: Row) -> Markup:
    new = Markup(' <span class="chip unsure">New</span>') if row["is_new"] else Markup("")
    return Markup('<span class="text">{}</span>{}').format(row["message"], new)


def incidents_table(incidents: Sequence[Row], *, timezone: str) -> Block:
    """Set the incidents that :func:`bakame_duck.statistics.find_incidents` found; nothing when there are none."""
    return table(
        incidents,
        [
            TableColumn("Incident", lambda row: STAGE_TITLES[row["stage"]]),
            TableColumn("From", lambda row: moment(row["started_at"], timezone)),
            TableColumn("To", lambda row: moment(row["ended_at"], timezone)),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Failed", lambda row: count(row["failed_turns"]), number=True),
            TableColumn("Failed or slow", lambda row: percent(row["bad_share_percent"]), number=True),
            TableColumn("Usually", lambda row: percent(row["usual_share_percent"]), number=True, wide_only=True),
        ],
        label="Incidents",
        empty="",  # the sentence above has said it
    )


def modules_table(modules: Sequence[Row]) -> Block:
    """Set the learning modules, the rows of ``turns_by_module``."""
    return table(
        modules,
        [
            TableColumn("Module", lambda row: row["module_name"] or "not known"),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Calls", lambda row: count(row["calls"]), number=True, wide_only=True),
            TableColumn("Callers", lambda row: count(row["callers"]), number=True, wide_only=True),
            TableColumn("ASR, p95", lambda row: milliseconds(row["p95_asr_ms"]), number=True, wide_only=True),
            TableColumn("LLM, p95", lambda row: milliseconds(row["p95_llm_ms"]), number=True, wide_only=True),
            TableColumn("TTS, p95", lambda row: milliseconds(row["p95_tts_ms"]), number=True, wide_only=True),
            TableColumn("Turn, p95", lambda row: milliseconds(row["p95_ms"]), number=True),
            TableColumn("Errors", lambda row: percent(row["error_rate_percent"]), number=True),
            TableColumn("ASR confidence", lambda row: decimal(row["avg_asr_confidence"]), number=True, wide_only=True),
            TableColumn("Tokens in", lambda row: count(row["avg_tokens_in"]), number=True, widest_only=True),
            TableColumn("Tokens out", lambda row: count(row["avg_tokens_out"]), number=True, widest_only=True),
        ],
        label="Turns by learning module",
        empty="",  # the sentence above has said it
    )


def cohorts_table(cohorts: Sequence[Row]) -> Block:
    """Set the weekly cohorts of callers, the rows of ``caller_cohorts``: a row a cohort, a column a week later."""
    later = sorted({row["weeks_later"] for row in cohorts})
    by_cohort: dict[date, dict[int, Row]] = {}
    for row in cohorts:
        by_cohort.setdefault(row["cohort_week"], {})[row["weeks_later"]] = row
    if not by_cohort:
        return paragraph("No caller is on record.")
    head = Markup("").join(
        Markup('<th scope="col" class="number">{}</th>').format("first" if weeks == 0 else f"+{weeks}")
        for weeks in later
    )
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="number">{}</td>{}</tr>').format(
            short_day(week),
            count(next(iter(cells.values()))["cohort_callers"]),
            Markup("").join(_cohort_cell(cells.get(weeks)) for weeks in later),
        )
        for week, cells in sorted(by_cohort.items())
    )
    label = "Callers who came back"
    return Block(
        Markup(
            '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table class="cohorts">'
            '<thead><tr><th scope="col">First week</th><th scope="col" class="number">Callers</th>{}</tr>'
            "</thead><tbody>{}</tbody></table></div>{}"
        ).format(label, head, body, _download(cohorts, label))
    )


def _cohort_cell(row: Row | None) -> Markup:
    if row is None:
        return Markup("<td></td>")
    return Markup('<td class="number share" style="--share: {:.0f}%">{:.0f}%</td>').format(
        row["active_percent"], row["active_percent"]
    )


def engagement_table(callers: Sequence[Row], *, timezone: str) -> Block:
    """Set the specification's engagement table, with pseudonyms instead of phone numbers."""
    return table(
        callers,
        [
            TableColumn("Caller", lambda row: row["caller"]),
            TableColumn("Sessions", lambda row: count(row["total_sessions"]), number=True),
            TableColumn("Interactions", lambda row: count(row["total_interactions"]), number=True),
            TableColumn(
                "Mean duration",
                lambda row: seconds(row["avg_session_duration"]),
                number=True,
                wide_only=True,
            ),
            TableColumn("Last activity", lambda row: moment(row["last_activity"], timezone), number=True),
        ],
        label="The most active callers",
        empty="No caller is on record.",
    )


def availability_table(days: Sequence[Row]) -> Block:
    """Set the days of the metric ``availability``."""
    return table(
        days,
        [
            TableColumn("Day", lambda row: short_day(row["day"])),
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
        [row for row in files if row["state"] != "sound" or row["pending_bytes"] or row["bad_cells"]],
        [
            TableColumn("File", lambda row: over(row["file"], _why(row))),
            TableColumn("State", lambda row: " and ".join(_states(row))),
            TableColumn("Records", lambda row: count(row["records"]), number=True, wide_only=True),
            TableColumn("Rejected", lambda row: count(row["rejects"]), number=True),
            TableColumn("Bad cells", lambda row: count(row["bad_cells"]), number=True, wide_only=True),
        ],
        label="Files that are not simply sound",
        empty="Every file is sound.",
    )


def over(name: str, remark: str) -> Markup:
    """Set a *name* with a *remark* below it, in small type."""
    return Markup("{}<small>{}</small>").format(_breakable(name), _breakable(remark))


def _states(file: Row) -> list[str]:
    return [state for state in (file["state"], "live" if file["pending_bytes"] else "") if state not in ("", "sound")]


def _why(file: Row) -> str:
    reasons = [file["reason"]] if file["reason"] else []
    if file["duplicate_of"]:
        reasons.append(f"the same content as {file['duplicate_of']}")
    if file["pending_bytes"]:
        reasons.append(f"{several(file['pending_bytes'], 'byte')} of a record that is still being written")
    if file["bad_cells"]:
        misfits = several(file["bad_cells"], "cell that does not fit its", "cells that do not fit their")
        reasons.append(f"{misfits} column")
    return "; ".join(reasons)


def gaps_table(gaps: Sequence[Row], *, timezone: str) -> Block:
    """Set the gaps, the rows of ``gaps``; nothing when there are none."""
    return table(
        gaps,
        [
            TableColumn("No record from", lambda row: moment(row["started_at"], timezone)),
            TableColumn("to", lambda row: moment(row["ended_at"], timezone)),
            TableColumn("Hours", lambda row: count(row["hours"]), number=True),
            TableColumn("Of these usually busy", lambda row: count(row["usual_hours"]), number=True),
        ],
        label="Gaps",
        empty="",  # the sentence above has said it
    )


def drift_table(drift: Sequence[Row]) -> Block:
    """Set what became of the columns, the rows of ``ingest_drift``; nothing when there are none."""
    return table(
        drift,
        [
            TableColumn("File", lambda row: row["file"]),
            TableColumn("Columns", lambda row: DRIFT[row["change"]]),
            TableColumn("Which", lambda row: some_columns(row["columns"])),
        ],
        label="Drift of the columns",
        empty="",  # the sentence above has said it
    )


def late_rows_table(files: Sequence[Row]) -> Block:
    """Set the files with late records, the rows of ``late_rows``; nothing when there are none."""
    return table(
        files,
        [
            TableColumn("File", lambda row: row["file"]),
            TableColumn("Late records", lambda row: count(row["rows"]), number=True),
            TableColumn("Late by at most", lambda row: f"{row['latest_by_s'] / 60:,.0f} min", number=True),
            TableColumn("First at row", lambda row: count(row["first_row"]), number=True),
        ],
        label="Late records",
        empty="",  # the sentence above has said it
    )


def personal_data_table(places: Sequence[Row]) -> Block:
    """Set where personal data stands in the texts, the rows of ``personal_data_by_file``: its place, never its text."""
    return table(
        places,
        [
            TableColumn("File", lambda row: row["file"]),
            TableColumn("Column", lambda row: row["column_name"], wide_only=True),
            TableColumn("What", lambda row: row["kind"]),
            TableColumn("Found", lambda row: count(row["found"]), number=True),
            TableColumn("In rows", lambda row: rows_in_short(row["first_rows"], row["found"]), wide_only=True),
        ],
        label="Personal data in the texts",
        empty="",  # the sentence above has said it
    )


def receipt(parts: Mapping[str, Any]) -> Block:
    """
    Set what the report was made from and with.

    Args:
        parts: Those of a :class:`bakame_duck.receipts.Receipt`.
    """
    versions = parts["versions"]
    facts = {
        "Kit": f"bakame-duck {versions['bakame_duck']}, DuckDB {versions['duckdb']}, Python {versions['python']}",
        "SQL": Markup("<code>{}</code>").format(parts["sql"][:16]),
        "Targets": " · ".join(f"{name} {target:g}" for name, target in parts["objectives"].items()),
        "Pseudonyms": Markup("<code>{}</code>").format(parts["pseudonym_key"] or "none"),
    }
    told = ("name", "state", "rows", "rejects", "bytes", "sha256")
    others = [
        file | {"state": kind.replace("_", " "), "rows": file["lines"]}
        for kind in ("health_checks", "voice_auditions")
        for file in parts[kind]
    ]
    read = [{name: file.get(name) for name in told} for file in [*parts["files"], *others]]
    files = table(
        read,
        [
            TableColumn("File", lambda row: row["name"]),
            TableColumn("State", lambda row: row["state"]),
            TableColumn("Rows", lambda row: count(row["rows"]), number=True),
            TableColumn("Rejected", lambda row: count(row["rejects"]), number=True, wide_only=True),
            TableColumn("Bytes", lambda row: count(row["bytes"]), number=True, wide_only=True),
            TableColumn(
                "SHA-256", lambda row: Markup("<code>{}</code>").format((row["sha256"] or "–")[:16]), wide_only=True
            ),
        ],
        label="Files that were read",
        empty="No file was read.",
    )
    return Block(
        Markup('<dl class="facts">{}</dl><details><summary>{} that were read</summary>{}</details>').format(
            Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*fact) for fact in facts.items()),
            several(len(read), "file"),
            files.html,
        )
    )
