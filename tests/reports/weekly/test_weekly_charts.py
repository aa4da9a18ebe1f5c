import json
from collections.abc import Iterator
from datetime import date, datetime

import altair as alt
import polars as pl
import pytest

from bakame_duck import metric, palette
from bakame_duck.catalog.template import connect_empty
from bakame_duck.reports.charts import figure
from bakame_duck.reports.weekly import charts, latency_charts
from tests.conftest import Given

SPAN = {"since": datetime(2026, 1, 12), "until": datetime(2026, 1, 19)}


@pytest.fixture
def con(given: Given):
    given.health_checks(("2026-01-12 10:00:00", "healthy"))
    return given.turns(
        ("2026-01-12 10:00:00", "math"),
        ("2026-01-13 10:00:00", "math", {"error": "LLM timeout", "tts_ms": 0.0}),
        ("2026-01-14 10:00:00", "english"),
        ("2026-01-15 10:00:00", "english", {"error": "boom"}),
    )


def drawn_from(con) -> dict[str, object]:
    """Return every chart that the notebooks draw, each by its function's name."""
    objectives = metric(con, "objectives_report", **SPAN).pl()
    return {
        "latency_by_stage": latency_charts.latency_by_stage(
            metric(con, "latency_percentiles", **SPAN).pl(), objectives
        ),
        "errors_by_day": charts.errors_by_day(metric(con, "errors_by_day", **SPAN).pl()),
        "calls_by_day": charts.calls_by_day(metric(con, "calls_per_day", **SPAN).pl()),
    }


CHARTS = ("latency_by_stage", "errors_by_day", "calls_by_day")


def bundle(chart) -> dict[str, object]:
    """Return what a notebook is given to show."""
    shown = chart._repr_mimebundle_(None, None)
    return shown[0] if isinstance(shown, tuple) else shown


