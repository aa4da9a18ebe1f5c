"""The learning module of a turn, and calls: as plain Python finds them by comparing all records with each other."""

import random
from datetime import datetime, timedelta

import pytest

from tests.conftest import INTERACTION, TURN
from tests.view_oracle import expected_calls, expected_modules

SPREADS_S = [300, 300, 12 * 3600, 120 * 86_400]
NOON = datetime(2026, 1, 4, 12)


@pytest.mark.parametrize("seed", range(12))
def test_turns_and_calls_are_those_that_plain_python_finds(given, seed):
    rng = random.Random(seed)
    spread_s = SPREADS_S[seed % len(SPREADS_S)]
    records = [any_record(rng, spread_s) | {"log": "one"} for _ in range(400)]
    con = given.records(*records)

    rows = con.execute("select module_name, module_source from turns order by source_row").fetchall()

    expected = expected_modules(records)
    assert rows == expected
    assert {source for _, source in expected} >= {"caller", "none"} | ({"call"} if spread_s < 86_400 else set())
    assert sorted(con.execute("from calls").fetchall(), key=repr) == expected_calls(records)


@pytest.mark.parametrize("seed", range(12))
def test_few_turns_of_callers_with_many_interactions_have_the_nearest_module(given, seed):
    rng = random.Random(seed)
    records = [any_record(rng, SPREADS_S[seed % len(SPREADS_S)]) for _ in range(400)]
    turns = [record for record in records if record["interaction_type"] == "turn_metrics"]
    for number, turn in enumerate(turns):
        turn["session_id"] = turn["call_id"] = f"CB{number}"  # a call without interactions
    records = [record for record in records if record not in turns or rng.random() < 0.06]
    con = given.records(*records)

    rows = con.execute("select module_name, module_source from turns order by source_row").fetchall()

    assert rows == expected_modules(records)
    assert "caller" in {source for _, source in rows}


def test_turns_and_calls_of_the_emitter_are_those_that_plain_python_finds(emitter):
    records = emitter.execute(
        """
        select
            timestamp, phone_number, session_id, module_name, interaction_type, call_id, error, barge_in_triggered,
            source_file as log
        from user_sessions
        order by source_file, source_row
        """
    )
    names = [column[0] for column in records.description]
    records = [dict(zip(names, row, strict=True)) for row in records.fetchall()]

    rows = emitter.execute("select module_name, module_source from turns order by source_file, source_row").fetchall()

    assert rows == expected_modules(records)
    assert sorted(emitter.execute("from calls").fetchall(), key=repr) == expected_calls(records)


def any_record(rng, spread_s):
    """Return a record of few calls and callers, at one of 300 instants, so that many tie; some cells are empty."""
    at = NOON + timedelta(seconds=rng.randrange(300) * spread_s // 300)
    shared = {
        "timestamp": at.isoformat() if rng.random() > 0.03 else "",
        "phone_number": rng.choice(["", *(f"+25078800000{n}" for n in range(6))]),
        "session_id": rng.choice(["", *(f"CA{n}" for n in range(90))]),
    }
    if rng.random() < 0.5:
        if rng.random() < 0.2:
            shared["phone_number"] = "+250788000099"  # a caller without interactions
        call = shared["session_id"] if rng.random() > 0.1 else rng.choice(["", "CA1", "CA99"])
        return TURN | shared | {"call_id": call}
    module = rng.choice(["", "english", "math", "debate"]) if shared["session_id"] < "CA2" else "math"
    kind = rng.choice(["voice", "voice", "sms", ""])
    return INTERACTION | shared | {"module_name": module, "interaction_type": kind}
