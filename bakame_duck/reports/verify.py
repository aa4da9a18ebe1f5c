"""
Derive a report's numbers a second time, and tell which of them differ.

The report's own notebook is executed again over the logs, with the parameters and
objectives that the report's JSON names. Nothing is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, JsonValue, ValidationError

from bakame_duck.errors import UsageError
from bakame_duck.formatting import pluralize
from bakame_duck.ingest.files import LogFile, find_auditions, find_health_checks, find_logs
from bakame_duck.ingest.scanner import open_log
from bakame_duck.reports.request import Instant
from bakame_duck.reports.runner import KINDS, VERSION, ReportKind, build_request, recompute
from bakame_duck.sanitize import file_name
from bakame_duck.timespan import Period, days_of

MOST_LINES = 50
PSEUDONYMS = frozenset({"caller", "phone_number", "pseudonym"})
"""Columns of a report that hold pseudonyms."""

_NOTHING = object()


class File(BaseModel):
    """A file of a receipt."""

    name: str
    state: str = "no log"
    bytes: int
    sha256: str | None


class Receipt(BaseModel):
    """What verifying needs of a receipt."""

    files: list[File]
    health_checks: list[File]
    voice_auditions: list[File]
    objectives: dict[str, float]
    pseudonym_key: str | None
    sql: str
    versions: dict[str, str]


class Report(BaseModel):
    """What verifying needs of a report's JSON."""

    report: str
    version: int
    period: str
    since: Instant
    until: Instant
    timezone: str
    parameters: dict[str, Any]
    receipt: Receipt
    numbers: dict[str, list[dict[str, JsonValue]]]


@dataclass(frozen=True)
class Verification:
    """
    What became of verifying a report.

    Attributes:
        numbers: How many values were compared.

        differences: Each that differs: its path, the value reported and the one derived.

        files: What is wrong with the logs: missing ones, others than were read.

        remarks: What the reader should know besides.
    """

    numbers: int
    differences: Sequence[tuple[str, Any, Any]] = ()
    files: Sequence[str] = ()
    remarks: Sequence[str] = field(default=(), compare=False)

    @property
    def agrees(self) -> bool:
        """Whether every number and every log is as the report says."""
        return not self.differences and not self.files

    def lines(self) -> Iterator[str]:
        """Yield what was found, line by line."""
        yield from self.files
        for path, reported, derived in self.differences[:MOST_LINES]:
            yield f"{path}: reported {_shown(reported)}, derived {_shown(derived)}"
        if (more := len(self.differences) - MOST_LINES) > 0:
            yield f"… and {more:,} more"
        if not self.differences:
            yield f"all {self.numbers:,} numbers agree"
        else:
            yield f"{len(self.differences):,} of {self.numbers:,} numbers differ"


def verify_report(path: Path, *, data: Sequence[Path], mirror: bool | None = None) -> Verification:
    """
    Derive the numbers of a report again.

    Args:
        path: The report's JSON.

        data: The folders of the logs.

        mirror: Whether rotated logs are read from their mirror; by default as the settings say.

    Raises:
        UsageError: It is no JSON of a report of this version.

        ReportError: The notebook failed.
    """
    kind, report = read_report(path)
    chosen = {name: value for name, value in report.parameters.items() if name not in ("since", "until", "timezone")}
    days = days_of(report.since, report.until, report.timezone)
    period = Period(report.period, days[0], days[-1], report.timezone)
    order = build_request(kind, period, data=tuple(data), mirror=mirror, **chosen)
    with _objectives(report.receipt.objectives):
        derived = recompute(order)
    receipt = Receipt.model_validate(derived["receipt"])
    changed, wrong, remarks = _compare_files(report.receipt, receipt, data)
    remarks += _other_versions(report.receipt, receipt)
    left_out: frozenset[str] = frozenset()
    if report.receipt.pseudonym_key != receipt.pseudonym_key:
        left_out = PSEUDONYMS
        remarks.append("The report's pseudonyms have another key; they are not compared")
    reported = dict(_values(report.numbers, left_out, changed))
    again = dict(_values(derived["numbers"], left_out, changed))
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
        UsageError: It is no JSON of a report of this version.
    """
    hint = "Name the .json that lies beside a report's page."
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
            hint="Make the report again, or verify it with the kit that made it.",
        )
    try:
        report = Report.model_validate(content)
        return next(kind for kind in KINDS.values() if kind.stem == report.report), report
    except (ValidationError, StopIteration) as error:
        raise UsageError(f"{path} is no report's JSON", hint=hint) from error


@contextmanager
def _objectives(targets: Mapping[str, float]) -> Iterator[None]:
    """Let the kernel judge by the report's own targets, whatever the settings say today."""
    given = {f"BAKAME_DUCK_OBJECTIVES__{name.upper()}": str(target) for name, target in targets.items()}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _compare_files(
    reported: Receipt, derived: Receipt, data: Sequence[Path]
) -> tuple[frozenset[str], list[str], list[str]]:
    """Return the names of files whose ledger cannot be the same, what is wrong with the logs, and what to remark."""
    before, now = (
        [*receipt.files, *receipt.health_checks, *receipt.voice_auditions] for receipt in (reported, derived)
    )
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
    """Return the SHA-256 of the first *size* bytes of a log's content, in hex; None where it has not as many."""
    digest, left = hashlib.sha256(), size
    try:
        with open_log(file) as content:
            while left and (piece := content.read(min(left, 1 << 20))):
                digest.update(piece)
                left -= len(piece)
    except (OSError, EOFError, zlib.error, pa.ArrowException):
        return None
    return None if left else digest.hexdigest()


def _other_versions(reported: Receipt, derived: Receipt) -> list[str]:
    """Return in words what made the report and is not what derives it."""
    found = [
        f"{name} {version} made the report, {derived.versions.get(name)} derives it"
        for name, version in reported.versions.items()
        if version != derived.versions.get(name)
    ]
    return found + (["The SQL that made the report is another"] if reported.sql != derived.sql else [])


def _values(
    value: Any, left_out: frozenset[str], changed: frozenset[str], place: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield every value below *value* by its path; not of columns *left_out*, nor of rows of files that *changed*."""
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


def _same(reported: Any, derived: Any) -> bool:
    return type(reported) is type(derived) and bool(reported == derived)


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=True)
