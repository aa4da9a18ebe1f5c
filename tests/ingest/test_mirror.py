import gzip
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from bakame_duck import connect
from bakame_duck.cache import Cache
from bakame_duck.catalog import rollups
from bakame_duck.catalog.rollups import refresh
from bakame_duck.errors import DataFolderError
from bakame_duck.ingest import mirror
from bakame_duck.schema import NAMES
from bakame_duck.settings import Settings
from tests.conftest import as_csv, cells

READERS = ("read_parquet", "read_csv")
DAYS = ["2026-01-03", "2026-01-04", "2026-01-05"]


def day(date, *texts):
    return as_csv(
        *(cells({"timestamp": f"{date}T10:00:{n:02}", "user_input": text}, 31) for n, text in enumerate(texts))
    )


def three_days(given):
    for date in DAYS:
        given.file(day(date, "one", "two, with a comma", 'three\r\nwith "quotes"'), f"user_sessions_{date}.csv")


def rows(given, **options):
    con = connect(given.folder, settings=Settings.model_construct(), **options)
    return con.execute("from user_sessions order by source_file, source_row").fetchall()


def mirrors(given):
    return sorted(Cache(given.folder).folder.glob(f"{32 * '[0-9a-f]'}-{8 * '[0-9a-f]'}.parquet"))


def opened(given, **options):
    """Return how many mirrors and how many other files the view of all records reads."""
    con = connect(given.folder, settings=Settings.model_construct(), **options)
    ((view,),) = con.execute("select sql from duckdb_views() where view_name = 'log_records'").fetchall()
    lists = {reader: re.findall(reader + r"\((?:main\.)?string_split\('(.*?)'", view, re.DOTALL) for reader in READERS}
    return tuple(sum(files.count("///") + 1 for files in lists[reader]) for reader in READERS)


def test_the_mirror_gives_the_same_records_as_the_logs(given):
    three_days(given)
    given.file(gzip.compress(day("2026-01-06", "four")), "user_sessions.csv.2.gz")
    torn = day("2026-01-07", "five")
    given.file(torn + torn[:40] + day("2026-01-08", "six"), "user_sessions_torn.csv")
    given.file(day("2026-01-09", "live") + b"2026", "user_sessions.csv")
    given.file(b"asr_ms,timestamp,phone_number\r\nN/A,2026-01-10T10:00:00,1\r\n", "user_sessions_other.csv")
    plain = rows(given, mirror=False)

    done = refresh(given.folder)

    assert (done.files, done.built, done.rows) == (6, 6, 13)
    assert len(mirrors(given)) == 6
    assert len(plain) == 14
    assert rows(given, mirror=True) == plain
    assert rows(given) == plain
    # The end of the live file is in a table of the connection.
    assert opened(given) == (6, 0)
    assert opened(given, mirror=False) == (0, 6)


def test_a_mirror_is_parquet_in_time_order(given):
    late, early = day("2026-01-05", "late"), day("2026-01-04", "early")
    given.file(late + early + as_csv(cells({"timestamp": "never"}, 31)), "user_sessions_1.csv")
    refresh(given.folder)
    con = given.connect()
    (path,) = mirrors(given)

    kinds = con.execute(
        "select distinct compression, row_group_num_rows from parquet_metadata($1)", [str(path)]
    ).fetchall()
    assert kinds == [("ZSTD", 3)]
    ordered = con.execute("select timestamp, source_row from read_parquet($1)", [str(path)]).fetchall()
    assert ordered == [(datetime(2026, 1, 4, 10), 2), (datetime(2026, 1, 5, 10), 1), (None, 3)]
    columns = con.execute("describe from read_parquet($1)", [str(path)]).fetchall()
    assert [name for name, *_ in columns] == [*NAMES, "source_row"]


def test_a_file_is_mirrored_once(given):
    three_days(given)
    refresh(given.folder)
    before = [(path, path.stat().st_mtime_ns) for path in mirrors(given)]

    done = refresh(given.folder)

    assert (done.files, done.built) == (3, 0)
    assert [(path, path.stat().st_mtime_ns) for path in mirrors(given)] == before


