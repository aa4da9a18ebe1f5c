"""
Damage anywhere in a sound log costs only what lies beside it.

Bytes are cut out, flipped, inserted or zeroed in one place of a sound file. What must hold then, whatever the
cells of that file hold, and so also where callers' words imitate whole log rows: every record that starts more
than two records before or after the damage is a row, with all its cells, and those rows stand in their order.
Records nearer by, damaged ones too, may be rejects, or pending, or words inside another row, but do not vanish.
Nothing is said of what an imitation of a row becomes once damage has laid it bare.
"""

import csv
import os
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from bakame_duck import connect
from bakame_duck.schema import NAMES
from bakame_duck.settings import Settings
from tests.log_strategies import Log, as_text, logs, packed, read_by_python, read_sizes, reading_at_once

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
FILES_EACH = 25
EXAMPLES = {  # of FILES_EACH: 12,000 files, or 250
    csv.QUOTE_MINIMAL: 320 if DEEP else 6,
    csv.QUOTE_ALL: 80 if DEEP else 2,
    csv.QUOTE_NONNUMERIC: 80 if DEEP else 2,
}
NEAR = 2  # records that may be lost on either side of the damaged ones
NASTY = [
    b'"',
    b'""',
    b",",
    b"\r",
    b"\n",
    b"\r\n",
    b'"\r\n',
    b'","',
    b'",',
    b',"',
    b"\0",
    b"\xff",
    b"T",
    b"\xef\xbb\xbf",
]


@dataclass(frozen=True)
class Damaged:
    log: Log
    live: bool
    kind: str
    start: int
    stop: int
    content: bytes = field(repr=False)

    def records(self) -> tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]]:
        """Return the records that must be rows, and those too near to the damage for that."""
        first = sum(end <= self.start for _, end in self.log.spans)
        last = sum(start < max(self.stop, self.start + 1) for start, _ in self.log.spans) - 1
        rows = [as_text(row) for row in read_by_python(self.log.content)]
        assert len(rows) == len(self.log.spans)
        return rows[: max(first - NEAR, 0)] + rows[last + NEAR + 1 :], rows[max(first - NEAR, 0) : last + NEAR + 1]


def damage(log: Log, live: bool, kind: str, where: int, length: int, seed: int) -> Damaged:
    """Return *log* with one damage at a byte that *where* chooses, half of them beside a quote, comma or line feed."""
    content, rng = log.content, random.Random(seed)
    start = where // 2 % len(content)
    if where % 2:
        edges = [place for place, byte in enumerate(content) if byte in b'",\n']
        start = max(edges[where // 2 % len(edges)] - rng.randrange(3), 0)
    stop = start if kind == "insert" else min(start + length, len(content))
    match kind:
        case "cut":
            new = b""
        case "zero":
            new = bytes(stop - start)
        case "flip":
            new = bytes(byte ^ rng.randrange(1, 256) for byte in content[start:stop])
        case _:
            place = rng.randrange(len(content))
            some = [rng.randbytes(length), b"".join(rng.choices(NASTY, k=length)), content[place : place + length]]
            new = rng.choice(some)[:length]
    return Damaged(log, live, kind, start, stop, content[:start] + new + content[stop:])


def damaged_logs(number: int, quoting: int) -> st.SearchStrategy[Damaged]:
    return st.builds(
        damage,
        logs(number, min_size=5, max_size=14, quotings=(quoting,)),
        st.booleans(),
        st.sampled_from(["cut", "flip", "insert", "zero"]),
        st.integers(0, 2**16),
        st.integers(1, 40),
        st.integers(0, 2**32 - 1),
    )


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of what failed, which it would hide
@pytest.mark.parametrize(
    "quoting", EXAMPLES, ids={csv.QUOTE_MINIMAL: "logger", csv.QUOTE_ALL: "all", csv.QUOTE_NONNUMERIC: "text"}.get
)
def test_no_record_is_lost_that_is_farther_than_two_records_from_the_damage(tmp_path, quoting):
    checked = Counter()

    @settings(
        max_examples=EXAMPLES[quoting],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # what fails names its file; to shrink a whole folder takes minutes
        report_multiple_bugs=False,
    )
    @given_any(files=st.tuples(*(damaged_logs(number, quoting) for number in range(FILES_EACH))), sizes=read_sizes)
    def read_damaged_logs(files, sizes):
        with tempfile.TemporaryDirectory(dir=tmp_path) as name, reading_at_once(*sizes):
            check(Path(name), files)
        checked["files"] += len(files)
        checked["records"] += sum(len(file.records()[0]) for file in files)

    read_damaged_logs()

    assert checked["files"] >= EXAMPLES[quoting] * FILES_EACH
    assert checked["records"] > checked["files"], "most files are to hold records far from their damage"


def check(path, files):
    """Write *files*, each live one into a folder of its own, and look at what is read of them."""
    written = {}
    for file in files:
        folder = path / str(file.log.number) if file.live else path
        folder.mkdir(exist_ok=True)
        place = folder / ("user_sessions.csv" if file.live else file.log.name)
        place.write_bytes(file.content if file.live else packed(file.content, file.log.suffix))
        written[str(place)] = file

    folders = {Path(place).parent: None for place in written}
    with connect(list(folders), settings=Settings.model_construct()) as con:
        found = {place: [] for place in written}
        for place, *row in con.execute(
            f"select source_file, {', '.join(NAMES)} from internal.log_cells order by source_file, source_row"
        ).fetchall():
            found[place].append(tuple(row))
        typed = dict(con.execute("select source_file, count(*) from user_sessions group by all").fetchall())
        lost = {place: [] for place in written}
        for place, raw in con.execute("select file, raw from ingest_rejects").fetchall():
            lost[place].append(raw)
        ledger = con.execute('select file, state, records, "rows", rejects, pending_bytes from ingest_files').fetchall()

    assert sorted(place for place, *_ in ledger) == sorted(written)
    for place, state, records, rows, rejects, pending_bytes in ledger:
        file = written[place]
        what = f"{file!r}\nbefore {file.log.content!r}\nafter  {file.content!r}"
        assert state in {"sound", "repaired"}, f"{state} {what}"
        assert records == rows + rejects + (pending_bytes > 0), what
        assert (rows, rejects) == (len(found[place]), len(lost[place])), what
        assert rows == typed.get(place, 0), what
        assert file.live or not pending_bytes, what
        assert 0 <= pending_bytes <= len(file.content), what
        rest = iter(found[place])
        far, near = file.records()
        for row in far:
            assert row in rest, f"{row[2]} is missing: {what}"
        pending = file.content[len(file.content) - pending_bytes :].decode("utf-8", "replace")
        seen = "\n".join([pending, *lost[place], *(cell for row in found[place] for cell in row if cell)])
        for row in near:
            assert row[2] in seen or row[2].encode() not in file.content, f"{row[2]} vanished: {what}"
