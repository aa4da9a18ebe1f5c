import csv
import io
import re
from base64 import b64decode
from datetime import date, datetime
from html.parser import HTMLParser

import pytest

from bakame_duck.reports import blocks, data_section
from bakame_duck.reports.weekly import tables
from tests.reports.weekly.test_weekly_text import DAY, ERROR_RATE, LATENCY, SOUND, UPTIME

HOSTILE = "<script>alert('&')</script>"
ESCAPED = "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"

MESSAGE = {
    "message": "LLM timeout",
    "stage": "llm",
    "turns": 12,
    "calls": 9,
    "is_new": False,
    "first_seen": datetime(2026, 1, 15, 12, 10),
    "last_seen": datetime(2026, 1, 15, 22, 30),
}
MODULE = {
    "module_name": "math",
    "turns": 1200,
    "calls": 90,
    "callers": 40,
    "p50_ms": 1900.0,
    "p95_ms": 2800.0,
    "p95_asr_ms": 350.0,
    "p95_llm_ms": 1990.0,
    "p95_tts_ms": None,
    "error_rate_percent": 2.5,
    "avg_asr_confidence": 0.951,
    "avg_tokens_in": 25.4,
    "avg_tokens_out": 45.0,
}
FILE = SOUND | {"file": "/var/log/bakame/user_sessions.csv", "reason": None, "duplicate_of": None}


ACTIVITY = {
    **dict.fromkeys(("turns", "calls", "callers", "new_callers", "returning_callers", "days_with_turns"), 7),
    "error_rate_percent": 1.0,
}
NO_INTERVAL = {"low": None, "high": None}
NOT_MEASURED = NO_INTERVAL | {"status": "not measured", "measured": None, "turns": 0, "burn_rate": None}


def set_objectives(*objectives):
    return tables.objectives_table(list(objectives), [], [])


class Cells(HTMLParser):
    """The texts of a table's rows; a tag that is not closed in its turn fails."""

    def __init__(self, block: tables.Block) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(str(block.html))
        assert [] == self._open

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "table" in self._open:
            self.rows[-1][-1] += data


@pytest.mark.parametrize(
    ("block", "rows"),
    [
        (
            tables.messages_table([MESSAGE], timezone="Africa/Kigali"),
            [
                ["Message", "Stage", "Turns", "Calls", "First", "Last"],
                ["LLM timeout", "Language model", "12", "9", "15 Jan 14:10", "16 Jan 00:30"],
            ],
        ),
        (
            tables.modules_table([MODULE, MODULE | {"module_name": None, "p50_ms": None, "p95_ms": None}]),
            [
                [
                    "Module",
                    "Turns",
                    "Calls",
                    "Callers",
                    "ASR, p95",
                    "LLM, p95",
                    "TTS, p95",
                    "Turn, p95",
                    "Errors",
                    "ASR confidence",
                    "Tokens in",
                    "Tokens out",
                ],
                ["math", "1,200", "90", "40", "350 ms", "1,990 ms", "–", "2,800 ms", "2.5%", "0.95", "25", "45"],
                ["not known", "1,200", "90", "40", "350 ms", "1,990 ms", "–", "–", "2.5%", "0.95", "25", "45"],
            ],
        ),
    ],
    ids=["messages", "modules"],
)
def test_rows_are_set_as_a_table(block, rows):
    assert rows == Cells(block).rows


@pytest.mark.parametrize(
    ("objective", "cells"),
    [
        (LATENCY, ["LLM latencyp95 < 2,000 ms", "1,800 ms1,700–1,900", "", "500", "0.5 ×", "–", "", "Met"]),
        (
            ERROR_RATE | {"status": "breached", "measured": 7.25, "low": 6.0, "high": 8.1},
            ["Overall error rate< 5%", "7.2%6.0–8.1", "", "500", "0.5 ×", "–", "", "Breached"],
        ),
        (
            LATENCY | {"status": "too few"} | NO_INTERVAL,
            ["LLM latencyp95 < 2,000 ms", "1,800 ms", "", "500", "0.5 ×", "–", "", "Too few"],
        ),
        (
            UPTIME | {"status": "inconclusive"},
            ["Service uptime> 99.5%", "99.95%99.80–99.99", "", "500", "0.5 ×", "–", "", "Can’t say"],
        ),
        (
            LATENCY | NOT_MEASURED,
            ["LLM latencyp95 < 2,000 ms", "–", "no turn reached this stage", "0", "–", "–", "", "Not measured"],
        ),
        (
            UPTIME | NOT_MEASURED,
            ["Service uptime> 99.5%", "–", "no health check of this time", "0", "–", "–", "", "Not measured"],
        ),
    ],
)
def test_an_objective_is_set_with_its_target_and_verdict(objective, cells):
    assert cells == Cells(set_objectives(objective)).rows[1]


