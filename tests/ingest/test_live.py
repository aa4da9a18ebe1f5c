"""The file that the logger is still writing: kept in parts, looked at again for what was appended."""

from datetime import datetime, timedelta

import pytest

from bakame_duck import connect
from bakame_duck.cache import Cache
from bakame_duck.ingest import inspection, scanner
from bakame_duck.settings import Settings
from tests.conftest import as_csv, cells

LIVE = "user_sessions.csv"
START = datetime(2026, 1, 4)


def records(first, last, **columns):
    """The records number *first* to before *last*, one a minute."""
    return as_csv(
        *(
            cells({"timestamp": (START + timedelta(minutes=number)).isoformat(), "turn": number} | columns)
            for number in range(first, last)
        )
    )


def turns(given, **options):
    with connect(given.folder, settings=Settings.model_construct(), **options) as con:
        return con.execute("select source_row, turn from user_sessions order by source_row").fetchall()


def numbered(*numbers):
    return list(enumerate(numbers, start=1))


def ledger(given, *columns):
    with given.connect() as con:
        return con.execute(f"select {', '.join(columns)} from ingest_files").fetchall()[0]


def parts(given):
    return sorted(Cache(given.folder).folder.glob("*.csv"))


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(inspection, "_PART", 1000)
    monkeypatch.setattr(scanner, "CHUNK_SIZE", 400)


def test_what_is_proven_is_kept_in_parts_and_numbered_through(given, small_parts):
    given.file(records(0, 100) + b"2026-01-04T", LIVE)

    assert turns(given) == turns(given) == numbered(*range(100))
    assert len(parts(given)) >= 5
    assert b"".join(path.read_bytes() for path in parts(given)).count(b"\n") < 100
    assert ledger(given, "state", '"rows"', "records", "pending_bytes") == ("sound", 100, 101, 11)


def test_parts_stay_as_they_are_when_the_file_grows(given, small_parts):
    given.file(records(0, 50), LIVE)
    assert turns(given) == numbered(*range(50))
    before = [(path, path.stat().st_mtime_ns) for path in parts(given)]

    given.file(records(0, 120), LIVE)

    assert turns(given) == numbered(*range(120))
    assert set(before) < {(path, path.stat().st_mtime_ns) for path in parts(given)}


def test_looking_again_reads_what_was_appended_and_not_the_file(given, monkeypatch):
    monkeypatch.setattr(inspection, "_PART", 20_000)
    monkeypatch.setattr(scanner, "CHUNK_SIZE", 10_000)
    monkeypatch.setattr(inspection, "_BEGINNING", 4096)
    size = given.file(records(0, 20_000), LIVE).stat().st_size
    sizes = []
    monkeypatch.setattr(scanner.ProgressCounter, "add", lambda self, size: sizes.append(size))

    assert len(turns(given)) == 20_000
    first, sizes[:] = sum(sizes), []
    with (given.folder / LIVE).open("ab") as log:
        log.write(records(20_000, 20_003))
    found = turns(given)

    assert found == numbered(*range(20_003))
    assert first > size > 1_000_000
    # The last part that is not full, both ends of what is proven; each is also counted once when DuckDB has read it.
    assert sum(sizes) - size < 80_000


@pytest.mark.parametrize(
    "second",
    [
        records(500, 560),
        records(0, 30),
        b"",
        records(100, 200),
        records(0, 98) + records(7, 8) * 3,
        records(0, 4, user_input="Murahi") + records(4, 100),
    ],
    ids=["a new file", "truncated", "emptied", "as long as before", "another end", "another beginning"],
)
def test_a_live_file_that_is_another_one_is_read_anew(given, small_parts, second):
    given.file(records(0, 100), LIVE)
    assert len(turns(given)) == 100

    given.file(second, LIVE)

    numbers = [int(line.split(b",")[11]) for line in second.splitlines() if line.count(b",") == 19]
    assert turns(given) == numbered(*numbers)


def test_a_log_that_was_live_keeps_its_rows_when_it_is_rotated(given, small_parts):
    content = records(0, 60) + records(60, 61)[:40]
    given.file(content, LIVE)
    assert ledger(given, '"rows"', "rejects", "pending_bytes") == (60, 0, 40)

    (given.folder / LIVE).rename(given.folder / "user_sessions.csv.1")

    assert turns(given) == numbered(*range(60))
    assert ledger(given, '"rows"', "rejects", "pending_bytes") == (60, 1, 0)


