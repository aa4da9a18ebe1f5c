"""The sample, read by parsers that share nothing with it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import pyarrow as pa
import pytest

from bakame_duck.errors import UsageError
from bakame_duck.sample.logs import write_sample
from bakame_duck.schema import LAYOUTS, NAMES

Record = list[str]

INCIDENT = datetime(2026, 1, 15, 12, 10, tzinfo=UTC), datetime(2026, 1, 15, 15, 35, tzinfo=UTC)
WEEK = datetime(2026, 1, 11, 22, tzinfo=UTC), datetime(2026, 1, 18, 22, tzinfo=UTC)
DAMAGED = {
    "user_sessions_2025-12-27.csv",
    "user_sessions_20251231.csv",
    "user_sessions_20260103.csv",
    "user_sessions_20260105.csv",
    "user_sessions.csv",
}
TWICE = "user_sessions_20260102.csv.gz"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def records(sample: Path) -> list[Record]:
    """Every record of the sound files once, without the headers."""
    return [record for path in sound(sample) if path.name != TWICE for record in parse(content(path)) if is_row(record)]


@pytest.fixture(scope="module")
def turns(records: list[Record]) -> list[Record]:
    return [record for record in records if record[4] == "turn_metrics"]


def content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
            return bytes(stream.read())
    return data


def parse(data: bytes) -> list[Record]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def is_row(record: Record) -> bool:
    return record[0] != "timestamp"


def sound(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("user_sessions*")) if path.name not in DAMAGED)


def instant(record: Record) -> datetime:
    moment = datetime.fromisoformat(record[0])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def within(record: Record, span: tuple[datetime, datetime]) -> bool:
    return span[0] <= instant(record) < span[1]


def cell(record: Record, name: str) -> str:
    return record[NAMES.index(name)]


def numbers(rows: list[Record], name: str) -> list[float]:
    """The measurements that are not the logger's default of 0."""
    return [value for row in rows if (value := float(cell(row, name)))]


def percentile_95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def spoken_by(turns: list[Record], voice: str, rate: str) -> list[Record]:
    return [
        row for row in turns if len(row) == 31 and cell(row, "tts_voice") == voice and cell(row, "tts_rate") == rate
    ]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    once = write_sample(tmp_path / "once", days=20, rows_per_day=50, seed=7)
    again = write_sample(tmp_path / "again", days=20, rows_per_day=50, seed=7)

    assert [path.name for path in once] == [path.name for path in again]
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_another_seed_gives_other_calls(tmp_path: Path) -> None:
    one = write_sample(tmp_path / "one", days=3, rows_per_day=50, seed=1)
    two = write_sample(tmp_path / "two", days=3, rows_per_day=50, seed=2)

    assert [path.name for path in one] == [path.name for path in two]
    assert all(left.read_bytes() != right.read_bytes() for left, right in zip(one, two, strict=True))


def test_the_returned_paths_are_what_the_folder_holds(tmp_path: Path) -> None:
    paths = write_sample(tmp_path / "new" / "folder", days=40, rows_per_day=20)

    assert sorted(paths) == sorted((tmp_path / "new" / "folder").iterdir())


