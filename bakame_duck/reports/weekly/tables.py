"""
Set the reports' tables and blocks in HTML. Every text is escaped.

What a log says stands in a table, and in its CSV, as ``texts`` shows it.

Rows in, HTML out. The looks are the page's business: nothing here holds a style. Below
each table lie its rows as CSV, for a spreadsheet; they are on the page itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from markupsafe import Markup

from bakame_duck.formatting import (
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
    short_day,
    target,
)
from bakame_duck.reports.blocks import VERDICT_LABELS, Block, TableColumn, csv_link, paragraph, table, verdict


def cards(items: Iterable[tuple[str, str, str]]) -> Block:
    """Set key figures: each a title, a value and a remark."""
    card = Markup('<div class="card"><span>{}</span> <b>{}</b> <span>{}</span></div>')
    return Block(Markup('<div class="cards">{}</div>').format(Markup("").join(card.format(*item) for item in items)))


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

    tone = VERDICT_LABELS[objective["status"]][0]
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
    """Set the incidents that :func:`bakame_duck.stats.incidents.find_incidents` found; nothing when there are none."""
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
        ).format(label, head, body, csv_link(cohorts, label))
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


def late_rows_table(files: Sequence[Row]) -> Block:
    """Set the files with late records, the rows of ``out_of_order_records``; nothing when there are none."""
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
