"""Questions that are asked ahead of their answers."""

from __future__ import annotations

import threading

import duckdb
import pytest

from bakame_duck.catalog.questions import Questions
from bakame_duck.errors import UnknownMetricError


@pytest.fixture
def ask(empty: duckdb.DuckDBPyConnection) -> Questions:
    return Questions(empty)


def test_an_answer_has_its_rows_as_a_frame_and_by_name(ask: Questions) -> None:
    answer = ask.sql("from range(2) as numbers(n)")

    assert {"n": [0, 1]} == answer.frame.to_dict(as_series=False)
    assert [{"n": 0}, {"n": 1}] == answer.rows


def test_an_answer_of_one_row_gives_it_and_of_others_none(ask: Questions) -> None:
    assert {"n": 7} == ask.sql("select 7 as n").row
    with pytest.raises(ValueError, match="unpack"):
        _ = ask.sql("from range(2)").row


def test_a_metric_is_asked_with_its_arguments(ask: Questions) -> None:
    answer = ask.metric("objectives_report", until="2026-01-19")

    assert {"not measured"} == set(answer.frame["status"])


def test_who_asks_does_not_wait_and_answers_come_in_turn(ask: Questions) -> None:
    asked = threading.Event()
    order = []

    def wait(con: duckdb.DuckDBPyConnection) -> None:
        assert asked.wait(timeout=60)
        order.append("first")

    ask.call(wait)
    last = ask.call(lambda con: order.append("last"))
    asked.set()

    last.result(timeout=60)
    assert ["first", "last"] == order


def test_a_call_is_given_the_connection_and_its_arguments(ask: Questions, empty: duckdb.DuckDBPyConnection) -> None:
    def called(con: duckdb.DuckDBPyConnection, *, since: int) -> tuple[bool, int]:
        return con is empty, since

    assert (True, 3) == ask.call(called, since=3).result(timeout=60)


def test_what_fails_raises_for_its_own_answer_and_for_those_behind_it(ask: Questions) -> None:
    before, failing, behind = ask.sql("select 1 as n"), ask.metric("no_such_metric"), ask.sql("select 2 as n")

    assert {"n": 1} == before.row
    for answer in (failing, behind):
        with pytest.raises(UnknownMetricError, match="no_such_metric"):
            _ = answer.frame
