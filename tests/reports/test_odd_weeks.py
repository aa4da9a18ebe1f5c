"""A report of any week, however odd: each cell of its notebook runs, and its text has no placeholder."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from bakame_duck.reports.request import KINDS
from tests.conftest import as_csv
from tests.notebooks import execute
from tests.odd_logs import UNTIL, Habits, records, write_odd_logs

# The first seeds are those of test_same_numbers.py, which checks the same.
SEEDS = range(6, 300 if os.environ.get("BAKAME_DUCK_DEEP") else 12)
ZONES = ["Africa/Kigali", "America/St_Johns", "Asia/Kathmandu"]
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
@pytest.mark.parametrize("seed", SEEDS)
def test_a_report_over_odd_logs_runs_and_shows_no_placeholder(kind, seed, tmp_path, capfd):
    write_odd_logs(tmp_path, seed)

    executed = execute(kind, tmp_path, week="2026-W03", timezone=random.Random(seed).choice(ZONES))

    assert [] == executed.placeholders
    assert len(executed.text) > 500
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    "failing",
    [{"asr": 1}, {"llm": 1}, {"tts": 1}, {"asr": 0.4, "llm": 0.4, "tts": 1}],
    ids=["speech recognition", "language model", "speech synthesis", "all of it"],
)
@each_kind
def test_a_week_of_outage_after_good_weeks_has_its_report(kind, failing, tmp_path, capfd):
    rng = random.Random(1)
    good = Habits(["turn", "turn", "voice"], [f"+2507880000{place}" for place in range(10, 40)], ["math", "english"])
    for week, habits in enumerate([good, good, good, replace(good, failing=failing)], start=-4):
        since, until = (UNTIL + timedelta(weeks=place) for place in (week, week + 1))
        (tmp_path / f"user_sessions_{week + 5}.csv").write_bytes(as_csv(*records(rng, habits, since, until, 200)))

    executed = execute(kind, tmp_path, week="2026-W03", timezone="Africa/Kigali")

    assert [] == executed.placeholders
    if kind is KINDS["weekly"]:
        assert "Breached" in executed.text
    assert "".join(capfd.readouterr()) == ""
