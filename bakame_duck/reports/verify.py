"""
Recompute a report's numbers from the logs, and list those that differ.

Runs the report's notebook again, with the parameters and targets of the report's JSON.
Writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, JsonValue, ValidationError

from bakame_duck.errors import UsageError
from bakame_duck.formatting import pluralize
from bakame_duck.ingest.files import LogFile, find_auditions, find_health_checks, find_logs
from bakame_duck.ingest.scanner import open_log
from bakame_duck.reports.document import VERSION
from bakame_duck.reports.request import KINDS, Instant, ReportKind, build_request
from bakame_duck.reports.runner import recompute
from bakame_duck.sanitize import file_name
from bakame_duck.timespan import Period, days_of, parse_week

MAX_LINES = 50
PSEUDONYMS = frozenset({"caller", "phone_number", "pseudonym"})
"""Columns of a report that contain pseudonyms."""

_NOTHING = object()


class File(BaseModel):
    """A file in a report's provenance."""

    name: str
    state: str = "no log"
    bytes: int
    sha256: str | None


class RecordedProvenance(BaseModel):
    """The parts of a report's provenance that are verified."""

    files: list[File]
    health_checks: list[File]
    voice_auditions: list[File]
    objectives: dict[str, float]
    pseudonym_key: str | None
    sql: str
    versions: dict[str, str]


class Report(BaseModel):
    """The parts of a report's JSON that are verified."""

    report: str
    version: int
    period: str
    since: Instant
    until: Instant
    timezone: str
    parameters: dict[str, Any]
    provenance: RecordedProvenance
    numbers: dict[str, list[dict[str, JsonValue]]]


@dataclass(frozen=True)
class Verification:
    """
    The result of verifying a report.

    Attributes:
        numbers: The number of values that were compared.

        differences: The path, the reported and the recomputed value of each difference.

        files: The logs that are missing or have another content.

        remarks: Other things that the user should know.
    """

    numbers: int
    differences: Sequence[tuple[str, Any, Any]] = ()
    files: Sequence[str] = ()
    remarks: Sequence[str] = field(default=(), compare=False)

    @property
    def agrees(self) -> bool:
        """Whether every number and every log is as reported."""
        return not self.differences and not self.files

    def lines(self) -> Iterator[str]:
        """Yield the result as lines of text."""
        yield from self.files
        for path, reported, recomputed in self.differences[:MAX_LINES]:
            yield f"{path}: reported {_shown(reported)}, recomputed {_shown(recomputed)}"
        if (more := len(self.differences) - MAX_LINES) > 0:
            yield f"… and {more:,} more"
        if not self.differences:
            yield f"all {self.numbers:,} numbers agree"
        else:
            yield f"{len(self.differences):,} of {self.numbers:,} numbers differ"


def verify_report(path: Path, *, data: Sequence[Path], mirror: bool | None = None) -> Verification:
    """
    Recompute the numbers of a report.

    Args:
        path: The report's JSON.

        data: The folders of the logs.

        mirror: Whether rotated logs are read from their mirror; by default as the settings say.

    Raises:
        UsageError: The file is not the JSON of a report of this version.

        ReportError: The notebook failed.
    """
    kind, report = read_report(path)
    period_names = ("week", "since", "until", "timezone", "compare_to")
    chosen = {name: value for name, value in report.parameters.items() if name not in period_names}
    week = report.parameters.get("compare_to")
    compare_to = parse_week(week, report.timezone) if week else None
    days = days_of(report.since, report.until, report.timezone)
    period = Period(report.period, days[0], days[-1], report.timezone)
    targets = report.provenance.objectives
    request = build_request(
        kind, period, compare_to=compare_to, data=tuple(data), mirror=mirror, targets=targets, **chosen
    )
    recomputed = recompute(request)
    provenance = RecordedProvenance.model_validate(recomputed["provenance"])
    changed, wrong, remarks = _compare_files(report.provenance, provenance, data)
    remarks += _other_versions(report.provenance, provenance)
    left_out: frozenset[str] = frozenset()
    if report.provenance.pseudonym_key != provenance.pseudonym_key:
        left_out = PSEUDONYMS
        remarks.append("The report's pseudonyms have another key; they are not compared")
    reported = dict(_values(report.numbers, left_out, changed))
    again = dict(_values(recomputed["numbers"], left_out, changed))
    differences = [
        (place, reported.get(place, _NOTHING), again.get(place, _NOTHING))
        for place in dict.fromkeys([*reported, *again])
        if not _same(reported.get(place, _NOTHING), again.get(place, _NOTHING))
    ]
    return Verification(len(reported), differences, wrong, remarks)


