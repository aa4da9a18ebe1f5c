"""Statistics that SQL can't express: incidents, comparisons, regressions. Rows in, rows out."""
