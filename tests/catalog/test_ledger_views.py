import io
import json
from datetime import date, timedelta

import pytest

from bakame_duck.catalog.metrics import metric
from bakame_duck.cli.ledger import read_ledger, write_ledger
from bakame_duck.formats import LedgerFormat
from bakame_duck.schema import NAMES
from tests.conftest import as_csv, cells


def written(con, form=LedgerFormat.TABLE):
    out = io.BytesIO()
    write_ledger(read_ledger(con), form, out)
    return out.getvalue().decode()


def hourly(*hours):
    return [cells({"timestamp": f"{hour}:30:00"}) for hour in hours]


def every_hour(first, days, but=()):
    days = [date.fromisoformat(first) + timedelta(days=number) for number in range(days)]
    return hourly(*(f"{day}T{hour:02}" for day in days for hour in range(8, 20) if (str(day), hour) not in but))


def gaps(given, records, **parameters):
    given.file(as_csv(*records))
    rows = metric(given.connect(), "gaps", **parameters).fetchall()
    return [(f"{start:%d %H:%M}", f"{end:%d %H:%M}", hours, usual) for start, end, hours, usual in rows]


def test_hours_that_are_always_silent_are_no_gap(given):
    assert gaps(given, every_hour("2026-01-01", 6)) == []


def test_a_silent_afternoon_is_a_gap(given):
    missing = {("2026-01-03", hour) for hour in (13, 14, 15)}

    assert gaps(given, every_hour("2026-01-01", 6, missing)) == [("03 13:00", "03 16:00", 3, 3)]


def test_a_single_silent_hour_is_no_gap_unless_it_is_asked_for(given):
    records = every_hour("2026-01-01", 6, {("2026-01-03", 13)})

    assert gaps(given, records) == []
    assert gaps(given, records, min_usual_hours=1) == [("03 13:00", "03 14:00", 1, 1)]


def test_a_lost_day_is_a_gap_from_the_evening_before_to_the_morning_after(given):
    records = every_hour("2026-01-01", 3) + every_hour("2026-01-05", 4)

    assert gaps(given, records) == [("03 20:00", "05 08:00", 36, 12)]


def test_an_hour_that_is_often_silent_belongs_to_no_gap(given):
    sometimes = {(f"2026-01-0{day}", hour) for day in (2, 4, 6) for hour in (18, 19)}

    assert gaps(given, every_hour("2026-01-01", 8, sometimes)) == []


def test_gaps_are_looked_for_between_since_and_until(given):
    missing = {("2026-01-03", hour) for hour in (13, 14, 15)}
    given.file(as_csv(*every_hour("2026-01-01", 6, missing)))
    con = given.connect()

    assert len(metric(con, "gaps", since="2026-01-01", until="2026-01-05").fetchall()) == 1
    assert metric(con, "gaps", since="2026-01-04").fetchall() == []


@pytest.mark.parametrize("minute", [0, 15])
def test_a_silence_at_an_end_of_the_range_counts_where_the_logs_go_on(given, minute):
    missing = {(f"2026-01-{day:02}", hour) for day in (5, 6, 10, 11) for hour in range(24)}
    given.file(as_csv(*every_hour("2026-01-01", 14, missing)))
    con = given.connect()

    def found(first, last):
        span = {"since": f"2026-01-{first:02}T00:{minute:02}", "until": f"2026-01-{last:02}T00:{minute:02}"}
        rows = metric(con, "gaps", **span).fetchall()
        return [(f"{start:%d %H:%M}", f"{end:%d %H:%M}", hours, usual) for start, end, hours, usual in rows]

    first = ("05 00:00", "07 08:00", 56, 24) if minute == 0 else ("05 01:00", "07 08:00", 55, 24)  # in whole hours
    assert found(5, 12) == [first, ("09 20:00", "12 00:00", 52, 24)]
    assert found(5, 16) == [first, ("09 20:00", "12 08:00", 60, 24)]  # the logs end on the 14th


def test_one_record_of_another_millennium_neither_hides_gaps_nor_takes_long(given):
    missing = {("2026-01-03", hour) for hour in (13, 14, 15)}
    records = [*every_hour("2026-01-01", 12, missing), *hourly("9026-01-01T12")]

    assert gaps(given, records)[0] == ("03 13:00", "03 16:00", 3, 3)


def drift(given):
    rows = given.connect().execute("select parse_filename(file), change, columns from ingest_drift").fetchall()
    return [(name.removeprefix("user_sessions_"), change, columns) for name, change, columns in rows]


