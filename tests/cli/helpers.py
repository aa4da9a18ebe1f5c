"""What the tests of the command line share."""

from __future__ import annotations

import re

COUNT = ["sql", "select count(*) as records from user_sessions", "--format", "json"]


def assert_two_lines(err: str) -> None:
    """An error is one line, followed by one line with a hint."""
    error, hint = err.splitlines()
    assert re.match(r"Error: \S", error)
    assert re.match(r"Hint: \S", hint)
    assert "Traceback" not in err
