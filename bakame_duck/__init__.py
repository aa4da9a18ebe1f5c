"""The weekly reports and the analyst's bench for BAKAME's call logs, on DuckDB."""

from bakame_duck.catalog import connect
from bakame_duck.errors import BakameDuckError
from bakame_duck.holding import hold
from bakame_duck.metrics import list_metrics, metric

__all__ = ["BakameDuckError", "connect", "hold", "list_metrics", "metric"]
__version__ = "0.1.0"
