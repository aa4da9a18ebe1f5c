"""Set the tables of the TTS-tuning report: rows in, HTML out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from bakame_duck.formatting import Row, count, decimal, interval, milliseconds, moment, percent
from bakame_duck.reports.blocks import Block, TableColumn, over, table, verdict
from bakame_duck.reports.results import takes
from bakame_duck.reports.tts.names import (
    SETTING_TITLES,
    configuration_settings,
    difference,
    difference_interval,
    p_value,
    points,
    points_interval,
    setting_value,
)
from bakame_duck.reports.tts.text import WHY_OPEN, question

Names = Mapping[int, str]


@takes("rows")
def configurations_table(configurations: Sequence[Row], *, timezone: str) -> Block:
    """
    Set the configurations with what they did, each number with its interval.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        timezone: The time zone that instants are shown in.
    """
    return table(
        configurations,
        [
            TableColumn("Configuration", lambda row: over(row["name"], configuration_settings(row))),
            TableColumn("Turns", lambda row: _with_small(count(row["turns"]), _calls(row["calls"])), number=True),
            TableColumn("Used", lambda row: _used(row, timezone), number=True, wide_only=True),
            TableColumn("p50", lambda row: _time(row, "p50"), number=True, wide_only=True),
            TableColumn("p95", lambda row: _time(row, "p95"), number=True),
            TableColumn("Turn, p95", lambda row: milliseconds(row["p95_total_ms"]), number=True, widest_only=True),
            TableColumn("Fallbacks", lambda row: _rate(row, "fallback"), number=True, wide_only=True),
            TableColumn("Interrupted", lambda row: _rate(row, "barge_in"), number=True, wide_only=True),
            TableColumn("Errors", lambda row: _rate(row, "error"), number=True, wide_only=True),
            TableColumn("Transcoded", lambda row: percent(row["transcoded_percent"]), number=True, widest_only=True),
            TableColumn("Chunks", lambda row: decimal(row["avg_sentence_chunks"], 1), number=True, widest_only=True),
            TableColumn("Target", lambda row: verdict(row["status"])),
        ],
        label="TTS configurations",
        empty="No turn in this time has TTS metrics.",
    )


def _with_small(text: str, small: str) -> Markup:
    return Markup("{}<small>{}</small>").format(text, small)


def _calls(number: int) -> str:
    return f"{count(number)} call{'' if number == 1 else 's'}"


def _used(row: Row, timezone: str) -> Markup:
    first, last = (moment(row[name], timezone).rsplit(" ", 1)[0] for name in ("first_used", "last_used"))
    return _with_small(first, "" if first == last else f"to {last}")


def _time(row: Row, name: str) -> Markup:
    low, high = row[f"{name}_low_ms"], row[f"{name}_high_ms"]
    return _with_small(milliseconds(row[f"{name}_ms"]), "" if low is None or high is None else interval(low, high))


def _rate(row: Row, name: str) -> Markup:
    low, high = row[f"{name}_low_percent"], row[f"{name}_high_percent"]
    return _with_small(percent(row[f"{name}_rate_percent"]), "" if low is None else interval(low, high))


_DIFFERENCES = (
    TableColumn("p50", lambda row: _with_small(difference(row, "p50"), difference_interval(row, "p50")), True, True),
    TableColumn("p95", lambda row: _with_small(difference(row), difference_interval(row)), True),
    TableColumn("Interrupted, points", lambda row: _points(row, "barge_in"), True, True),
    TableColumn("Fallbacks, points", lambda row: _points(row, "fallback"), True, True),
    TableColumn("Verdict", lambda row: verdict(row["verdict"])),
    TableColumn("p, Holm", lambda row: p_value(row["p_adjusted"]), True, True),
)


def _points(row: Row, rate: str) -> Markup:
    return _with_small(points(row, rate), points_interval(row, rate))


def _compared_turns(row: Row) -> Markup:
    against = f"against {count(row['reference_turns'])}" if row["reference_turns"] is not None else ""
    return _with_small(count(row["turns"]), against)


@takes("rows")
def comparisons_table(comparisons: Sequence[Row], names: Names) -> Block:
    """
    Set how the other configurations differ from the baseline.

    Args:
        comparisons: Rows of :func:`bakame_duck.stats.tts_comparison.compare_configurations`.

        names: The name of each configuration, by its number.
    """
    rows = [row for row in comparisons if row["setting"] == "configuration"]
    return table(
        [{"name": names[row["configuration"]]} | row for row in rows],
        [
            TableColumn("Against the baseline", lambda row: row["name"]),
            TableColumn("Turns compared", _compared_turns, number=True, wide_only=True),
            *_DIFFERENCES,
        ],
        label="Configurations against the baseline",
        empty="",  # the sentence above has said it
    )


@takes("rows")
def settings_table(comparisons: Sequence[Row]) -> Block:
    """Set what each setting does with the others held equal, from rows of ``compare_configurations``."""
    return table(
        [row for row in comparisons if row["setting"] != "configuration"],
        [
            TableColumn("Setting", _setting),
            TableColumn("Turns compared", _compared_turns, number=True, wide_only=True),
            *_DIFFERENCES,
        ],
        label="One setting at a time",
        empty="",  # the sentence above has said it
    )


def _setting(row: Row) -> Markup:
    value, reference = (setting_value(row["setting"], row[name]) for name in ("value", "reference"))
    against = f"{value} against {reference}" if row["value"] is not None else f"other than {reference}"
    return over(SETTING_TITLES[row["setting"]], against)


_KINDS = {"all": "All", "chunks": "Sentence chunks", "pause": "Pause", "tokens": "Tokens out"}


@takes("rows")
def interruptions_table(groups: Sequence[Row]) -> Block:
    """Set interrupted and uninterrupted turns apart, from rows of ``tts_interruptions``."""
    return table(
        groups,
        [
            TableColumn("Turns with", _group),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Interrupted", _interrupted, number=True),
            TableColumn("p50, interrupted", lambda row: milliseconds(row["interrupted_p50_ms"]), True, True),
            TableColumn("p50, not", lambda row: milliseconds(row["uninterrupted_p50_ms"]), True, True),
            TableColumn("p95, interrupted", lambda row: milliseconds(row["interrupted_p95_ms"]), True, True),
            TableColumn("p95, not", lambda row: milliseconds(row["uninterrupted_p95_ms"]), True, True),
        ],
        label="Interruptions",
        empty="",  # the sentence above has said it
    )


def _group(row: Row) -> str:
    value = row["value"]
    match row["kind"]:
        case "chunks":
            return f"{value:.0f}{' or more' if value == 6 else ''} sentence chunk{'' if value == 1 else 's'}"
        case "pause":
            return f"a pause of {milliseconds(value)}"
        case "tokens":
            return "100 tokens or more" if value == 100 else f"{value:.0f}–{value + 24:.0f} tokens"
        case _:
            return "any length and pause"


def _interrupted(row: Row) -> Markup:
    return _with_small(percent(row["barge_in_rate_percent"]), interval(row["low_percent"], row["high_percent"]))


@takes("rows")
def fallbacks_table(fallbacks: Sequence[Row]) -> Block:
    """Set which voices needed fallbacks and what these cost, from rows of ``tts_fallbacks``."""
    return table(
        fallbacks,
        [
            TableColumn("Meant for", lambda row: over(row["voice"] or "no named voice", row["provider"])),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Fallbacks", lambda row: count(row["fallbacks"]), number=True),
            TableColumn("Rate", _fallback_rate, number=True),
            TableColumn("Attempts", lambda row: count(row["attempts"]), number=True, wide_only=True),
            TableColumn("By another voice", lambda row: count(row["by_another"]), number=True, wide_only=True),
            TableColumn("Median with", lambda row: milliseconds(row["fallback_p50_ms"]), number=True, wide_only=True),
            TableColumn("Median without", lambda row: milliseconds(row["other_p50_ms"]), number=True, wide_only=True),
            TableColumn("Cost", lambda row: milliseconds(row["cost_ms"]), number=True),
        ],
        label="Fallbacks",
        empty="",  # the sentence above has said it
    )


def _fallback_rate(row: Row) -> Markup:
    return _with_small(percent(row["fallback_rate_percent"]), interval(row["low_percent"], row["high_percent"]))


@takes("rows")
def bursts_table(bursts: Sequence[Row], *, timezone: str) -> Block:
    """Set the bursts of fallbacks, from rows of :func:`bakame_duck.stats.incidents.find_incidents`."""
    return table(
        bursts,
        [
            TableColumn("Storm from", lambda row: moment(row["started_at"], timezone)),
            TableColumn("To", lambda row: moment(row["ended_at"], timezone)),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True, wide_only=True),
            TableColumn("Fallbacks", lambda row: count(row["bad_turns"]), number=True),
            TableColumn("Share", lambda row: percent(row["bad_share_percent"]), number=True),
            TableColumn("Usually", lambda row: percent(row["usual_share_percent"]), number=True, wide_only=True),
        ],
        label="Storms of fallbacks",
        empty="",  # the sentence above has said it
    )


@takes("rows")
def transcoding_table(encodings: Sequence[Row]) -> Block:
    """Set what converting the audio costs, from rows of ``tts_transcoding``."""
    return table(
        encodings,
        [
            TableColumn("Encoding", lambda row: row["encoding"] or "not stated"),
            TableColumn("Turns", lambda row: count(row["turns"]), number=True),
            TableColumn("Transcoded", lambda row: count(row["transcoded"]), number=True),
            TableColumn("p50", lambda row: milliseconds(row["p50_ms"]), number=True),
            TableColumn("p95", lambda row: milliseconds(row["p95_ms"]), number=True, wide_only=True),
            TableColumn("Share of synthesis", lambda row: percent(row["share_percent"]), number=True),
        ],
        label="Transcoding by encoding",
        empty="",  # the sentence above has said it
    )


@takes("rows")
def plan_table(questions: Sequence[Row], names: Names, baseline: str) -> Block:
    """
    Set what to try next.

    Args:
        questions: Rows of :func:`bakame_duck.stats.tts_comparison.plan`.

        names: The name of each configuration, by its number.

        baseline: The name of the configuration that the others are compared with.
    """
    return table(
        [{"question": question(row, dict(names), baseline)} | row for row in questions],
        [
            TableColumn("Question", lambda row: over(row["question"], WHY_OPEN[row["why"]])),
            TableColumn("Turns now", lambda row: count(row["turns_now"]), number=True, wide_only=True),
            TableColumn("More turns", lambda row: count(row["more_turns"]), number=True),
            TableColumn("Days", lambda row: count(row["days"]), number=True),
        ],
        label="What to try next",
        empty="",  # the sentence above has said it
    )


@takes("rows")
def auditions_table(auditions: Sequence[Row]) -> Block:
    """Set the voices that were listened to against what callers heard, from rows of ``tts_auditions``."""
    return table(
        auditions,
        [
            TableColumn("Voice", _audition),
            TableColumn("Samples", lambda row: count(row["made"]), number=True),
            TableColumn("Failed", lambda row: count(row["failed"]), number=True, wide_only=True),
            TableColumn("Length", lambda row: milliseconds(row["sample_ms"]), number=True, wide_only=True),
            TableColumn("Turns heard", lambda row: count(row["turns"]), number=True),
            TableColumn("p50", lambda row: milliseconds(row["p50_ms"]), number=True, wide_only=True),
            TableColumn("p95", lambda row: milliseconds(row["p95_ms"]), number=True),
            TableColumn("Interrupted", lambda row: percent(row["barge_in_rate_percent"]), number=True),
        ],
        label="Voice auditions",
        empty="",  # the sentence above has said it
    )


def _audition(row: Row) -> Markup:
    settings = (setting_value(name, row[name]) for name in ("rate", "pitch", "style"))
    return over(row["voice"] or "no named voice", " · ".join(settings))
