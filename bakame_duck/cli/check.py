"""Check that all logs were read, and that a report's numbers agree with the logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bakame_duck.cli.options import Data, Mirror, log_folders
from bakame_duck.cli.output import connect, print_note, stderr
from bakame_duck.formats import LedgerFormat


def check(
    data: Data = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 4 if any record was rejected or has no usable timestamp.")
    ] = False,
    mirror: Mirror = None,
    form: Annotated[LedgerFormat, typer.Option("--format", help="Format of the ledger.")] = LedgerFormat.TABLE,
) -> None:
    """
    Show the ledger: how many records of each log were read, which were not, and why.

    The exit code is 4 if a file could not be read; with --strict, also if a record was rejected or is undated.

    [dim]bakame-duck check --data logs/ --strict[/]
    """
    from bakame_duck.cli import ledger

    parts = ledger.read_ledger(connect(log_folders(data), mirror=mirror, name_skipped=False))
    ledger.write_ledger(parts, form, sys.stdout.buffer)
    totals = parts["totals"].row(0, named=True)
    if totals["unreadable"]:
        problem = "Some files could not be read."
    elif strict and (totals["rejects"] or totals["undated"]):
        problem = "Some records were rejected or have no usable timestamp."
    else:
        return
    stderr.print(f"[bold red]{problem}[/] Exit code 4.")
    raise typer.Exit(4)


def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json", help="The numbers of a report.")],
    data: Data = None,
    mirror: Mirror = None,
) -> None:
    """
    Recompute a report's numbers from the logs, and list those that differ.

    The exit code is 4 if a number differs, or if a log is missing or has other content.

    [dim]bakame-duck verify reports/weekly-performance-2026-W03.json --data logs/[/]
    """
    from bakame_duck.reports.verify import verify_report

    folders = log_folders(data)
    connect(folders, mirror=mirror, name_skipped=False).close()  # inspects new logs with progress
    result = verify_report(report, data=folders, mirror=mirror)
    for remark in result.remarks:
        print_note(remark)
    for line in result.lines():
        print(line)
    if not result.agrees:
        raise typer.Exit(4)
