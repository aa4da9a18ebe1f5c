import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from bakame_duck import connect
from bakame_duck.cache import Cache
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader, inspection
from bakame_duck.ingest.csv_reader import open_connection
from bakame_duck.ingest.files import find_logs
from bakame_duck.ingest.inspection import inspect, load_cached
from bakame_duck.schema import COLUMNS, LAYOUTS, NAMES
from bakame_duck.settings import Settings
from tests.conftest import as_csv, cells

FIRST, SECOND, THIRD = (
    cells({"timestamp": f"2026-01-04T10:00:0{second}", "user_input": text})
    for second, text in enumerate(("one", "two, with a comma", 'three\r\nwith "quotes"'))
)


def inspected(*folders, progress=None):
    with open_connection() as con:
        return inspect(con, load_cached(find_logs(folders)), progress=progress)


def inputs(con):
    return [
        text
        for (text,) in con.execute("select user_input from user_sessions order by source_file, source_row").fetchall()
    ]


def ledger(con, *columns):
    return con.execute(f"select {', '.join(columns)} from ingest_files order by file").fetchall()


# Every way in which a sound log is written


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_record_of_any_release_is_one_row_whatever_the_header_says(given, layout):
    for header in (0, *LAYOUTS):
        rows = [cells({"user_input": text, "session_id": f"CA{header}"}, layout) for text in ("one", "two\r\nlines")]
        given.file(as_csv(*([NAMES[:header]] if header else []), *rows), f"user_sessions_{header}.csv")

    con = given.connect()

    assert inputs(con) == ["one", "two\r\nlines"] * 5
    assert ledger(con, "state", "records", '"rows"', "layouts") == [("sound", 2, 2, [layout])] * 5


def test_records_of_every_release_are_rows_of_one_file(given):
    given.file(as_csv(NAMES[:8], *(cells({"user_input": str(layout)}, layout) for layout in LAYOUTS)))

    con = given.connect()

    assert inputs(con) == ["8", "10", "20", "31"]
    assert ledger(con, "layouts", "state") == [([8, 10, 20, 31], "sound")]


def test_a_shorter_record_has_nulls_at_its_end(given):
    con = given.records({"session_duration": 1.5}, layout=8)

    row = con.execute(
        "select session_duration, emotional_data, error, barge_in_triggered from user_sessions"
    ).fetchall()[0]
    assert row == (1.5, None, None, None)


@pytest.mark.parametrize("quoting", [0, 1], ids=["bare", "quoted"])
@pytest.mark.parametrize("place", range(4))
def test_a_header_is_no_record_wherever_it_stands(given, place, quoting):
    rows = [FIRST, SECOND, THIRD]
    rows[place:place] = [NAMES[:8]]
    given.file(as_csv(*rows, quoting=quoting))

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma", 'three\r\nwith "quotes"']
    assert ledger(con, "records", '"rows"', "rejects", "state") == [(3, 3, 0, "sound")]
    assert con.execute("select source_row from user_sessions").fetchall() == [(1,), (2,), (3,)]


def test_files_joined_by_cat_have_headers_in_the_middle(given):
    given.file(as_csv(NAMES[:8], cells({}, 8), NAMES[:20], FIRST, NAMES[:31], cells({}, 31)))

    assert ledger(given.connect(), "records", '"rows"', "layouts") == [(3, 3, [8, 20, 31])]


def test_a_header_in_another_order_is_read_by_name(given):
    given.file(as_csv(NAMES[4::-1], cells({"module_name": "debate", "timestamp": "2026-01-04T10:00:00"}, 5)[::-1]))

    con = given.connect()

    row = con.execute("select timestamp::varchar, phone_number, module_name, user_input from user_sessions").fetchall()[
        0
    ]
    assert row == ("2026-01-04 10:00:00", "+250788000001", "debate", None)
    assert ledger(con, "state", "unknown_columns") == [("sound", [])]


def test_a_header_with_a_subset_of_the_columns_is_read_by_name(given):
    given.file(b"timestamp,phone_number,asr_ms,error\r\n2026-01-04T10:00:00,+250788000001,300,ASR timeout\r\n")

    con = given.connect()

    assert con.execute("select asr_ms, error, session_id from user_sessions").fetchall() == [
        (300.0, "ASR timeout", None)
    ]


