"""The parameters of reports: what is taken, what is refused before a kernel starts, and how it is said."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from bakame_duck.errors import ParameterError, UsageError
from bakame_duck.reports.request import ReportParameters, WeeklyParameters, parse_parameters
from bakame_duck.reports.runner import KINDS, build_request
from bakame_duck.timespan import parse_week

WEEK = {"since": datetime(2026, 1, 11, 22), "until": datetime(2026, 1, 18, 22), "timezone": "Africa/Kigali"}
W03, W01 = (parse_week(week, "Africa/Kigali") for week in ("2026-W03", "2026-W01"))


def test_a_notebook_is_given_instants_and_paths_as_text() -> None:
    given = parse_parameters(ReportParameters, WEEK | {"data": (Path("logs"), Path("more")), "mirror": False})

    assert given.for_notebook() == {
        "data": ["logs", "more"],
        "since": "2026-01-11T22:00:00",
        "until": "2026-01-18T22:00:00",
        "timezone": "Africa/Kigali",
        "mirror": False,
    }


def test_an_instant_with_an_offset_is_the_same_instant_in_utc() -> None:
    given = parse_parameters(ReportParameters, WEEK | {"since": "2026-01-12T00:00:00+02:00"})

    assert datetime(2026, 1, 11, 22) == given.since


def test_what_is_told_of_them_names_no_place_of_this_machine() -> None:
    given = parse_parameters(WeeklyParameters, WEEK | {"data": (Path("/logs"),), "pseudonym_key": "/key"})

    assert given.told() == {
        "since": "2026-01-11T22:00:00Z",
        "until": "2026-01-18T22:00:00Z",
        "timezone": "Africa/Kigali",
        "compare_since": None,
        "compare_until": None,
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
        ({"until": WEEK["since"]}, "The report's parameters: until is not after since"),
        ({"compare_since": WEEK["since"]}, "The report's parameters: compare_since and compare_until go together"),
        (
            {"compare_since": WEEK["until"], "compare_until": WEEK["since"]},
            "The report's parameters: compare_until is not after compare_since",
        ),
    ],
)
def test_what_does_not_fit_is_a_usage_error_with_a_hint(values: dict[str, object], told: str) -> None:
    with pytest.raises(ParameterError) as refused:
        parse_parameters(WeeklyParameters, WEEK | values)

    assert isinstance(refused.value, UsageError)
    assert str(refused.value).startswith(told)
    assert refused.value.hint == f"It takes {', '.join(WeeklyParameters.model_fields)}."


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(ParameterError, match="The report's parameter until: Field required"):
        parse_parameters(ReportParameters, {"since": WEEK["since"], "timezone": "UTC"})


def test_parameters_do_not_change() -> None:
    given = parse_parameters(ReportParameters, WEEK)

    with pytest.raises(ValidationError):
        given.timezone = "UTC"  # type: ignore[misc]


def test_an_order_is_refused_before_a_kernel_starts() -> None:
    with pytest.raises(ParameterError, match="The report has no parameter compare_since"):
        build_request(KINDS["tts"], W03, compare_to=W01)


def test_a_week_is_compared_with_the_one_before_unless_another_is_named() -> None:
    plain, named = (build_request(KINDS["weekly"], W03, compare_to=other) for other in (None, W01))

    assert "2026-W02" == plain.compared_with.label
    assert W01 == named.compared_with
    assert (W01.since, W01.until) == (named.parameters.compare_since, named.parameters.compare_until)


def test_a_tts_report_compares_with_nothing() -> None:
    assert build_request(KINDS["tts"], W03).compared_with is None
