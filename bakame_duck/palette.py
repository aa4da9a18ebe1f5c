"""
Define the colours of pages and charts, and the types of a report's outputs in a notebook.

They are separate from the charts so that a page is rendered without importing Altair, which takes half a second.
"""

from __future__ import annotations

PALETTE = {
    # name: light, dark. Stage colours are Paul Tol's "bright", which colour-blind readers can tell apart.
    "background": ("#ffffff", "#11161c"),
    "surface": ("#f6f8fa", "#1a212a"),
    "line": ("#e4e9ee", "#2b3541"),
    "ink": ("#1b2430", "#e8edf2"),
    "mute": ("#586675", "#9fb0c0"),
    "accent": ("#0b6e99", "#5cb8e4"),
    "faint": ("#9db7c9", "#56728a"),
    "asr": ("#4477aa", "#6fa3d8"),
    "llm": ("#aa3377", "#e079b0"),
    "tts": ("#228833", "#5dbb6d"),
    "unknown": ("#8c8f94", "#a3a8ae"),
    "heat-1": ("#e3eef4", "#1b2a35"),
    "heat-2": ("#b5d3e2", "#244558"),
    "heat-3": ("#6fabc8", "#33708f"),
    "heat-4": ("#2b7ba3", "#4ba3cc"),
    "heat-5": ("#0b4a6b", "#a5dcf5"),
    "good": ("#1f6b50", "#4fbf95"),
    "good-surface": ("#e3f3ec", "#16332a"),
    "bad": ("#b8273f", "#f0728a"),
    "bad-surface": ("#fbe6e9", "#3d1820"),
    "unsure": ("#8a5a10", "#e3b261"),
    "unsure-surface": ("#fdf1dc", "#382a12"),
    "neutral-surface": ("#eceff2", "#252e38"),
}

# Altair's own renderer loads Vega from the network. JupyterLab and the page draw this type without it.
MIMETYPE = "application/vnd.vegalite.v5+json"
PANELS = "application/vnd.bakame-duck.panels+json"

# JSON as text: tools that read, validate or copy a notebook would otherwise visit each of thousands of values.
NUMBERS = "application/vnd.bakame-duck.numbers"

SQL = "bakame_duck_sql"
"""The key of an output's metadata that lists the SQL behind it."""
