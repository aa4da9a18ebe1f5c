"""
Name callers by pseudonyms, so that no phone number leaves the machine.

A pseudonym is an HMAC of the number under a key that lies outside the data. A plain hash would not do: all numbers of
a country can be hashed in minutes. Whoever has the key can name the callers of a report again, nobody else; who loses
it gets other names in the next one.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from platformdirs import user_data_path

from bakame_duck.errors import PseudonymKeyError
from bakame_duck.settings import load_settings

UNKNOWN = "caller unknown"
_BYTES = 32
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Key:
    """
    The key of the pseudonyms; its secret shows in no representation.

    Attributes:
        secret: At least 32 bytes.
    """

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Eight digits that tell one key from another and nothing else: reports of one fingerprint share names."""
        return self._digits("fingerprint", 8)

    def pseudonym(self, number: str | None) -> str:
        """
        Return the caller's name, such as ``caller 3f9a-17c2-8e04``; ``caller unknown`` without a number.

        It has 48 bits: that any two of 100,000 callers share one has a chance of 1 in 56,000.
        """
        digits = self._digits(f"caller {number.strip()}", 12) if number and number.strip() else ""
        return f"caller {digits[:4]}-{digits[4:8]}-{digits[8:]}" if digits else UNKNOWN

    def _digits(self, message: str, count: int) -> str:
        return hmac.digest(self.secret, message.encode("utf-8", "surrogatepass"), "sha256").hex()[:count]


def load_key(path: Path | None = None) -> Key:
    """
    Return the key that *path* holds, else the one that the settings name, else the user's own.

    The user's own is made when it is first needed, for the user's eyes only. A file that somebody named has to be
    there: a new key in place of a mistyped one would give every caller another name, in silence.

    Raises:
        PseudonymKeyError: The file cannot be read, holds no key, or cannot be made.
    """
    named = path or load_settings().pseudonym_key
    file = named.expanduser() if named else user_data_path("bakame-duck") / "pseudonym.key"
    if not named:
        _make_if_missing(file)
    try:
        with file.open("rb") as stream:
            secret = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise PseudonymKeyError(
            f"The pseudonym key {file} cannot be read: {error.strerror or error}",
            hint=f"Mend it, or make a key with: head -c {_BYTES} /dev/urandom > FILE, and name it in pseudonym_key.",
        ) from error
    if not _BYTES <= len(secret) <= _MOST_BYTES:
        raise PseudonymKeyError(
            f"{file} holds no pseudonym key: it is not of {_BYTES} to {_MOST_BYTES} bytes",
            hint=f"Restore the key from a copy, or make a new one with: head -c {_BYTES} /dev/urandom > FILE; "
            "callers then get other names.",
        )
    return Key(secret)


def pseudonymised(frame: pl.DataFrame, key: Key, *, column: str = "phone_number") -> pl.DataFrame:
    """Return *frame* with the callers' names, in a column ``caller``, in place of the phone numbers in *column*."""
    numbers = frame[column].cast(pl.String)
    names = {number: key.pseudonym(number) for number in numbers.unique()}
    callers = pl.Series("caller", [names[number] for number in numbers], dtype=pl.String)
    return frame.select(callers if name == column else frame[name] for name in frame.columns)


def _make_if_missing(file: Path) -> None:
    """Make a key at *file* that is whole from its first moment; one that another process makes meanwhile is kept."""
    unfinished = None
    try:
        if file.exists():
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".unfinished-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(os.urandom(_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, file)
    except OSError as error:
        raise PseudonymKeyError(
            f"The pseudonym key {file} cannot be made: {error.strerror or error}",
            hint=f"Make one elsewhere with: head -c {_BYTES} /dev/urandom > FILE, "
            "and name it in pseudonym_key or BAKAME_DUCK_PSEUDONYM_KEY.",
        ) from error
    finally:
        if unfinished:
            Path(unfinished).unlink(missing_ok=True)
