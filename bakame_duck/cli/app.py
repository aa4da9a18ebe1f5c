"""
The command line: results on stdout, everything else on stderr.

Exit codes: 0 done, 1 failed, 2 usage error, 3 an objective is breached (``report weekly
--fail-on-breach``), 4 logs or numbers don't agree (``check``, ``verify``), 130 interrupted.
An error is printed as two lines, what is wrong and a hint, never as a traceback.

Commands import what is slow themselves, so that ``--help`` and a report's kernel start
without DuckDB.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

import bakame_duck
from bakame_duck.cli import check, data, lab, query, report
from bakame_duck.cli.output import print_error, stderr
from bakame_duck.errors import BakameDuckError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The weekly reports and the analyst's bench for BAKAME's call logs.",
)
app.add_typer(report.app, name="report")
app.add_typer(data.cache_app, name="cache")
app.command("sql")(query.run_sql)
app.command("metric")(query.run_metric)
app.command("schema")(query.show_schema)
app.command("check")(check.check)
app.command("verify")(check.verify)
app.command("refresh")(data.refresh)
app.command("sample")(data.make_sample)
app.command("lab")(lab.lab)


def main() -> None:
    """Run the command line and exit with its exit code."""
    try:
        code = app(standalone_mode=False) or 0
        if code == 130:  # how typer reports Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except BakameDuckError as error:
        print_error(str(error), error.hint)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        stderr.print("Interrupted. No partial files were left.")
        sys.exit(130)
    except TyperException as error:  # an unknown option or a missing argument
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "bakame-duck"
        if message := error.format_message():  # empty when the help was printed
            print_error(message, f"'{command} --help' lists the options.")
        sys.exit(2)
    except OSError as error:
        print_error(
            f"{error.filename or 'A file'}: {error.strerror or error}",
            "Check the path and its permissions.",
        )
        sys.exit(1)
    except Exception as error:
        import duckdb

        if not isinstance(error, duckdb.Error):
            raise
        print_error(str(error).splitlines()[0], "'bakame-duck sql \"from ingest_files\"' lists the files.")
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the versions of bakame-duck and DuckDB.")] = False,
) -> None:
    if version:
        import duckdb

        print(f"bakame-duck {bakame_duck.__version__} (DuckDB {duckdb.__version__})")
        raise typer.Exit
