"""Write reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from bakame_duck import timespan
from bakame_duck.cli.options import Data, Mirror, Out, PageFormats, Timezone, log_folders, use_mirror
from bakame_duck.cli.output import connect, print_error, progress_bar, refresh_cache, stderr
from bakame_duck.errors import BakameDuckError, PeriodError, UsageError, nearest
from bakame_duck.formats import PageFormat
from bakame_duck.reports.pdf import find_chromium
from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.settings import load_settings
from bakame_duck.timespan import Period

if TYPE_CHECKING:
    import duckdb

    from bakame_duck.reports.request import ReportRequest

app = typer.Typer(no_args_is_help=True, help="Write a report: HTML, notebook and JSON.")

ChoosePeriods = Callable[["duckdb.DuckDBPyConnection"], tuple[list[Period], Period | None]]
"""Returns the periods to report on, a report each, and the one to compare with."""


@app.command()
def weekly(
    week: Annotated[
        str | None,
        typer.Option(
            help="An ISO week such as 2026-W03, or 'latest': the newest complete week.",
            show_default="latest",
        ),
    ] = None,
    last: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The N newest complete weeks, a report each.")
    ] = None,
    compare_to: Annotated[
        str | None,
        typer.Option(metavar="WEEK", help="The week to compare with.", show_default="the week before"),
    ] = None,
    fail_on_breach: Annotated[
        bool, typer.Option("--fail-on-breach", help="Exit with code 3 if an objective is breached.")
    ] = False,
    data: Data = None,
    out: Out = None,
    timezone: Timezone = None,
    mirror: Mirror = None,
    form: PageFormats = "html",
) -> None:
    """
    Write the weekly performance report.

    [dim]bakame-duck report weekly --week 2026-W03 --data logs/ --out reports/[/]
    [dim]bakame-duck report weekly --last 8 --fail-on-breach[/]
    [dim]bakame-duck report weekly --week 2026-W03 --compare-to 2026-W01[/]
    """
    if week is not None and last is not None:
        raise PeriodError("A report covers one week or the newest ones", hint="Give --week or --last, not both.")
    zone = _zone(timezone)
    for named in (week, compare_to):
        timespan.check_week(named, zone)

    def choose(con: duckdb.DuckDBPyConnection) -> tuple[list[Period], Period | None]:
        weeks = (
            timespan.newest_weeks(con, last, zone)
            if last
            else [timespan.choose_week(con, "latest" if week is None else week, zone)]
        )
        compared = None if compare_to is None else timespan.choose_week(con, compare_to, zone)
        if compared in weeks:
            raise PeriodError(f"{compare_to} would be compared with itself", hint="Give another week to --compare-to.")
        return weeks, compared

    written = _write_reports("weekly", choose, data=data, out=out, mirror=mirror, form=form)
    if fail_on_breach and (breaches := [line for paths in written for line in _breaches(paths)]):
        stderr.print(f"[bold red]Breached:[/] {escape('; '.join(breaches))}. Exit code 3.", soft_wrap=True)
        raise typer.Exit(3)


@app.command()
def tts(
    week: Annotated[
        str | None, typer.Option(help="An ISO week such as 2026-W03, or 'latest'.", show_default="latest")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="First day, such as 2025-12-22.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="The day after the last.")] = None,
    last: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The N newest complete weeks, in one report.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The configuration to compare with: its name in the report, a part of the name, or its number.",
            show_default="the most used",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="voice,rate",
            help=f"The settings that define a configuration, of {', '.join(TTS_SETTINGS)}.",
            show_default="all",
        ),
    ] = None,
    data: Data = None,
    out: Out = None,
    timezone: Timezone = None,
    mirror: Mirror = None,
    form: PageFormats = "html",
) -> None:
    """
    Write the TTS-tuning report for a week, for the newest weeks together, or for any range of days.

    [dim]bakame-duck report tts --last 4[/]
    [dim]bakame-duck report tts --since 2025-12-22 --until 2026-01-19 --baseline "Asteria 0.95"[/]
    [dim]bakame-duck report tts --week 2026-W03 --by voice,rate[/]
    """
    ranges = (week is not None) + (last is not None) + (since is not None or until is not None)
    if ranges > 1 or (since is None) != (until is None):
        raise PeriodError(
            "A report covers a week, the newest weeks, or a range of days with both its ends",
            hint="Give --week, or --last, or --since and --until.",
        )
    zone = _zone(timezone)
    timespan.check_week(week, zone)
    days = timespan.parse_days(since, until, zone) if since is not None and until is not None else None
    settings = {} if by is None else {"by": by.replace(" ", "").lower()}

    def choose(con: duckdb.DuckDBPyConnection) -> tuple[list[Period], None]:
        if days is not None:
            period = timespan.require_records(con, days)
        elif last is not None:
            weeks = timespan.newest_weeks(con, last, zone)
            period = timespan.period_between(weeks[0].since, weeks[-1].until, zone)
        else:
            period = timespan.choose_week(con, "latest" if week is None else week, zone)
        if baseline is not None:
            _check_baseline(con, period, baseline, settings)
        return [period], None

    parameters = {"baseline": baseline, "min_effect": load_settings().tts_min_effect, **settings}
    _write_reports("tts", choose, data=data, out=out, mirror=mirror, form=form, parameters=parameters)


def _check_baseline(con: duckdb.DuckDBPyConnection, period: Period, baseline: str, settings: Mapping[str, str]) -> None:
    """Raise a usage error for an unknown baseline before a notebook runs."""
    from bakame_duck.catalog.metrics import metric
    from bakame_duck.reports.tts.charts import named
    from bakame_duck.reports.tts.names import find_baseline

    rows = metric(con, "tts_configurations", since=period.since, until=period.until, **settings).pl()
    find_baseline(named(rows).to_dicts(), baseline)


def _zone(timezone: str | None) -> str:
    return timespan.check_timezone(timezone) if timezone else load_settings().timezone


def _write_reports(
    kind: str,
    choose: ChoosePeriods,
    *,
    data: list[Path] | None,
    out: Path | None,
    mirror: bool | None,
    form: str,
    parameters: Mapping[str, object] | None = None,
) -> list[list[Path]]:
    """
    Write one or more reports, print their paths and return them.

    Args:
        kind: The kind of report.

        choose: Chooses the periods, once the logs are connected.

        data: The option ``--data``.

        out: The option ``--out``.

        mirror: The option ``--mirror``.

        form: The option ``--format``.

        parameters: The notebook's parameters other than the period and the logs.

    Raises:
        typer.Exit: A report failed, which was printed; the others are written.
    """
    formats = _page_formats(form)
    folders, mirror, out = log_folders(data), use_mirror(mirror), out or load_settings().reports
    from bakame_duck.reports.kernel import Kernel

    with Kernel() as kernel:  # starts while the logs are inspected
        from bakame_duck.reports import index, runner

        requests = _requests(kind, choose, folders, mirror, parameters or {})
        labels = dict.fromkeys([requests[0].period.label, requests[-1].period.label])
        with progress_bar(f"{requests[0].kind.title} {' to '.join(labels)}") as bar:
            cell_done = _counter(bar, sum(request.cells for request in requests))
            results = runner.make_reports(requests, out=out, formats=formats, cell_done=cell_done, kernel=kernel)
    written = [paths for paths in results if isinstance(paths, list)]
    for path in chain.from_iterable(written):
        print(path)
    if written:
        index.write_index(out)
    failures = [error for error in results if isinstance(error, BakameDuckError)]
    for error in failures:
        print_error(str(error), error.hint)
    if failures:
        raise typer.Exit(1)
    return written


def _requests(
    kind: str, choose: ChoosePeriods, folders: list[Path], mirror: bool, parameters: Mapping[str, object]
) -> list[ReportRequest]:
    """Return the requests for reports on the periods that *choose* finds in the logs."""
    from bakame_duck.reports.request import KINDS, build_request

    if mirror:
        refresh_cache(folders)
    with connect(folders, mirror=mirror) as con:
        periods, compare_to = choose(con)
    chosen = {**parameters, "data": tuple(folders), "mirror": mirror}
    return [build_request(KINDS[kind], period, compare_to=compare_to, **chosen) for period in periods]


def _page_formats(text: str) -> tuple[PageFormat, ...]:
    """Return the formats that a text such as ``html,pdf`` names; a PDF needs a browser."""
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in list(PageFormat):
            raise UsageError(
                f"Unknown report format '{name}'.{nearest(name, PageFormat)}",
                hint="Formats are html and pdf, or html,pdf.",
            )
    if PageFormat.PDF in names:
        find_chromium(load_settings().chromium)
    return tuple(PageFormat(name) for name in names)


def _counter(bar: Callable[..., None], total: int) -> Callable[[], None]:
    """Return a function that advances *bar* by one of *total*, from any thread."""
    done = count(1)
    return lambda: bar(min(next(done), total), total)


def _breaches(paths: list[Path]) -> list[str]:
    """Return the breached objectives of the report at *paths* as one text, if there are any."""
    from bakame_duck.reports.document import breached_objectives

    document = json.loads(next(path for path in paths if path.suffix == ".json").read_text(encoding="utf-8"))
    titles = ", ".join(breached_objectives(document))
    return [f"{document['period']}: {titles}"] if titles else []