def test_columns_appear_with_a_release_and_lack_a_header_until_the_file_is_new(given):
    for number, (header, layout) in enumerate([(8, 8), (8, 10), (20, 20), (0, 20)]):
        records = [cells({"timestamp": f"2026-01-0{number + 1}T10:00:00"}, layout)]
        given.file(as_csv(*([NAMES[:header]] if header else []), *records), f"user_sessions_{number}")
        (given.folder / f"user_sessions_{number}").rename(given.folder / f"user_sessions_{number}.csv")

    assert drift(given) == [
        ("1.csv", "appeared", list(NAMES[8:10])),
        ("1.csv", "without a header", list(NAMES[8:10])),
        ("2.csv", "appeared", list(NAMES[10:20])),
        ("3.csv", "without a header", list(NAMES[:20])),
    ]


def test_columns_that_go_and_unknown_ones_are_told(given):
    given.file(as_csv(NAMES[:10], cells({"timestamp": "2026-01-01T10:00:00"}, 10)), "user_sessions_1.csv")
    given.file(
        as_csv([*NAMES[:8], "mood"], [*cells({"timestamp": "2026-01-02T10:00:00"}, 8), "good"]), "user_sessions_2.csv"
    )

    assert drift(given) == [
        ("2.csv", "appeared", ["mood"]),
        ("2.csv", "gone", list(NAMES[8:10])),
        ("2.csv", "unknown", ["mood"]),
    ]


def test_files_are_compared_in_the_order_of_their_records_not_of_their_names(given):
    given.file(as_csv(NAMES[:20], cells({"timestamp": "2026-01-02T10:00:00"}, 20)), "user_sessions.csv.1")
    given.file(as_csv(NAMES[:8], cells({"timestamp": "2026-01-01T10:00:00"}, 8)), "user_sessions.csv.2")

    (change,) = given.connect().execute("select parse_filename(file), change from ingest_drift").fetchall()

    assert change == ("user_sessions.csv.1", "appeared")


@pytest.fixture
def damaged(given):
    record = as_csv(cells({"asr_ms": "N/A", "timestamp": "yesterday"}))
    good = as_csv(cells({"user_input": "private words"}))
    given.file(good + record + good[:50] + good * 2, "user_sessions_1.csv")
    given.file(good * 5, "user_sessions_2.csv")
    given.file(good * 5, "user_sessions_3.csv")
    given.file(good + good[:40], "user_sessions.csv")
    (given.folder / "user_sessions_4.csv").mkdir()
    return given.connect()


def test_the_totals_add_up(damaged):
    totals = read_ledger(damaged)["totals"].row(0, named=True)

    counts = {name: totals[name] for name in ("files", "sound", "repaired", "duplicates", "unreadable")}
    assert counts == {"files": 5, "sound": 2, "repaired": 1, "duplicates": 1, "unreadable": 1}
    assert [totals[name] for name in ("records", "rows", "rejects", "pending_bytes")] == [12, 10, 1, 40]
    assert [totals[name] for name in ("bad_cells", "undated")] == [2, 1]
    assert totals["rows"] == damaged.execute("select count(*) from user_sessions").fetchall()[0][0]


def test_the_ledger_is_one_json_object(damaged):
    parts = json.loads(written(damaged, LedgerFormat.JSON))

    assert list(parts) == ["totals", "files", "rejects", "cells", "gaps", "drift"]
    assert parts["totals"]["rows"] == 10
    assert [len(parts[name]) for name in ("files", "rejects", "cells")] == [5, 1, 2]
    assert {file["state"] for file in parts["files"]} == {"sound", "repaired", "duplicate", "unreadable"}
    assert parts["rejects"][0] | {"file": ""} == {
        "file": "",
        "line": 3,
        "byte_offset": len(as_csv(cells({"user_input": "private words"}))) + 78,
        "size": 50,
        "reason": "torn, the next record glued behind it",
    }


def test_the_ledger_is_told_to_people_without_a_callers_word(damaged):
    text = written(damaged)

    assert text.splitlines()[:4] == [
        "5 log files: 2 sound, 1 repaired, 1 duplicate, 1 unreadable",
        "12 records = 10 rows + 1 reject + 1 pending",
        "2 invalid cells, 1 row without a usable timestamp",
        "from 2026-01-04 10:00:00 to 2026-01-04 10:00:00 UTC",
    ]
    assert "a folder" in text
    assert "private words" not in text + written(damaged, LedgerFormat.JSON)


def test_long_lists_are_cut_and_say_where_the_rest_is(given):
    given.file(as_csv(*([cells({"asr_ms": "N/A"})] * 30)))

    text = written(given.connect())

    assert '… and 10 more: bakame-duck sql "from ingest_cells"' in text


def test_without_records_the_ledger_is_short(given):
    given.file(b"", "user_sessions.csv")

    assert written(given.connect()).splitlines() == [
        "1 log file: 1 sound, 0 repaired, 0 duplicate, 0 unreadable",
        "0 records = 0 rows + 0 rejects + 0 pending",
        "0 invalid cells, 0 rows without a usable timestamp",
    ]
