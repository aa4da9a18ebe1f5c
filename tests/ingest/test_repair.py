"""What becomes of damaged logs: which records are rows, what is a reject, what is still being written."""

import gzip

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from bakame_duck.schema import NAMES
from tests.conftest import as_csv, cells

LIVE = "user_sessions.csv"
ROTATED = "user_sessions_2026-01-04.csv"
RECORDS = [
    as_csv(cells({"timestamp": f"2026-01-04T10:00:{number:02}", "user_input": text, "call_id": f"CA{number}"}))
    for number, text in enumerate(
        ["zero", "one, with a comma", "two\r\nlines", 'three "quoted"', "four", "five, six", "seven\nlines"]
    )
]
TORN_IN_A_QUOTE = RECORDS[1][: RECORDS[1].index(b", with")]
TORN_IN_A_NUMBER = RECORDS[0][:12]


def calls(con):
    return [
        int(call[2:]) for (call,) in con.execute("select call_id from user_sessions order by source_row").fetchall()
    ]


def ledger(con):
    return con.execute('select state, records, "rows", rejects, pending_bytes from ingest_files').fetchall()[0]


def rejects(con):
    return con.execute("select line, byte_offset, reason, raw from ingest_rejects order by byte_offset").fetchall()


def test_a_torn_last_record_of_a_rotated_file_is_one_reject(given):
    given.file(RECORDS[0] + RECORDS[2] + RECORDS[4][:50])

    con = given.connect()

    assert calls(con) == [0, 2]
    assert ledger(con) == ("repaired", 3, 2, 1, 0)
    assert rejects(con) == [(4, len(RECORDS[0] + RECORDS[2]), "torn at the end of the file", RECORDS[4][:50].decode())]


def test_a_record_glued_behind_a_torn_one_is_a_row(given):
    given.file(RECORDS[0] + RECORDS[4][:50] + RECORDS[2] + RECORDS[3])

    con = given.connect()

    assert calls(con) == [0, 2, 3]
    assert rejects(con) == [(2, len(RECORDS[0]), "torn, the next record glued behind it", RECORDS[4][:50].decode())]


def test_a_record_torn_so_that_the_widths_add_up_is_noticed(given):
    torn = ",".join(RECORDS[0].decode().split(",")[:12]).encode()
    given.file(RECORDS[2] + torn + RECORDS[4])

    con = given.connect()

    assert calls(con) == [2, 4]
    assert [raw for *_, raw in rejects(con)] == [torn.decode()]


def test_a_record_torn_inside_an_open_quote_does_not_take_the_rest_of_the_day(given):
    given.file(RECORDS[0] + TORN_IN_A_QUOTE + b"".join(RECORDS[2:]))

    con = given.connect()

    assert calls(con) == [0, 2, 3, 4, 5, 6]
    assert [raw for *_, raw in rejects(con)] == [TORN_IN_A_QUOTE.decode()]


def test_a_header_glued_behind_nothing_torn_is_no_reject(given):
    given.file(RECORDS[0] + TORN_IN_A_QUOTE + b"\r\n" + as_csv(NAMES[:20]) + RECORDS[2])

    con = given.connect()

    assert calls(con) == [0, 2]
    assert ledger(con) == ("repaired", 3, 2, 1, 0)


@pytest.mark.parametrize("name", [LIVE, ROTATED])
def test_a_tail_of_nul_bytes_is_one_reject(given, name):
    given.file(RECORDS[0] + RECORDS[2] + b"\0" * 4096, name)

    con = given.connect()

    assert calls(con) == [0, 2]
    assert [(offset, reason) for _, offset, reason, _ in rejects(con)] == [(len(RECORDS[0] + RECORDS[2]), "NUL bytes")]


def test_a_record_behind_nul_bytes_is_a_row(given):
    given.file(RECORDS[0] + b"\0" * 512 + RECORDS[2] + RECORDS[3])

    con = given.connect()

    assert calls(con) == [0, 2, 3]
    assert ledger(con) == ("repaired", 4, 3, 1, 0)


@pytest.mark.parametrize("end", [10, 60, -2, -1], ids=["instant", "text", "line break", "line feed"])
def test_the_record_that_is_being_written_is_pending_and_a_row_at_the_next_look(given, end):
    tail = RECORDS[2][:end]
    given.file(RECORDS[0] + RECORDS[1] + tail, LIVE)
    before = given.connect()

    given.file(RECORDS[0] + RECORDS[1] + RECORDS[2], LIVE)
    after = given.connect()

    assert (calls(before), ledger(before)) == ([0, 1], ("sound", 3, 2, 0, len(tail)))
    assert (calls(after), ledger(after)) == ([0, 1, 2], ("sound", 3, 3, 0, 0))


def test_an_older_tear_in_the_live_file_is_a_reject_and_its_tail_is_pending(given):
    given.file(RECORDS[0] + TORN_IN_A_QUOTE + RECORDS[2] + RECORDS[3][:70], LIVE)

    con = given.connect()

    assert calls(con) == [0, 2]
    assert ledger(con) == ("repaired", 4, 2, 1, 70)


