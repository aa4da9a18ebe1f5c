from datetime import date

from bakame_duck import metric


def test_failed_turns_are_counted_by_day_and_stage(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"error": "ASR timeout"}),
        ("2026-01-04 11:00:00", "math", {"error": "openai rate limit"}),
        ("2026-01-04 21:00:00", "math"),
        ("2026-01-04 22:00:00", "math", {"error": "ASR timeout"}),
        ("2026-01-06 10:00:00", "math"),
    )

    assert metric(con, "errors_by_day", timezone="Africa/Kigali").fetchall() == [
        (date(2026, 1, 4), "asr", 1, 3, 100 / 3),
        (date(2026, 1, 4), "llm", 1, 3, 100 / 3),
        (date(2026, 1, 5), "asr", 1, 1, 100.0),
    ]