@pytest.mark.parametrize("name", ["region", "file_index", "source_file", "Error", 'it\'s "new"', ""])
def test_an_unknown_column_is_listed_and_the_others_are_read(given, name):
    given.file(as_csv([*NAMES[:8], name], [*cells({"user_input": "one"}, 8), "x"]))

    con = given.connect()

    assert inputs(con) == ["one"]
    assert con.execute("select source_row, error from user_sessions").fetchall() == [(1, None)]
    assert ledger(con, "state", "unknown_columns") == [("sound", [name])]


def test_a_log_that_pandas_wrote_with_its_index_is_read_by_name(given):
    rows = [[number, *row] for number, row in enumerate((FIRST, SECOND, THIRD))]
    given.file(as_csv(["", *NAMES[:20]], *rows, new_line="\n"))

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma", 'three\r\nwith "quotes"']
    assert ledger(con, "state", '"rows"') == [("sound", 3)]


def test_unknown_columns_that_differ_only_in_case_are_both_listed(given):
    given.file(as_csv([*NAMES[:8], "Score", "score"], [*cells({}, 8), 1, 2]))

    assert ledger(given.connect(), "unknown_columns", '"rows"') == [(["Score", "score"], 1)]


def test_a_header_that_names_a_column_twice_is_not_guessed_at(given):
    given.file(as_csv([*NAMES[:8], "turn", "turn"], [*cells({}, 8), 1, 2]))

    assert ledger(given.connect(), "state", "reason") == [("unreadable", "the header names turn twice")]


@pytest.mark.parametrize(
    "hurt",
    [
        lambda header: header[1:],
        lambda header: header.replace(b"session_id", b"sessXon_id"),
        lambda header: header.replace(b"id,mod", b"id\x9bmod"),
        lambda header: header.replace(b"phone_number", b"session_id,phone_number"),
        lambda header: header[:8] + bytes(20) + header[28:],
        lambda header: header[:40] + b"\n" + header[40:],
        lambda header: header[:40] + b'"' + header[40:],
        lambda header: header[40:],
        lambda header: header[10:],
        lambda header: header[:60] + b",4447.91,true\r\n",
        lambda header: header[:-2] + as_csv(THIRD),
    ],
)
def test_a_damaged_header_does_not_decide_how_the_file_is_read(given, hurt):
    given.file(hurt(as_csv(NAMES[:8])) + as_csv(FIRST[:10], SECOND, THIRD))

    con = given.connect()

    assert inputs(con)[-3:] == ["one", "two, with a comma", 'three\r\nwith "quotes"']
    assert con.execute("select count(*) filter (where timestamp is null) from user_sessions").fetchall() == [(0,)]
    assert ledger(con, "state", "unknown_columns") == [("repaired", [])]


@pytest.mark.parametrize("name", ["user_sessions_1.csv", "user_sessions.csv"])
@pytest.mark.parametrize("hurt", [b"tts_provider", b'"\x00\r\nT,\r\n'])
def test_headers_further_down_do_not_speak_for_a_damaged_one(given, hurt, name):
    header = as_csv(NAMES)
    place = header.index(b"provider")
    restarts = b"".join(as_csv(NAMES[:width]) * 2 + as_csv(row) for width, row in ((10, FIRST[:10]), (20, SECOND)))
    given.file(header[: place - 4] + hurt + header[place:] + restarts, name)

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma"]
    assert ledger(con, "state", '"rows"', "rejects", "unknown_columns") == [("repaired", 2, 1, [])]


def test_a_header_of_other_columns_is_believed_although_its_records_start_as_ours(given):
    renamed = ["mood" if name == "user_input" else name for name in NAMES[:8]]
    given.file(as_csv(renamed, FIRST[:8]))

    con = given.connect()

    assert inputs(con) == [None]
    assert ledger(con, "state", "unknown_columns") == [("sound", ["mood"])]


def test_a_bad_timestamp_is_no_damage(given):
    given.file(as_csv(FIRST, cells({"timestamp": "yesterday", "user_input": "no time"}), THIRD))

    con = given.connect()

    assert inputs(con) == ["one", "no time", 'three\r\nwith "quotes"']
    assert ledger(con, "state", "records", '"rows"', "undated", "bad_cells") == [("sound", 3, 3, 1, 1)]
    assert not list(Cache(given.folder).folder.glob("*.csv"))


