"""Give the script that draws the charts of a page: Vega, Vega-Lite and Vega-Embed in one."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import version

import vl_convert

from bakame_duck.cache import Cache
from bakame_duck.errors import CacheError


@cache
def vega_bundle() -> str:
    """
    Return the script, fit for a script element.

    vl-convert bundles it anew at every call, which takes a second; so it is kept in the user's cache
    folder, where that can be written, once for each release of vl-convert.
    """
    kept, name = Cache(), f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return (kept.folder / name).read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    script = bundle.replace("</script", r"<\/script")
    with suppress(CacheError), kept.new_file(name) as path:
        path.write_text(script, encoding="utf-8")
    return script
