"""The parameters of reports: what is taken, what is refused before a kernel starts, and how it is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from bakame_duck.errors import ParameterError, UsageError
from bakame_duck.reports.request import (
    KINDS,
    ReportParameters,
    TtsParameters,
    WeeklyParameters,
    build_request,
    parse_parameters,
)
from bakame_duck.timespan import parse_days, parse_week

WEEK = {"week": "2026-W03", "timezone": "Africa/Kigali"}
DAYS = {"since": date(2025, 12, 22), "until": date(2026, 1, 19), "timezone": "Africa/Kigali"}
W03, W01 = (parse_week(week, "Africa/Kigali") for week in ("2026-W03", "2026-W01"))


def test_a_notebook_is_given_dates_and_paths_as_text() -> None:
    given = parse_parameters(ReportParameters, DAYS | {"data": (Path("logs"), Path("more")), "mirror": False})

    assert given.for_notebook() == {
        "week": None,
        "since": "2025-12-22",
        "until": "2026-01-19",
        "data": ["logs", "more"],
        "timezone": "Africa/Kigali",
        "mirror": False,
        "targets": None,
    }


def test_the_reported_parameters_contain_no_path_and_no_targets() -> None:
    given = parse_parameters(
        WeeklyParameters, WEEK | {"data": (Path("/logs"),), "pseudonym_key": "/key", "targets": {"uptime": 99}}
    )

    assert given.as_reported() == {
        "week": "2026-W03",
        "since": None,
        "until": None,
        "timezone": "Africa/Kigali",
        "compare_to": None,
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"timezon": "UTC"}, "The report has no parameter timezon. Did you mean timezone?"),
        ({"whatever": 1}, "The report has no parameter whatever."),
        ({"timezone": "Mars"}, "The report's parameter timezone: no time zone is called Mars"),
        ({"since": "yesterday"}, "The report's parameter since: "),
        ({"mirror": "perhaps"}, "The report's parameter mirror: "),
        ({"data": ()}, "The report's parameter data: "),
        ({"since": "2026-01-12"}, "The report's parameters: since and until go together"),
        ({"week": None}, "The report's parameters: either week, or since and until are needed"),
        (DAYS, "The report's parameters: either week, or since and until are needed"),
        (
            {"week": None, "since": "2026-01-12", "until": "2026-01-12"},
            "The report's parameters: until is not after since",
        ),
    ],
)
def test_what_does_not_fit_is_a_usage_error_with_a_hint(values: dict[str, object], told: str) -> None:
    with pytest.raises(ParameterError) as refused:
        parse_parameters(WeeklyParameters, WEEK | values)

    assert isinstance(refused.value, UsageError)
    assert str(refused.value).startswith(told)
    assert refused.value.hint == f"It takes {', '.join(WeeklyParameters.model_fields)}."


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(ParameterError, match="The report's parameter timezone: Field required"):
        parse_parameters(ReportParameters, {"week": "2026-W03"})


def test_parameters_do_not_change() -> None:
    given = parse_parameters(ReportParameters, WEEK)

    with pytest.raises(ValidationError):
        given.timezone = "UTC"  # type: ignore[misc]


def test_a_request_is_checked_before_a_kernel_starts() -> None:
    with pytest.raises(ParameterError, match="The report has no parameter compare_to"):
        build_request(KINDS["tts"], W03, compare_to=W01)


def test_a_week_is_compared_with_the_one_before_unless_another_is_named() -> None:
    plain, named = (build_request(KINDS["weekly"], W03, compare_to=other) for other in (None, W01))

    assert "2026-W02" == plain.compared_with.label
    assert W01 == named.compared_with
    assert "2026-W01" == named.parameters.for_notebook()["compare_to"]


def test_a_tts_report_compares_with_nothing() -> None:
    assert build_request(KINDS["tts"], W03).compared_with is None


def test_a_week_is_named_and_other_days_are_bounded_by_dates() -> None:
    days = parse_days("2025-12-22", "2026-01-19", "Africa/Kigali")
    week, span = (build_request(KINDS["tts"], period).parameters.for_notebook() for period in (W03, days))

    names = ("week", "since", "until")
    assert ["2026-W03", None, None] == [week[name] for name in names]
    assert [None, "2025-12-22", "2026-01-19"] == [span[name] for name in names]


@pytest.mark.parametrize(("given", "kept"), [("rate, Voice", "voice,rate"), ("pause", "pause")])
def test_the_settings_of_a_configuration_have_one_order(given: str, kept: str) -> None:
    assert kept == parse_parameters(TtsParameters, WEEK | {"by": given}).by
