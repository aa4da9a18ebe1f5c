"""
The command line: results on stdout, everything else on stderr.

Exit codes: 0 done, 1 failed, 2 a request that cannot be meant, 3 an objective breached
(``report weekly --fail-on-breach``), 4 logs that are damaged or cannot be read (``check``).
A mistake is told in two lines, what failed and a hint; never as a traceback.

What takes long to import is imported by the commands that need it: nobody waits for DuckDB to be told the options,
and a report's kernel starts meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from typer.exceptions import TyperException

import bakame_duck
from bakame_duck import schema, timespan
from bakame_duck.errors import (
    BakameDuckError,
    CacheError,
    PeriodError,
    QueryError,
    UnknownParameterError,
    UsageError,
    nearest,
)
from bakame_duck.formats import Format, LedgerFormat, PageFormat
from bakame_duck.reports.pdf import find_chromium
from bakame_duck.resources import resource_folder
from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.settings import FILE_VARIABLE, load_settings, settings_file
from bakame_duck.timespan import Period

if TYPE_CHECKING:
    import duckdb
    import polars as pl

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The weekly reports and the analyst's bench for BAKAME's call logs.",
)
report_app = typer.Typer(no_args_is_help=True, help="Write a report: HTML, notebook and JSON.")
app.add_typer(report_app, name="report")

_stderr = Console(stderr=True, highlight=False)

Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Folder of the logs; may be given more than once.",
        show_default="the setting, else data/",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Folder to write to.", show_default="the setting, else reports/"),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone", help="Time zone that cuts days and weeks.", show_default="the setting, else Africa/Kigali"
    ),
]
Mirror = Annotated[
    bool | None,
    typer.Option(
        "--mirror/--no-mirror",
        help="Read rotated logs from their Parquet mirror where there is one, or straight from the logs.",
        show_default="the setting, else --mirror",
    ),
]
Formats = Annotated[
    str, typer.Option("--format", metavar="html,pdf", help="What the page is written as; a PDF needs Chromium.")
]
Form = Annotated[Format, typer.Option("--format", help="How rows are written.")]


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = app(standalone_mode=False) or 0
        if code == 130:  # typer makes this of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except BakameDuckError as error:
        _tell(str(error), error.hint)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _stderr.print("Interrupted; nothing half-made was left behind.")
        sys.exit(130)
    except TyperException as error:  # what the option parser refuses
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "bakame-duck"
        if message := error.format_message():  # without one, the help was asked for
            _tell(message, f"'{command} --help' shows what can be given.")
        sys.exit(2)
    except OSError as error:
        _tell(
            f"{error.filename or 'A file'}: {error.strerror or error}",
            "Look at the path, and whether it is yours to use.",
        )
        sys.exit(1)
    except Exception as error:
        import duckdb

        if not isinstance(error, duckdb.Error):
            raise
        _tell(str(error).splitlines()[0], "'bakame-duck sql \"from ingest_files\"' tells what was read.")
        sys.exit(1)


def _tell(message: str, hint: str) -> None:
    _stderr.print(f"[bold red]Error:[/] {escape(' '.join(message.split()))}", soft_wrap=True)
    _stderr.print(f"[bold]Hint:[/] {escape(hint)}", soft_wrap=True)


@contextmanager
def _progress(words: str) -> Iterator[Callable[..., None]]:
    """Give a callback that draws a bar on stderr, once there is something to wait for."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_stderr, transient=True, disable=not _stderr.is_terminal) as bar:
        task = bar.add_task(words, total=None)

        def advance(done: int, total: int, words: str = words) -> None:
            bar.update(task, description=words, completed=done, total=total)

        yield advance


def _folders(data: list[Path] | None) -> list[Path]:
    return data or list(load_settings().data)


def _connect(data: list[Path] | None, mirror: bool | None) -> duckdb.DuckDBPyConnection:
    from bakame_duck.catalog import connection

    with _progress("Inspecting logs") as progress:
        con = connection.connect(_folders(data), mirror=mirror, progress=progress)
    empty_handed = "select file, reason from ingest_files where state = 'unreadable' or (rows = 0 and rejects > 0)"
    for file, reason in con.sql(empty_handed).fetchall():
        _stderr.print(f"[yellow]Left out:[/] {escape(f'{file}: {reason}')}", soft_wrap=True)
    return con


