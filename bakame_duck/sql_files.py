"""
Find the SQL files of the project, in an order in which they can be run.

A file is named after the relation or macro that it creates; the names are unique across folders. What is in the folder
``internal`` is created in the schema of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter

from bakame_duck.resources import resource_folder

FOLDERS = ("functions", "internal", "views", "metrics")

_COMMENT = re.compile(r"--[^\n]*")
_USE = re.compile(r"\b(?:from|join)\s+(?:internal\.)?(\w+)|\b(?:internal\.)?(\w+)\(")


def sql_texts(*folders: str) -> dict[str, str]:
    """Return the SQL files of *folders* by name, each after those it uses; always in the same order."""
    texts = {
        path.stem: path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((resource_folder("sql") / folder).rglob("*.sql"))
    }
    order = TopologicalSorter({name: sorted(_used(text) & texts.keys() - {name}) for name, text in texts.items()})
    return {name: texts[name] for name in order.static_order()}


def sql_closure(names: Iterable[str]) -> dict[str, str]:
    """Return the SQL files *names* and all that they use, at any depth, in the order in which they can be run."""
    texts, wanted = sql_texts(*FOLDERS), list(names)
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in texts and name not in found:
            found.add(name)
            wanted += _used(texts[name])
    return {name: text for name, text in texts.items() if name in found}


@cache
def _used(text: str) -> frozenset[str]:
    uses = _USE.findall(_COMMENT.sub("", text))
    return frozenset(name for pair in uses for name in pair if name)
