"""A log that grows while it is read: never a torn row, never a lost one."""

import os
import random
import subprocess
import sys
import time
from bisect import bisect_right
from itertools import accumulate, pairwise

import pytest

from bakame_duck import connect
from bakame_duck.ingest import inspection
from bakame_duck.schema import NAMES
from bakame_duck.settings import Settings
from tests.conftest import as_csv, cells
from tests.log_strategies import as_text, read_by_python

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
LIVE = "user_sessions.csv"
LANES = 1 if DEEP else 100  # copies of the growing file that are looked at together, each at its own stretch of bytes
SECONDS = 20 if DEEP else 2

BARE_ROW = as_csv(cells({"session_id": "CA-imitated", "user_input": "no quote at all"}, 8)).decode()
QUOTED_ROW = as_csv(cells({"session_id": "CA-imitated", "user_input": 'said "yego"'}, 10)).decode()
TEXTS = [
    ("Muraho", "neza"),
    ("one, two", "first\r\nsecond\nthird"),
    (f"I read:\r\n{BARE_ROW}and no more", "émotion 😀 très forte"),
    ('say "yego", "oya"', "\r\n"),
    (QUOTED_ROW, 'the end"'),
]
RECORDS = [
    as_csv(
        cells(
            {"timestamp": f"2026-01-04T10:00:{number:02}", "session_id": f"CA{number}", "user_input": said}
            | {"ai_response": answered, "session_duration": number / 4},
            layout,
        )
    )
    for number, ((said, answered), layout) in enumerate(zip(TEXTS, (8, 10, 8, 10, 8), strict=True))
]
HEADER = as_csv(NAMES[:8])
GROWING = {"header": [HEADER, *RECORDS]}
if DEEP:
    GROWING = {"header": [HEADER, *RECORDS] * 3, "headerless": RECORDS[2:]}
PLAIN = [as_csv(cells({"session_id": f"CA{number}", "user_input": "plain"}, 8)) for number in range(10, 14)]


def look(folders):
    """Return what is seen of the live file of each folder: its rows, then (records, rows, rejects, pending bytes)."""
    with connect(list(folders), settings=Settings.model_construct()) as con:
        rows = rows_of(con)
        ledger = con.execute('select file, records, "rows", rejects, pending_bytes from ingest_files').fetchall()
    counts = {file: tuple(numbers) for file, *numbers in ledger}
    return [(rows.get(str(folder / LIVE), []), counts[str(folder / LIVE)]) for folder in folders]


def rows_of(con):
    by_file = {}
    query = f"select source_file, {', '.join(NAMES)} from internal.log_cells order by source_file, source_row"
    for file, *row in con.execute(query).fetchall():
        by_file.setdefault(file, []).append(tuple(row))
    return by_file


def rows_in(*records):
    return [as_text(row) for row in read_by_python(b"".join(records))]


def append(folder, content):
    with (folder / LIVE).open("ab") as stream:
        stream.write(content)


