"""
Sanitize log text for reports: strip control characters, redact personal data.

Error messages, module names, settings of a voice, file and column names are text from the logs,
which can contain anything. All rows pass through here on their way to a report.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

MAX_LENGTH = 300
"""The length to which text is cut, in characters."""

_FILES = {"file", "duplicate_of"}
_TERMINAL_CODE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]?|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_INVISIBLE = {"Cf"}  # marks of direction and width
_SPACE = {"Cc", "Cs", "Zl", "Zp", "Zs"}
_GAP = r"[ ()./-]{0,2}"
_PERSONAL = re.compile(
    r"[^\s@＠]{1,100}[@＠]\S+"  # an e-mail address; bounded, so that long text is matched in linear time
    r"|\[NAME_CONFIRMED:[^\]]*\]?"
    # A phone number: international; a Rwandan mobile; any other with a leading 0; international without its plus,
    # which a day and time is not.
    rf"|[+＋]\(?\d(?:{_GAP}\d){{7,14}}(?!\d)"
    rf"|(?<!\d)(?<!\d\.)\(?(?:00|0)?(?:250{_GAP})?0?7[2389](?:{_GAP}\d){{7}}(?!\d)"
    rf"|(?<!\d)(?<!\d\.)\(?0\d{{2,3}}{_GAP}\d{{3}}{_GAP}\d{{3,4}}(?!\d)"
    r"|(?<!\d)(?<!\d\.)(?!20\d\d[01]\d[0-3]\d)\d{11,12}(?!\d)"
)
_HASH = re.compile(r"[0-9a-f]{64}")
_FRAME = re.compile(r"(?:Cell In|Input In|File ).*\d+")
_QUOTED = re.compile(r"""(?<!\w)(?:".*"|'.*'|`.*`|“.*”)""", re.DOTALL)  # what is quoted can hold quotes


def sanitize(text: str) -> str:
    """
    Return *text* from a log in visible characters on one line, redacted and cut to :data:`MAX_LENGTH`.

    Terminal codes and marks of text direction are removed. E-mail addresses, phone numbers and confirmed names are
    replaced by ``#``. A SHA-256 in hex is not changed.
    """
    if text.isascii() and text.isprintable() and not _could_be_personal(text) and len(text) <= MAX_LENGTH:
        return text
    if _HASH.fullmatch(text):
        return text
    text = _TERMINAL_CODE.sub("", text[: 20 * MAX_LENGTH])
    kinds = [(character, unicodedata.category(character)) for character in text]
    visible = "".join(_visible(character, kind) for character, kind in kinds if kind not in _INVISIBLE)
    text = _PERSONAL.sub("#", visible).strip()
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def sanitize_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *row* with its texts sanitized, and log files named without their folder."""
    return {name: _shown_value(_without_folder(value) if name in _FILES else value) for name, value in row.items()}


def file_name(path: str) -> str:
    """Return the name of a log without its folder."""
    return sanitize(_without_folder(path))


def redact(message: str) -> str:
    """
    Redact an exception's *message* for a report.

    It can quote a cell of the logs: quoted text becomes ``…``, and the rest is sanitized.
    """
    return sanitize(_QUOTED.sub("…", _TERMINAL_CODE.sub("", message)))


def redact_traceback(lines: Sequence[str]) -> list[str]:
    """Redact the *lines* of an IPython traceback: messages are redacted, code is not changed."""
    return [line if _FRAME.match(_TERMINAL_CODE.sub("", line)) else redact(line) for line in lines]


def _visible(character: str, kind: str) -> str:
    return " " if kind in _SPACE else str(unicodedata.digit(character)) if kind == "Nd" else character


def _could_be_personal(text: str) -> bool:
    return "@" in text or "[" in text or sum(map(str.isdigit, text)) >= 8


def _without_folder(path: Any) -> Any:
    return path.rsplit("/", 1)[-1] if isinstance(path, str) else path


def _shown_value(value: Any) -> Any:
    match value:
        case str():
            return sanitize(value)
        case list():
            return [_shown_value(item) for item in value]
        case dict():
            return {sanitize(name): _shown_value(item) for name, item in value.items()}
        case _:
            return value