@pytest.mark.parametrize("width", [1, 7, 9, 32])
def test_a_record_of_no_release_is_a_reject(given, width):
    odd = as_csv(["x"] * width)
    given.file(RECORDS[0] + odd + RECORDS[2])

    con = given.connect()

    assert calls(con) == [0, 2]
    assert rejects(con) == [(2, len(RECORDS[0]), f"{width} cells", odd.decode())]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'say "four" again', 'say "four" again'),
        (b'"four', '"four'),
        (b'four"', 'four"'),
        (b'"say "four", again"', None),
        (b'"say "four" again, twice"', 'say "four" again, twice'),
        (b'"say ""four"" and "five" again"', 'say "four" and "five" again'),
        (b'"say "four""', 'say "four"'),
        (b'"a\r\nb" c', None),
        (b'four "a, b"', None),
        (b"a\rb", "a\rb"),
    ],
)
@pytest.mark.parametrize("name", [LIVE, ROTATED])
def test_a_record_with_a_quote_out_of_place_is_a_row_where_its_cells_can_be_told(given, written, read, name):
    odd = RECORDS[4].replace(b"four", written)
    given.file(RECORDS[0] + odd + RECORDS[2] + RECORDS[3], name)

    con = given.connect()

    assert calls(con) == ([0, 2, 3] if read is None else [0, 4, 2, 3])
    assert con.execute("select user_input from user_sessions where call_id = 'CA4'").fetchall() == (
        [] if read is None else [(read,)]
    )
    assert [raw for *_, raw in rejects(con)] == ([odd.decode()] if read is None else [])
    assert ledger(con) == ("repaired", 4, 3 + (read is not None), int(read is None), 0)


def test_bytes_that_are_not_utf8_cost_their_character_and_their_cell_is_listed(given):
    given.file(RECORDS[2] + RECORDS[0].replace(b"zero", b'"z\xe9ro, ""0"""') + RECORDS[3].replace(b"math", b"m\xff"))

    con = given.connect()

    rows = con.execute("select user_input, module_name from user_sessions order by source_row").fetchall()
    assert rows == [("two\r\nlines", "math"), ('z\ufffdro, "0"', "math"), ('three "quoted"', "m\ufffd")]
    assert ledger(con) == ("repaired", 3, 3, 0, 0)
    assert con.execute('select "row", column_name, value from ingest_cells order by all').fetchall() == [
        (2, "user_input", 'z\\xe9ro, "0"'),
        (3, "module_name", "m\\xff"),
    ]
    assert con.execute("select bad_cells from ingest_files").fetchall() == [(2,)]


def test_a_replacement_character_that_was_written_is_no_bad_cell(given):
    given.file(RECORDS[0].replace(b"zero", "z\ufffdro".encode()))

    con = given.connect()

    assert con.execute("select count(*) from ingest_cells").fetchall() == [(0,)]
    assert ledger(con) == ("sound", 1, 1, 0, 0)


def test_a_reject_keeps_bytes_that_are_not_utf8(given):
    given.file(RECORDS[0] + b"\xff\xfe" + RECORDS[2])

    assert [raw for *_, raw in rejects(given.connect())] == ["\\xff\\xfe"]


def test_damage_in_a_file_with_its_own_header_costs_only_its_line(given):
    rows = [[number, *row] for number, row in enumerate(cells({"call_id": f"CA{number}"}) for number in range(3))]
    content = as_csv(["", *NAMES[:20]], *rows)
    given.file(content.replace(b"1,2026", b'1,"\x002026'))

    con = given.connect()

    assert calls(con) == [0, 2]
    assert ledger(con) == ("repaired", 3, 2, 1, 0)


def test_a_damaged_file_does_not_change_how_the_others_are_read(given):
    given.file(RECORDS[0] + TORN_IN_A_QUOTE + RECORDS[2])
    given.file(gzip.compress(RECORDS[3] + RECORDS[4]), "user_sessions_2026-01-05.csv.gz")

    con = given.connect()

    rows = con.execute("select parse_filename(source_file), source_row, call_id from user_sessions order by all")
    assert rows.fetchall() == [
        ("user_sessions_2026-01-04.csv", 1, "CA0"),
        ("user_sessions_2026-01-04.csv", 2, "CA2"),
        ("user_sessions_2026-01-05.csv.gz", 1, "CA3"),
        ("user_sessions_2026-01-05.csv.gz", 2, "CA4"),
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given_any(data=st.data(), name=st.sampled_from([LIVE, ROTATED]), header=st.booleans())
def test_a_tear_anywhere_loses_at_most_two_records_and_the_ledger_adds_up(given_anew, data, name, header):
    numbers = data.draw(st.lists(st.integers(0, len(RECORDS) - 1), min_size=2, max_size=8))
    torn = data.draw(st.integers(0, len(numbers) - 1))
    cut = data.draw(st.integers(1, len(RECORDS[numbers[torn]]) - 1))
    parts = [RECORDS[number] for number in numbers]
    parts[torn] = parts[torn][:cut]
    given = given_anew()
    given.file((as_csv(NAMES[:20]) if header else b"") + b"".join(parts), name)

    con = given.connect()

    found = calls(con)
    survivors = [number for place, number in enumerate(numbers) if place not in (torn, torn + 1)]
    assert_in_order(survivors, found)
    assert len(found) <= len(numbers)
    _, records, rows, lost, pending_bytes = ledger(con)
    assert rows == len(found)
    assert records == rows + lost + (pending_bytes > 0)
    assert lost + (pending_bytes > 0) <= 2


def assert_in_order(wanted, found):
    rest = iter(found)
    assert all(number in rest for number in wanted)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given_any(
    pieces=st.lists(
        st.one_of(
            st.sampled_from(RECORDS), st.binary(max_size=20), st.sampled_from([b'"', b",", b"\r\n", b"\n", b"\0"])
        ),
        max_size=10,
    ),
    name=st.sampled_from([LIVE, ROTATED]),
)
def test_whatever_the_bytes_the_ledger_adds_up_and_its_rows_are_there(given_anew, pieces, name):
    given = given_anew()
    given.file(b"".join(pieces), name)

    con = given.connect()

    state, records, rows, lost, pending_bytes = ledger(con)
    assert state in {"sound", "repaired"}
    assert records == rows + lost + (pending_bytes > 0)
    assert con.execute("select count(*), coalesce(max(source_row), 0) from user_sessions").fetchall()[0] == (rows, rows)
