import pytest

from bakame_duck import metric


def voice(name, *, ms, interrupted=0, fallbacks=0, turns=100, stated=True):
    return [
        (
            f"2026-01-04 10:{number // 60:02}:{number % 60:02}",
            None,
            {"tts_provider": "p", "tts_voice": name, "tts_ms": ms}
            | (
                {"barge_in_triggered": number < interrupted, "tts_fallback_count": int(number < fallbacks)}
                if stated
                else {}
            ),
        )
        for number in range(turns)
    ]


def unbeaten(con):
    rows = metric(con, "tts_trade_off").project("configuration, is_unbeaten").fetchall()
    return [front for _, front in rows]


@pytest.mark.parametrize(
    ("second", "front"),
    [
        ({"ms": 400}, [False, True]),
        ({"ms": 400, "interrupted": 11}, [True, True]),
        ({"ms": 500, "interrupted": 10, "fallbacks": 5}, [True, True]),
        ({"ms": 500, "interrupted": 10, "fallbacks": 4}, [False, True]),
        ({"ms": 600, "interrupted": 9, "fallbacks": 6}, [True, True]),
        ({"ms": 600, "interrupted": 10, "fallbacks": 5}, [True, False]),
        ({"ms": 400, "stated": False}, [False, True]),
    ],
)
def test_a_configuration_is_unbeaten_when_no_other_is_as_good_in_all_and_better_in_one(given, second, front):
    con = given.turns(*voice("a", ms=500, interrupted=10, fallbacks=5), *voice("b", **second))

    assert front == unbeaten(con)


def test_a_configuration_with_too_few_turns_is_not_compared(given):
    con = given.turns(*voice("a", ms=500), *voice("b", ms=100, turns=20))

    assert [True] == unbeaten(con)
