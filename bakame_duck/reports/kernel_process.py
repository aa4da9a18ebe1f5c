"""
The process of a report's kernel; see ``kernel``.

Imports what the reports' notebooks need, while the command that started it inspects the logs.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import cast

_USED_BY_REPORTS = (
    "bakame_duck.reports.queries",
    "bakame_duck.reports.weekly.charts",
    "bakame_duck.reports.weekly.tables",
)


def main() -> None:
    """Run a kernel until it is shut down."""
    # A report's kernel has no debugger, which is slow to import; None makes its import fail.
    sys.modules["debugpy"] = cast(ModuleType, None)
    from ipykernel.kernelapp import launch_new_instance

    for name in _USED_BY_REPORTS:
        import_module(name)
    launch_new_instance()


if __name__ == "__main__":
    main()