def test_another_process_finds_the_mirror(given):
    three_days(given)
    refresh(given.folder)
    script = "import sys; from bakame_duck.catalog import rollups; print(rollups.refresh(sys.argv[1]).built)"

    for seed in range(4):
        told = subprocess.run(
            [sys.executable, "-c", script, str(given.folder)],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
            text=True,
        )
        assert told.stdout == "0\n"


def test_a_rewritten_log_is_mirrored_anew(given):
    three_days(given)
    refresh(given.folder)
    given.file(day(DAYS[1], "rewritten"), f"user_sessions_{DAYS[1]}.csv")

    between = rows(given)
    done = refresh(given.folder)

    assert (done.files, done.built) == (3, 1)
    assert [row[5] for row in between] == [row[5] for row in rows(given)]
    assert [row[5] for row in rows(given) if row[0].day == 4] == ["rewritten"]
    assert opened(given) == (3, 0)


def test_a_log_rewritten_in_the_middle_within_the_same_size_and_time_is_mirrored_anew(given):
    log = given.file(day(DAYS[0], *["old words"] * 1000), f"user_sessions_{DAYS[0]}.csv")
    refresh(given.folder)
    status = log.stat()
    content = bytearray(log.read_bytes())
    middle = content.index(b"old words", len(content) // 2)
    content[middle : middle + 9] = b"new words"
    log.write_bytes(content)
    os.utime(log, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert refresh(given.folder).built == 1
    assert [row[5] for row in rows(given)].count("new words") == 1


def test_a_mirror_without_its_digest_file_is_not_read_and_is_written_again(given):
    three_days(given)
    refresh(given.folder)
    torn = mirrors(given)[1]
    torn.write_bytes(torn.read_bytes()[:-100])
    torn.with_name(f"{torn.name}.digest").unlink()

    assert (len(rows(given)), opened(given)) == (9, (2, 1))
    assert refresh(given.folder).built == 1
    assert opened(given) == (3, 0)


@pytest.mark.parametrize("name", ["source_row=7", "turn=9", "call_id=x", "timestamp=5"])
def test_a_folder_that_is_named_like_a_partition_is_only_a_folder(given, name):
    given.folder /= name
    given.folder.mkdir()
    three_days(given)
    plain = rows(given)
    refresh(given.folder)

    assert rows(given) == plain
    assert [row[-1] for row in plain] == [1, 2, 3] * 3


def test_a_deleted_log_leaves_no_rows_behind(given):
    three_days(given)
    refresh(given.folder)
    (given.folder / f"user_sessions_{DAYS[1]}.csv").unlink()

    assert {row[0].day for row in rows(given)} == {3, 5}


def test_a_renamed_or_compressed_log_keeps_its_mirror(given):
    three_days(given)
    refresh(given.folder)
    first = given.folder / f"user_sessions_{DAYS[0]}.csv"
    (given.folder / "user_sessions.csv.9.gz").write_bytes(gzip.compress(first.read_bytes()))
    first.unlink()
    (given.folder / f"user_sessions_{DAYS[1]}.csv").rename(given.folder / "user_sessions.csv.7")

    assert refresh(given.folder).built == 0
    names = {row[-2].rsplit("/", 1)[-1]: row[0].day for row in rows(given)}
    assert names == {"user_sessions.csv.9.gz": 3, "user_sessions.csv.7": 4, f"user_sessions_{DAYS[2]}.csv": 5}


def test_files_that_belong_to_no_log_are_removed_after_an_hour(given):
    three_days(given)
    torn = day("2026-01-07", "five")
    given.file(torn + torn[:40] + torn, "user_sessions_torn.csv")
    refresh(given.folder)
    for name in (f"user_sessions_{DAYS[1]}.csv", "user_sessions_torn.csv"):
        (given.folder / name).unlink()
    left_over = Cache(given.folder).folder / ".unfinished-abc_1234.csv"
    left_over.touch()

    refresh(given.folder)
    assert (len(mirrors(given)), left_over.exists()) == (4, True)
    for path in Cache(given.folder).folder.iterdir():
        os.utime(path, times=(0, 0))
    refresh(given.folder)

    assert (len(mirrors(given)), left_over.exists()) == (2, False)
    kinds = {kind: usage.files for kind, usage in Cache(given.folder).usage().items()}
    assert kinds == {"mirrors": 2, "rollups": 2 * len(rollups._STORED), "entries": 1}
    digests = {path.name.removesuffix(".digest") for path in Cache(given.folder).folder.glob("*.digest")}
    assert digests == {path.name for path in Cache(given.folder).folder.glob("*.parquet")}
    assert len(rows(given)) == 6


def test_refresh_since_mirrors_only_files_that_can_contain_that_time(given):
    three_days(given)

    done = refresh(given.folder, since=datetime(2026, 1, 4, 10, 0, 2))

    assert (done.files, done.built) == (2, 2)
    assert opened(given) == (2, 1)
    assert len(rows(given)) == 9


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, [3, 4, 5]),
        (datetime(2026, 1, 4), None, [4, 5]),
        (None, datetime(2026, 1, 4, 10), [3]),
        (None, datetime(2026, 1, 4, 10, 0, 1), [3, 4]),
        (datetime(2026, 1, 4, 10, 0, 2), datetime(2026, 1, 5), [4]),
        (datetime(2026, 1, 4, 10, 0, 3), datetime(2026, 1, 5), []),
        (datetime.fromisoformat("2026-01-05T12:00:02+02:00"), None, [5]),
        (datetime(2026, 1, 5, 10, 0, 3, tzinfo=UTC), None, []),
    ],
)
def test_only_files_that_can_contain_the_time_are_opened(given, since, until, days, mirrored):
    three_days(given)
    if mirrored:
        refresh(given.folder)

    found = rows(given, since=since, until=until, mirror=mirrored)

    assert [row[0].day for row in found] == [day for day in days for _ in range(3)]
    assert [row[-1] for row in found] == [1, 2, 3] * len(days)
    assert opened(given, since=since, until=until, mirror=mirrored)[not mirrored] == len(days)


