from datetime import datetime

import pytest

from tests.conftest import TURN


def places(con):
    return con.sql(
        """
        select source_file, source_row, column_name, kind
        from personal_data
        order by source_file, source_row, column_position, kind
        """
    ).fetchall()


def kinds(given, said):
    return [row[2:] for row in places(given.records({"user_input": said}))]


@pytest.mark.parametrize(
    "said",
    [
        "+250788123456",
        "my number is 0788 000 017, call me",
        "call 0788-00-00-17",
        "call (0788) 000 017.",
        "call 078 812 34 56",
        "788123456",
        "call 250 788 123 456",
        "00250788123456",
        "+1 (415) 555-2671",
        "+44 20 7946 0958",
        "the school has 0252 123 456",
        "two lines\n0788123456\nand more",
        '{"contact": "+250788123456"}',
    ],
)
def test_a_phone_number_is_found_however_it_is_grouped(given, said):
    assert kinds(given, said) == [("user_input", "phone number")]


@pytest.mark.parametrize(
    "said",
    [
        "call me on [PHONE_REDACTED] ok",
        "my mail is [EMAIL_REDACTED]",
        "[CALL_START]",
        "[NAME_CONFIRMED: ]",
        "[NAME_CONFIRMED: [NAME_REDACTED]]",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "0 1 2 3 4 5 6 7 8 9",
        "2026-01-04T10:00:00.123456+02:00",
        "04-01-2026 10:30",
        "it is 0.788123456 or 3.0788123456",
        "request 123e4567-e89b-12d3-a456-426614174000 failed",
        "CA32e8d3965cae2fdeb4e8475992939d7d",
        "at 1767521400123 ms",
        "one million is 1 000 000, a billion 1000000000",
        "2+2 = 4",
        "meet me @ school. Tomorrow",
        "user@host",
    ],
)
def test_what_only_looks_alike_is_not_found(given, said):
    assert kinds(given, said) == []


@pytest.mark.parametrize(
    "said", ["write to keza.invented@example.rw please", "<Keza+school@mail.example.co.rw>", "kéza@exämple.rw"]
)
def test_an_email_address_is_found(given, said):
    assert kinds(given, said) == [("user_input", "e-mail address")]


def test_a_confirmed_name_is_found(given):
    assert kinds(given, "[NAME_CONFIRMED: Keza]") == [("user_input", "confirmed name")]


def test_each_kind_in_each_text_column_is_a_row_that_says_where(given):
    con = given.records(
        {"user_input": "hello"},
        {"ai_response": "so it is 0788123456, or keza@example.rw?", "user_input": "[NAME_CONFIRMED: Keza]"},
        {"emotional_data": "{'said': '0788123456'}", "gamification_data": "{'sent_to': 'keza@example.rw'}"},
        TURN | {"user_input": "", "ai_response": "", "error": "no answer from +250788123456"},
    )

    rows = places(con)

    assert [row[1:] for row in rows] == [
        (2, "user_input", "confirmed name"),
        (2, "ai_response", "e-mail address"),
        (2, "ai_response", "phone number"),
        (3, "emotional_data", "phone number"),
        (3, "gamification_data", "e-mail address"),
        (4, "error", "phone number"),
    ]
    assert {row[0] for row in rows} == {str(given.folder / "user_sessions_2026-01-04.csv")}


def test_the_columns_that_hold_numbers_by_their_nature_are_not_looked_at(given):
    con = given.records({"phone_number": "+250788123456", "session_id": "0788123456"})

    assert places(con) == []


def test_a_find_has_the_instant_of_its_record(given):
    con = given.records(
        *({"timestamp": f"2026-01-04T{hour}:00:00", "user_input": "0788123456"} for hour in (10, 11, 12))
    )

    rows = con.sql("select source_row, timestamp from personal_data order by source_row").fetchall()

    assert [(row, datetime(2026, 1, 4, 9 + row)) for row in (1, 2, 3)] == rows
