"""
Replace phone numbers by pseudonyms, so that no phone number leaves the machine.

A pseudonym is an HMAC of the number with a key that is stored outside the data. A plain hash is not enough: all numbers
of a country can be hashed in minutes. Only the owner of the key can identify the callers of a report. With another key,
callers get other pseudonyms.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from platformdirs import user_data_path

from bakame_duck.atomic import new_file
from bakame_duck.errors import PseudonymKeyError
from bakame_duck.settings import load_settings

UNKNOWN = "caller unknown"
_BYTES = 32
_MAX_BYTES = 4096


@dataclass(frozen=True)
class Key:
    """
    The key of the pseudonyms. Its representation does not contain the secret.

    Attributes:
        secret: At least 32 bytes.
    """

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Eight digits that identify the key: reports with the same fingerprint use the same pseudonyms."""
        return self._digits("fingerprint", 8)

    def pseudonym(self, number: str | None) -> str:
        """
        Return the caller's pseudonym, such as ``caller 3f9a-17c2-8e04``; ``caller unknown`` without a number.

        It has 48 bits: among 100,000 callers, the probability that any two share one is 1 in 56,000.
        """
        digits = self._digits(f"caller {number.strip()}", 12) if number and number.strip() else ""
        return f"caller {digits[:4]}-{digits[4:8]}-{digits[8:]}" if digits else UNKNOWN

    def _digits(self, message: str, count: int) -> str:
        return hmac.digest(self.secret, message.encode("utf-8", "surrogatepass"), "sha256").hex()[:count]


def load_key(path: Path | str | None = None) -> Key:
    """
    Return the key in *path*, else the one that the settings name, else the user's own.

    The user's own key is created when it is first needed, readable by the user only. A named file has to exist:
    replacing a mistyped one by a new key would silently give every caller another pseudonym.

    Raises:
        PseudonymKeyError: The file cannot be read, does not contain a key, or cannot be created.
    """
    named = path or load_settings().pseudonym_key
    file = Path(named).expanduser() if named else user_data_path("bakame-duck") / "pseudonym.key"
    if not named:
        _make_if_missing(file)
    try:
        with file.open("rb") as stream:
            secret = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise PseudonymKeyError(
            f"The pseudonym key {file} cannot be read: {error.strerror or error}",
            hint=f"Mend it, or make a key with: head -c {_BYTES} /dev/urandom > FILE, and name it in pseudonym_key.",
        ) from error
    if not _BYTES <= len(secret) <= _MAX_BYTES:
        raise PseudonymKeyError(
            f"{file} holds no pseudonym key: it is not of {_BYTES} to {_MAX_BYTES} bytes",
            hint=f"Restore the key from a copy, or make a new one with: head -c {_BYTES} /dev/urandom > FILE; "
            "callers then get other names.",
        )
    return Key(secret)


def pseudonymised(
    frame: pl.DataFrame, key: Key, *, column: str = "phone_number", drop: Collection[str] = ()
) -> pl.DataFrame:
    """
    Return *frame* with pseudonyms, in a column ``caller``, instead of phone numbers.

    Args:
        frame: The rows.

        key: The key of the pseudonyms.

        column: The column with the phone numbers.

        drop: Other columns to leave out.
    """
    numbers = frame[column].cast(pl.String)
    names = {number: key.pseudonym(number) for number in numbers.unique()}
    callers = pl.Series("caller", [names[number] for number in numbers], dtype=pl.String)
    return frame.select(callers if name == column else frame[name] for name in frame.columns if name not in drop)


def _make_if_missing(file: Path) -> None:
    """Create a key at *file*, unless there is one or another process creates one at the same time."""
    try:
        if file.exists():
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), new_file(file, replace=False) as unfinished:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(os.urandom(_BYTES))
    except OSError as error:
        raise PseudonymKeyError(
            f"The pseudonym key {file} cannot be made: {error.strerror or error}",
            hint=f"Make one elsewhere with: head -c {_BYTES} /dev/urandom > FILE, "
            "and name it in pseudonym_key or BAKAME_DUCK_PSEUDONYM_KEY.",
        ) from error