def test_the_ledger_tells_of_every_file_whatever_is_opened(given):
    three_days(given)

    con = connect(given.folder, settings=Settings.model_construct(), since=datetime(2027, 1, 1))

    assert con.execute("select rows, first_at, last_at from ingest_totals").fetchall() == [
        (9, datetime(2026, 1, 3, 10), datetime(2026, 1, 5, 10, 0, 2))
    ]
    assert con.execute("select count(*) from user_sessions").fetchall() == [(0,)]


def test_a_record_out_of_order_is_found_in_its_time(given):
    given.file(day("2026-01-20", "late") + day("2026-01-02", "an old one"), "user_sessions_1.csv")

    found = rows(given, since=datetime(2026, 1, 2), until=datetime(2026, 1, 3))

    assert "an old one" in [row[5] for row in found]


def test_bad_cells_are_listed_although_the_mirror_is_read(given):
    given.file(as_csv(cells({}), cells({"asr_ms": "N/A"})))
    refresh(given.folder)

    con = given.connect()

    assert con.execute('select "row", column_name, value from ingest_cells').fetchall() == [(2, "asr_ms", "N/A")]


def test_progress_names_what_is_done(given):
    three_days(given)
    told = []

    refresh(given.folder, progress=lambda *step: told.append(step))

    size = sum(path.stat().st_size for path in given.folder.glob("*.csv"))
    steps = {words: (done, total) for done, total, words in told}
    assert list(steps) == ["Inspecting logs", "Mirroring logs", "Writing rollups"]
    assert list(steps.values()) == [(2 * size, 2 * size), (size, size), (3, 3)]


def test_a_folder_without_logs_is_an_error(tmp_path):
    with pytest.raises(DataFolderError):
        refresh(tmp_path)


def test_a_year_in_many_row_groups_keeps_every_record(given, monkeypatch):
    monkeypatch.setattr(mirror, "_ROW_GROUP", 2048)
    start = datetime(2026, 1, 1)
    records = [
        cells({"timestamp": (start + timedelta(minutes=7 * n)).isoformat(), "turn": n}, 20) for n in range(10_000)
    ]
    given.file(as_csv(*records[::-1]))
    refresh(given.folder)

    con = given.connect()

    assert opened(given) == (1, 0)
    found = con.execute("select count(*), sum(turn), sum(turn * source_row) from user_sessions").fetchall()
    assert found == [(10_000, 49_995_000, sum(n * (10_000 - n) for n in range(10_000)))]
