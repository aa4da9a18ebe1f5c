"""
Say what a report was made from and with: files with their hashes, versions, SQL, objectives.

Nothing in a receipt tells of the machine: files are named without their folder, and the
same logs give the same receipt anywhere.
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
    """What a report was made from and with, which a notebook shows as JSON."""

    parts: dict[str, Any]

    def _repr_json_(self) -> dict[str, dict[str, Any]]:
        return {"receipt": self.parts}


def receipt(con: DuckDBPyConnection, *, pseudonym_key: str | None = None) -> Provenance:
    """
    Tell what a report was made from and with, so that it can be derived again.

    Args:
        con: The connection that it was made over.

        pseudonym_key: What tells the key of its pseudonyms from any other, if it has some.
    """
    files = con.sql("select file, live, state, content_hash, size, pending_bytes, rows, rejects from ingest_files")
    checks = con.sql(
        """
        select source_file, string_agg(line, chr(10) order by rowid)
        from health_check_lines group by source_file
        """
    )
    auditions = con.sql(
        """
        select audition_files.source_file, audition_files.size, count(audition_cells.source_file)
        from audition_files
        left join audition_cells on audition_files.source_file = audition_cells.source_file
        group by audition_files.source_file, audition_files.size
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
    """Return what a receipt says of a log; of a live one only what was complete."""
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
    """Return the SHA-256 of the first *size* bytes of a file, in hex; None where it has not as many."""
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
    """Return one SHA-256 over all files of ``sql/``, their names and what is in them."""
    digest = hashlib.sha256()
    folder = resource_folder("sql")
    for path in sorted(folder.rglob("*.sql")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