@pytest.mark.parametrize("instant", ["0000-01-01 00:00:00", "0044-03-15 (BC) 00:00:00", "0001-01-01T00:00:00+05:00"])
def test_an_instant_that_python_cannot_tell_is_no_error(given, instant):
    given.file(as_csv(cells({"timestamp": instant}), FIRST), "user_sessions_1.csv")
    given.file(as_csv(cells({"timestamp": instant})), "user_sessions_2.csv")

    for _ in range(2):
        con = given.connect()
        assert con.execute("select count(*) from user_sessions").fetchall() == [(3,)]
        assert ledger(con, "state", "first_at") == [("sound", datetime(2026, 1, 4, 10)), ("sound", None)]


def test_a_cell_that_imitates_our_records_does_not_outvote_a_header(given):
    imitation = as_csv(FIRST[:8]).decode()
    given.file(
        as_csv(
            ["session_id", "user_input", "timestamp"],
            *([f"s{number}", f"said\r\n{imitation}", "2026-01-02T00:00:00"] for number in range(3)),
        )
    )

    con = given.connect()

    assert con.execute("select session_id, hour(timestamp) from user_sessions").fetchall() == [
        ("s0", 0),
        ("s1", 0),
        ("s2", 0),
    ]
    assert ledger(con, "state", "records", "rejects") == [("sound", 3, 0)]


def test_the_ledger_tells_when_a_file_begins_and_ends(given):
    given.file(
        as_csv(
            cells({"timestamp": "2026-01-05T00:30:00+02:00"}),
            cells({"timestamp": "2026-01-03T10:00:00"}),
            cells({"timestamp": "2026-01-04T10:00:00.5Z"}),
        )
    )

    assert ledger(given.connect(), "first_at", "last_at", "undated") == [
        (datetime(2026, 1, 3, 10), datetime(2026, 1, 4, 22, 30), 0)
    ]


def test_a_file_on_which_duckdb_disagrees_is_not_read(given, monkeypatch):
    given.file(as_csv(FIRST, SECOND), "user_sessions_1.csv")
    given.file(as_csv(THIRD), "user_sessions_2.csv")
    described = csv_reader.described
    monkeypatch.setattr(
        csv_reader,
        "described",
        lambda *arguments: [replace(piece, rows=piece.rows - ("_1" in piece.path)) for piece in described(*arguments)],
    )

    con = given.connect()

    assert inputs(con) == ['three\r\nwith "quotes"']
    assert ledger(con, "state", "reason", '"rows"')[0] == ("unreadable", "2 records, of which DuckDB reads 1", 0)


