"""Find the folders that lie beside the package in a clone, and inside it when installed; import what is slow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast

_PACKAGE = Path(__file__).resolve().parent
_GRAMMAR = "rfc3987_syntax"


def resource_folder(name: str) -> Path:
    """Return the folder ``sql`` or ``notebooks``."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


@contextmanager
def quick_imports() -> Iterator[None]:
    """
    Let jsonschema be imported, by nbformat or Altair, without the grammar of international web addresses.

    It takes a second to compile, in the command and in the kernel, for the formats ``iri`` and
    ``iri-reference``, which no schema of a notebook or of a chart names.
    """
    if _GRAMMAR in sys.modules:
        yield
        return
    sys.modules[_GRAMMAR] = cast(ModuleType, None)  # Python's own way to say that there is no such module
    try:
        yield
    finally:
        sys.modules.pop(_GRAMMAR, None)
