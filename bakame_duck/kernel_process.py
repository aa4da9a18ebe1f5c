"""
What runs in the process of a report's kernel; see ``kernels``.

It brings DuckDB and Polars along, while the command that started it is still looking at the logs.
"""

from __future__ import annotations

import sys

# Nobody debugs a report, and it takes long to import. None is Python's own way to say that there is no such module.
sys.modules["debugpy"] = None  # type: ignore[assignment]

from ipykernel.kernelapp import launch_new_instance

import bakame_duck.questions  # noqa: F401

if __name__ == "__main__":
    launch_new_instance()
