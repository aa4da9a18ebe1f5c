"""The learning module of a turn: what plain Python finds among the records, by looking at all of them."""

import random
from datetime import datetime, timedelta

import pytest

from tests.conftest import INTERACTION, TURN

NOON = datetime(2026, 1, 4, 12)


@pytest.mark.parametrize("seed", range(12))
def test_every_turn_has_the_module_that_a_look_at_all_records_finds(given, seed):
    rng = random.Random(seed)
    records = [any_record(rng) for _ in range(400)]
    con = given.records(*records)

    rows = con.execute("select source_row, module_name, module_source from turns order by source_row").fetchall()

    expected = expected_modules(records)
    assert rows == expected
    assert {source for *_, source in expected} == {"call", "caller", "none"}


@pytest.mark.parametrize("seed", range(12))
def test_few_turns_of_callers_who_said_much_have_the_module_nearest_to_them(given, seed):
    rng = random.Random(seed)
    records = [any_record(rng) for _ in range(400)]
    turns = [record for record in records if record["interaction_type"] == "turn_metrics"]
    for number, turn in enumerate(turns):
        turn["session_id"] = turn["call_id"] = f"CB{number}"  # of which nobody told a module
    records = [record for record in records if record not in turns or rng.random() < 0.06]
    con = given.records(*records)

    rows = con.execute("select source_row, module_name, module_source from turns order by source_row").fetchall()

    assert rows == expected_modules(records)
    assert "caller" in {source for *_, source in rows}


def test_the_modules_of_the_sample_are_those_that_a_look_at_all_records_finds(emitter):
    records = emitter.execute(
        """
        select
            timestamp, phone_number, session_id, module_name, interaction_type, call_id, source_file, source_row
        from user_sessions
        """
    )
    names = [column[0] for column in records.description]
    records = [dict(zip(names, row, strict=True)) for row in records.fetchall()]

    rows = emitter.execute("select source_file, source_row, module_name, module_source from turns").fetchall()

    numbers = {(record["source_file"], record["source_row"]): n for n, record in enumerate(records, start=1)}
    assert sorted((numbers[file, row], *rest) for file, row, *rest in rows) == expected_modules(records)


def any_record(rng):
    """A record among few calls, callers and instants, so that many tie; some cells are empty."""
    at = NOON + timedelta(seconds=rng.randrange(300))
    shared = {
        "timestamp": at.isoformat() if rng.random() > 0.03 else "",
        "phone_number": rng.choice(["", *(f"+25078800000{n}" for n in range(6))]),
        "session_id": rng.choice(["", *(f"CA{n}" for n in range(90))]),
    }
    if rng.random() < 0.5:
        if rng.random() < 0.2:
            shared["phone_number"] = "+250788000099"  # who never said anything
        call = shared["session_id"] if rng.random() > 0.1 else rng.choice(["", "CA1", "CA99"])
        return TURN | shared | {"call_id": call}
    module = rng.choice(["", "english", "math", "debate"]) if shared["session_id"] < "CA2" else "math"
    kind = rng.choice(["voice", "voice", "sms", ""])
    return INTERACTION | shared | {"module_name": module, "interaction_type": kind}


def expected_modules(records):
    """Return (number, module, source) of every turn among *records*."""
    interactions = [
        (call_of(record), record["phone_number"], instant_of(record), record["module_name"])
        for record in records
        if record["interaction_type"] != "turn_metrics" and record["module_name"]
    ]
    return [
        (number, *module_of(record, interactions))
        for number, record in enumerate(records, start=1)
        if record["interaction_type"] == "turn_metrics"
    ]


def module_of(turn, interactions):
    call, caller, at = call_of(turn), turn["phone_number"], instant_of(turn)
    if call and (of_call := [(when, module) for key, _, when, module in interactions if key == call]):
        return nearest(at, of_call), "call"
    if caller and (of_caller := [(when, module) for _, phone, when, module in interactions if phone == caller]):
        return nearest(at, of_caller), "caller"
    return None, "none"


def nearest(at, interactions):
    """Return the module of the interaction nearest to *at*; what has no instant stands behind everything."""
    before = [(when, module) for when, module in interactions if when <= at]
    after = [(when, module) for when, module in interactions if when > at]
    if not before or not after:
        return max(before)[1] if before else min(after)[1]
    (last, module_before), (first, module_after) = max(before), min(after)
    return module_before if first == datetime.max or at - last <= first - at else module_after


def call_of(record):
    return record.get("call_id") or record["session_id"]


def instant_of(record):
    at = record["timestamp"]
    return at if isinstance(at, datetime) else datetime.fromisoformat(at) if at else datetime.max
