import io
import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from IPython.core.formatters import DisplayFormatter

from bakame_duck.export import Numbers, as_json, numbers, to_frame, write_rows
from bakame_duck.formats import Format
from bakame_duck.palette import NUMBERS

ROWS = pl.DataFrame(
    {
        "at": [datetime(2026, 1, 12, 10, 30, 45, 123000), None],
        "day": [date(2026, 1, 12), None],
        "lookback": [timedelta(hours=24), None],
        "turns": [1234, 0],
        "p95_ms": [2314.25, None],
        "amount": [Decimal("1.50"), None],
        "up": [True, None],
        "message": ["LLM timeout, “again”", None],
        "layouts": [[20, 31], []],
    }
)


def written(frame: pl.DataFrame, form: Format) -> str:
    out = io.BytesIO()
    write_rows(frame, form, out)
    return out.getvalue().decode()


def test_json_has_numbers_as_numbers_and_instants_in_utc():
    assert json.loads(written(ROWS, Format.JSON)) == [
        {
            "at": "2026-01-12T10:30:45.123000Z",
            "day": "2026-01-12",
            "lookback": 86400.0,
            "turns": 1234,
            "p95_ms": 2314.25,
            "amount": 1.5,
            "up": True,
            "message": "LLM timeout, “again”",
            "layouts": [20, 31],
        },
        {name: 0 if name == "turns" else [] if name == "layouts" else None for name in ROWS.columns},
    ]


def test_json_without_rows_is_an_empty_array():
    assert [] == json.loads(written(ROWS.clear(), Format.JSON))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_json_knows_no_infinity(number):
    assert [{"ms": None}] == as_json(pl.DataFrame({"ms": [number]}))


def test_json_takes_structures_and_bytes():
    frame = pl.DataFrame({"inner": [{"at": datetime(2026, 1, 12), "n": [1.0]}], "raw": [b"\xff\x00"]})

    assert [{"inner": {"at": "2026-01-12T00:00:00Z", "n": [1.0]}, "raw": "ff00"}] == as_json(frame)


def test_the_numbers_of_a_report_are_rounded_to_six_decimals():
    sections = numbers(latency=pl.DataFrame({"ms": [0.1 + 0.2, 1 / 3], "n": [1, 2]}))

    assert {"latency": [{"ms": 0.3, "n": 1}, {"ms": 0.333333, "n": 2}]} == sections.sections


def test_a_notebook_holds_numbers_as_text_and_shows_how_many():
    data, _ = DisplayFormatter().format(numbers(latency=pl.DataFrame({"ms": [1.5]}), errors=pl.DataFrame()))

    assert {
        NUMBERS: '{"latency": [{"ms": 1.5}], "errors": []}',
        "text/plain": "Numbers: 1 of latency, 0 of errors",
    } == data


def test_numbers_that_are_none_cannot_be_held():
    held = Numbers({"latency": [{"ms": math.nan}]})

    with pytest.raises(ValueError, match="not JSON compliant"):
        held._repr_mimebundle_()


def test_large_numbers_of_a_report_have_eleven_digits_of_which_threads_cannot_change_the_last():
    sections = numbers(sums=pl.DataFrame({"ms": [12345678901.234567, -98765.43210987, 0.0]}))

    assert [{"ms": 12345678901.0}, {"ms": -98765.43211}, {"ms": 0.0}] == sections.sections["sums"]


def test_the_numbers_of_a_report_name_files_without_their_folder():
    files = pl.DataFrame({"file": ["/logs/a.csv", "/logs/b.csv"], "duplicate_of": [None, "/logs/a.csv"]})

    assert [
        {"file": "a.csv", "duplicate_of": None},
        {"file": "b.csv", "duplicate_of": "a.csv"},
    ] == numbers(files=files).sections["files"]


