"""Python's own csv.reader says what a sound log holds; the views say the same, from CSV and from the mirror."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from bakame_duck import connect
from bakame_duck.catalog import rollups
from bakame_duck.schema import NAMES
from bakame_duck.settings import Settings
from tests.log_strategies import as_text, as_values, logs, read_by_python, read_sizes, reading_at_once

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
FILES_EACH = 20
EXAMPLES = 500 if DEEP else 8  # of FILES_EACH: 10,000 files, or 160


def test_sound_logs_hold_what_pythons_reader_finds_in_them(tmp_path):
    compared = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # what fails names its file; to shrink a whole folder takes minutes
        report_multiple_bugs=False,
    )
    @given_any(folder=st.tuples(*(logs(number) for number in range(FILES_EACH))), sizes=read_sizes)
    def compare_a_folder(folder, sizes):
        with tempfile.TemporaryDirectory(dir=tmp_path) as name, reading_at_once(*sizes):
            compared.extend(compare(Path(name), folder))

    compare_a_folder()

    assert len(compared) >= EXAMPLES * FILES_EACH
    assert sum(compared) > len(compared), "most files are to hold several records"


def compare(path, folder):
    """Return how many records each log of *folder* has, when the oracle and the views agree about them."""
    written = {}
    for log in folder:
        file = path / ("user_sessions.csv" if log.number == 0 else log.name)
        file.write_bytes(log.content if log.number == 0 else log.packed)
        written[str(file)] = log
    oracle = {file: read_by_python(log.content) for file, log in written.items()}

    with connect(path, settings=Settings.model_construct(), mirror=False) as con:
        cells, values, files = rows_of(con, "internal.log_cells"), rows_of(con, "internal.log_records"), ledger(con)
    refreshed = rollups.refresh(path)
    with connect(path, settings=Settings.model_construct(), mirror=True) as con:
        mirrored, mirrored_files = rows_of(con, "internal.log_records"), ledger(con)

    filled = {log.content for file, log in written.items() if log.number and oracle[file]}
    assert refreshed.files == refreshed.built == len(filled)
    assert files.keys() == mirrored_files.keys() == oracle.keys()
    for file, rows in oracle.items():
        log = written[file]
        what = f"{Path(file).name}: {log.content!r}"
        for state, *counts in (files[file], mirrored_files[file]):
            assert counts == [len(rows), len(rows), 0, 0], what
            # Files without a record can be alike. Two kinds of line break may need a copy.
            assert state == "sound" or not rows or (log.mixed and state == "repaired"), f"{state} {what}"
        assert_same(cells.get(file, []), [as_text(row) for row in rows], f"as text, {what}")
        assert_same(values.get(file, []), [as_values(row) for row in rows], f"typed, {what}")
        assert_same(mirrored.get(file, []), [as_values(row) for row in rows], f"mirrored, {what}")
    return [len(rows) for rows in oracle.values()]


def rows_of(con, view):
    """Return the rows of each file as (number, the 31 columns)."""
    by_file = {}
    rows = con.execute(f"select source_file, source_row, {', '.join(NAMES)} from {view} order by all").fetchall()
    for file, *row in rows:
        by_file.setdefault(file, []).append(row)
    return by_file


def ledger(con):
    rows = con.execute('select file, state, records, "rows", rejects, pending_bytes from ingest_files').fetchall()
    return {file: row for file, *row in rows}


def assert_same(found, expected, what):
    assert [number for number, *_ in found] == list(range(1, len(expected) + 1)), what
    for position, name in enumerate(NAMES):
        column = [row[position + 1] for row in found]
        assert column == [row[position] for row in expected], f"{name} {what}"