@pytest.mark.parametrize("kept", [4 << 20, 300], ids=["in one part", "in many parts"])
@pytest.mark.parametrize("parts", GROWING.values(), ids=GROWING)
def test_after_every_byte_the_rows_are_the_records_that_are_complete(tmp_path, monkeypatch, parts, kept):
    monkeypatch.setattr(inspection, "_PART", kept)
    content = b"".join(parts)
    ends = [sum(map(len, parts[:number])) for number in range(len(parts) + 1)]
    stretch = -(-len(content) // LANES)
    folders = [tmp_path / str(lane) for lane in range(-(-len(content) // stretch))]
    for lane, folder in enumerate(folders):
        folder.mkdir()
        append(folder, content[: lane * stretch])

    seen = set()
    for step in range(stretch + 1):
        for lane, (rows, counts) in enumerate(look(folders)):
            length = min(lane * stretch + step, len(content))
            whole = [part for part, end in zip(parts, ends[1:], strict=True) if end <= length]
            pending = length - max(end for end in ends if end <= length)
            wanted = rows_in(*whole)
            assert rows == wanted, content[:length]
            assert counts == (len(wanted) + (pending > 0), len(wanted), 0, pending), content[:length]
            seen.add(length)
        for lane, folder in enumerate(folders):
            append(folder, content[lane * stretch + step :][:1])
    assert seen == set(range(len(content) + 1))


def test_a_record_glued_behind_a_torn_one_is_seen_when_it_is_complete_and_not_before(tmp_path):
    torn = PLAIN[0][:60]
    append(tmp_path, HEADER + RECORDS[1] + torn)
    ((before, counts),) = look([tmp_path])
    assert (before, counts) == (rows_in(RECORDS[1]), (2, 1, 0, len(torn)))

    for place in range(len(PLAIN[1])):
        append(tmp_path, PLAIN[1][place : place + 1])
        if place % (1 if DEEP else 12) and place < len(PLAIN[1]) - 4:
            continue
        ((rows, (records, accepted, rejects, pending)),) = look([tmp_path])
        complete = place == len(PLAIN[1]) - 1
        assert rows == before + (rows_in(PLAIN[1]) if complete else [])
        assert (records, accepted) == (accepted + rejects + (pending > 0), len(rows))
        assert rejects == 1 if complete else rejects <= 1
        assert (pending == 0) == complete

    append(tmp_path, RECORDS[2] + RECORDS[3][:40])
    assert look([tmp_path]) == [(before + rows_in(PLAIN[1], RECORDS[2]), (5, 3, 1, 40))]


def test_a_record_torn_inside_a_quote_hides_those_behind_it_for_no_longer_than_two_records(tmp_path):
    torn = RECORDS[1][: RECORDS[1].index(b" two")]
    append(tmp_path, RECORDS[0] + torn)
    assert look([tmp_path]) == [(rows_in(RECORDS[0]), (2, 1, 0, len(torn)))]

    written = [RECORDS[0]]
    for record in (*PLAIN, RECORDS[1], RECORDS[3]):
        for half, complete in ((record[:60], written), (record[60:], [*written, record])):
            append(tmp_path, half)
            ((rows, (records, accepted, rejects, pending)),) = look([tmp_path])
            assert (records, accepted) == (accepted + rejects + (pending > 0), len(rows))
            assert rows in [
                rows_in(*complete[:length]) for length in range(max(1, len(complete) - 2), len(complete) + 1)
            ]
        written.append(record)

    assert look([tmp_path]) == [(rows_in(*written), (len(written) + 1, len(written), 1, 0))]


def test_a_query_that_began_before_an_append_sees_whole_records(tmp_path):
    written = RECORDS * 400
    append(tmp_path, HEADER + b"".join(written))
    before = rows_in(*written)
    with connect(tmp_path, settings=Settings.model_construct()) as con:
        running = con.cursor().execute(f"select {', '.join(NAMES)} from internal.log_cells")
        rows = running.fetchmany(10)
        for part in (RECORDS[1][:50], RECORDS[1][50:], RECORDS[2], RECORDS[3], RECORDS[2][:100]):
            append(tmp_path, part)
            rows += running.fetchmany(300)
            assert rows_of(con)[str(tmp_path / LIVE)] == before
        rows += running.fetchall()

    assert sorted(rows, key=repr) == sorted(before, key=repr)
    written += RECORDS[1:4]
    assert look([tmp_path]) == [(rows_in(*written), (len(written) + 1, len(written), 0, 100))]


WRITER = """
import os, random, sys, time
source, target, enough = sys.argv[1:]
rng = random.Random(7)
content = open(source, "rb").read()
with open(target, "ab", buffering=0) as log:
    place = 0
    while place < len(content) and not os.path.exists(enough):
        place += log.write(content[place : place + rng.choice([1, 7, 60, 200, 1500, 8192])])
        time.sleep(rng.choice([0, 0.001, 0.005]))
"""


def test_a_log_that_is_being_written_is_read_again_and_again_without_an_error_or_half_a_record(tmp_path):
    rng = random.Random(7)
    chosen = [rng.choice(RECORDS).replace(b",CA", f",CA{number}-".encode(), 1) for number in range(15_000 * SECONDS)]
    source = tmp_path / "all.csv"
    source.write_bytes(b"".join(chosen))
    rows_of_all = rows_in(*chosen)
    (tmp_path / LIVE).touch()

    seen = [0]
    enough, stop = tmp_path / "enough", time.time() + SECONDS
    with subprocess.Popen([sys.executable, "-c", WRITER, source, tmp_path / LIVE, enough]) as writer:
        while writer.poll() is None:
            if time.time() > stop and len(set(seen)) > 2:
                enough.touch()
            ((rows, (records, accepted, rejects, pending)),) = look([tmp_path])
            assert rows == rows_of_all[: len(rows)]
            assert (records, accepted, rejects) == (len(rows) + (pending > 0), len(rows), 0)
            seen.append(len(rows))

    assert writer.returncode == 0
    assert all(before <= after for before, after in pairwise(seen))
    assert len(set(seen)) > 2
    ends = list(accumulate(map(len, chosen)))
    size = (tmp_path / LIVE).stat().st_size
    whole = bisect_right(ends, size)
    pending = size - ends[whole - 1]
    assert look([tmp_path]) == [(rows_of_all[:whole], (whole + (pending > 0), whole, 0, pending))]
