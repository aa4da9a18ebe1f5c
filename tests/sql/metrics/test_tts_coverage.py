from datetime import datetime

from bakame_duck import metric
from bakame_duck.schema import NAMES
from tests.conftest import TURN, as_csv, cells


def test_every_column_tells_how_many_turns_state_it_and_since_when(given):
    con = given.turns(
        ("2026-01-04 10:00:00", None),
        ("2026-01-04 11:00:00", None, {"tts_provider": "deepgram", "barge_in_triggered": False}),
        ("2026-01-04 12:00:00", None, {"tts_provider": "deepgram", "tts_rate": 1.0}),
    )

    rows = {name: rest for name, *rest in metric(con, "tts_coverage").fetchall()}

    assert list(NAMES[20:]) == list(rows)
    assert rows["tts_provider"] == [3, 2, datetime(2026, 1, 4, 11), datetime(2026, 1, 4, 12)]
    assert rows["tts_rate"] == [3, 1, datetime(2026, 1, 4, 12), datetime(2026, 1, 4, 12)]
    assert rows["barge_in_triggered"] == [3, 1, datetime(2026, 1, 4, 11), datetime(2026, 1, 4, 11)]
    assert rows["tts_voice"] == [3, 0, None, None]


def test_files_of_twenty_columns_count_as_turns_that_do_not_say(given):
    turn = TURN | {"timestamp": "2026-01-03T10:00:00"}
    given.file(as_csv(cells(turn, 20)), "user_sessions_2026-01-03.csv")
    con = given.turns(("2026-01-04 10:00:00", None, {"tts_provider": "deepgram"}))

    name, turns, stated, first, _ = metric(con, "tts_coverage").fetchall()[0]

    assert (name, turns, stated, first) == ("tts_provider", 2, 1, datetime(2026, 1, 4, 10))
