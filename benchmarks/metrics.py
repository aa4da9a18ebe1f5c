"""
Measure each public metric over a month, as a ratio to one aggregate over the same mirror.

The aggregate is the mean and the p95 of ``total_ms`` by module: what an analyst would type first. Ranges are drawn with
a fixed seed; each is measured after ``connect()``, with rollups present and files in memory. See README.md beside this
file for how to read the table.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from reports import LAST_DAY, write_year

from bakame_duck import connect, list_metrics, metric
from bakame_duck.catalog.rollups import refresh
from bakame_duck.sample.logs import write_sample

SEED = 20_250_101
MONTH = timedelta(days=30)
MEDIAN_RATIO, WORST_RATIO = 10, 30
PEER = """
    select module_name, avg(total_ms), quantile_cont(total_ms, 0.95)
    from user_sessions
    where interaction_type = 'turn_metrics' and timestamp >= $1 and timestamp < $2
    group by module_name
"""


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that *work* takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def arguments_of(parameters: tuple[str, ...], since: datetime, until: datetime) -> dict[str, Any]:
    """Return the arguments that let a metric with these *parameters* cover the range."""
    if "as_of" in parameters:
        return {"as_of": until, "lookback": until - since}
    span = {"since": since, "until": until} if "since" in parameters else {"until": until}
    return span | ({"timezone": "Africa/Kigali"} if "timezone" in parameters else {})


def measure(con: DuckDBPyConnection, draws: int) -> list[tuple[str, float, float]]:
    """Return for each public metric its name, its median seconds and the median ratio to the aggregate."""
    first, last = con.execute("select first_at, last_at from ingest_totals").fetchall()[0]
    rng, spare = random.Random(SEED), max((last - first - MONTH).total_seconds(), 0)
    ranges = [(since := first + timedelta(seconds=rng.uniform(0, spare)), since + MONTH) for _ in range(draws)]
    results = []
    for name, parameters in [(known.name, known.parameters) for known in list_metrics(con)]:
        times, ratios = [], []
        for since, until in [ranges[0], *ranges]:  # the first one warms up
            given = arguments_of(parameters, since, until)
            peer = seconds(lambda: con.execute(PEER, [since, until]).fetchall())  # noqa: B023
            times.append(seconds(lambda: metric(con, name, **given).pl()))  # noqa: B023
            ratios.append(times[-1] / peer)
        results.append((name, statistics.median(times[1:]), statistics.median(ratios[1:])))
    return results


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30, help="days of logs (30)")
    parser.add_argument("--year", action="store_true", help="a year of such days, made from a month")
    parser.add_argument("--rows-per-day", type=int, default=200_000, help="records a day (200,000)")
    parser.add_argument("--draws", type=int, default=3, help="ranges drawn for each metric (3)")
    parser.add_argument("--folder", type=Path, help="where logs are kept for the next run; else a temporary folder")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bakame-duck-bench-") as temporary:
        work = options.folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        logs = work / ("month" if options.days == 30 else f"days-{options.days}")
        if not logs.is_dir():
            write_sample(logs, days=options.days, rows_per_day=options.rows_per_day, last_day=LAST_DAY)
        if options.year:
            logs = write_year(logs, work / "year")
        refresh(logs)
        with closing(connect(logs)) as con:
            results = measure(con, options.draws)
    print(f"{'metric':36} {'seconds':>8} {'ratio':>7}")
    for name, taken, ratio in sorted(results, key=lambda result: -result[2]):
        print(f"{name:36} {taken:8.3f} {ratio:7.1f}")
    ratios = [ratio for _, _, ratio in results]
    for label, found, limit in (
        ("median", statistics.median(ratios), MEDIAN_RATIO),
        ("worst", max(ratios), WORST_RATIO),
    ):
        print(f"{label} {found:.1f} × the aggregate, target ≤ {limit}: {'ok' if found <= limit else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