@pytest.mark.parametrize("new_line", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_blank_lines_are_no_records(given, new_line):
    blank = new_line.encode() * 2
    given.file(blank + as_csv(FIRST, new_line=new_line) + blank + as_csv(THIRD, new_line=new_line) + blank)

    con = given.connect()

    assert inputs(con) == ["one", 'three\r\nwith "quotes"']
    assert ledger(con, "records", '"rows"') == [(2, 2)]


def test_a_blank_line_of_another_kind_stops_nothing(given):
    given.file(b"\r\n\n" + as_csv(FIRST) + b"\n" + as_csv(SECOND))

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma"]
    assert ledger(con, "records", '"rows"', "rejects") == [(2, 2, 0)]


@pytest.mark.parametrize("header", [[], [NAMES[:20]]], ids=["headerless", "header"])
def test_a_byte_order_mark_is_no_text(given, header):
    given.file(b"\xef\xbb\xbf" + as_csv(*header, FIRST, SECOND))

    con = given.connect()

    assert con.execute("select count(*), count(timestamp) from user_sessions").fetchall() == [(2, 2)]
    assert ledger(con, "state", '"rows"') == [("sound", 2)]


def test_crlf_and_lf_may_be_mixed(given):
    given.file(as_csv(NAMES[:20], FIRST, new_line="\n") + as_csv(SECOND, THIRD) + as_csv(FIRST, new_line="\n"))

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma", 'three\r\nwith "quotes"', "one"]
    assert ledger(con, "records", '"rows"', "rejects", "reason") == [(4, 4, 0, "two kinds of line break")]


@pytest.mark.parametrize(
    "content", [b"", as_csv(NAMES[:20]), b"\xef\xbb\xbf", b"\r\n"], ids=["empty", "header", "mark", "blank"]
)
def test_a_file_without_records_has_no_rows(given, content):
    given.file(content)

    con = given.connect()

    assert inputs(con) == []
    assert ledger(con, "state", "records", '"rows"', "rejects") == [("sound", 0, 0, 0)]


def test_a_rotated_file_whose_last_line_break_was_cut_off_keeps_its_last_record(given):
    given.file(as_csv(NAMES[:20], FIRST, THIRD).removesuffix(b"\r\n"))

    assert inputs(given.connect()) == ["one", 'three\r\nwith "quotes"']


def test_a_cell_of_five_megabytes_is_a_row(given):
    con = given.records({"user_input": "before"}, {"ai_response": "a,\r\n" * 1_250_000}, {"user_input": "after"})

    rows = con.execute("select user_input, length(ai_response) from user_sessions order by source_row").fetchall()
    assert rows == [("before", 11), ("Muraho", 5_000_000), ("after", 11)]


def test_quoted_and_unquoted_empty_cells_are_null(given):
    silent = cells({"user_input": ""})
    given.file(as_csv(silent) + as_csv(silent, quoting=1))

    assert inputs(given.connect()) == [None, None]


# Names, compression, copies


@pytest.mark.parametrize(
    "name", ["it's", "[1]", "*", "?", "é", "a b", "{a,b}", "a\\b", '"', "'; drop table log_columns; --", "a\nb", "\x1f"]
)
def test_a_file_is_read_under_any_name(given, name):
    given.file(as_csv(FIRST), f"user_sessions_{name}.csv")
    given.file(as_csv(SECOND), "user_sessions_1.csv")
    given.file(as_csv(THIRD), "user_sessions_a.csv")

    con = given.connect()

    rows = con.execute("select source_file, user_input from user_sessions").fetchall()
    assert dict(rows) == {
        str(given.folder / f"user_sessions_{name}.csv"): "one",
        str(given.folder / "user_sessions_1.csv"): "two, with a comma",
        str(given.folder / "user_sessions_a.csv"): 'three\r\nwith "quotes"',
    }


@pytest.mark.parametrize(
    "name", ["it's", "x'] as source_file, 'y", "a*", "[ab]", "$1", "~", "file:", "cell_0=1", "source_row=7"]
)
def test_a_folder_is_read_under_any_name(given, name):
    given.folder /= name
    given.folder.mkdir()
    given.file(as_csv(FIRST) + as_csv(SECOND)[:60])
    given.health_checks(("2026-01-04 10:00:00", "healthy"))

    con = given.connect()

    assert inputs(con) == ["one"]
    assert con.execute("select count(*) from health_checks").fetchall() == [(1,)]
    assert {file for (file,) in con.execute("select source_file from user_sessions").fetchall()} == {
        str(given.folder / "user_sessions_2026-01-04.csv")
    }


def zstd(content):
    return pa.Codec("zstd").compress(content, asbytes=True)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstd)])
def test_a_compressed_log_is_read(given, suffix, compress):
    given.file(compress(as_csv(NAMES[:20], FIRST, THIRD)), f"user_sessions.csv.2{suffix}")

    assert inputs(given.connect()) == ["one", 'three\r\nwith "quotes"']


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstd)])
def test_compressed_logs_joined_by_cat_are_read_to_their_end(given, suffix, compress):
    given.file(compress(as_csv(FIRST)) + compress(as_csv(SECOND)), f"user_sessions_1.csv{suffix}")

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma"]
    assert ledger(con, '"rows"') == [(2,)]


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstd)])
def test_a_damaged_compressed_log_is_repaired(given, suffix, compress):
    given.file(compress(as_csv(FIRST) + as_csv(SECOND)[:70] + as_csv(THIRD)), f"user_sessions_1.csv{suffix}")

    con = given.connect()

    assert inputs(con) == ["one", 'three\r\nwith "quotes"']
    assert con.execute("select byte_offset from ingest_rejects").fetchall() == [(len(as_csv(FIRST)),)]


def test_a_log_beside_its_compressed_copy_counts_once(given):
    plain = given.file(as_csv(FIRST, SECOND), "user_sessions_1.csv")
    given.file(gzip.compress(as_csv(FIRST, SECOND)), "user_sessions_1.csv.gz")

    con = given.connect()

    assert inputs(con) == ["one", "two, with a comma"]
    assert ledger(con, "state", "duplicate_of") == [("sound", None), ("duplicate", str(plain))]