def _write(relation: duckdb.DuckDBPyRelation | pl.DataFrame, form: Format) -> None:
    import polars as pl

    from bakame_duck import export

    if form is Format.PARQUET and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="Send it to a file: … --format parquet > rows.parquet")
    frame = relation if isinstance(relation, pl.DataFrame) else export.to_frame(relation)
    try:
        export.write_rows(frame, form, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough; typer would call that a failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@report_app.command()
def weekly(
    week: Annotated[
        str | None,
        typer.Option(
            help="An ISO week such as 2026-W03, or 'latest': the newest whole one.",
            show_default="latest",
        ),
    ] = None,
    last: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The N newest whole weeks, a report each.")
    ] = None,
    compare_to: Annotated[
        str | None,
        typer.Option(metavar="WEEK", help="The week to compare with.", show_default="the week before"),
    ] = None,
    fail_on_breach: Annotated[
        bool, typer.Option("--fail-on-breach", help="Leave with exit code 3 when an objective is breached.")
    ] = False,
    data: Data = None,
    out: Out = None,
    timezone: Timezone = None,
    mirror: Mirror = None,
    form: Formats = "html",
) -> None:
    """
    Write the weekly performance report.

    [dim]bakame-duck report weekly --week 2026-W03 --data logs/ --out reports/[/]
    [dim]bakame-duck report weekly --last 8 --fail-on-breach[/]
    [dim]bakame-duck report weekly --week 2026-W03 --compare-to 2026-W01[/]
    """
    if week is not None and last is not None:
        raise PeriodError("A report is of one week or of the last ones", hint="Give --week or --last, not both.")
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
            raise PeriodError(f"{compare_to} would be compared with itself", hint="Name another week to --compare-to.")
        return weeks, compared

    written = _report("weekly", data, out, mirror, form, choose)
    if fail_on_breach and (found := [line for paths in written for line in _breaches(paths)]):
        _stderr.print(f"[bold red]Breached:[/] {escape('; '.join(found))}. Exit code 3.", soft_wrap=True)
        raise typer.Exit(3)


@report_app.command()
def tts(
    week: Annotated[
        str | None, typer.Option(help="An ISO week such as 2026-W03, or 'latest'.", show_default="latest")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="First day, such as 2025-12-22.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="The day after the last.")] = None,
    last: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The N newest whole weeks, in one report.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The configuration to compare with: its name in the report, or a part of it, or its number.",
            show_default="the most used",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="voice,rate",
            help=f"The settings that make a configuration, of {', '.join(TTS_SETTINGS)}.",
            show_default="all",
        ),
    ] = None,
    data: Data = None,
    out: Out = None,
    timezone: Timezone = None,
    mirror: Mirror = None,
    form: Formats = "html",
) -> None:
    """
    Write the TTS-tuning report, for a week, for the newest weeks together, or for any span of days.

    [dim]bakame-duck report tts --last 4[/]
    [dim]bakame-duck report tts --since 2025-12-22 --until 2026-01-19 --baseline "Asteria 0.95"[/]
    [dim]bakame-duck report tts --week 2026-W03 --by voice,rate[/]
    """
    spans = (week is not None) + (last is not None) + (since is not None or until is not None)
    if spans > 1 or (since is None) != (until is None):
        raise PeriodError(
            "A report is of a week, of the last ones, or of a span of days with both its ends",
            hint="Give --week, or --last, or --since and --until.",
        )
    zone = _zone(timezone)
    timespan.check_week(week, zone)
    days = timespan.parse_days(since, until, zone) if since is not None and until is not None else None
    chosen: dict[str, object] = {} if by is None else {"settings": by.replace(" ", "").lower()}

    def choose(con: duckdb.DuckDBPyConnection) -> tuple[list[Period], None]:
        if days is not None:
            period = timespan.require_records(con, days)
        elif last is not None:
            weeks = timespan.newest_weeks(con, last, zone)
            period = timespan.period_between(weeks[0].since, weeks[-1].until, zone)
        else:
            period = timespan.choose_week(con, "latest" if week is None else week, zone)
        if baseline is not None:
            _check_baseline(con, period, baseline, chosen)
        return [period], None

    worth = load_settings().tts_min_effect
    _report("tts", data, out, mirror, form, choose, baseline=baseline, min_effect=worth, **chosen)


