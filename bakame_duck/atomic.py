"""Write files under a temporary name first, so that a file under its own name is always complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """
    Give a path to write to, and move the file to *path* when the block ends without an error.

    Args:
        path: The final path; its folder has to exist.

        replace: Whether to replace an existing file.

    Raises:
        FileExistsError: Without *replace*, the file exists.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        if replace:
            unfinished.replace(path)
        else:
            os.link(unfinished, path)