def test_rejects_and_bad_cells_in_kept_parts_are_told_at_every_look(given, small_parts):
    torn = records(20, 21)[:50]
    odd = records(21, 22).replace(b"Muraho", b"Mur\xffho", 1)
    given.file(records(0, 20) + torn + odd + records(22, 80, asr_ms="N/A") + records(80, 100), LIVE)
    expected = ("repaired", 100, 99, 1, 59, [20])

    for _ in range(3):
        assert ledger(given, "state", "records", '"rows"', "rejects", "bad_cells", "layouts") == expected
        with given.connect() as con:
            rows = con.execute('select "row", column_name from ingest_cells order by all').fetchall()
            assert rows == [(21, "user_input"), *((row, "asr_ms") for row in range(22, 80))]
            assert con.execute("select line, byte_offset, size from ingest_rejects").fetchall() == [
                (21, len(records(0, 20)), 50)
            ]


def test_a_part_that_was_deleted_is_made_again(given, small_parts):
    given.file(records(0, 100), LIVE)
    assert len(turns(given)) == 100
    parts(given)[2].unlink()

    assert turns(given) == numbered(*range(100))


def test_a_folder_that_moved_reads_its_own_parts(given, small_parts, tmp_path):
    given.file(records(0, 100), LIVE)
    turns(given)
    given.folder = given.folder.rename(tmp_path / "moved")

    assert turns(given) == numbered(*range(100))
    with given.connect() as con:
        (view,) = con.execute("select sql from duckdb_views() where view_name = 'log_cells'").fetchall()[0]
    assert view.count(str(Cache(given.folder).folder)) == len(parts(given))


def test_only_the_parts_that_can_hold_the_time_are_opened(given, small_parts):
    given.file(records(0, 1000), LIVE)

    found = turns(given, since=START + timedelta(minutes=500), until=START + timedelta(minutes=520))

    assert {number for _, number in found} >= set(range(500, 520))
    assert len(found) < 60
    assert all(row == number + 1 for row, number in found)


def test_a_copy_of_the_live_file_is_named_and_counts_once(given, small_parts):
    live = given.file(records(0, 40), LIVE)
    given.file(records(0, 40), "user_sessions.csv.1")

    with given.connect() as con:
        rows = con.execute(
            "select parse_filename(file), state, duplicate_of from ingest_files order by file"
        ).fetchall()
        assert rows == [(LIVE, "sound", None), ("user_sessions.csv.1", "duplicate", str(live))]
        assert con.execute("select count(*) from user_sessions").fetchall() == [(40,)]


def test_live_files_of_two_folders_that_are_alike_count_once(given, given_anew):
    other = given_anew()
    for folder in (given, other):
        folder.file(records(0, 40), LIVE)

    with connect([given.folder, other.folder], settings=Settings.model_construct()) as con:
        assert con.execute("select count(*) from user_sessions").fetchall() == [(40,)]


def test_words_that_imitate_records_are_no_rows_once_their_cell_is_complete(given, small_parts):
    imitation = records(7, 12).decode()
    record = records(100, 101, user_input=f"I read:\r\n{imitation}bye", ai_response='and "so" on')
    cut = record.index(b"bye")
    given.file(records(0, 20) + record[:cut], LIVE)
    turns(given)  # what is seen now is in doubt: the record could be torn, and the rows real

    given.file(records(0, 20) + record + records(101, 103), LIVE)

    assert turns(given) == numbered(*range(20), 100, 101, 102)
    assert ledger(given, "state", "rejects") == ("sound", 0)


def test_a_log_that_many_records_cannot_be_told_from_a_torn_quote_is_read_behind_it(given, small_parts):
    torn = records(20, 21, user_input="torn, here")
    given.file(records(0, 20) + torn[: torn.index(b" here")] + records(21, 60, user_input="plain"), LIVE)

    assert turns(given) == numbered(*range(20), *range(21, 60))
    assert ledger(given, "state", "rejects", "pending_bytes") == ("repaired", 1, 0)


def test_without_room_for_its_parts_the_live_file_is_still_read(given, small_parts, monkeypatch):
    given.file(records(0, 100), LIVE)

    def no_room(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bakame_duck.cache.tempfile.mkstemp", no_room)

    assert turns(given) == numbered(*range(100))
    assert parts(given) == []
