"""
The settings of a service: where its logs are, its time zone, its objectives.

Defaults are the specification's. ``bakame-duck.toml`` in the working folder, or the file
that BAKAME_DUCK_SETTINGS names, overrides them, and environment variables override both::

    timezone = "Africa/Kigali"

    [objectives]
    llm_latency = 1800

    BAKAME_DUCK_OBJECTIVES__LLM_LATENCY=1800
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from bakame_duck.errors import SettingsError

FILE_VARIABLE = "BAKAME_DUCK_SETTINGS"


def settings_file() -> Path:
    """Return the path of the settings file: in the working folder, unless the environment names another."""
    return Path(os.environ.get(FILE_VARIABLE, "bakame-duck.toml"))


Milliseconds = Annotated[float, Field(gt=0)]
# No rate can be below 0, and no share above 100.
Rate = Annotated[float, Field(gt=0, le=100)]
Share = Annotated[float, Field(ge=0, lt=100)]


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name}") from error
    return name


def _folders(folders: object) -> object:
    """Accept one folder, a list of folders, or several joined as in PATH."""
    named = folders.split(os.pathsep) if isinstance(folders, str) else folders
    return [Path(folder).expanduser() for folder in named] if isinstance(named, list | tuple) else named


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Folders = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)]


class Objectives(BaseModel, extra="forbid", frozen=True):
    """
    The ten monitoring thresholds: latencies in ms at p95, rates and shares in percent.

    Latencies and error rates should stay below, uptime and health checks above.
    """

    asr_latency: Milliseconds = 500
    llm_latency: Milliseconds = 2000
    tts_latency: Milliseconds = 800
    total_latency: Milliseconds = 3000
    error_rate: Rate = 5
    asr_error_rate: Rate = 2
    llm_error_rate: Rate = 3
    tts_error_rate: Rate = 1
    uptime: Share = 99.5
    health_checks: Share = 99


class Settings(BaseSettings):
    """
    The settings of one service.

    Attributes:
        data: The folders of the logs: one, a list, or several joined as in PATH.

        reports: The folder to write reports to.

        timezone: The time zone of the days and weeks of reports.

        mirror: Whether to read rotated logs from their mirror if they have one.

        cache: The folder of the cache; by default ``bakame-duck`` in the user's cache folder.

        cache_limit: The size that ``refresh`` keeps the cache below, such as ``20 GB``; by default there is no limit.

        pseudonym_key: The file with the key of the callers' pseudonyms; by default one in the user's data folder, which
            is created on first use.

        tts_min_effect: The smallest difference between two TTS configurations that matters: ms at p95.

        chromium: The browser that prints PDFs; by default one of the usual names on the path.

        objectives: The monitoring thresholds.
    """

    model_config = SettingsConfigDict(env_prefix="BAKAME_DUCK_", env_nested_delimiter="__", extra="forbid", frozen=True)

    data: Folders = (Path("data"),)
    reports: Path = Path("reports")
    timezone: TimeZone = "Africa/Kigali"
    mirror: bool = True
    cache: Path | None = None
    cache_limit: Annotated[ByteSize, Field(gt=0)] | None = None
    pseudonym_key: Path | None = None
    tts_min_effect: Milliseconds = 50
    chromium: Path | None = None
    objectives: Objectives = Objectives()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())


def load_settings(**values: object) -> Settings:
    """
    Return the settings of this working folder and environment.

    Args:
        values: Settings that take precedence; None leaves a setting as it is.

    Raises:
        SettingsError: A name is unknown, or a value is invalid.
    """
    if FILE_VARIABLE in os.environ and not settings_file().is_file():
        raise SettingsError(
            f"{FILE_VARIABLE} names {settings_file()}, which does not exist", hint="Correct the variable, or unset it."
        )
    try:
        given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"Setting {name}: {first['msg'].removeprefix('Value error, ')}",
            hint=f"Check {settings_file()} and the BAKAME_DUCK_ variables; the README lists the settings.",
        ) from error
    except (ValueError, SourceError, OSError) as error:
        raise SettingsError(
            f"{settings_file()}: {' '.join(str(error).split())}",
            hint="The file must be TOML; the README contains an example.",
        ) from error
