"""Draw a series as a small line chart in SVG, for tables."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup


def sparkline(
    values: Sequence[float | None],
    *,
    target: float,
    size: tuple[int, int],
    label: str,
    tones: Sequence[str] = (),
) -> Markup:
    """
    Return *values* as a line with gaps where there is none, and the target as a dashed line.

    Args:
        values: The values in order of time.

        target: The target.

        size: Width and height in pixels.

        label: The series in words, for screen readers.

        tones: The CSS class of each value's dot; by default only the newest value has a dot.
    """
    width, height = size
    margin = 5
    known = [value for value in values if value is not None]
    low, high = min([*known, target]), max([*known, target])
    step = (width - 2 * margin) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        share = (high - value) / (high - low) if high > low else 0.5
        return margin + (height - 2 * margin) * share

    points = [
        None if value is None else (margin + step * place if len(values) > 1 else width / 2, y(value))
        for place, value in enumerate(values)
    ]
    newest = max((place for place, point in enumerate(points) if point), default=None)
    dots = Markup("").join(
        Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(tones[place] if tones else "", *point)
        for place, point in enumerate(points)
        if point and (tones or place == newest)
    )
    return Markup(
        '<svg class="{kind}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        '<line class="target" x1="0" x2="{w}" y1="{y:.1f}" y2="{y:.1f}"/>{lines}{dots}</svg>'
    ).format(
        kind="bullet spark" if tones else "spark",
        w=width,
        h=height,
        label=label,
        y=y(target),
        lines=_lines(points),
        dots=dots,
    )


def _lines(points: Sequence[tuple[float, float] | None]) -> Markup:
    """Return a line through each run of neighbouring points."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point:
            runs[-1].append(f"{point[0]:.1f},{point[1]:.1f}")
        else:
            runs.append([])
    return Markup("").join(
        Markup('<polyline class="line" points="{}"/>').format(" ".join(run)) for run in runs if len(run) > 1
    )
