"""Charts, tables and sentences of the weekly performance report."""
