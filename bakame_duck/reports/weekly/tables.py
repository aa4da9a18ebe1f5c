"""
Set the weekly report's tables: rows in, HTML out.

Every text is escaped, and text from the logs is sanitized. The page has the styles. Each
table has a link to its rows as CSV; the CSV is part of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from bakame_duck.reports.results import takes
from bakame_duck.reports.sparkline import sparkline
from bakame_duck.reports.weekly import text


@takes("row")
def activity_cards(now: Row, before: Row, days: int = 7, compared: str = "the week before") -> Block:
    """Set a week's key figures as cards; arguments are those of :func:`.text.activity_cards`."""
    card = Markup('<div class="card"><span>{}</span> <b>{}</b> <span>{}</span></div>')
    cards = Markup("").join(card.format(*item) for item in text.activity_cards(now, before, days, compared))
    return Block(Markup('<div class="cards">{}</div>').format(cards))


@takes("rows")
def objectives_table(objectives: Sequence[Row], history: Sequence[Row], availability: Sequence[Row]) -> Block:
    """
    Set the objectives with their targets, measurements, budgets, histories and verdicts.

    Args:
        objectives: Rows of ``objectives_report``.

        history: Rows of ``objectives_by_week``.

        availability: Rows of ``availability``; they show how busy the service was when no health check was logged.
    """
    weeks = sorted({row["week_start"] for row in history})
    measured_in = {(row["objective"], row["week_start"]): row["measured"] for row in history}

    def past(row: Row) -> list[float | None]:
        return [measured_in.get((row["objective"], week)) for week in weeks]

    return table(
        objectives,
        [
            TableColumn("Objective", lambda row: Markup("{}<small>{}</small>").format(row["title"], target(row))),
            TableColumn("This week", _measured, number=True),
            TableColumn("Against target", lambda row: _bullet(row, availability), wide_only=True),
            TableColumn("Turns or checks", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Burn rate", _burn_rate, number=True, wide_only=True),
            TableColumn("Budget used", _budget, number=True, wide_only=True),
            TableColumn("By week", lambda row: _history(past(row), row), wide_only=True),
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
    used = objective["used_lookback_percent"]
    if used is None:
        return Markup("–")
    this_week = objective["used_percent"]  # None if nothing was measured this week
    return Markup("<b>{:,.0f}%</b><small>{} this week</small>").format(
        used, "–" if this_week is None else f"{this_week:,.0f}%"
    )


def _bullet(objective: Row, availability: Sequence[Row]) -> Markup:
    """Draw a measurement as a dot on its interval against the target, a dashed line two thirds along the track."""
    measured, limit = objective["measured"], objective["target"]
    if measured is None:
        return Markup('<span class="mute">{}</span>').format(_why_not_measured(objective, availability))
    width, place = 150, 100

    def x(value: float) -> float:
        # Objectives to stay above are close to 100 percent, so the distance to 100 is drawn.
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


def _why_not_measured(objective: Row, availability: Sequence[Row]) -> str:
    if objective["kind"] != "availability":
        return "no turn reached this stage"
    windows, with_success = (sum(row[name] for row in availability) for name in ("windows", "windows_with_success"))
    if objective["objective"] != "uptime" or not windows:
        return "no health check of this time"
    return (
        f"no health check of this time. Not the same: in {percent(100 * with_success / windows)} of "
        f"{count(windows)} busy five-minute windows a turn succeeded"
    )


def _history(values: Sequence[float | None], objective: Row) -> Markup:
    """Draw an objective's weeks; nothing where fewer than two were measured."""
    if sum(value is not None for value in values) < 2:
        return Markup("")
    text = ", ".join("–" if value is None else amount(value, objective["unit"]) for value in values)
    return sparkline(values, target=objective["target"], size=(96, 30), label=f"by week: {text}")


@takes("rows")
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


@takes("rows")
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


@takes("rows")
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


@takes("rows")
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


@takes("rows")
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


@takes("rows")
def availability_table(days: Sequence[Row]) -> Block:
    """Set the days of the metric ``availability`` that health checks cover."""
    return table(
        text.observed_days(days),
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


@takes("rows")
def out_of_order_table(files: Sequence[Row]) -> Block:
    """Set the files with out-of-order records, the rows of ``out_of_order_records``; nothing without rows."""
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


@takes("rows")
def personal_data_table(places: Sequence[Row]) -> Block:
    """Set where texts contain personal data, the rows of ``personal_data_by_file``: the places, never the text."""
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
