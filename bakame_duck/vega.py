"""Give the script that draws the charts of a page: Vega, Vega-Lite and Vega-Embed in one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert
from platformdirs import user_cache_path


@cache
def vega_bundle() -> str:
    """
    Return the script, fit for a script element.

    vl-convert bundles it anew at every call, which takes a second; so it is kept in the user's cache
    folder, where that can be written, once for each release of vl-convert.
    """
    kept = user_cache_path("bakame-duck") / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    script = bundle.replace("</script", r"<\/script")
    with suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=kept.parent, prefix=".unfinished-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(script)
        Path(unfinished).replace(kept)
    return script