def colors(spec: object) -> set[str]:
    match spec:
        case dict():
            return set().union(*map(colors, spec.values()))
        case list():
            return set().union(*map(colors, spec))
        case str() if spec.startswith("#"):
            return {spec}
        case _:
            return set()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_valid_vega_lite_and_holds_its_rows(con, name):
    shown = bundle(drawn_from(con)[name])

    spec = shown[palette.MIMETYPE]
    panels = shown.get(palette.PANELS, {"panels": [spec]})["panels"]
    alt.Chart.from_dict(spec)  # validates
    for panel in panels:
        alt.Chart.from_dict(panel)
        assert any(len(rows) > 0 for rows in panel["datasets"].values())
        assert panel["description"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_can_be_written_as_json(con, name):
    shown = bundle(drawn_from(con)[name])

    assert shown == json.loads(json.dumps(shown, allow_nan=False))


@pytest.mark.parametrize("name", CHARTS)
def test_every_colour_is_one_that_the_page_can_turn_dark(con, name):
    light = {pair[0] for pair in palette.PALETTE.values()}

    assert colors(bundle(drawn_from(con)[name])) <= light


def test_every_colour_of_the_palette_means_one_thing():
    for shade in (0, 1):
        named = [pair[shade] for pair in palette.PALETTE.values()]
        assert len(named) == len(set(named))


@pytest.mark.parametrize("name", CHARTS)
def test_without_rows_nothing_is_drawn(name):
    chart = drawn_from(connect_empty())[name]

    assert isinstance(chart, figure.Nothing)
    assert chart._repr_html_() == ""


def test_a_stage_that_never_ran_has_no_panel(given):
    con = given.turns(("2026-01-12 10:00:00", "math", {"asr_ms": 0.0}))

    panels = bundle(drawn_from(con)["latency_by_stage"])[palette.PANELS]["panels"]

    assert ["Language model", "Speech synthesis", "Whole turn"] == [panel["title"] for panel in panels]


def test_every_stage_is_drawn_with_its_target(con):
    shown = bundle(drawn_from(con)["latency_by_stage"])[palette.PANELS]

    targets = {
        panel["title"]: [row["target"] for rows in panel["datasets"].values() for row in rows if "target" in row]
        for panel in shown["panels"]
    }
    assert targets == {
        "Speech recognition": [500],
        "Language model": [2000],
        "Speech synthesis": [800],
        "Whole turn": [3000],
    }
    assert {"p95": "accent", "p50": "faint"} == shown["legend"]


def test_targets_are_dashed_and_red_everywhere(con):
    drawn = drawn_from(con)
    panels = bundle(drawn["latency_by_stage"])[palette.PANELS]["panels"]

    for panel in panels:
        rule = panel["layer"][0]["mark"]
        assert ("rule", figure.color("bad"), [5, 4]) == (rule["type"], rule["color"], rule["strokeDash"])


def test_the_stages_of_a_days_errors_add_up(con):
    shown = bundle(drawn_from(con)["errors_by_day"])[palette.PANELS]
    (rows,) = shown["panels"][0]["datasets"].values()

    assert [("2026-01-13", "Language model", 1), ("2026-01-15", "Unknown", 1)] == [
        (row["day"], row["title"], row["errors"]) for row in rows
    ]
    assert {"Speech recognition": "asr", "Language model": "llm", "Speech synthesis": "tts", "Unknown": "unknown"} == (
        shown["legend"]
    )


def test_a_day_stays_the_same_day_wherever_the_reader_is(con):
    spec = bundle(drawn_from(con)["calls_by_day"])[palette.MIMETYPE]
    (rows,) = spec["datasets"].values()

    assert [str(date(2026, 1, day)) for day in (12, 13, 14, 15)] == [row["day"] for row in rows]
    # the axis names it in UTC, as which Vega reads a date without a time
    assert "utcFormat" in spec["encoding"]["x"]["axis"]["labelExpr"]


@pytest.mark.parametrize("name", ["latency_percentiles", "errors_by_day", "calls_per_day"])
def test_a_chart_shows_the_days_of_its_period_and_only_those(con, name):
    days = [date(2026, 1, day) for day in range(12, 19)]
    rows = metric(con, name, **SPAN).pl()
    drawn = {
        "latency_percentiles": lambda: latency_charts.latency_by_stage(
            rows, metric(con, "objectives_report").pl(), days
        ),
        "errors_by_day": lambda: charts.errors_by_day(rows, days),
        "calls_per_day": lambda: charts.calls_by_day(rows, days),
    }[name]()

    spec = bundle(drawn)[palette.MIMETYPE]

    assert json.dumps({"domain": [day.isoformat() for day in days]}) in json.dumps(spec)
    # one that Vega parses as an instant would have no place on an axis of texts
    assert {"ordinal"} == {channel["type"] for channel in parts_of(spec) if channel.get("field") == "day"}


def parts_of(spec: object) -> Iterator[dict[str, object]]:
    """Yield every object inside *spec*, but not the rows of its data."""
    if isinstance(spec, dict):
        yield spec
        for name, part in spec.items():
            if name != "datasets":
                yield from parts_of(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from parts_of(part)


HOUR = {"weekday": 4, "hour": 14, "turns": 9, "p50_ms": 1900.0, "p95_ms": 3500.0}
SLOW_CALL = {
    "place": 1,
    "caller": "caller 3f9a",
    "started_at": datetime(2026, 1, 15, 12),
    "waited_ms": 11000.0,
    "turn": 1,
    "turn_at": datetime(2026, 1, 15, 12, 1),
    "offset_s": 60.0,
    "asr_ms": 300.0,
    "llm_ms": 3500.0,
    "tts_ms": 500.0,
    "unattributed_ms": 0.0,
    "total_ms": 4300.0,
    "error_stage": None,
    "module_name": "math",
}
OBJECTIVES = pl.DataFrame(
    {
        "kind": ["latency"] * 4,
        "stage": ["asr", "llm", "tts", "total"],
        "target": [500.0, 2000.0, 800.0, 3000.0],
    }
)


def new_figures() -> dict[str, object]:
    """Return the figures of given rows, each with the number of its rows."""
    bins = [
        {"stage": stage, "from_ms": low, "to_ms": low * 1.12, "turns": 5, "share_percent": 50.0}
        for stage in ("asr", "total")
        for low in (400.0, 3000.0)
    ]
    pushed = [
        {"day": date(2026, 1, 15), "pushed_by": by, "turns": 4, "median_over_ms": 90.0, "median_excess_ms": excess}
        for by, excess in (("llm", 700.0), ("together", None))
    ]
    weeks = [{"week_start": date(2026, 1, 5), "callers": 5, "new_callers": 2, "returning_callers": 3, "calls": 9}]
    windows = [
        {"window_at": datetime(2026, 1, 15, hour), "stage": "llm", "turns": 10, "bad_turns": 5} for hour in (12, 13)
    ]
    incidents = [{"stage": "llm", "started_at": datetime(2026, 1, 15, 12), "ended_at": datetime(2026, 1, 15, 13)}]
    turns = [SLOW_CALL, SLOW_CALL | {"turn": 2, "offset_s": 75.0, "turn_at": datetime(2026, 1, 15, 12, 2)}]
    return {
        "latency_distribution": latency_charts.latency_distribution(pl.DataFrame(bins), OBJECTIVES),
        "slow_turns_by_stage": latency_charts.slow_turns_by_stage(pl.DataFrame(pushed)),
        "latency_by_hour": latency_charts.latency_by_hour(pl.DataFrame([HOUR, HOUR | {"hour": 15}]), "p50_ms"),
        "callers_by_week": charts.callers_by_week(pl.DataFrame(weeks)),
        "slo_violation_windows": charts.slo_violation_windows(
            pl.DataFrame(windows), pl.DataFrame(incidents), "Africa/Kigali"
        ),
        "slowest_calls": charts.slowest_calls(pl.DataFrame(turns), 3000.0, "Africa/Kigali"),
    }


NEW = (
    "latency_distribution",
    "slow_turns_by_stage",
    "latency_by_hour",
    "callers_by_week",
    "slo_violation_windows",
    "slowest_calls",
)


@pytest.mark.parametrize("name", NEW)
def test_a_figure_of_given_rows_is_valid_and_can_turn_dark(name):
    spec = bundle(new_figures()[name])[palette.MIMETYPE]

    alt.Chart.from_dict(spec)  # validates
    assert spec["datasets"]
    assert all(spec["datasets"].values())
    assert colors(spec) <= {light for light, _ in palette.PALETTE.values()}


def test_turns_over_the_target_have_the_targets_colour():
    panels = bundle(new_figures()["latency_distribution"])[palette.PANELS]["panels"]

    sides = [[row["side"] for row in rows] for panel in panels for rows in panel["datasets"].values() if len(rows) == 2]
    assert [["within", "over"], ["within", "over"]] == sides


def test_the_turns_of_a_slow_call_stand_in_their_order_by_the_clock_of_the_call():
    (panel,) = bundle(new_figures()["slowest_calls"])[palette.PANELS]["panels"]

    axis = next(layer["encoding"]["y"]["axis"] for layer in panel["layer"] if "axis" in layer["encoding"].get("y", {}))
    assert "['1:00', '1:15'][datum.value]" == axis["labelExpr"]
    assert ["15 Jan 14:00 · 11 s too long", "caller 3f9a"] == [panel["title"]["subtitle"], panel["title"]["text"]]


@pytest.mark.parametrize(("turns", "percentile"), [([71, 71, 72], "p50_ms"), ([71, 72, 72], "p95_ms"), ([], "p50_ms")])
def test_hours_are_drawn_by_p95_where_most_have_turns_enough_for_one(turns, percentile):
    hours = pl.DataFrame([HOUR | {"turns": number} for number in turns], schema=list(HOUR))

    assert percentile == latency_charts.hours_percentile(hours.cast({"turns": pl.Int64}))


def test_without_rows_there_is_nothing_to_draw():
    hours = pl.DataFrame(schema=dict.fromkeys(HOUR, pl.Float64))
    days = pl.DataFrame(schema={"day": pl.Date, "pushed_by": pl.String})
    none = pl.DataFrame(schema={"stage": pl.String})

    drawn = [
        latency_charts.latency_by_hour(hours, "p50_ms"),
        latency_charts.slow_turns_by_stage(days),
        charts.callers_by_week(pl.DataFrame()),
        charts.slo_violation_windows(none, none, "UTC"),
        charts.slowest_calls(pl.DataFrame(), 3000.0, "UTC"),
        latency_charts.latency_distribution(none, OBJECTIVES),
    ]

    assert all(isinstance(each, figure.Nothing) for each in drawn)
