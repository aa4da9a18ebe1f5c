"""
The parameters of the reports: their names and types, checked before a kernel starts.

A notebook's ``parameters`` cell names exactly the fields of its model.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bakame_duck.errors import ParameterError, nearest
from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.settings import Milliseconds, TimeZone


def _naive_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _tts_settings(text: str) -> str:
    """Return the settings that *text* names, in their usual order."""
    named = {name.strip().lower() for name in text.split(",")}
    if unknown := sorted(named - set(TTS_SETTINGS)):
        raise ValueError(
            f"{unknown[0] or 'nothing'} is no setting of a voice.{nearest(unknown[0], TTS_SETTINGS)}"
            f" There are {', '.join(TTS_SETTINGS)}"
        )
    return ",".join(name for name in TTS_SETTINGS if name in named)


Instant = Annotated[datetime, AfterValidator(_naive_utc)]


class ReportParameters(BaseModel):
    """
    What every report's notebook takes.

    Attributes:
        data: The folders of the logs; None: those of the settings.

        since: The instant at which the report's time starts; without a zone it is UTC.

        until: The instant before which it ends.

        timezone: The time zone that cuts days and weeks.

        mirror: Whether rotated logs are read from their mirror; None: as the settings say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Annotated[tuple[Path, ...], Field(min_length=1)] | None = None
    since: Instant
    until: Instant
    timezone: TimeZone
    mirror: bool | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.since:
            raise ValueError("until is not after since")
        return self

    def for_notebook(self) -> dict[str, Any]:
        """Return them as the notebook's ``parameters`` cell has them: instants and paths as text."""
        return self.model_dump(mode="json")

    def as_reported(self) -> dict[str, Any]:
        """Return those that the numbers depend on: no path of this machine, no way of reading the logs."""
        return {
            name: f"{value.isoformat()}Z" if isinstance(value, datetime) else value
            for name, value in self.model_dump(exclude={"data", "mirror", "pseudonym_key"}).items()
        }


class WeeklyParameters(ReportParameters):
    """
    What the weekly report takes beside that.

    Attributes:
        compare_since: The start of the time that the week is compared with; None: the week before.

        compare_until: Its end.

        pseudonym_key: The file of the key that makes pseudonyms of phone numbers; None: as the settings say.
    """

    compare_since: Instant | None = None
    compare_until: Instant | None = None
    pseudonym_key: Path | None = None

    @model_validator(mode="after")
    def _compared_in_order(self) -> Self:
        if (self.compare_since is None) != (self.compare_until is None):
            raise ValueError("compare_since and compare_until go together")
        if self.compare_since and self.compare_until and self.compare_until <= self.compare_since:
            raise ValueError("compare_until is not after compare_since")
        return self


class TtsParameters(ReportParameters):
    """
    What the TTS-tuning report takes beside that.

    Attributes:
        baseline: The configuration that the others are compared with, by its name, a part of it or its number; None:
            the most used.

        settings: Which settings make a configuration, of those in :data:`bakame_duck.schema.TTS_SETTINGS`.

        min_effect: The smallest difference at p95 that is worth having, in ms.
    """

    baseline: str | None = None
    settings: Annotated[str, AfterValidator(_tts_settings)] = ",".join(TTS_SETTINGS)
    min_effect: Milliseconds = 50


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