def _check_baseline(
    con: duckdb.DuckDBPyConnection, period: Period, baseline: str, chosen: Mapping[str, object]
) -> None:
    """Refuse a baseline that nobody would find, before a kernel is started for it."""
    from bakame_duck.catalog import metrics
    from bakame_duck.reports.tts import charts, text

    rows = metrics.metric(con, "tts_configurations", since=period.since, until=period.until, **chosen).pl()
    text.find_baseline(charts.named(rows).to_dicts(), baseline)


def _zone(timezone: str | None) -> str:
    return timespan.check_timezone(timezone) if timezone else load_settings().timezone


def _report(
    kind: str,
    data: list[Path] | None,
    out: Path | None,
    mirror: bool | None,
    form: str,
    choose: Callable[[duckdb.DuckDBPyConnection], tuple[list[Period], Period | None]],
    **parameters: object,
) -> list[list[Path]]:
    """
    Make one report or several, print their paths and return them; those that failed are told, for exit code 1.

    The *parameters* are those of the report's notebook beside the period and the logs.
    """
    formats = _page_formats(form)
    mirror = load_settings().mirror if mirror is None else mirror
    folder = out or load_settings().reports
    from bakame_duck.reports.kernel import Kernel

    with Kernel() as kernel:
        from bakame_duck.reports import index, runner

        if mirror:
            _mirror(data)
        con = _connect(data, mirror)
        chosen, compare_to = choose(con)
        _prepare(con, chosen[0].since - runner.KINDS[kind].looks_back, chosen[-1].until, compare_to)
        con.close()
        parameters |= {"data": tuple(_folders(data)), "mirror": mirror}
        orders = [
            runner.build_request(runner.KINDS[kind], period, compare_to=compare_to, **parameters) for period in chosen
        ]
        labels = dict.fromkeys([chosen[0].label, chosen[-1].label])
        with _progress(f"{orders[0].kind.title} {' to '.join(labels)}") as bar:
            cell_done = _counter(bar, sum(order.cells for order in orders))
            made = runner.make_reports(orders, out=folder, formats=formats, cell_done=cell_done, kernel=kernel)
    written = [paths for paths in made if isinstance(paths, list)]
    for path in chain.from_iterable(written):
        print(path)
    if written:
        index.write_index(folder)
    failures = [error for error in made if isinstance(error, BakameDuckError)]
    for error in failures:
        _tell(str(error), error.hint)
    if failures:
        raise typer.Exit(1)
    return written


def _page_formats(text: str) -> tuple[PageFormat, ...]:
    """Return the formats that a text such as ``html,pdf`` names; for a PDF there has to be a browser."""
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in list(PageFormat):
            raise UsageError(
                f"A report has no format '{name}'.{nearest(name, PageFormat)}",
                hint="Formats are html and pdf, or html,pdf.",
            )
    if PageFormat.PDF in names:
        find_chromium(load_settings().chromium)
    return tuple(PageFormat(name) for name in names)


def _counter(bar: Callable[..., None], total: int) -> Callable[[], None]:
    """Return what moves *bar* on by one of *total* cells, from any thread."""
    done = count(1)
    return lambda: bar(min(next(done), total), total)


def _breaches(paths: list[Path]) -> list[str]:
    """Return which objectives the report at *paths* says are breached, in one text."""
    from bakame_duck.reports import runner

    told = json.loads(next(path for path in paths if path.suffix == ".json").read_text(encoding="utf-8"))
    found = ", ".join(runner.breached(told))
    return [f"{told['period']}: {found}"] if found else []


def _mirror(data: list[Path] | None) -> None:
    """Mirror what is about to be read again and again; where there is no room for it, the logs themselves will do."""
    from bakame_duck.ingest.mirror import refresh

    try:
        with _progress("Mirroring logs") as progress:
            refresh(_folders(data), progress=progress)
    except CacheError as error:
        _stderr.print(f"[yellow]Without a mirror:[/] {escape(str(error))}", soft_wrap=True)


