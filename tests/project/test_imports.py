"""What is slow to import stays out: each report would pay for it twice, in the command and in the kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["tests.report_fixtures"]


@pytest.mark.parametrize(
    ("code", "kept_out"),
    [
        ("import bakame_duck; bakame_duck.connect(sys.argv[1]).close()", ["pandas", "altair", "nbconvert"]),
        (
            "from bakame_duck.reports import provenance; from bakame_duck.stats import incidents; "
            "from bakame_duck.reports.weekly import charts, tables",
            ["rfc3987_syntax", "pandas"]),
        ("from bakame_duck.reports.tts import charts, tables, text", ["rfc3987_syntax"]),
        ("from bakame_duck.reports import runner", ["rfc3987_syntax", "nbconvert", "altair"]),
        ("from bakame_duck.cli import app", ["duckdb", "polars", "pyarrow", "numpy", "jupyter_client", "papermill"]),
        ("from bakame_duck.reports import kernel", ["duckdb", "polars", "pyarrow", "numpy", "nbformat", "papermill"]),
    ],
    ids=["connecting", "the weekly notebook", "the TTS notebook", "reports", "the command", "a kernel"],
)  # fmt: skip
def test_what_is_slow_and_not_needed_is_not_imported(sample_folder: Path, code: str, kept_out: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)", sample_folder],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "bakame_duck" in told.stdout.split()
    assert [] == sorted(set(kept_out) & set(told.stdout.split()))
