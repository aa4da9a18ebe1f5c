"""Connect to the logs: views, metrics and rollups on one DuckDB connection."""
