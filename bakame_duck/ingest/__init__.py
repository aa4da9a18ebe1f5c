"""Read log files: find them, validate and repair them, and mirror them as Parquet."""