def test_an_objective_is_set_with_its_budget_and_its_weeks():
    objective = LATENCY | {"used_percent": 43.2, "used_lookback_percent": 71.4}
    weeks = [
        {"objective": "llm_latency", "week_start": date(2026, 1, day), "measured": measured}
        for day, measured in ((12, 1800.0), (5, 1700.0))
    ]

    block = tables.objectives_table([objective], weeks, [])

    assert ["0.5 ×", "71%43% this week"] == Cells(block).rows[1][4:6]
    assert 'aria-label="by week: 1,700 ms, 1,800 ms"' in block.html


def test_an_objective_of_which_this_week_saw_nothing_still_has_its_four_weeks_budget():
    budget = {"used_percent": None, "used_lookback_percent": 71.4}

    block = tables.objectives_table([UPTIME | NOT_MEASURED, LATENCY | NOT_MEASURED | budget], [], [])

    assert ["–", "71%– this week"] == [row[5] for row in Cells(block).rows[1:]]
    heads, *rows = downloaded(block)
    assert ["", "71.4"] == [row[heads.index("used_lookback_percent")] for row in rows]


def test_beside_an_uptime_that_nobody_measured_stand_the_windows_with_a_success():
    days = [{"windows": 700, "windows_with_success": 695}, {"windows": 112, "windows_with_success": 110}]

    cell = Cells(tables.objectives_table([UPTIME | NOT_MEASURED], [], days)).rows[1][2]

    assert cell == (
        "no health check of this time. Not the same: in 99.14% of 812 busy five-minute windows a turn succeeded"
    )


def downloaded(block):
    (link,) = re.findall(r'href="data:text/csv;base64,([^"]*)"', block.html)
    return list(csv.reader(io.StringIO(b64decode(link).decode())))


def test_a_table_can_be_taken_away_whole_and_unrounded():
    taken = downloaded(tables.messages_table([MESSAGE | {"turns": 12.3456789}], timezone="Africa/Kigali"))

    assert taken == [
        ["message", "stage", "turns", "calls", "is_new", "first_seen", "last_seen"],
        ["LLM timeout", "llm", "12.3456789", "9", "False", "2026-01-15T12:10:00Z", "2026-01-15T22:30:00Z"],
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("\t=1", "'=1"),
        ("a=1", "a=1"),
        (-1, "-1"),
    ],
)
def test_a_spreadsheet_computes_no_text(text, kept):
    assert kept == downloaded(tables.messages_table([MESSAGE | {"message": text}], timezone="UTC"))[1][0]


def test_an_error_message_of_no_week_before_is_marked():
    assert "LLM timeout New" == Cells(tables.messages_table([MESSAGE | {"is_new": True}], timezone="UTC")).rows[1][0]


def test_cohorts_are_set_as_a_triangle():
    cohorts = [
        {"cohort_week": week, "weeks_later": later, "cohort_callers": number, "active_percent": share}
        for week, later, number, share in (
            (date(2026, 1, 5), 0, 10, 100.0),
            (date(2026, 1, 5), 1, 10, 40.0),
            (date(2026, 1, 12), 0, 7, 100.0),
        )
    ]

    assert Cells(tables.cohorts_table(cohorts)).rows == [
        ["First week", "Callers", "first", "+1"],
        ["Mon 5 Jan", "10", "100%", "40%"],
        ["Mon 12 Jan", "7", "100%", ""],
    ]