def read_report(path: Path) -> tuple[ReportKind, Report]:
    """
    Return a report's kind and its JSON, checked.

    Raises:
        UsageError: The file is not the JSON of a report of this version.
    """
    hint = "Name the .json beside a report's page."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=hint) from error
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {' '.join(str(error).split())}", hint=hint) from error
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise UsageError(
            f"{path} has version {version} of a report's JSON, not {VERSION}",
            hint="Make the report again, or verify it with the version of bakame-duck that made it.",
        )
    try:
        report = Report.model_validate(content)
        return next(kind for kind in KINDS.values() if kind.stem == report.report), report
    except (ValidationError, StopIteration) as error:
        raise UsageError(f"{path} is no report's JSON", hint=hint) from error


def _compare_files(
    reported: RecordedProvenance, recomputed: RecordedProvenance, data: Sequence[Path]
) -> tuple[frozenset[str], list[str], list[str]]:
    """Return the names of files whose ledger differs, the errors of the logs, and remarks."""
    before, now = ([*each.files, *each.health_checks, *each.voice_auditions] for each in (reported, recomputed))
    known = {file.name for file in before}
    fresh = {file.name for file in now if file.name not in known}
    others = [*find_health_checks(data), *find_auditions(data)]
    places = [*find_logs(data), *(LogFile(path, "none", live=True) for path in others)]
    changed, wrong, remarks = set(fresh), [], []
    for file in before:
        namesakes = [other for other in now if other.name == file.name]
        if any(other.sha256 == file.sha256 for other in namesakes):
            continue
        begins_alike = [name for place in places if (name := file_name(str(place.path))) in {file.name, *fresh}
                        and _hash_of_first(place, file.bytes) == file.sha256]  # fmt: skip
        if file.name in begins_alike:
            remarks.append(f"{file.name} has grown; what the report read of it is unchanged")
        elif begins_alike:
            remarks.append(f"{file.name} is {begins_alike[0]} now; what the report read of it is unchanged")
        elif namesakes:
            wrong.append(f"{file.name}: another content (sha256 {file.sha256}, now {namesakes[0].sha256})")
        else:
            wrong.append(f"{file.name}: missing (sha256 {file.sha256})")
        changed.add(file.name)
    if fresh:
        remarks.append(
            f"{pluralize(len(fresh), 'file')} came since: {', '.join(sorted(fresh)[:3])}{', …' * (len(fresh) > 3)}"
        )
    return frozenset(changed), wrong, remarks


def _hash_of_first(file: LogFile, size: int) -> str | None:
    """Return the SHA-256 of the first *size* bytes of a log's content, in hex; None if it has fewer."""
    digest, left = hashlib.sha256(), size
    try:
        with open_log(file) as content:
            while left and (piece := content.read(min(left, 1 << 20))):
                digest.update(piece)
                left -= len(piece)
    except (OSError, EOFError, zlib.error, pa.ArrowException):
        return None
    return None if left else digest.hexdigest()


def _other_versions(reported: RecordedProvenance, recomputed: RecordedProvenance) -> list[str]:
    """Return in words which versions differ from those that made the report."""
    found = [
        f"{name} {version} made the report, {recomputed.versions.get(name)} recomputes it"
        for name, version in reported.versions.items()
        if version != recomputed.versions.get(name)
    ]
    return found + (["The SQL that made the report is another"] if reported.sql != recomputed.sql else [])


def _values(
    value: Any, left_out: frozenset[str], changed: frozenset[str], place: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield every value in *value* with its path, without the columns *left_out* and rows of files that *changed*."""
    match value:
        case dict():
            for name, item in value.items():
                if name not in left_out:
                    yield from _values(item, left_out, changed, f"{place}.{name}" if place else name)
        case list():
            rows = [item for item in value if not (isinstance(item, dict) and item.get("file") in changed)]
            yield f"{place}.length", len(rows)
            for number, item in enumerate(rows):
                yield from _values(item, left_out, changed, f"{place}[{number}]")
        case _:
            yield place, value


def _same(reported: Any, recomputed: Any) -> bool:
    return type(reported) is type(recomputed) and bool(reported == recomputed)


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=True)