def test_logs_with_other_content_are_no_copies(given):
    given.file(as_csv(FIRST, SECOND), "user_sessions_1.csv")
    given.file(gzip.compress(as_csv(FIRST, SECOND, THIRD)), "user_sessions_1.csv.gz")

    assert ledger(given.connect(), "state") == [("sound",), ("sound",)]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".gz", gzip.compress(os.urandom(2000))[:-500]),
        (".gz", b"not gzip"),
        (".zst", zstd(as_csv(FIRST) * 100)[:-20]),
        (".zst", b"not zstd"),
    ],
    ids=["torn gzip", "no gzip", "torn zstd", "no zstd"],
)
def test_a_file_that_cannot_be_unpacked_is_named_and_the_others_are_read(given, suffix, content):
    broken = given.file(content, f"user_sessions_1.csv{suffix}")
    given.file(as_csv(FIRST), "user_sessions_2.csv")

    con = given.connect()

    assert inputs(con) == ["one"]
    (state, reason), _ = ledger(con, "state", "reason")
    assert (state, reason != "") == ("unreadable", True)
    assert con.execute("select file from ingest_files where state = 'unreadable'").fetchall() == [(str(broken),)]


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_only_named_like_a_log_is_named_and_the_others_are_read(given, kind):
    odd = given.folder / "user_sessions_1.csv"
    {
        "folder": odd.mkdir,
        "link": lambda: odd.symlink_to("nowhere.csv"),
        "pipe": lambda: os.mkfifo(odd),
    }[kind]()
    given.file(as_csv(FIRST), "user_sessions_2.csv")

    con = given.connect()

    assert inputs(con) == ["one"]
    told = {"folder": "a folder", "link": "a link to a file that is not there", "pipe": "not a file"}[kind]
    assert ledger(con, "file", "state", "reason", "size", "records")[0] == (str(odd), "unreadable", told, 0, 0)


def test_a_name_that_is_not_utf8_is_named_and_the_others_are_read(given):
    (given.folder / os.fsdecode(b"user_sessions_\xff.csv")).write_bytes(as_csv(SECOND))
    given.file(as_csv(FIRST), "user_sessions_2.csv")

    con = given.connect()

    assert inputs(con) == ["one"]
    assert ("unreadable", "a name that is not UTF-8") in ledger(con, "state", "reason")


def test_a_folder_under_two_names_is_read_once(given, tmp_path):
    given.file(as_csv(FIRST), "user_sessions.csv")
    given.health_checks(("2026-01-04 10:00:00", "healthy"))
    link = tmp_path / "link"
    link.symlink_to(given.folder)

    con = connect([given.folder, link, given.folder], settings=Settings.model_construct())

    assert inputs(con) == ["one"]
    assert con.execute("select count(*) from health_checks").fetchall() == [(1,)]


def test_a_connection_reads_its_logs_wherever_the_process_goes(given, tmp_path, monkeypatch):
    given.file(as_csv(FIRST), "user_sessions_1.csv")
    monkeypatch.chdir(given.folder.parent)
    con = connect(given.folder.name, settings=Settings.model_construct())

    monkeypatch.chdir("/")

    assert inputs(con) == ["one"]
    assert ledger(con, "file") == [(f"{given.folder.name}/user_sessions_1.csv",)]


def test_a_link_to_a_log_is_read(given, tmp_path):
    log = tmp_path / "elsewhere.csv"
    log.write_bytes(as_csv(FIRST, SECOND))
    (given.folder / "user_sessions_1.csv").symlink_to(log)

    assert inputs(given.connect()) == ["one", "two, with a comma"]


def test_a_log_without_permission_is_named_and_the_others_are_read(given):
    given.file(as_csv(FIRST), "user_sessions_1.csv").chmod(0)
    given.file(as_csv(SECOND), "user_sessions_2.csv")
    command = [str(Path(sys.executable).with_name("bakame-duck")), "check", "--data", str(given.folder)]
    if os.geteuid() == 0:  # whom a mode keeps from reading only without these capabilities
        if shutil.which("setpriv") is None:
            pytest.skip("there is no 'setpriv' to keep root from reading everything")
        without = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--inh-caps={without}", f"--bounding-set={without}", *command]

    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)

    files = {Path(file["file"]).name: file for file in json.loads(done.stdout)["files"]}
    assert done.returncode == 4
    assert files["user_sessions_1.csv"]["state"] == "unreadable"
    assert files["user_sessions_1.csv"]["reason"] == "Permission denied"
    assert files["user_sessions_2.csv"]["rows"] == 1