def _prepare(con: duckdb.DuckDBPyConnection, since: datetime, until: datetime, compare_to: Period | None) -> None:
    """Keep beside the mirrors what reports will take from there; where there is no room for it, they do without."""
    from bakame_duck.catalog import holding

    try:
        with _progress("Summing logs up") as progress:
            other = (compare_to.since, compare_to.until) if compare_to else None
            holding.prepare(con, since=since, until=until, other=other, progress=progress)
    except CacheError as error:
        _stderr.print(f"[yellow]Without sums of the logs:[/] {escape(str(error))}", soft_wrap=True)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(metavar="SQL", help="A query over the views and metrics; '-' reads it from stdin.")
    ],
    data: Data = None,
    mirror: Mirror = None,
    form: Form = Format.TABLE,
) -> None:
    """
    Run SQL over the logs.

    [dim]bakame-duck sql "select error, count(*) from turns where error_stage = 'tts' group by all"[/]
    """
    import duckdb

    text = sys.stdin.read() if query == "-" else query
    con = _connect(data, mirror)
    try:
        relation = con.sql(text)
        if relation is not None:
            _write(relation, form)
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise QueryError(
            lines[0],
            hint=next(
                (line.strip() for line in lines[1:] if "Did you mean" in line),
                "'bakame-duck sql \"show tables\"' lists the views.",
            ),
        ) from error


@app.command()
def query(
    name: Annotated[
        str | None, typer.Argument(metavar="METRIC", help="Its name; without it, the list of them all.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="now|latest|ISO", help="The instant that a metric looks back from.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be given more than once.")
    ] = None,
    data: Data = None,
    mirror: Mirror = None,
    form: Form = Format.TABLE,
) -> None:
    """
    Run a metric by name.

    [dim]bakame-duck query error_rate_analysis --as-of latest[/]
    [dim]bakame-duck query latency_percentiles --set since=2026-01-12 --set until=2026-01-19[/]
    """
    import polars as pl

    from bakame_duck.catalog import metrics

    if name is None:
        rows = [(m.name, m.meaning, ", ".join(m.parameters)) for m in metrics.list_metrics()]
        _write(pl.DataFrame(rows, schema=["metric", "meaning", "parameters"], orient="row"), form)
        return
    con = _connect(data, mirror)
    known = {metric.name: metric.parameters for metric in metrics.list_metrics(con)}
    arguments: dict[str, object] = dict(_assignment(text) for text in assignments or [])
    if as_of:
        arguments["as_of"] = _instant_of(con, as_of)
    relation = metrics.metric(con, name, **arguments)
    if "as_of" not in arguments and "as_of" in known[name]:
        _stderr.print("[dim]As of now; --as-of latest looks back from the last record instead.[/]")
    _write(relation, form)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UnknownParameterError(f"--set {text} names no value", hint="Write --set name=value.")
    return name.strip().replace("-", "_"), value.strip()


def _instant_of(con: duckdb.DuckDBPyConnection, text: str) -> object:
    """Return what ``--as-of`` means: no instant for now, that of the last record, or the text."""
    match text:
        case "now":
            return None
        case "latest":
            return con.sql("select max(timestamp) from user_sessions").fetchall()[0][0]
        case _:
            return text


@app.command()
def check(
    data: Data = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with exit code 4 on any loss, be it one rejected piece.")
    ] = False,
    mirror: Mirror = None,
    form: Annotated[LedgerFormat, typer.Option("--format", help="How the ledger is written.")] = LedgerFormat.TABLE,
) -> None:
    """
    Show the ledger: what was read of every log, what could not be, and where.

    Exit code 4 tells of a file that cannot be read; with --strict, of any reject too.

    [dim]bakame-duck check --data logs/ --strict[/]
    """
    from bakame_duck.catalog import connection
    from bakame_duck.cli import ledger

    with _progress("Inspecting logs") as progress:
        con = connection.connect(_folders(data), mirror=mirror, progress=progress)
    book = ledger.read_ledger(con)
    ledger.write_ledger(book, form, sys.stdout.buffer)
    totals = book["totals"].row(0, named=True)
    if totals["unreadable"] or (strict and totals["rejects"]):
        _stderr.print("[bold red]Not all could be read.[/] Exit code 4.")
        raise typer.Exit(4)


