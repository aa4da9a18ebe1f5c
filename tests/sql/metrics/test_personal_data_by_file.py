from datetime import datetime

from bakame_duck import metric


def test_the_finds_of_a_file_are_counted_and_the_first_are_placed(given):
    said = [{"user_input": "0788123456"}, {}, {"user_input": "0788123456"}, {"ai_response": "keza@example.rw"}]
    con = given.records(*said, {"user_input": "0788123456"})

    rows = metric(con, "personal_data_by_file", max_rows=2).fetchall()

    file = str(given.folder / "user_sessions_2026-01-04.csv")
    assert rows == [
        (file, "ai_response", "e-mail address", 1, [4]),
        (file, "user_input", "phone number", 3, [1, 3]),
    ]


def test_only_records_of_the_range_count(given):
    con = given.records(
        *({"timestamp": f"2026-01-04T{hour}:00:00", "user_input": "0788123456"} for hour in (10, 11, 12))
    )

    rows = metric(
        con, "personal_data_by_file", since=datetime(2026, 1, 4, 11), until=datetime(2026, 1, 4, 12)
    ).fetchall()

    assert [[2]] == [row[-1] for row in rows]