def test_several_folders_are_one_data_set(given, given_anew):
    other = given_anew()
    given.file(as_csv(FIRST), "user_sessions.csv")
    other.file(as_csv(SECOND), "user_sessions.csv")

    found = inspected(given.folder, other.folder)

    assert sorted((file.file.parent, file.rows) for file in found) == sorted([(given.folder, 1), (other.folder, 1)])


# Memory


def test_the_logs_keep_their_bytes_and_times(given):
    paths = [
        given.file(as_csv(FIRST, SECOND), "user_sessions.csv"),
        given.file(as_csv(FIRST) + as_csv(SECOND)[:70] + as_csv(THIRD), "user_sessions_1.csv"),
        given.file(gzip.compress(as_csv(THIRD)), "user_sessions_2.csv.gz"),
    ]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]

    con = given.connect()

    assert len(inputs(con)) == 5
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before
    assert sorted(path.name for path in given.folder.iterdir()) == [path.name for path in paths]


def test_a_file_is_inspected_once_for_each_version(given, monkeypatch):
    given.file(as_csv(FIRST))
    looks = []
    look = inspection._look
    monkeypatch.setattr(inspection, "_look", lambda file, *others: looks.append(file) or look(file, *others))

    assert inputs(given.connect()) == ["one"]
    assert inputs(given.connect()) == ["one"]
    assert len(looks) == 1

    given.file(as_csv(FIRST, SECOND))

    assert inputs(given.connect()) == ["one", "two, with a comma"]
    assert len(looks) == 2


def test_what_is_remembered_says_what_was_found(given):
    given.file(as_csv(FIRST) + as_csv(SECOND)[:70] + as_csv(THIRD))

    first, second = inspected(given.folder), inspected(given.folder)

    assert first == second
    assert (first[0].rows, first[0].bad_cells, first[0].first_at) == (2, 0, datetime(2026, 1, 4, 10, 0, 0))


def test_a_file_rewritten_within_the_same_size_and_time_is_read_anew(given):
    path = given.file(as_csv(FIRST))
    assert ledger(given.connect(), '"rows"') == [(1,)]
    status = path.stat()

    given.file(b"x" * (status.st_size - 2) + b"\r\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert ledger(given.connect(), '"rows"', "rejects") == [(0, 1)]


def test_a_repaired_copy_that_was_deleted_is_made_again(given):
    given.file(as_csv(FIRST) + as_csv(SECOND)[:70] + as_csv(THIRD))
    assert len(inputs(given.connect())) == 2
    for copy in Cache(given.folder).folder.glob("*.csv"):
        copy.unlink()

    assert inputs(given.connect()) == ["one", 'three\r\nwith "quotes"']


def test_files_that_wait_are_not_read_any_more_when_one_cannot_be_kept(given, monkeypatch):
    for number in range(100):
        given.file(as_csv(FIRST), f"user_sessions_{number:02}.csv")
    looked = []

    def look(file, *_):
        looked.append(file)
        if len(looked) == 1:
            raise CacheError("no room", hint="")
        time.sleep(0.05)  # as long as the first takes to be heard of

    monkeypatch.setattr(inspection, "_look", look)

    with pytest.raises(CacheError, match="no room"):
        inspected(given.folder)

    assert len(looked) < 100


def test_progress_is_told_in_bytes_read_and_counted(given):
    sizes = [len(as_csv(*[FIRST] * number)) for number in (1, 2, 3)]
    for number, size in enumerate(sizes):
        assert given.file(as_csv(*[FIRST] * (number + 1)), f"user_sessions_{number}.csv").stat().st_size == size
    told, told_again = [], []

    inspected(given.folder, progress=lambda *done: told.append(done))
    inspected(given.folder, progress=lambda *done: told_again.append(done))

    assert told == sorted(told)
    assert told[-1] == (2 * sum(sizes), 2 * sum(sizes))
    assert told_again == []


# Against Python's own reader

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.lists(
        st.sampled_from(
            [
                "\n",
                "\r\n",
                "\r",
                '"',
                '""',
                ",",
                "'",
                "\\",
                " ",
                "timestamp,phone_number,session_id",
                "2026-01-19T10:30:45.123Z",
                "2026-01-19T10:30:45,+250788000009,CA9,math,voice,",
                "émotion très forte",
                "<script>alert(1)</script>",
                "=1+1",
            ]
        ),
        max_size=5,
    ).map("".join),
)
KINDS = {
    "timestamp": st.datetimes().map(lambda at: at.isoformat()),
    "phone_number": st.from_regex(r"\+2507[0-9]{8}", fullmatch=True),
    "session_id": st.from_regex(r"(CA|SM)[0-9a-f]{32}", fullmatch=True),
    "module_name": st.sampled_from(["math", "english", "metrics", "debate"]),
    "interaction_type": st.sampled_from(["voice", "sms", "turn_metrics"]),
    "emotional_data": st.dictionaries(TEXTS, st.none() | st.booleans() | TEXTS, max_size=2).map(str),
    "call_id": st.just("") | st.from_regex(r"CA[0-9a-f]{32}", fullmatch=True),
    "barge_in_triggered": st.sampled_from(["True", "False", ""]),
}
NUMBERS = st.just("") | st.integers(0, 10**6) | st.floats(0, 1e6)
CELLS = [KINDS.get(column.name, TEXTS if column.type == "VARCHAR" else NUMBERS) for column in COLUMNS]
RECORDS = st.sampled_from(LAYOUTS).flatmap(lambda layout: st.tuples(*CELLS[:layout]))
HEADERS = st.sampled_from(LAYOUTS).map(lambda layout: NAMES[:layout])
TEXT_COLUMNS = [position for position, column in enumerate(COLUMNS) if column.type == "VARCHAR"]