def test_a_folder_with_logs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "user_sessions.csv").write_text("mine")

    with pytest.raises(UsageError, match="already holds logs"):
        write_sample(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["user_sessions.csv"]


@pytest.mark.parametrize(("days", "rows"), [(0, 10), (10, 0)])
def test_a_sample_of_nothing_is_refused(tmp_path: Path, days: int, rows: int) -> None:
    with pytest.raises(UsageError):
        write_sample(tmp_path, days=days, rows_per_day=rows)


def test_progress_counts_the_days(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    write_sample(tmp_path, days=3, rows_per_day=5, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_default_sample_stays_below_3_mb(sample: Path) -> None:
    assert sum(path.stat().st_size for path in sample.iterdir()) < 3_000_000


@pytest.mark.parametrize(("days", "rows_per_day"), [(1, 500), (2, 3000), (9, 400)])
def test_the_number_of_rows_is_what_was_asked_for(tmp_path: Path, days: int, rows_per_day: int) -> None:
    paths = write_sample(tmp_path, days=days, rows_per_day=rows_per_day)

    # The live file ends in a torn record, so it is counted by its lines that begin like a record.
    begins = [re.findall(rb"(?m)^\d{4}-\d\d-\d\dT[^,]*,\+\d{12},(?:CA|SM)(?!0{32})", content(path)) for path in paths]
    assert sum(map(len, begins)) == pytest.approx(days * rows_per_day, rel=0.02)


def test_sound_files_hold_whole_records_only(sample: Path) -> None:
    for path in sound(sample):
        data = content(path)
        assert data.endswith(b"\r\n")
        assert {len(record) for record in parse(data)} <= set(LAYOUTS)


def test_every_header_is_a_layout_of_the_logger(sample: Path) -> None:
    read = [record for path in sound(sample) for record in parse(content(path))]
    headers = [record for record in read if not is_row(record)]

    # No file was begun in the few days of the 10-column release, so no header has that width.
    assert {len(header) for header in headers} == {8, 20, 31}
    assert {len(record) for record in read} == set(LAYOUTS)
    assert all(tuple(header) == NAMES[: len(header)] for header in headers)


def test_records_stand_in_the_order_in_which_they_were_appended(sample: Path) -> None:
    for path in sound(sample):
        moments = [instant(record) for record in parse(content(path)) if is_row(record)]
        assert moments == sorted(moments)


def test_timestamps_come_in_every_form_of_the_logger(records: list[Record]) -> None:
    stamps = [record[0] for record in records]

    assert any(stamp.endswith("Z") for stamp in stamps)
    assert any(stamp.endswith("+02:00") for stamp in stamps)
    assert any(len(stamp) == len("2026-01-01T00:00:00") for stamp in stamps)
    assert all(len(record) == 31 for record in records if record[0].endswith(("Z", "+02:00")))


def test_a_turn_is_written_as_the_logger_does(turns: list[Record]) -> None:
    for row in turns:
        stages = [float(cell(row, name)) for name in ("asr_ms", "llm_ms", "tts_ms")]
        assert cell(row, "module_name") == "metrics"
        assert cell(row, "session_id") == cell(row, "call_id")
        assert cell(row, "user_input") == cell(row, "ai_response") == ""
        assert sum(stages) == float(cell(row, "total_ms")) == pytest.approx(float(cell(row, "session_duration")) * 1000)


def test_stages_behind_a_failed_one_did_not_run(turns: list[Record]) -> None:
    for row in turns:
        error = cell(row, "error")
        if "ASR" in error:
            assert (cell(row, "llm_ms"), cell(row, "tts_ms")) == ("0", "0")
        if "Llama" in error or "TTS" in error:
            assert cell(row, "tts_ms") == "0"


def test_interactions_have_no_measurements(records: list[Record]) -> None:
    assert all(not any(record[10:]) for record in records if record[4] in ("voice", "sms"))


def test_callers_words_are_hostile(records: list[Record]) -> None:
    words = {record[5] for record in records}

    assert {"=1+1", "<script>alert(1)</script>", "[CALL_START]", "", "a,b,c"} <= words
    for pattern in ("\r\n", "[^\r]\n", "é", "🙏", r"\[PHONE_REDACTED\]", r"NAME_CONFIRMED", r"\n2026-\S+,\+250788"):
        assert any(re.search(pattern, text) for text in words), pattern


def test_dictionaries_are_python_literals_and_a_few_are_json(records: list[Record]) -> None:
    cells = [text for record in records if len(record) > 8 for text in record[8:10] if text]
    as_json = [text for text in cells if '{"' in text]

    assert 0 < len(as_json) < len(cells) / 10
    assert any("None" in text and "True" in text for text in cells)
    assert any('"it\'s"' in text for text in cells)


def test_some_turns_lost_their_interactions(records: list[Record], turns: list[Record]) -> None:
    spoken = [record for record in records if record[4] != "turn_metrics"]
    calls, callers = {record[2] for record in spoken}, {record[1] for record in spoken}
    lost = [row for row in turns if row[2] not in calls]

    assert any(row[1] in callers for row in lost)
    assert any(row[1] not in callers for row in lost)


def test_a_file_moved_under_the_process_has_no_header(sample: Path) -> None:
    assert all(map(is_row, parse(content(sample / "user_sessions_2025-12-23.csv"))))


def test_files_put_together_have_a_header_in_the_middle(sample: Path) -> None:
    rows = parse(content(sample / "user_sessions_2025-12-28.csv"))

    assert [is_row(record) for record in rows].count(False) == 2
    assert not is_row(rows[0])
    assert is_row(rows[-1])


def test_a_file_upgraded_in_the_middle_keeps_its_header(sample: Path) -> None:
    widths = [len(record) for record in parse(content(sample / "user_sessions_2025-12-20.csv"))]

    assert widths == sorted(widths)
    assert set(widths) == {8, 10, 20}


def test_a_file_holds_several_days(sample: Path) -> None:
    rows = [record for record in parse(content(sample / "user_sessions_2025-12-26.csv")) if is_row(record)]

    assert {instant(record).date() for record in rows} == {date(2025, 12, day) for day in (24, 25, 26)}


def test_a_file_is_present_twice(sample: Path) -> None:
    assert content(sample / TWICE) == content(sample / TWICE.removesuffix(".gz"))


def test_the_zstd_file_is_sound(sample: Path) -> None:
    assert len(parse(content(sample / "user_sessions_20260101.csv.zst"))) > 100


def test_the_two_days_before_the_live_file_are_numbered(sample: Path) -> None:
    names = {path.name for path in sample.iterdir()}

    assert {"user_sessions.csv", "user_sessions.csv.1", "user_sessions.csv.2.gz"} <= names


@pytest.mark.parametrize("name", ["user_sessions_2025-12-27.csv", "user_sessions.csv"])
def test_a_last_record_is_torn(sample: Path, name: str) -> None:
    data = content(sample / name)
    *whole, _ = re.split(rb"\r\n(?=2\d{3}-)", data)

    assert not data.endswith(b"\n")
    assert {len(record) for record in parse(b"\r\n".join(whole))} <= set(LAYOUTS)


def test_a_record_is_glued_to_a_torn_one(sample: Path) -> None:
    rows = parse(content(sample / "user_sessions_20251231.csv"))

    odd = [index for index, record in enumerate(rows) if len(record) not in LAYOUTS]
    assert len(odd) == 1
    assert any(re.search(r"2025-12-31T\d\d:\d\d:\d\d", text) for text in rows[odd[0]][1:])
    assert len(rows) - odd[0] > 50


def test_an_open_quote_has_records_behind_it(sample: Path) -> None:
    data = content(sample / "user_sessions_20260105.csv")

    assert data.count(b'"') % 2 == 1
    with pytest.raises(csv.Error):
        parse(data)
    glued = re.search(rb"[^\r\n]2026-01-05T\d\d:\d\d:\d\d[^,]*,\+\d{12},(CA|SM)", data)
    assert glued
    assert data[glued.start() :].count(b"\r\n") > 150


def test_a_file_has_a_tail_of_nul_bytes(sample: Path) -> None:
    data = content(sample / "user_sessions_20260103.csv")

    assert data.endswith(bytes(500))
    assert data.rstrip(b"\0").endswith(b"\r\n")
    assert b"\0" not in data.rstrip(b"\0")


def test_the_newest_week_is_unhurt(sample: Path) -> None:
    stamps = {f"user_sessions_2026-01-{day}.csv" for day in range(12, 17)}

    assert stamps <= {path.name for path in sound(sample)}


def test_targets_are_met_in_a_quiet_week(turns: list[Record]) -> None:
    quiet = [row for row in turns if instant(row) < WEEK[0]]

    assert percentile_95(numbers(quiet, "asr_ms")) < 500
    assert percentile_95(numbers(quiet, "llm_ms")) < 2000
    assert percentile_95(numbers(quiet, "tts_ms")) < 800
    assert percentile_95(numbers(quiet, "total_ms")) < 3000
    assert mean(bool(cell(row, "error")) for row in quiet) == pytest.approx(0.024, abs=0.01)


def test_the_incident_breaks_the_language_models_target_only(turns: list[Record]) -> None:
    week = [row for row in turns if within(row, WEEK)]
    during = [row for row in week if within(row, INCIDENT)]
    outside = [row for row in week if not within(row, INCIDENT)]

    assert mean(numbers(during, "llm_ms")) > 1.7 * mean(numbers(outside, "llm_ms"))
    assert mean("Llama" in cell(row, "error") for row in during) > 0.08
    assert percentile_95(numbers(week, "llm_ms")) > 2000
    assert percentile_95(numbers(week, "asr_ms")) < 500
    assert percentile_95(numbers(week, "tts_ms")) < 800


def test_the_incident_brings_a_new_message(turns: list[Record]) -> None:
    new = [row for row in turns if "upstream connect timeout" in cell(row, "error")]

    assert new
    assert all(within(row, INCIDENT) for row in new)


def test_luna_is_faster_and_asteria_at_full_rate_is_not(turns: list[Record]) -> None:
    baseline = median(numbers(spoken_by(turns, "aura-asteria-en", "0.95"), "tts_ms"))
    luna = median(numbers(spoken_by(turns, "aura-luna-en", "1.0"), "tts_ms"))
    equal = median(numbers(spoken_by(turns, "aura-asteria-en", "1.0"), "tts_ms"))
    alloy = median(numbers(spoken_by(turns, "alloy", "1.0"), "tts_ms"))

    assert luna < 0.93 * baseline
    assert equal == pytest.approx(baseline, rel=0.06)
    assert alloy > 1.1 * baseline


def test_callers_interrupt_alloy_most_and_luna_least(turns: list[Record]) -> None:
    def barge_ins(voice: str, rate: str) -> float:
        return mean(cell(row, "barge_in_triggered") == "True" for row in spoken_by(turns, voice, rate))

    assert barge_ins("aura-luna-en", "1.0") < barge_ins("aura-asteria-en", "0.95") < barge_ins("alloy", "1.0")


def test_a_fallback_can_end_at_twilio(turns: list[Record]) -> None:
    said = [row for row in turns if len(row) == 31 and cell(row, "tts_provider") == "twilio_say"]

    assert said
    assert all(int(cell(row, "tts_fallback_count")) >= 1 for row in said)
    assert {cell(row, "tts_pitch") + cell(row, "tts_style") for row in said} == {""}


def test_health_checks_show_the_incident_and_the_outage(sample: Path) -> None:
    checks = [json.loads(line) for line in (sample / "health_checks.jsonl").read_text().splitlines()]
    moments = [datetime.fromisoformat(check["timestamp"]) for check in checks]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    ill = [index for index, check in enumerate(checks) if check["status"] == "unhealthy"]

    assert max(gaps) >= timedelta(minutes=50)
    assert sorted(gaps)[-2] < timedelta(minutes=11)
    assert ill == list(range(ill[0], ill[0] + 9))
    assert all(INCIDENT[0] <= moments[index].replace(tzinfo=UTC) < INCIDENT[1] for index in ill)
    assert all(checks[index]["checks"]["llama_api"] == {"status": "unhealthy"} for index in ill)
    assert set(checks[0]["checks"]) == {"redis", "database", "llama_api", "openai_api", "deepgram_api"}


def test_nobody_is_served_in_the_outage(records: list[Record]) -> None:
    outage = datetime(2026, 1, 17, 2, tzinfo=UTC), datetime(2026, 1, 17, 2, 50, tzinfo=UTC)

    assert not any(within(record, outage) for record in records)
