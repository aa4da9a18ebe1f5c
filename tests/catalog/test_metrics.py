from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from bakame_duck import list_metrics, metric
from bakame_duck.errors import UnknownMetricError, UnknownParameterError
from bakame_duck.resources import resource_folder

SPECIFIED = ("average_response_times_by_module", "error_rate_analysis", "user_engagement_metrics")


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def turns_of(con, **span):
    return metric(con, "activity", **span).fetchall()[0][0]


def test_every_file_is_a_metric_with_a_meaning(con):
    metrics = list_metrics(con)

    assert [known.name for known in metrics] == sorted(
        path.stem for path in (resource_folder("sql") / "metrics").glob("*/*.sql")
    )
    assert all(len(known.meaning) > 20 for known in metrics)
    assert list_metrics() == metrics


def test_there_are_few_metrics(con):
    assert len(list_metrics(con)) <= 32


def test_the_specified_queries_take_an_instant_and_the_others_a_range_or_weeks(con):
    for known in list_metrics(con):
        wanted = ["as_of", "lookback"] if known.name in SPECIFIED else ["since", "until"]
        assert list(known.parameters)[:2] == (["until", "weeks"] if "weeks" in known.parameters else wanted)


def test_every_parameter_has_a_type_and_a_default(con):
    types = {kind for known in list_metrics(con) for kind in known.parameters.values()}

    assert types == {"TIMESTAMP", "INTERVAL", "INTEGER", "VARCHAR"}
    assert all(metric(con, known.name).columns for known in list_metrics(con))


def test_no_parameter_has_the_name_of_a_column_or_changes_the_columns(con):
    values = {"TIMESTAMP": "2026-01-04", "INTERVAL": "3 days", "INTEGER": 3, "VARCHAR": "UTC"}
    for known in list_metrics(con):
        columns = metric(con, known.name).columns
        assert not set(known.parameters) & set(columns)
        given = {name: values[kind] for name, kind in known.parameters.items()}
        assert metric(con, known.name, **given).columns == columns


@pytest.mark.parametrize("value", [10, "10"])
def test_a_number_can_be_given_as_text(given, value):
    con = given.turns(*((f"2026-01-04 10:{minute:02}:00", None) for minute in range(0, 60, 5)))

    rows = metric(con, "slo_violation_windows", window_minutes=value).filter("stage = 'llm'").fetchall()

    assert [at.minute for at, *_ in rows] == [0, 10, 20, 30, 40, 50]


def test_no_value_is_no_bound(given):
    con = given.turns(("2026-01-04 10:00:00", "math"))

    assert turns_of(con, since=None, until=None) == 1


def test_an_unknown_metric_suggests_the_nearest(con):
    with pytest.raises(UnknownMetricError, match=r"latency_percentile\. Did you mean latency_percentiles\?") as error:
        metric(con, "latency_percentile")

    assert "bakame-duck metric" in error.value.hint


def test_an_unknown_metric_far_from_all_suggests_nothing(con):
    with pytest.raises(UnknownMetricError, match=r"^No metric is called weather\.$"):
        metric(con, "weather")


@pytest.mark.parametrize("name", ["user_sessions", "read_csv", "activity(); drop table log_columns; --"])
def test_what_is_no_metric_is_not_run(con, name):
    with pytest.raises(UnknownMetricError):
        metric(con, name)


def test_an_unknown_parameter_suggests_the_nearest(con):
    with pytest.raises(UnknownParameterError, match=r"no parameter untill\. Did you mean until\?") as error:
        metric(con, "activity", untill=date(2026, 1, 1))

    assert error.value.hint == "Its parameters are since, until, timezone."


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("activity", "since", "yesterday"),
        ("activity", "since", 5),
        ("error_rate_analysis", "as_of", "gestern"),
        ("error_rate_analysis", "lookback", "weekly"),
        ("calls_per_day", "timezone", "Africa/Kigaly"),
        ("user_engagement_metrics", "max_rows", "all"),
        ("user_engagement_metrics", "max_rows", -1),
        ("user_engagement_metrics", "max_rows", "2.5"),
        ("latency_distribution", "bins_per_decade", "many"),
        ("out_of_order_records", "tolerance", "a while"),
    ],
)
def test_a_value_that_does_not_fit_is_named(given, name, parameter, value):
    con = given.turns(("2026-01-04 10:00:00", "math"))

    with pytest.raises(UnknownParameterError, match=f"{name} cannot use {parameter}={value}"):
        metric(con, name, **{parameter: value}).fetchall()


@pytest.mark.parametrize(
    "since",
    [
        datetime(2026, 1, 4, 10),
        datetime(2026, 1, 4, 10, tzinfo=UTC),
        datetime(2026, 1, 4, 12, tzinfo=timezone(timedelta(hours=2))),
        "2026-01-04 10:00:00",
        "2026-01-04T10:00:00Z",
        "2026-01-04T12:00:00+02:00",
    ],
    ids=str,
)
def test_an_instant_with_a_zone_is_the_instant_that_it_states(given, since):
    con = given.turns(("2026-01-04 09:59:59", "math"), ("2026-01-04 10:00:00", "math"))

    assert turns_of(con, since=since) == 1


def test_a_day_is_the_instant_at_which_it_starts(given):
    con = given.turns(("2026-01-03 23:59:59", "math"), ("2026-01-04 00:00:00", "math"))

    assert (turns_of(con, since=date(2026, 1, 4)), turns_of(con, until=date(2026, 1, 4))) == (1, 1)


def test_a_span_is_half_open(given):
    con = given.turns(("2026-01-04 10:00:00", "math"), ("2026-01-04 11:00:00", "math"))

    assert turns_of(con, since=datetime(2026, 1, 4, 10), until=datetime(2026, 1, 4, 11)) == 1
    assert turns_of(con) == 2
