"""
List the reports of a folder on one page, with their verdicts and each objective's history.

Everything is read from the reports' JSON files. Other files are skipped, and so are broken ones.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

import bakame_duck
from bakame_duck.atomic import new_file
from bakame_duck.formatting import amount, day_span, pluralize, target
from bakame_duck.palette import PALETTE
from bakame_duck.reports.blocks import VERDICT_LABELS
from bakame_duck.reports.request import KINDS
from bakame_duck.reports.sparkline import sparkline
from bakame_duck.timespan import days_of

NAME = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"
_MAX_WEEKS = 26


def _current_status(status: str) -> str:
    """Return a *status* of version 2 by its current name."""
    return "inconclusive" if status == "can't say" else status


class Objective(BaseModel):
    """What the index shows of an objective in a report."""

    objective: str
    title: str
    kind: str
    comparison: Literal["<", ">"]
    unit: str
    target: float
    measured: float | None
    status: Annotated[str, AfterValidator(_current_status)]


class Numbers(BaseModel):
    """The part of a report's numbers that the index shows."""

    objectives: list[Objective] = Field(default_factory=list)


class ListedReport(BaseModel):
    """What the index shows of a report."""

    report: str
    version: Literal[2, 3]  # both have the same objectives
    period: str
    since: AwareDatetime
    until: AwareDatetime
    timezone: str
    numbers: Numbers


@dataclass(frozen=True)
class Entry:
    """
    A report of the folder.

    Attributes:
        link: Its page.

        title: Its kind and period.

        days: Its days in words.

        chips: Its verdicts: tone and words.

        others: Links to its other files: words and name.

        document: Its JSON.
    """

    link: str
    title: str
    days: str
    chips: Sequence[tuple[str, str]]
    others: Sequence[tuple[str, str]]
    document: ListedReport


@dataclass(frozen=True)
class History:
    """
    An objective through the weeks.

    Attributes:
        title: Its name.

        target: Its target in words.

        latest: The newest measurement in words.

        tone: How the newest was judged.

        verdict: The same in words.

        picture: The weeks as a line, with the target dashed.
    """

    title: str
    target: str
    latest: str
    tone: str
    verdict: str
    picture: Markup


def write_index(folder: Path) -> Path:
    """
    Write the page that lists the reports of *folder*; return its path.

    Only one process at a time lists a folder, so that concurrent runs don't lose a report.
    """
    path = folder / NAME
    with _locked(folder), new_file(path) as unfinished:
        unfinished.write_text(render_index(folder), encoding="utf-8")
    return path


def render_index(folder: Path) -> str:
    """Return the page that lists the reports of *folder*."""
    entries = sorted(_entries(folder), key=lambda entry: (entry.document.until, entry.document.since), reverse=True)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES / "index"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    weeks = _weeks(entries)
    return environment.get_template("index.html.j2").render(
        entries=entries,
        histories=list(_histories(weeks)),
        weeks=f"{weeks[0].period} to {weeks[-1].period}" if len(weeks) > 1 else "".join(week.period for week in weeks),
        reports=pluralize(len(entries), "report"),
        palette=PALETTE,
        style=Markup((_TEMPLATES / "report" / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own
        version=bakame_duck.__version__,
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock *folder* where the system can."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a share without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _entries(folder: Path) -> Iterator[Entry]:
    titles = {kind.stem: kind.title for kind in KINDS.values()}
    for path in sorted(folder.glob("*.json")):
        try:
            document = ListedReport.model_validate_json(path.read_bytes())
            title = titles[document.report]
            days = _days(document)
            first, last = days[0], days[-1]
        except (OSError, ValueError, LookupError):  # what pydantic and zoneinfo raise are such
            continue
        pages = [path.with_suffix(suffix).name for suffix in (".html", ".pdf") if path.with_suffix(suffix).is_file()]
        counts = Counter(objective.status for objective in document.numbers.objectives)
        yield Entry(
            link=quote(pages[0] if pages else path.name),
            title=f"{title}, {document.period}",
            days=day_span(first, last),
            chips=[
                (tone, f"{counts[status]} {words.lower()}")
                for status, (tone, words) in VERDICT_LABELS.items()
                if counts[status]
            ],
            others=[
                (suffix.removeprefix(".").upper().replace("IPYNB", "notebook"), quote(name))
                for suffix in (".pdf", ".ipynb", ".json")
                if (name := path.with_suffix(suffix).name) not in pages[:1] and path.with_suffix(suffix).is_file()
            ],
            document=document,
        )


def _days(document: ListedReport) -> list[date]:
    since, until = (instant.replace(tzinfo=None) for instant in (document.since, document.until))
    return days_of(since, until, document.timezone)


def _weeks(entries: Sequence[Entry]) -> list[ListedReport]:
    """Return the newest weekly reports, each week once, oldest first."""
    weeks = {entry.document.period: entry.document for entry in reversed(entries) if entry.document.numbers.objectives}
    return list(weeks.values())[-_MAX_WEEKS:]


def _histories(weeks: Sequence[ListedReport]) -> Iterator[History]:
    """Yield every objective of the newest week, as it was measured through the *weeks*."""
    for newest in weeks[-1].numbers.objectives if weeks else []:
        through = [
            next((other for other in week.numbers.objectives if other.objective == newest.objective), None)
            for week in weeks
        ]
        tone, verdict = _label(newest.status)
        yield History(
            title=newest.title,
            target=target(newest.model_dump()),
            latest=amount(newest.measured, newest.unit),
            tone=tone,
            verdict=verdict.lower(),
            picture=_history(newest, [(week.period, at) for week, at in zip(weeks, through, strict=True)]),
        )


def _history(newest: Objective, weeks: Sequence[tuple[str, Objective | None]]) -> Markup:
    """Draw an objective's weeks with their verdicts."""
    measured = [(week, at) for week, at in weeks if at and at.measured is not None]
    if not measured:
        return Markup('<span class="mute">never measured</span>')
    return sparkline(
        [at.measured if at else None for _, at in weeks],
        target=newest.target,
        size=(220, 44),
        label="; ".join(f"{week} {amount(at.measured, at.unit)}" for week, at in measured),
        tones=[_label(at.status)[0] if at else "" for _, at in weeks],
    )


def _label(status: str) -> tuple[str, str]:
    """Return the tone and the words of a verdict; unknown ones are shown as they are."""
    return VERDICT_LABELS.get(status, ("neutral", status))