def test_csv_reads_back():
    frame = ROWS.drop("lookback")

    back = pl.read_csv(io.StringIO(written(frame, Format.CSV)), try_parse_dates=True)

    assert back.row(0, named=True) == {
        "at": datetime(2026, 1, 12, 10, 30, 45, 123000, tzinfo=UTC),
        "day": date(2026, 1, 12),
        "turns": 1234,
        "p95_ms": 2314.25,
        "amount": 1.5,
        "up": True,
        "message": "LLM timeout, “again”",
        "layouts": "[20, 31]",
    }
    assert (None, 0, None) == back.select("at", "turns", "message").row(1)


def test_parquet_reads_back():
    out = io.BytesIO()
    write_rows(ROWS.drop("amount"), Format.PARQUET, out)
    out.seek(0)

    assert ROWS.drop("amount").equals(pl.read_parquet(out))


def test_markdown_is_a_table():
    frame = pl.DataFrame({"message": ["a | b", "two\nlines", None], "turns": [1, 22, None]})

    assert written(frame, Format.MARKDOWN).splitlines() == [
        "| message | turns |",
        "|---|---:|",
        r"| a \| b | 1 |",
        "| two lines | 22 |",
        "|  |  |",
    ]


def test_a_table_sets_numbers_flush_right():
    frame = pl.DataFrame({"message": ["a", "bb"], "turns": [1, 22], "ms": [2314.256, None]})

    assert written(frame, Format.TABLE).splitlines() == [
        "message  turns        ms",
        "a            1  2,314.26",
        "bb          22",
    ]


@pytest.mark.parametrize("form", [Format.TABLE, Format.MARKDOWN])
@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("\x9b31m", "�31m"),
        ("[red]stop[/red]", "[red]stop[/red]"),
        ("[/]", "[/]"),
        (r"\[red]", r"\[red]"),
        ("[link=http://x]y[/link]", "[link=http://x]y[/link]"),
        ("[PHONE_REDACTED]", "[PHONE_REDACTED]"),
        (":smile:", ":smile:"),
        ("a\nb\tc", "a b c"),
        ("\u202etxt", "�txt"),
        ("Murakoze é 漢字", "Murakoze é 漢字"),
    ],
)
def test_a_text_cannot_command_the_terminal(form, hostile, shown):
    line = written(pl.DataFrame({"text": [hostile]}), form).splitlines()[-1]

    assert shown == (line if form is Format.TABLE else line[2:-2])


@pytest.mark.parametrize("form", [Format.TABLE, Format.MARKDOWN])
def test_a_column_name_cannot_command_the_terminal(form):
    first = written(pl.DataFrame({"\x1b[31m[b]": [1]}), form).splitlines()[0]

    assert "�[31m[b]" in first
    assert "\x1b" not in first


@pytest.mark.parametrize("form", [Format.TABLE, Format.MARKDOWN, Format.CSV])
def test_without_rows_the_columns_are_named(form):
    first = written(pl.DataFrame(schema={"day": pl.Date, "turns": pl.Int64}), form).splitlines()[0]

    assert ["day", "turns"] == first.replace("|", " ").replace(",", " ").split()


def test_a_query_may_name_columns_alike_and_give_intervals():
    rows = duckdb.sql(
        'select 1 as a, 2 as a, 3 as a_1, interval 36 hours as lasted, [interval 1 day] as pauses, true as "say ""hi"""'
    )

    assert [{"a": 1, "a_1": 2, "a_1_1": 3, "lasted": "36:00:00", "pauses": "[1 day]", 'say "hi"': True}] == (
        to_frame(rows).to_dicts()
    )


def test_an_instant_with_a_zone_is_written_in_utc():
    con = duckdb.connect()
    con.execute("set TimeZone = 'Africa/Kigali'")

    frame = to_frame(con.sql("select timestamptz '2026-01-12 00:30:00+02:00' as at"))

    assert [{"at": "2026-01-11T22:30:00Z"}] == as_json(frame)
