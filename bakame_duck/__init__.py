"""The weekly reports and the analyst's bench for BAKAME's call logs, on DuckDB."""

from importlib import import_module
from typing import TYPE_CHECKING

from bakame_duck.errors import BakameDuckError

if TYPE_CHECKING:
    from bakame_duck.catalog.connection import connect
    from bakame_duck.catalog.metrics import list_metrics, metric

__all__ = ["BakameDuckError", "connect", "list_metrics", "metric"]
__version__ = "0.1.0"

_HOMES = {
    "connect": "catalog.connection",
    "list_metrics": "catalog.metrics",
    "metric": "catalog.metrics",
}


def __getattr__(name: str) -> object:
    """Import what needs DuckDB when it is asked for: who asks for help, or waits for a kernel, needs no database."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