@pytest.mark.parametrize(
    ("block", "row"),
    [
        (
            tables.incidents_table(
                [
                    {
                        "stage": "llm",
                        "started_at": datetime(2026, 1, 15, 12, 20),
                        "ended_at": datetime(2026, 1, 15, 15, 30),
                        "turns": 76,
                        "failed_turns": 12,
                        "bad_share_percent": 93.4,
                        "usual_share_percent": 3.3,
                    }
                ],
                timezone="Africa/Kigali",
            ),
            ["Language model", "15 Jan 14:20", "15 Jan 17:30", "76", "12", "93.4%", "3.3%"],
        ),
        (
            data_section.gaps_table(
                [
                    {
                        "started_at": datetime(2026, 1, 15, 1),
                        "ended_at": datetime(2026, 1, 15, 4),
                        "hours": 3,
                        "usual_hours": 2,
                    }
                ],
                timezone="UTC",
            ),
            ["15 Jan 01:00", "15 Jan 04:00", "3", "2"],
        ),
        (
            data_section.drift_table([{"file": "/logs/a.csv", "change": "gone", "columns": ["x", "y"]}]),
            ["a.csv", "are gone", "x, y"],
        ),
        (
            tables.out_of_order_table([{"file": "/logs/a.csv", "rows": 3, "latest_by_s": 1800.0, "first_row": 12}]),
            ["a.csv", "3", "30 min", "12"],
        ),
        (
            tables.personal_data_table(
                [
                    {
                        "file": "/logs/a.csv",
                        "column_name": "error",
                        "kind": "phone number",
                        "found": 3,
                        "first_rows": [4, 9],
                    }
                ]
            ),
            ["a.csv", "error", "phone number", "3", "4, 9 and 1 more"],
        ),
        (
            tables.engagement_table(
                [
                    {
                        "caller": "caller 3f9a",
                        "total_sessions": 4,
                        "total_interactions": 1064,
                        "avg_session_duration": None,
                        "last_activity": datetime(2026, 1, 15, 1),
                    }
                ],
                timezone="UTC",
            ),
            ["caller 3f9a", "4", "1,064", "–", "15 Jan 01:00"],
        ),
    ],
    ids=["incidents", "gaps", "drift", "late rows", "personal data", "engagement"],
)
def test_a_row_is_set(block, row):
    assert row == Cells(block).rows[1]


def test_the_provenance_names_versions_and_files():
    parts = {
        "versions": {"bakame_duck": "0.1.0", "duckdb": "2.0.0", "python": "3.11.7"},
        "sql": "ab" * 32,
        "objectives": {"uptime": 99.5},
        "pseudonym_key": None,
        "files": [{"name": "a.csv", "state": "sound", "rows": 5, "rejects": 0, "bytes": 1000, "sha256": "cd" * 32}],
        "health_checks": [{"name": "h.jsonl", "lines": 7, "bytes": 70, "sha256": "ef" * 32}],
        "voice_auditions": [{"name": "v.csv", "lines": 8, "bytes": 90, "sha256": "01" * 32}],
    }

    shown = data_section.provenance_table(parts).html

    assert "bakame-duck 0.1.0, DuckDB 2.0.0, Python 3.11.7" in shown
    assert "3 files that were read" in shown
    assert "<code>cdcdcdcdcdcdcdcd</code>" in shown
    assert ">h.jsonl</th>" in shown
    assert '>v.csv</th><td class="">voice auditions</td>' in shown


@pytest.mark.parametrize(
    ("objective", "side"),
    [
        (LATENCY, "left"),
        (LATENCY | {"measured": 2314.0}, "right"),
        (LATENCY | {"measured": 90000.0}, "right"),
        (ERROR_RATE, "left"),
        (ERROR_RATE | {"target": 0.0, "measured": 0.0}, "left"),
        (ERROR_RATE | {"target": 0.0, "measured": 1.0}, "right"),
        (UPTIME, "left"),
        (UPTIME | {"measured": 100.0}, "left"),
        (UPTIME | {"measured": 99.0}, "right"),
        (UPTIME | {"target": 100.0, "measured": 99.0}, "right"),
    ],
)
def test_the_dot_is_left_of_the_target_when_it_is_better(objective, side):
    drawn = set_objectives(objective).html

    dot, target, width = (
        float(re.search(pattern, drawn)[1]) for pattern in (r'cx="([\d.]+)"', r'x1="([\d.]+)"', r'width="([\d.]+)"')
    )
    assert 0 < dot < width
    assert side == ("left" if dot < target else "right")


def test_absent_data_is_said_in_a_sentence():
    assert '<p class="why">No objectives are set.</p>' == set_objectives().html