@app.command(name="refresh")
def refresh_mirror(
    data: Data = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|ISO", help="Only files with records from this day, or instant in UTC, on."),
    ] = None,
) -> None:
    """
    Build or update the mirror: rotated logs as Parquet, from which they are read many times faster.

    [dim]bakame-duck refresh --data logs/ --since 2026-01-01[/]
    """
    from bakame_duck.ingest.mirror import refresh

    with _progress("Mirroring logs") as progress:
        done = refresh(
            _folders(data),
            since=None if since is None else timespan.parse_instant(since),
            progress=progress,
        )
    print(
        f"{done.built} of {done.files} rotated logs mirrored anew: {done.rows:,} records, "
        f"{decimal(done.log_bytes)} of logs in {decimal(done.mirror_bytes)}"
    )


@app.command(name="schema")
def show_schema(form: Form = Format.TABLE) -> None:
    """
    Show the 31 columns: type, unit, meaning, the specification's example.

    [dim]bakame-duck schema --format markdown[/]
    """
    import polars as pl

    rows = [(column.name, column.type, column.unit, column.meaning, column.example) for column in schema.COLUMNS]
    _write(pl.DataFrame(rows, schema=["column", "type", "unit", "meaning", "example"], orient="row"), form)


@app.command(name="sample")
def make_sample(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder without logs; it is made when missing.")],
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 35,
    rows_per_day: Annotated[int, typer.Option(min=1, help="About how many records a day.")] = 260,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """
    Write synthetic logs with every oddity of the real ones.

    [dim]bakame-duck sample try/ --days 7 --rows-per-day 2000[/]
    """
    from bakame_duck.sample import logs

    with _progress("Writing days") as progress:
        paths = logs.write_sample(folder, days=days, rows_per_day=rows_per_day, seed=seed, progress=progress)
    for path in paths:
        print(path)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json", help="The numbers of a report.")],
    data: Data = None,
    mirror: Mirror = None,
) -> None:
    """
    Derive a report's numbers again from the logs, and name those that differ.

    Exit code 1 tells that a number differs, or that a log is missing or has another content.

    [dim]bakame-duck verify reports/weekly-performance-2026-W03.json --data logs/[/]
    """
    from bakame_duck.catalog import connection
    from bakame_duck.reports import verify

    with _progress("Inspecting logs") as progress:
        connection.connect(_folders(data), mirror=mirror, progress=progress).close()
    found = verify.verify_report(report, data=_folders(data), mirror=mirror)
    for remark in found.remarks:
        _stderr.print(f"[yellow]Note:[/] {escape(remark)}", soft_wrap=True)
    for line in found.lines():
        print(line)
    if not found.agrees:
        raise typer.Exit(1)


@app.command()
def lab(
    data: Data = None,
    mirror: Mirror = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- JUPYTERLAB OPTIONS]", help="Passed on to JupyterLab.")
    ] = None,
) -> None:
    """
    Open JupyterLab on the notebooks, connected to the data.

    [dim]bakame-duck lab --data logs/ -- --no-browser --port 8899[/]
    """
    mirror = load_settings().mirror if mirror is None else mirror
    if mirror:
        _mirror(data)
    _connect(data, mirror).close()
    # The kernels start in the notebooks' folder, where neither a relative path nor the settings file would be found.
    environment = {
        "BAKAME_DUCK_DATA": os.pathsep.join(str(folder.resolve()) for folder in _folders(data)),
        "BAKAME_DUCK_MIRROR": str(mirror),
    }
    if settings_file().is_file():
        environment[FILE_VARIABLE] = str(settings_file().resolve())
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        str(resource_folder("notebooks") / "explore.ipynb"),
        *(arguments or []),
    ]
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is JupyterLab's to answer: it asks first
    raise typer.Exit(subprocess.call(command, env=os.environ | environment))  # noqa: S603 - the user's own arguments


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the versions of the kit and of DuckDB.")] = False,
) -> None:
    if version:
        import duckdb

        print(f"bakame-duck {bakame_duck.__version__} (DuckDB {duckdb.__version__})")
        raise typer.Exit
