"""
What runs in the process of a report's kernel; see ``kernels``.

It brings along what all reports import, while the command that started it is still looking at the logs.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import cast

_AT_HAND = ("bakame_duck.catalog.questions", "bakame_duck.reports.weekly.charts", "bakame_duck.reports.weekly.tables")


def main() -> None:
    """Run a kernel until it is told to end."""
    # Nobody debugs a report, and it takes long to import. None is Python's own way to say that there is no such module.
    sys.modules["debugpy"] = cast(ModuleType, None)
    from ipykernel.kernelapp import launch_new_instance

    for name in _AT_HAND:
        import_module(name)
    launch_new_instance()


if __name__ == "__main__":
    main()