@pytest.mark.parametrize(
    "block",
    [
        blocks.paragraph(""),
        tables.availability_table([]),  # the sentence above these says that there is nothing
        tables.messages_table([], timezone="UTC"),
        tables.modules_table([]),
        blocks.table([], [blocks.TableColumn("x", lambda row: "")], label="x", empty=""),
    ],
)
def test_absent_data_without_a_sentence_leaves_nothing(block):
    assert block.html == ""


def heads_left_out_on_a_phone(block: tables.Block) -> list[str]:
    return re.findall(r'<th scope="col" class="[^"]*\bwid(?:e|est)\b[^"]*">([^<]*)</th>', block.html)


def test_a_phone_leaves_out_the_columns_that_it_has_no_room_for():
    files = data_section.files_table([FILE | {"state": "repaired"}])

    assert ["Records", "Bad cells"] == heads_left_out_on_a_phone(files)


@pytest.mark.parametrize(
    "block",
    [
        blocks.paragraph(HOSTILE),
        blocks.lead("Fine.", HOSTILE),
        blocks.lead(HOSTILE, ""),
        tables.activity_cards(*[ACTIVITY] * 2, compared=HOSTILE),
        tables.messages_table([MESSAGE | {"message": HOSTILE}], timezone="UTC"),
        tables.modules_table([MODULE | {"module_name": HOSTILE}]),
        set_objectives(LATENCY | {"title": HOSTILE}),
        data_section.files_table([FILE | {"state": "unreadable", "reason": HOSTILE}]),
        blocks.table([{}], [blocks.TableColumn(HOSTILE, lambda row: "")], label="x", empty="y"),
        blocks.table([{}], [blocks.TableColumn("x", lambda row: "")], label=HOSTILE, empty="y"),
    ],
)
def test_every_text_is_escaped(block):
    assert ESCAPED in block.html
    assert "<script" not in block.html


@pytest.mark.parametrize(
    ("file", "why", "cells"),
    [
        (
            FILE | {"pending_bytes": 1234},
            "1,234 bytes of a record that is still being written",
            ["live", "100", "0", "0"],
        ),
        (
            FILE | {"state": "repaired", "rejects": 2, "reason": "a quote that is never closed"},
            "a quote that is never closed",
            ["repaired", "100", "2", "0"],
        ),
        (
            FILE | {"state": "repaired", "rejects": 2, "reason": "a quote that is never closed", "pending_bytes": 12},
            "a quote that is never closed; 12 bytes of a record that is still being written",
            ["repaired and live", "100", "2", "0"],
        ),
        (
            FILE | {"state": "duplicate", "duplicate_of": "/var/log/bakame/user_sessions_2026-01-04.csv"},
            "the same content as user_sessions_2026-01-04.csv",
            ["duplicate", "100", "0", "0"],
        ),
        (
            FILE | {"state": "unreadable", "reason": "no gzip file"} | dict.fromkeys(("records", "rejects")),
            "no gzip file",
            ["unreadable", "–", "–", "0"],
        ),
        (FILE | {"state": "repaired"}, "", ["repaired", "100", "0", "0"]),
    ],
)
def test_the_ledger_tells_what_befell_a_file(file, why, cells):
    ledger = data_section.files_table([FILE, file])

    assert [
        ["File", "State", "Records", "Rejected", "Bad cells"],
        [f"user_sessions.csv{why}", *cells],
    ] == Cells(ledger).rows
    assert f"<th scope='row'>user_sessions.csv<small>{why}</small></th>" in ledger.html


def test_the_name_of_a_file_is_escaped():
    ledger = data_section.files_table([FILE | {"state": "repaired", "file": "/var/log/<b>&.csv", "reason": "x"}])

    assert "<th scope='row'>&lt;b&gt;&amp;.csv<small>x</small></th>" in ledger.html


def test_the_ledger_of_sound_files_is_a_sentence():
    assert data_section.files_table([FILE]).html == '<p class="why">Every file is sound.</p>'


def test_a_day_of_availability_is_set():
    day = DAY | {
        "day": date(2026, 1, 12),
        "up_minutes": 1430.0,
        "uptime_percent": 99.31,
        "health_check_success_percent": 99.0,
    }

    assert ["Mon 12 Jan", "1,440", "99.0%", "99.31%", "10 min"] == Cells(tables.availability_table([day])).rows[1]
