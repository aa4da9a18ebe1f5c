"""Find the SQL files of the project, in the order in which they can be run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import TopologicalSorter

from bakame_duck.resources import resource_folder


def sql_texts(folder: str) -> dict[str, str]:
    """Return the SQL files of *folder* by name, each after those it reads from or calls; always in the same order."""
    texts = {path.stem: path.read_text() for path in sorted((resource_folder("sql") / folder).glob("*.sql"))}
    used = re.compile(r"(?:from|join) (\w+)|(\w+)\(")
    order = TopologicalSorter(
        {
            name: sorted({use for pair in used.findall(text) for use in pair if use in texts} - {name})
            for name, text in texts.items()
        }
    )
    return {name: texts[name] for name in order.static_order()}


def with_used_sql(names: Iterable[str]) -> dict[str, str]:
    """Return each of *names* with all metrics, views and functions that it uses, at any depth, behind it."""
    texts = [text for folder in ("functions", "views", "metrics") for text in sql_texts(folder).items()]
    found = {}
    for name in names:
        found[name] = name
        for used, text in reversed(texts):  # those that use others first
            if re.search(rf"\b{used}\b", found[name]):
                found[name] += text
    return found
