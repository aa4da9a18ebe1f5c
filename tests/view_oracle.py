"""
Recompute calls and the learning modules of turns in plain Python, by comparing all records with each other.

A record is a dictionary of cells as the logger writes them, with the name of its file under ``log``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

CALL_GAP = timedelta(hours=4)
CALLER_GAP = timedelta(days=30)

Record = Mapping[str, Any]


def expected_modules(records: Iterable[Record]) -> list[tuple[str | None, str]]:
    """Return the learning module and its source for each turn among *records*, in their order."""
    records = list(records)
    mentions = [
        (call_of(record), record["phone_number"], at, record["module_name"])
        for record in records
        if not is_turn(record) and record["module_name"] and (at := instant_of(record))
    ]
    return [_module_of(record, mentions) for record in records if is_turn(record)]


def _module_of(turn: Record, mentions: list[tuple[str, str, datetime, str]]) -> tuple[str | None, str]:
    at = instant_of(turn)
    if at is None:
        return None, "none"
    for position, own, gap, source in (
        (0, call_of(turn), CALL_GAP, "call"),
        (1, turn["phone_number"], CALLER_GAP, "caller"),
    ):
        near = [
            (abs(when - at), when > at, module)
            for *keys, when, module in mentions
            if own and keys[position] == own and abs(when - at) < gap
        ]
        if near:
            return min(near)[2], source
    return None, "none"


def expected_calls(records: Iterable[Record]) -> list[tuple[Any, ...]]:
    """Return the rows of the view ``calls``, sorted by their text."""
    by_call: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if call_of(record) and record["interaction_type"] != "sms":
            by_call[call_of(record)].append(record)
    return sorted((_call(own) for records in by_call.values() for own in _split(records)), key=repr)


def _split(records: list[Record]) -> list[list[Record]]:
    """Return the calls of one call id: four hours without a record end a call."""
    calls: list[list[Record]] = []
    last = datetime.min
    for record in sorted(filter(instant_of, records), key=lambda record: instant_of(record) or last):
        at = instant_of(record) or last
        if not calls or at - last >= CALL_GAP:
            calls.append([])
        calls[-1].append(record)
        last = at
    dated, undated = list(calls), defaultdict(list)
    for record in records:
        if instant_of(record) is None:
            of_its_log = (call for call in dated if any(other["log"] == record["log"] for other in call))
            next(of_its_log, undated[record["log"]]).append(record)
    return calls + [call for call in undated.values() if call]


def _call(records: list[Record]) -> tuple[Any, ...]:
    instants = [at for record in records if (at := instant_of(record))]
    start, end = min(instants, default=None), max(instants, default=None)
    turns = [record for record in records if is_turn(record)]
    modules = {record["module_name"] for record in records if not is_turn(record) and record["module_name"]}
    return (
        call_of(records[0]),
        min((record["phone_number"] for record in records if record["phone_number"]), default=None),
        start,
        end,
        (end - start).total_seconds() if start and end else None,
        len(turns),
        len(records) - len(turns),
        sum(bool(record.get("error")) for record in turns),
        sum(record.get("barge_in_triggered") is True for record in records),
        sorted(modules) or None,
    )


def is_turn(record: Record) -> bool:
    return bool(record["interaction_type"] == "turn_metrics")


def call_of(record: Record) -> str:
    return str(record.get("call_id") or record["session_id"] or "")


def instant_of(record: Record) -> datetime | None:
    at = record["timestamp"]
    if isinstance(at, str):
        at = datetime.fromisoformat(at) if at else None
    return at.astimezone(UTC).replace(tzinfo=None) if at and at.tzinfo else at
