"""
List the reports of a folder on one page, with their verdicts and each objective's history.

Everything is read from the reports' JSON files; one that is no report's, or broken, is passed over.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import AwareDatetime, BaseModel, Field

import bakame_duck
from bakame_duck.formatting import amount, day_span, pluralize, target
from bakame_duck.palette import PALETTE
from bakame_duck.reports.runner import KINDS
from bakame_duck.timespan import days_of

NAME = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"
_MOST_WEEKS = 26
_VERDICTS = {  # in the order of their chips
    "breached": ("bad", "breached"),
    "met": ("good", "met"),
    "inconclusive": ("unsure", "can’t say"),
    "too few": ("unsure", "too few turns"),
    "not measured": ("neutral", "not measured"),
}


class Objective(BaseModel):
    """What the index shows of an objective in a report."""

    objective: str
    title: str
    kind: str
    comparison: Literal["<", ">"]
    unit: str
    target: float
    measured: float | None
    status: str


class Numbers(BaseModel):
    """The part of a report's numbers that the index shows."""

    objectives: list[Objective] = Field(default_factory=list)


class Listed(BaseModel):
    """What the index shows of a report."""

    report: str
    version: Literal[2]
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

        told: Its JSON.
    """

    link: str
    title: str
    days: str
    chips: Sequence[tuple[str, str]]
    others: Sequence[tuple[str, str]]
    told: Listed


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

    It appears whole or not at all, and two at once don't lose a report.
    """
    path = folder / NAME
    with _alone(folder):
        content = render_index(folder)
        handle, unfinished = tempfile.mkstemp(dir=folder, prefix=".unfinished-", suffix=".html")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(content)
            mask = os.umask(0)
            os.umask(mask)
            Path(unfinished).chmod(0o666 & ~mask)  # mkstemp keeps it from everybody else
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    return path


def render_index(folder: Path) -> str:
    """Return the page that lists the reports of *folder*."""
    entries = sorted(_entries(folder), key=lambda entry: (entry.told.until, entry.told.since), reverse=True)
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
def _alone(folder: Path) -> Iterator[None]:
    """Let one process after the other list *folder*, where the system can lock it."""
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
            told = Listed.model_validate_json(path.read_bytes())
            title = titles[told.report]
            days = _days(told)
            first, last = days[0], days[-1]
        except (OSError, ValueError, LookupError):  # what pydantic and zoneinfo raise are such
            continue
        pages = [path.with_suffix(suffix).name for suffix in (".html", ".pdf") if path.with_suffix(suffix).is_file()]
        counts = Counter(objective.status for objective in told.numbers.objectives)
        yield Entry(
            link=quote(pages[0] if pages else path.name),
            title=f"{title}, {told.period}",
            days=day_span(first, last),
            chips=[
                (tone, f"{counts[status]} {words}") for status, (tone, words) in _VERDICTS.items() if counts[status]
            ],
            others=[
                (suffix.removeprefix(".").upper().replace("IPYNB", "notebook"), quote(name))
                for suffix in (".pdf", ".ipynb", ".json")
                if (name := path.with_suffix(suffix).name) not in pages[:1] and path.with_suffix(suffix).is_file()
            ],
            told=told,
        )


def _days(told: Listed) -> list[date]:
    since, until = (instant.replace(tzinfo=None) for instant in (told.since, told.until))
    return days_of(since, until, told.timezone)


def _weeks(entries: Sequence[Entry]) -> list[Listed]:
    """Return the newest weekly reports, each week once, oldest first."""
    weeks = {entry.told.period: entry.told for entry in reversed(entries) if entry.told.numbers.objectives}
    return list(weeks.values())[-_MOST_WEEKS:]


def _histories(weeks: Sequence[Listed]) -> Iterator[History]:
    """Yield every objective of the newest week, as it was measured through the *weeks*."""
    for newest in weeks[-1].numbers.objectives if weeks else []:
        through = [
            next((other for other in week.numbers.objectives if other.objective == newest.objective), None)
            for week in weeks
        ]
        tone, verdict = _VERDICTS.get(newest.status, ("neutral", newest.status))
        yield History(
            title=newest.title,
            target=target(newest.model_dump()),
            latest=amount(newest.measured, newest.unit),
            tone=tone,
            verdict=verdict,
            picture=_sparkline(newest, [(week.period, at) for week, at in zip(weeks, through, strict=True)]),
        )


def _sparkline(newest: Objective, weeks: Sequence[tuple[str, Objective | None]]) -> Markup:
    """Draw an objective's weeks as a line with gaps where nothing was measured, and its target dashed."""
    width, height, edge = 220, 44, 6
    measured = [at.measured for _, at in weeks if at and at.measured is not None]
    if not measured:
        return Markup('<span class="mute">never measured</span>')
    low, high = min([*measured, newest.target]), max([*measured, newest.target])
    step = (width - 2 * edge) / max(len(weeks) - 1, 1)

    def y(value: float) -> float:
        return height / 2 if high == low else height - edge - (value - low) / (high - low) * (height - 2 * edge)

    pieces: list[list[tuple[float, float, str]]] = [[]]
    words = []
    for number, (week, at) in enumerate(weeks):
        if at is None or at.measured is None:
            pieces.append([])
            continue
        x = edge + number * step if len(weeks) > 1 else width / 2
        pieces[-1].append((x, y(at.measured), _VERDICTS.get(at.status, ("neutral", ""))[0]))
        words.append(f"{week} {amount(at.measured, at.unit)}")
    lines = Markup("").join(
        Markup('<polyline class="line" points="{}"/>').format(" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in piece))
        for piece in pieces
        if len(piece) > 1
    )
    dots = Markup("").join(
        Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(tone, x, y)
        for piece in pieces
        for x, y, tone in piece
    )
    dashed = Markup('<line class="target" x1="0" x2="{w}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
        w=width, y=y(newest.target)
    )
    return Markup(
        '<svg class="bullet spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        "{dashed}{lines}{dots}</svg>"
    ).format(w=width, h=height, words="; ".join(words), dashed=dashed, lines=lines, dots=dots)
