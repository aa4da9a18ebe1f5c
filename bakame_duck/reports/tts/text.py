"""
Write the sentences of the TTS-tuning report.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from bakame_duck.formatting import (
    Row,
    count,
    in_words,
    interval,
    join_words,
    milliseconds,
    moment,
    percent,
    pluralize,
    sentence_start,
)
from bakame_duck.reports.results import takes
from bakame_duck.reports.tts.names import SETTING_TITLES, difference, setting_value, signed

WHY_OPEN = {
    "not separable": "a difference worth having could have been missed",
    "too few": "too few turns",
    "confounded": "never spoken in the same hours",
    "not isolated": "never varied alone",
}


@takes("rows")
def tts_summary(
    configurations: Sequence[Row], comparisons: Sequence[Row], questions: Sequence[Row], baseline: int
) -> tuple[str, str]:
    """
    Return the best-supported configuration in a few words, and the sentences behind it.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        comparisons: Rows of :func:`bakame_duck.stats.tts_comparison.compare_configurations`.

        questions: Rows of :func:`bakame_duck.stats.tts_comparison.plan`.

        baseline: The number of the configuration that the others are compared with.
    """
    if not configurations:
        return "No TTS metrics in this time.", "The logs of this time have no TTS columns, or no turn that filled them."
    names = {row["configuration"]: row["name"] for row in configurations}
    today = names[baseline]
    if len(configurations) == 1:
        return (
            f"{today} is all there is.",
            "Every turn of this time was spoken the same way: there is nothing to compare.",
        )
    found = [row for row in comparisons if row["setting"] == "configuration"]
    by_verdict: dict[str, list[Row]] = {}
    for row in found:
        by_verdict.setdefault(row["verdict"], []).append(row)
    better = sorted(by_verdict.get("better", []), key=lambda row: row["p95_difference_ms"])
    sentences = []
    if better:
        best = better[0]
        verdict = f"{names[best['configuration']]} is faster than {today}{_and_interrupted_less(best)}."
        sentences.append(f"{_best_by_how_much(best)}{_interrupted_by_how_much(best)}.")
        if others := [names[row["configuration"]] for row in better[1:]]:
            sentences.append(f"{join_words(others)} {_is(others)} faster too.")
    elif any(row["verdict"] in ("worse", "not separable") for row in found):
        verdict = (
            f"Stay with {today}: nothing is faster."
            if not by_verdict.get("not separable")
            else f"Can’t tell yet whether anything is faster than {today}."
        )
    else:
        verdict = f"Can’t tell yet: nothing could be compared with {today}."
    for kind, words in (
        ("worse", "slower"),
        ("not separable", f"not separable from {today}"),
        ("too few", "too rare to judge"),
        ("confounded", f"never spoken in the same hours as {today}, so what made a difference cannot be told"),
    ):
        if some := [names[row["configuration"]] for row in by_verdict.get(kind, [])]:
            was = ("was" if len(some) == 1 else "were") if kind == "confounded" else _is(some)
            sentences.append(f"{join_words(some)} {was} {words}.")
    never = [SETTING_TITLES[row["setting"]].lower() for row in questions if row["why"] == "not isolated"]
    if never := list(dict.fromkeys(never)):
        was = "was" if len(never) == 1 else "were"
        it = "it" if len(never) == 1 else "them"
        sentences.append(
            f"{sentence_start(join_words(never))} {was} never varied alone, so nothing can be said of {it}."
        )
    return verdict, " ".join(sentences)


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _and_interrupted_less(row: Row) -> str:
    return " and interrupted less" if row["barge_in_high"] is not None and row["barge_in_high"] < 0 else ""


def _best_by_how_much(row: Row) -> str:
    low, high = -row["p95_high_ms"], -row["p95_low_ms"]
    return (
        f"Its p95 is {milliseconds(-row['p95_difference_ms'])} lower ({low:,.0f} to {high:,.0f}) for answers of the "
        "same length, in the same hours and modules"
    )


def _interrupted_by_how_much(row: Row) -> str:
    points, low, high = (row[f"barge_in_{part}"] for part in ("difference_points", "low", "high"))
    if points is None:
        return ""
    if low <= 0 <= high:
        return "; callers broke in about as often, as far as can be told"
    return f", and callers broke in {abs(points):.1f} points {'less' if points < 0 else 'more'} often"


@takes("rows")
def coverage_summary(coverage: Sequence[Row], timezone: str) -> str:
    """
    Return since when the turns say how they were spoken, in one or two sentences.

    Args:
        coverage: Rows of ``tts_coverage``.

        timezone: The time zone that instants are shown in.
    """
    if not coverage:
        return "No turn is on record in this time."
    whole = coverage[0]
    stated = [row for row in coverage if row["turns_with"]]
    if not stated:
        return f"None of the {pluralize(whole['turns'], 'turn')} of this time states how it was spoken."
    most = max(stated, key=lambda row: row["turns_with"])
    first = min(row["first_at"] for row in stated)
    turns = pluralize(whole["turns"], "turn")
    text = f"{count(most['turns_with'])} of {turns} have TTS metrics, from {moment(first, timezone)} on."
    if empty := [row["column_name"] for row in coverage if not row["turns_with"]]:
        text += f" {join_words(empty)} {'is' if len(empty) == 1 else 'are'} nowhere stated, and left out."
    later = [row for row in stated if row["first_at"] > first and row["turns_with"] < 0.9 * most["turns_with"]]
    for row in later:
        text += f" {row['column_name']} is stated from {moment(row['first_at'], timezone)} on."
    return text


@takes("rows")
def configurations_summary(configurations: Sequence[Row], limit: float) -> str:
    """
    Return which configurations keep to the target of the TTS latency, and how the chart is read.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        limit: The target at p95, in ms.
    """
    if not configurations:
        return ""
    words = (
        ("met", "within"),
        ("breached", "over"),
        ("inconclusive", "too close to say"),
        ("too few", "too few turns to say"),
        ("not measured", "never spoken"),
    )
    parts = [
        f"{what}: {join_words(names)}"
        for status, what in words
        if (names := [row["name"] for row in configurations if row["status"] == status])
    ]
    return (
        f"Against {milliseconds(limit)} at p95, {'; '.join(parts)}. Dot: p95, on its 95% interval. Tick: the median. "
        "Dashed: the target."
    )


@takes("rows")
def comparisons_summary(comparisons: Sequence[Row], baseline: str) -> str:
    """Return what the comparison with the baseline rests on, in a few sentences."""
    made = [row for row in comparisons if row["setting"] == "configuration" and row["p_value"] is not None]
    if not made:
        return f"No configuration could be compared with {baseline}."
    together = len({row["p_value"] for row in comparisons if row["p_value"] is not None})
    return (
        f"The difference from {baseline} in p95, with its 95% interval, for answers of the same length and over the "
        "same days, hours and modules. Calls are resampled whole; Holm’s correction covers "
        f"{pluralize(together, 'comparison')}. Left of the line is faster."
    )


@takes("rows")
def plain_summary(comparisons: Sequence[Row], names: dict[int, str]) -> str:
    """Return which plain comparison would mislead the most, in one sentence; '' where none would by 10 ms."""
    made = [row for row in comparisons if row["setting"] == "configuration" and row["p_value"] is not None]
    if not made:
        return ""
    worst = max(made, key=lambda row: abs(row["plain_p95_difference_ms"] - row["p95_difference_ms"]))
    plain = worst["plain_p95_difference_ms"]
    if abs(plain - worst["p95_difference_ms"]) < 10:
        return "Plain differences, unadjusted, are within 10 ms of these."
    return (
        f"A plain difference would mislead: for {names[worst['configuration']]} it is {signed(plain, 'ms')}, "
        f"where at equal length and time it is {difference(worst)}."
    )


@takes("rows")
def settings_summary(comparisons: Sequence[Row]) -> str:
    """Return which settings could be looked at alone, in one or two sentences."""
    rows = [row for row in comparisons if row["setting"] != "configuration"]
    known = list(dict.fromkeys(row["setting"] for row in rows if row["verdict"] != "not isolated"))
    never = list(dict.fromkeys(row["setting"] for row in rows if row["setting"] not in known))
    if not rows:
        return "No setting can be looked at alone: the baseline does not state its settings."
    parts = []
    if known:
        parts.append(f"{sentence_start(join_words(known))} varied while all else stayed the same.")
    if never:
        word = join_words(never)
        parts.append(f"{sentence_start(word)} never did: {'its' if len(never) == 1 else 'their'} effect is not known.")
    return " ".join(parts)


@takes("rows")
def trade_off_summary(configurations: Sequence[Row]) -> str:
    """Return which configurations no other beats, in one sentence; rows of ``tts_configurations`` with a ``name``."""
    configurations = [row for row in configurations if row["is_unbeaten"] is not None]
    if not configurations:
        return "No configuration has turns enough for a p95."
    unbeaten = [row["name"] for row in configurations if row["is_unbeaten"]]
    return (
        f"Faster to the left, fewer further down. Green: {join_words(unbeaten)}, which no other beats in speed, "
        "interruptions and fallbacks at once."
    )


@takes("rows")
def interruptions_summary(groups: Sequence[Row]) -> str:
    """Return how often callers broke in and how much that hides, from rows of ``tts_interruptions``."""
    whole = next((row for row in groups if row["kind"] == "all"), None)
    if whole is None:
        return "No turn of this time says whether it was interrupted."
    text = (
        f"Callers broke into {count(whole['interrupted'])} of {pluralize(whole['turns'], 'spoken turn')}, "
        f"{percent(whole['barge_in_rate_percent'])} ({interval(whole['low_percent'], whole['high_percent'])})."
    )
    chunks = [row for row in groups if row["kind"] == "chunks" and row["turns"] >= 50]
    if len(chunks) >= 2 and chunks[-1]["low_percent"] > chunks[0]["high_percent"]:
        text += (
            f" Longer answers are broken into more often: {percent(chunks[0]['barge_in_rate_percent'])} at "
            f"{pluralize(int(chunks[0]['value']), 'chunk')}, {percent(chunks[-1]['barge_in_rate_percent'])} at "
            f"{count(chunks[-1]['value'])}{' or more' if chunks[-1]['value'] == 6 else ''}."
        )
    return text


@takes("rows")
def barge_in_limits(groups: Sequence[Row]) -> str:
    """Return what ``barge_in_triggered`` cannot tell."""
    if not groups:
        return ""
    return (
        "An interruption cuts short what is measured, so interrupted and uninterrupted turns stand apart. What "
        "barge_in_triggered can’t tell: interruptions that were false (a cough, a noise on the line) or missed, how "
        "long the voice took to stop, and what the caller wanted."
    )


@takes("rows")
def fallbacks_summary(fallbacks: Sequence[Row], bursts: Sequence[Row], timezone: str) -> str:
    """
    Return how often speech needed a fallback, and whether fallbacks came in bursts.

    Args:
        fallbacks: Rows of ``tts_fallbacks``.

        bursts: Rows of :func:`bakame_duck.stats.incidents.find_incidents` over the windows of fallbacks.

        timezone: The time zone that instants are shown in.
    """
    if not fallbacks:
        return "No turn of this time states a fallback count."
    turns, fell = (sum(row[name] for row in fallbacks) for name in ("turns", "fallbacks"))
    if not fell:
        return f"None of {pluralize(turns, 'turn')} needed a fallback."
    text = f"{pluralize(fell, 'turn')} of {count(turns)} needed a fallback, {percent(100 * fell / turns)}"
    another = sum(row["by_another"] for row in fallbacks)
    text += f"; in {count(another)} of them another voice spoke in the end. " if another else ". "
    if not bursts:
        return f"{text}They came singly: no time stands out by more than chance allows."
    spans = [
        f"{_span(row, timezone)} ({count(row['bad_turns'])} of {pluralize(row['turns'], 'turn')})" for row in bursts
    ]
    return f"{text}{'A burst' if len(bursts) == 1 else 'Storms'}: {join_words(spans)}."


def _span(burst: Row, timezone: str) -> str:
    """Return '4 Jan 12:00 to 13:00', with both days where they differ."""
    first, last = (moment(burst[name], timezone) for name in ("started_at", "ended_at"))
    day, clock = last.rsplit(" ", 1)
    return f"{first} to {clock if first.startswith(day) else last}"


@takes("rows")
def transcoding_summary(encodings: Sequence[Row]) -> str:
    """Return what converting the audio costs, in one sentence, from rows of ``tts_transcoding``."""
    if not encodings:
        return "No turn of this time states how long transcoding took."
    costly = [row for row in encodings if row["transcoded"]]
    free = [row["encoding"] or "no named encoding" for row in encodings if not row["transcoded"]]
    parts = [
        f"{row['encoding'] or 'No named encoding'} takes {milliseconds(row['p50_ms'])} of transcoding in the median, "
        f"{percent(row['share_percent'])} of its synthesis time"
        for row in costly
    ]
    if free:
        parts.append(f"{join_words(free)} {'needs' if len(free) == 1 else 'need'} none")
    return f"{'; '.join(parts)}."


@takes("rows")
def plan_summary(questions: Sequence[Row], comparisons: Sequence[Row], min_effect: float) -> str:
    """
    Return what is open and what an answer takes, in one or two sentences.

    Args:
        questions: Rows of :func:`bakame_duck.stats.tts_comparison.plan`.

        comparisons: Rows of :func:`bakame_duck.stats.tts_comparison.compare_configurations`.

        min_effect: The smallest difference at p95 that matters, in ms.
    """
    if not comparisons:
        return "With nothing to compare, nothing can be planned."
    if not questions:
        return (
            f"No question is open: a difference of {milliseconds(min_effect)} at p95 would have been found everywhere."
        )
    unknown = all(row["more_turns"] is None for row in questions)
    open_questions = f"{sentence_start(in_words(len(questions)))} question{'' if len(questions) == 1 else 's'} open."
    if unknown:
        return f"{open_questions} How many turns they need cannot be said: nothing was compared to learn it from."
    return (
        f"{open_questions} More turns are those still needed to find a difference of {milliseconds(min_effect)} at p95 "
        "in four of five such times (80% power); days, at today’s traffic."
    )


def question(row: Row, names: dict[int, str], baseline: str) -> str:
    """Return an open question in words, such as 'Luna against Asteria' or 'Pitch alone'."""
    if row["setting"] == "configuration":
        return f"{names[row['configuration']]} against {baseline}"
    title = SETTING_TITLES[row["setting"]]
    if row["value"] is None:
        return f"{title} other than {setting_value(row['setting'], row['reference'])}"
    pair = [setting_value(row["setting"], row[name]) for name in ("value", "reference")]
    return f"{title} {pair[0]} against {pair[1]}, all else equal"


@takes("rows")
def auditions_summary(auditions: Sequence[Row]) -> str:
    """Return how many of the voices that were listened to callers heard, in one sentence."""
    if not auditions:
        return "No voice_audition_results*.csv beside the logs has a sample."
    heard = sum(row["turns"] > 0 for row in auditions)
    made, failed = (sum(row[name] for row in auditions) for name in ("made", "failed"))
    ways = pluralize(len(auditions), "way")
    text = f"{pluralize(made, 'sample')} of {ways} of speaking; callers heard {in_words(heard)} of these"
    return f"{text}, and {pluralize(failed, 'sample')} could not be made." if failed else f"{text}."