LOGS = st.tuples(
    st.none() | HEADERS,
    st.lists(st.one_of(RECORDS, RECORDS, RECORDS, HEADERS), max_size=6),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given_any(logs=st.lists(LOGS, min_size=4, max_size=4))
def test_the_text_of_sound_logs_is_what_pythons_reader_finds(given_anew, logs):
    given = given_anew()
    names = ["user_sessions.csv", *(f"user_sessions_{number}.csv" for number in range(1, len(logs)))]
    expected, contents = {}, set()
    for name, (header, rows, new_line, quoting) in zip(names, logs, strict=True):
        path = given.file(as_csv(*([header] if header else []), *rows, new_line=new_line, quoting=quoting), name)
        with path.open(encoding="utf-8", newline="") as stream:
            read = [row for row in csv.reader(stream) if row[:2] != list(NAMES[:2])]
        expected[str(path)] = [] if path.read_bytes() in contents else [text_of(row) for row in read]
        contents.add(path.read_bytes())

    con = given.connect()

    columns = ", ".join(COLUMNS[position].name for position in TEXT_COLUMNS)
    for file, rows in expected.items():
        query = f"select {columns} from user_sessions where source_file = ? order by source_row"
        assert con.execute(query, [file]).fetchall() == rows
    assert {state for (state,) in ledger(con, "state")} <= {"sound", "duplicate"}
    assert ledger(con, "file", """if(state = 'sound', "rows", 0)""") == [
        (file, len(rows)) for file, rows in expected.items()
    ]


def text_of(row):
    """Return the text cells of a record; those that are empty or missing are NULL."""
    return tuple((row[position] or None) if position < len(row) else None for position in TEXT_COLUMNS)


def test_what_is_remembered_of_a_file_holds_under_another_name_for_it(tmp_path, monkeypatch):
    theirs, ours = tmp_path / "theirs" / "logs", tmp_path / "ours" / "logs"
    for folder, name in ((theirs, "math"), (ours, "english")):
        folder.mkdir(parents=True)
        record = f"2026-01-05T10:00:00,+250788000001,CA1,{name},voice,hello,hi,1\r\n"
        (folder / "user_sessions_2026-01-05.csv").write_bytes(record.encode())
    monkeypatch.chdir(theirs.parent)
    connect("logs").close()
    monkeypatch.chdir(ours.parent)

    modules = connect(theirs).sql("select module_name, source_file from user_sessions").fetchall()

    assert modules == [("math", str(theirs / "user_sessions_2026-01-05.csv"))]
