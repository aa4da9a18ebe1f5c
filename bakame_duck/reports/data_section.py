"""
The Data section that every report has: files, gaps, schema drift, provenance.

Rows in, sentences and HTML tables out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from bakame_duck.formatting import (
    Row,
    count,
    in_words,
    moment,
    pluralize,
    some_columns,
)
from bakame_duck.reports.blocks import Block, TableColumn, over, table
from bakame_duck.reports.results import takes

DRIFT = {
    "appeared": "came new",
    "gone": "are gone",
    "without a header": "have no header",
    "unknown": "are not in the specification",
}


@takes("rows")
def drift_summary(drift: Sequence[Row]) -> str:
    """Return whether the columns changed, in one sentence."""
    if not drift:
        return "No column came, went or lost its header."
    return f"In {pluralize(len({row['file'] for row in drift}), 'file')} columns came, went, or stand without a header."


@takes("rows")
def gaps_summary(gaps: Sequence[Row]) -> str:
    """Return whether records are missing for hours, in one sentence."""
    if not gaps:
        return "No gap: every usually busy hour has records."
    return f"{pluralize(len(gaps), 'gap')} of {pluralize(sum(row['hours'] for row in gaps), 'hour')} in all."


@takes("rows")
def ledger_summary(files: Sequence[Row]) -> str:
    """Return what became of the records of all files, in one or two sentences."""
    read = [row for row in files if row["state"] in ("sound", "repaired")]
    records, rows, rejects = (sum(row[key] for row in read) for key in ("records", "rows", "rejects"))
    pending = sum(row["pending_bytes"] > 0 for row in read)
    logs = f"The {count(len(files))} log files of the folder, of all weeks, give"
    text = (
        f"{'The only log file of the folder gives' if len(files) == 1 else logs} {pluralize(records, 'record')}: "
        f"{count(rows)} read, {count(rejects)} rejected, {count(pending)} still being written."
    )
    empty_handed = [row for row in read if row["rejects"] and not row["rows"]]
    for number, one, many in (
        (sum(row["state"] == "repaired" for row in read), "had to be repaired", "had to be repaired"),
        (len(empty_handed), "of these gave no row at all", "of these gave no row at all"),
        (
            sum(row["state"] == "duplicate" for row in files),
            "repeats another, and counts once",
            "repeat others, and count once",
        ),
        (sum(row["state"] == "unreadable" for row in files), "cannot be read", "cannot be read"),
    ):
        if number:
            text += f" {in_words(number).capitalize()} {one if number == 1 else many}."
    return text


@takes("rows")
def files_table(files: Sequence[Row]) -> Block:
    """Set the files of the view ``ingest_files`` that are not simply sound; the sound ones are counted."""
    return table(
        [row for row in files if row["state"] != "sound" or row["pending_bytes"] or row["bad_cells"]],
        [
            TableColumn("File", lambda row: over(row["file"], _why(row))),
            TableColumn("State", lambda row: " and ".join(_states(row))),
            TableColumn("Records", lambda row: count(row["records"]), number=True, wide_only=True),
            TableColumn("Rejected", lambda row: count(row["rejects"]), number=True),
            TableColumn("Bad cells", lambda row: count(row["bad_cells"]), number=True, wide_only=True),
        ],
        label="Files that are not simply sound",
        empty="Every file is sound.",
    )


def _states(file: Row) -> list[str]:
    return [state for state in (file["state"], "live" if file["pending_bytes"] else "") if state not in ("", "sound")]


def _why(file: Row) -> str:
    reasons = [file["reason"]] if file["reason"] else []
    if file["duplicate_of"]:
        reasons.append(f"the same content as {file['duplicate_of']}")
    if file["pending_bytes"]:
        reasons.append(f"{pluralize(file['pending_bytes'], 'byte')} of a record that is still being written")
    if file["bad_cells"]:
        misfits = pluralize(file["bad_cells"], "cell that does not fit its", "cells that do not fit their")
        reasons.append(f"{misfits} column")
    return "; ".join(reasons)


@takes("rows")
def gaps_table(gaps: Sequence[Row], *, timezone: str) -> Block:
    """Set the gaps, the rows of ``gaps``; nothing when there are none."""
    return table(
        gaps,
        [
            TableColumn("No record from", lambda row: moment(row["started_at"], timezone)),
            TableColumn("to", lambda row: moment(row["ended_at"], timezone)),
            TableColumn("Hours", lambda row: count(row["hours"]), number=True),
            TableColumn("Of these usually busy", lambda row: count(row["usual_hours"]), number=True),
        ],
        label="Gaps",
        empty="",  # the sentence above has said it
    )


@takes("rows")
def drift_table(drift: Sequence[Row]) -> Block:
    """Set what became of the columns, the rows of ``ingest_drift``; nothing when there are none."""
    return table(
        drift,
        [
            TableColumn("File", lambda row: row["file"]),
            TableColumn("Columns", lambda row: DRIFT[row["change"]]),
            TableColumn("Which", lambda row: some_columns(row["columns"])),
        ],
        label="Drift of the columns",
        empty="",  # the sentence above has said it
    )


def provenance_table(parts: Mapping[str, Any]) -> Block:
    """
    Set the report's provenance.

    Args:
        parts: The parts of a :class:`bakame_duck.reports.provenance.Provenance`.
    """
    versions = parts["versions"]
    facts = {
        "Kit": f"bakame-duck {versions['bakame_duck']}, DuckDB {versions['duckdb']}, Python {versions['python']}",
        "SQL": Markup("<code>{}</code>").format(parts["sql"][:16]),
        "Targets": " · ".join(f"{name} {target:g}" for name, target in parts["objectives"].items()),
        "Pseudonyms": Markup("<code>{}</code>").format(parts["pseudonym_key"] or "none"),
    }
    shown = ("name", "state", "rows", "rejects", "bytes", "sha256")
    others = [
        file | {"state": kind.replace("_", " "), "rows": file["lines"]}
        for kind in ("health_checks", "voice_auditions")
        for file in parts[kind]
    ]
    read = [{name: file.get(name) for name in shown} for file in [*parts["files"], *others]]
    files = table(
        read,
        [
            TableColumn("File", lambda row: row["name"]),
            TableColumn("State", lambda row: row["state"]),
            TableColumn("Rows", lambda row: count(row["rows"]), number=True),
            TableColumn("Rejected", lambda row: count(row["rejects"]), number=True, wide_only=True),
            TableColumn("Bytes", lambda row: count(row["bytes"]), number=True, wide_only=True),
            TableColumn(
                "SHA-256", lambda row: Markup("<code>{}</code>").format((row["sha256"] or "–")[:16]), wide_only=True
            ),
        ],
        label="Files that were read",
        empty="No file was read.",
    )
    return Block(
        Markup('<dl class="facts">{}</dl><details><summary>{} that were read</summary>{}</details>').format(
            Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*fact) for fact in facts.items()),
            pluralize(len(read), "file"),
            files.html,
        )
    )
