import json
from datetime import datetime

import altair as alt
import numpy as np
import polars as pl
import pytest

from bakame_duck import metric, palette
from bakame_duck.catalog.template import connect_empty
from bakame_duck.reports.charts import figure
from bakame_duck.reports.tts import charts
from bakame_duck.stats import tts_comparison
from tests.conftest import Given
from tests.reports.weekly.test_weekly_charts import bundle, colors
from tests.stats.test_tts_comparison import month

SPAN = {"since": datetime(2026, 1, 12), "until": datetime(2026, 1, 19)}
NAMES = {1: "Asteria", 2: "Luna", 3: "Alloy"}
CHARTS = ("configurations_by_speed", "differences", "trade_off", "interruptions", "fallbacks_by_day")


@pytest.fixture(scope="module")
def compared():
    return tts_comparison.compare_configurations(month(np.random.default_rng(1), 3, effect=(0, -80, 0), calls=100))


@pytest.fixture
def con(given: Given):
    return given.turns(
        *(
            (
                f"2026-01-12 10:{number // 60:02}:{number % 60:02}",
                None,
                {
                    "tts_provider": "deepgram",
                    "tts_voice": "aura-luna-en" if number % 2 else "aura-asteria-en",
                    "tts_ms": 400.0 + number,
                    "sentence_chunks": 1 + number % 2,
                    "chunk_pause_ms": 200,
                    "tts_fallback_count": int(number % 30 == 0),
                    "barge_in_triggered": number % 7 == 0,
                },
            )
            for number in range(200)
        )
    )


def by_day(con) -> pl.DataFrame:
    return con.sql(
        """
        select cast(turn_at as date) as day, count(*) as turns,
            count(*) filter (where tts_fallback_count > 0) as fallbacks,
            100.0 * count(*) filter (where tts_fallback_count > 0) / count(*) as fallback_rate_percent
        from turns where tts_fallback_count is not null group by day
        """
    ).pl()


def drawn_from(con, compared) -> dict[str, object]:
    """Return every chart that the notebook draws, each by its function's name."""
    configurations = charts.named(metric(con, "tts_configurations", **SPAN).pl())
    return {
        "configurations_by_speed": charts.configurations_by_speed(configurations, 800.0),
        "differences": charts.differences(compared, NAMES),
        "trade_off": charts.trade_off(configurations),
        "interruptions": charts.interruptions(metric(con, "tts_interruptions", **SPAN).pl()),
        "fallbacks_by_day": charts.fallbacks_by_day(by_day(con)),
    }


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_valid_vega_lite_and_holds_its_rows(con, compared, name):
    shown = bundle(drawn_from(con, compared)[name])

    spec = shown[palette.MIMETYPE]
    panels = shown.get(palette.PANELS, {"panels": [spec]})["panels"]
    alt.Chart.from_dict(spec)  # validates
    for panel in panels:
        alt.Chart.from_dict(panel)
        assert any(len(rows) > 0 for rows in panel["datasets"].values())
        assert panel["description"]
    assert shown == json.loads(json.dumps(shown, allow_nan=False))
    assert colors(shown) <= {pair[0] for pair in palette.PALETTE.values()}


@pytest.mark.parametrize("name", CHARTS)
def test_without_rows_nothing_is_drawn(compared, name):
    chart = drawn_from(connect_empty(), compared.clear())[name]

    assert isinstance(chart, figure.Nothing)


def test_a_configuration_that_never_spoke_is_not_drawn(given, compared):
    con = given.turns(("2026-01-12 10:00:00", None, {"tts_provider": "p", "tts_ms": 0.0, "error": "LLM timeout"}))

    drawn = drawn_from(con, compared.clear())

    assert all(isinstance(chart, figure.Nothing) for chart in drawn.values())


def test_the_target_is_dashed_and_red_as_everywhere(con, compared):
    spec = bundle(drawn_from(con, compared)["configurations_by_speed"])[palette.MIMETYPE]

    rule = spec["layer"][0]["mark"]
    assert ("rule", figure.color("bad"), [5, 4]) == (rule["type"], rule["color"], rule["strokeDash"])


def test_a_verdict_has_its_colour(con, compared):
    legend = bundle(drawn_from(con, compared)["differences"])[palette.PANELS]["legend"]

    assert {"better": "good", "not separable": "unknown"} == legend


def test_what_could_not_be_compared_is_not_drawn(compared):
    few = compared.with_columns(
        p95_difference_ms=pl.when(pl.col("configuration") == 2).then(None).otherwise("p95_difference_ms")
    )
    spec = bundle(charts.differences(few, NAMES))[palette.MIMETYPE]

    rows = next(rows for rows in spec["datasets"].values() if "name" in rows[0])
    assert ["Alloy"] == [row["name"] for row in rows]


def test_configurations_are_named_apart(con):
    names = charts.named(metric(con, "tts_configurations", **SPAN).pl())["name"]

    assert ["Asteria", "Luna"] == names.to_list()
    assert names.dtype == pl.String


def test_a_longer_time_names_its_days_by_their_dates(con):
    rows = by_day(con)
    days = pl.date_range(datetime(2026, 1, 1), datetime(2026, 1, 28), eager=True).to_list()

    month_of_days, week = (json.dumps(bundle(charts.fallbacks_by_day(rows, given))) for given in (days, days[11:18]))

    assert "%-d %b" in month_of_days
    assert "%-d %b" not in week
