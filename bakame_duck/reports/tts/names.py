"""
Name configurations and their settings, and format the differences between them.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from bakame_duck.errors import ParameterError, nearest
from bakame_duck.formatting import Row, join_words, milliseconds, shortened

SETTING_TITLES = {
    "provider": "Provider",
    "voice": "Voice",
    "rate": "Rate",
    "pitch": "Pitch",
    "style": "Style",
    "encoding": "Encoding",
    "pause": "Pause",
}
_DISTINGUISHING = ("rate", "pitch", "encoding", "pause", "style", "provider")


def configuration_names(configurations: Sequence[Row]) -> list[str]:
    """
    Return a short name for each configuration: its voice, and the settings that tell it apart.

    Args:
        configurations: Rows of the metric ``tts_configurations``.
    """
    names = [_voice(row) for row in configurations]
    for setting in _DISTINGUISHING:
        for name in {name for name in names if names.count(name) > 1}:
            same = [index for index, other in enumerate(names) if other == name]
            if len({configurations[index][setting] for index in same}) > 1:
                for index in same:
                    value = shortened(setting_value(setting, configurations[index][setting]), 20)
                    names[index] = f"{name} {value}".strip() if name else f"{SETTING_TITLES[setting]} {value}"
    twins = [names[:index].count(name) for index, name in enumerate(names)]  # alike but for what is not shown
    return [
        f"{name or 'All turns'} ({twin + 1})" if twin else name or "All turns"
        for name, twin in zip(names, twins, strict=True)
    ]


def configuration_settings(row: Row) -> str:
    """Return all settings of a configuration in one line."""
    values = {name: setting_value(name, row[name]) for name in SETTING_TITLES}
    values["pause"] = "–" if row["pause"] is None else f"pause {values['pause']}"
    return " · ".join(values.values())


def setting_value(setting: str, value: object) -> str:
    """Return the value of a setting as people write it: a rate 0.95, a pause '200 ms'."""
    if value is None or value == "":
        return "–"
    if setting in ("rate", "pause"):
        number = float(str(value))
        return f"{number:.2f}" if setting == "rate" else milliseconds(number)
    return str(value)


def find_baseline(configurations: Sequence[Row], wanted: str | None) -> int:
    """
    Return the number of the configuration that *wanted* means; by default the most used.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        wanted: A number, a name, or a part of a name or of the settings that one configuration alone has.

    Raises:
        ParameterError: None has it, or several.
    """
    if wanted is None or not configurations:
        return 1
    text = wanted.strip().lower()
    names = {row["name"].lower(): row["configuration"] for row in configurations}
    known = [row["name"] for row in configurations]
    hint = f"There are {join_words(known)}."
    if text in names:
        return int(names[text])
    if text.isdigit() and int(text) in names.values():
        return int(text)
    found = [
        row["configuration"]
        for row in configurations
        if text and not text.isdigit() and text in f"{row['name']} · {configuration_settings(row)}".lower()
    ]
    if len(found) > 1:
        raise ParameterError(f"Several configurations are called {wanted}", hint=hint)
    if not found:
        raise ParameterError(f"No configuration is called {wanted}.{nearest(wanted, known)}", hint=hint)
    return int(found[0])


def _voice(row: Row) -> str:
    voice = row["voice"] or row["provider"] or ""
    parts = [part for part in voice.replace(".", "-").split("-") if part not in ("aura", "en", "Polly")]
    return shortened(" ".join(parts).capitalize() or voice, 40)


def difference(row: Row, name: str = "p95") -> str:
    """Return a difference in ms with its sign, such as '−96 ms'."""
    return signed(row[f"{name}_difference_ms"], "ms")


def difference_interval(row: Row, name: str = "p95") -> str:
    """Return the interval of a difference in ms, such as '−131 to −62'."""
    low, high = row[f"{name}_low_ms"], row[f"{name}_high_ms"]
    return "" if low is None else f"{signed(low)} to {signed(high)}"


def points(row: Row, rate: str) -> str:
    """Return the difference of a rate with its sign, such as '−2.3'."""
    number = row[f"{rate}_difference_points"]
    return "–" if number is None else _sign(f"{number:+z.1f}")


def points_interval(row: Row, rate: str) -> str:
    """Return the interval of the difference of a rate, such as '−4.1 to −0.5'."""
    low, high = row[f"{rate}_low"], row[f"{rate}_high"]
    return "" if low is None else _sign(f"{low:+z.1f} to {high:+z.1f}")


def p_value(number: float | None) -> str:
    """Return a p-value as '0.031' or '< 0.001'."""
    return "–" if number is None else "< 0.001" if number < 0.001 else f"{number:.3f}"


def signed(number: float | None, unit: str = "") -> str:
    """Return 96 as '+96', with its *unit* if there is one."""
    return "–" if number is None else _sign(f"{number:+z,.0f} {unit}".strip())


def _sign(text: str) -> str:
    return text.replace("-", "−").replace("+0 ", "0 ").removesuffix(" ")
