"""
Record a report's provenance: files with their hashes, versions, SQL, objectives.

It contains nothing about the machine: files are named without their folder, and the same
logs give the same provenance anywhere.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

import bakame_duck
from bakame_duck.resources import resource_folder
from bakame_duck.sanitize import file_name


@dataclass(frozen=True)
class Provenance:
    """A report's provenance, which a notebook shows as JSON."""

    parts: dict[str, Any]

    def _repr_json_(self) -> dict[str, dict[str, Any]]:
        return {"provenance": self.parts}


def read_provenance(con: DuckDBPyConnection, *, pseudonym_key: str | None = None) -> Provenance:
    """
    Return what a report was made from and with, so that its numbers can be recomputed.

    Args:
        con: The connection that the report used.

        pseudonym_key: The fingerprint of the key of its pseudonyms, if it has any.
    """
    files = con.sql("select file, live, state, content_hash, size, pending_bytes, rows, rejects from ingest_files")
    checks = con.sql(
        """
        select source_file, string_agg(line, chr(10) order by rowid)
        from internal.health_check_lines group by source_file
        """
    )
    auditions = con.sql(
        """
        select files.source_file, files.size, count(cells.source_file)
        from internal.audition_files as files
        left join internal.audition_cells as cells on files.source_file = cells.source_file
        group by files.source_file, files.size
        """
    )
    targets = con.sql("select objective, target from objectives order by position")
    logs = [_read_file(*row) for row in files.fetchall()]
    answers = [_read_answers(*row) for row in checks.fetchall()]
    return Provenance(
        {
            "files": sorted(logs, key=_by_name),
            "health_checks": sorted(answers, key=_by_name),
            "voice_auditions": sorted((_read_auditions(*row) for row in auditions.fetchall()), key=_by_name),
            "objectives": dict(targets.fetchall()),
            "pseudonym_key": pseudonym_key,
            "sql": _sql_hash(),
            "versions": {
                "bakame_duck": bakame_duck.__version__,
                "duckdb": duckdb.__version__,
                "python": platform.python_version(),
            },
        }
    )


def _by_name(file: Mapping[str, Any]) -> tuple[str, str]:
    return file["name"], file["sha256"] or ""


def _read_file(
    file: str, live: bool, state: str, content_hash: str | None, size: int, pending_bytes: int, rows: int, rejects: int
) -> dict[str, Any]:
    """Return the entry of a log; of the live log only the complete records count."""
    complete = size - pending_bytes if live else size
    return {
        "name": file_name(file),
        "state": state,
        "bytes": complete,
        "sha256": _hash_of_first(Path(file), complete) if live and state != "unreadable" else content_hash,
        "rows": rows,
        "rejects": rejects,
    }


def _read_answers(file: str, content: str) -> dict[str, Any]:
    read = content.encode()
    lines = sum(bool(line.strip()) for line in content.split("\n"))
    return {"name": file_name(file), "bytes": len(read), "sha256": hashlib.sha256(read).hexdigest(), "lines": lines}


def _read_auditions(file: str, size: int, rows: int) -> dict[str, Any]:
    return {"name": file_name(file), "bytes": size, "sha256": _hash_of_first(Path(file), size), "lines": rows}


def _hash_of_first(path: Path, size: int) -> str | None:
    """Return the SHA-256 of the first *size* bytes of a file, in hex; None if it has fewer."""
    digest, left = hashlib.sha256(), size
    try:
        with path.open("rb") as stream:
            while left and (piece := stream.read(min(left, 1 << 20))):
                digest.update(piece)
                left -= len(piece)
    except OSError:
        return None
    return None if left else digest.hexdigest()


def _sql_hash() -> str:
    """Return one SHA-256 of the names and contents of all files in ``sql/``."""
    digest = hashlib.sha256()
    folder = resource_folder("sql")
    for path in sorted(folder.rglob("*.sql")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
