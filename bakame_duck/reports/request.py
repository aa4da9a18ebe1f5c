"""
Describe a report to make: its kind, its days and its notebook's parameters.

Parameters are checked before a kernel starts. The ``parameters`` cell of a notebook has
exactly the fields of its model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bakame_duck.errors import ParameterError, nearest
from bakame_duck.resources import resource_folder
from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.settings import Milliseconds, TimeZone
from bakame_duck.timespan import Period, parse_week, to_naive_utc


def _tts_settings(text: str) -> str:
    """Return the settings that *text* names, in their usual order."""
    named = {name.strip().lower() for name in text.split(",")}
    if unknown := sorted(named - set(TTS_SETTINGS)):
        raise ValueError(
            f"{unknown[0] or 'nothing'} is no setting of a voice.{nearest(unknown[0], TTS_SETTINGS)}"
            f" There are {', '.join(TTS_SETTINGS)}"
        )
    return ",".join(name for name in TTS_SETTINGS if name in named)


Instant = Annotated[datetime, AfterValidator(to_naive_utc)]


class ReportParameters(BaseModel):
    """
    The parameters of every report's notebook.

    Attributes:
        week: The ISO week that it covers, such as ``2026-W03``; None with *since* and *until*.

        since: The first day that it covers.

        until: The day after the last.

        data: The folders of the logs; None: those of the settings.

        timezone: The time zone of days and weeks.

        mirror: Whether to read rotated logs from their mirror; None: as the settings say.

        targets: Targets by objective; None: those of the settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    week: str | None = None
    since: date | None = None
    until: date | None = None
    data: Annotated[tuple[Path, ...], Field(min_length=1)] | None = None
    timezone: TimeZone
    mirror: bool | None = None
    targets: dict[str, float] | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if (self.since is None) != (self.until is None):
            raise ValueError("since and until go together")
        if (self.week is None) == (self.since is None):
            raise ValueError("either week, or since and until are needed")
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until is not after since")
        return self

    def for_notebook(self) -> dict[str, Any]:
        """Return them as the notebook's ``parameters`` cell has them: dates and paths as text."""
        return self.model_dump(mode="json")

    def as_reported(self) -> dict[str, Any]:
        """Return those that a report's JSON names: none that depends on this machine, and targets only once."""
        return self.model_dump(mode="json", exclude={"data", "mirror", "pseudonym_key", "targets"})


class WeeklyParameters(ReportParameters):
    """
    The parameters of the weekly report.

    Attributes:
        compare_to: The ISO week to compare with; None: the week before.

        pseudonym_key: The file of the key for callers' pseudonyms; None: as the settings say.
    """

    compare_to: str | None = None
    pseudonym_key: Path | None = None


class TtsParameters(ReportParameters):
    """
    The parameters of the TTS-tuning report.

    Attributes:
        baseline: The configuration to compare the others with, by its name, a part of it or its number; None: the most
            used.

        by: The settings that define a configuration, of those in :data:`bakame_duck.schema.TTS_SETTINGS`.

        min_effect: The smallest difference at p95 that matters, in ms.
    """

    baseline: str | None = None
    by: Annotated[str, AfterValidator(_tts_settings)] = ",".join(TTS_SETTINGS)
    min_effect: Milliseconds = 50


@dataclass(frozen=True)
class ReportKind:
    """
    A kind of report.

    Attributes:
        notebook: Its file in ``notebooks/``.

        stem: The start of its files' names, before the period.

        title: Its title, before the period.

        parameters: The model of its notebook's parameters.
    """

    notebook: str
    stem: str
    title: str
    parameters: type[ReportParameters]


KINDS = {
    "weekly": ReportKind("weekly_performance.ipynb", "weekly-performance", "Weekly performance", WeeklyParameters),
    "tts": ReportKind("tts_tuning.ipynb", "tts-tuning", "TTS tuning", TtsParameters),
}


@dataclass(frozen=True)
class ReportRequest:
    """
    A report to make.

    Attributes:
        kind: The kind of report.

        period: The days it covers.

        parameters: Its notebook's parameters.
    """

    kind: ReportKind
    period: Period
    parameters: ReportParameters

    @property
    def stem(self) -> str:
        """The name of its files, without the extension."""
        return f"{self.kind.stem}-{self.period.label}"

    @property
    def cells(self) -> int:
        """The number of cells that its notebook runs."""
        notebook = json.loads((resource_folder("notebooks") / self.kind.notebook).read_text(encoding="utf-8"))
        types = [cell["cell_type"] for cell in notebook["cells"]]
        return 1 + types.count("code")  # papermill adds one

    @property
    def compared_with(self) -> Period | None:
        """The days that its period is compared with; None where it compares with none."""
        if not isinstance(self.parameters, WeeklyParameters):
            return None
        week = self.parameters.compare_to
        return parse_week(week, self.period.timezone) if week else self.period.before


def build_request(
    kind: ReportKind, period: Period, *, compare_to: Period | None = None, **parameters: object
) -> ReportRequest:
    """
    Return the request for a report, with its parameters checked.

    Args:
        kind: The kind of report.

        period: The days it covers.

        compare_to: The week to compare with; by default the days before, where the report compares.

        parameters: Its notebook's other parameters: ``data``, ``mirror``, ….

    Raises:
        ParameterError: A parameter is unknown, or its value does not fit.
    """
    values: dict[str, object] = {"timezone": period.timezone}
    if period.is_week:
        year, week, _ = period.first.isocalendar()
        values["week"] = f"{year}-W{week:02}"
    else:
        values |= {"since": period.first, "until": period.last + timedelta(days=1)}
    if compare_to is not None:
        values["compare_to"] = compare_to.label
    return ReportRequest(kind, period, parse_parameters(kind.parameters, values | parameters))


Model = TypeVar("Model", bound=ReportParameters)


def parse_parameters(model: type[Model], values: Mapping[str, object]) -> Model:
    """
    Return *values* as the parameters that *model* describes.

    Raises:
        ParameterError: A name is unknown, or a value does not fit.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        known = f"It takes {', '.join(model.model_fields)}."
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise ParameterError(
                f"The report has no parameter {name}.{nearest(name, model.model_fields)}", hint=known
            ) from error
        reason = first["msg"].removeprefix("Value error, ")
        raise ParameterError(
            f"The report's parameter {name}: {reason}" if name else f"The report's parameters: {reason}", hint=known
        ) from error
