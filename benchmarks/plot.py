"""Stacked bars as SVG: light, on a background of its own, so that a dark page does no harm."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#8a8a8a")  # told apart by the colour-blind too
WIDTH, LEFT, RIGHT, BAR, TOP = 700, 150, 60, 16, 78
BETWEEN = 3  # pixels between the bars of a group


def stacked(title: str, parts: Sequence[str], groups: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """A chart: by group and bar, the size of each part. The sum is written at the end of a bar."""
    most = max(sum(sizes) for bars in groups.values() for sizes in bars.values())
    scale = (WIDTH - LEFT - RIGHT) / most
    drawn = [_text(16, 28, title, "font-weight='600' font-size='15'")]
    x = 16.0
    for part, colour in zip(parts, COLOURS, strict=True):
        drawn += [_box(x, 43, 11, 11, colour), _text(x + 16, 53, part)]
        x += 36 + 6.4 * len(part)
    y = float(TOP)
    for group, bars in groups.items():
        drawn.append(_text(16, y + 12, group, "font-weight='600'"))
        for bar, sizes in bars.items():
            drawn.append(_text(LEFT - 8, y + 12, bar, "text-anchor='end'"))
            x = LEFT
            for size, colour in zip(sizes, COLOURS, strict=True):
                drawn.append(_box(x, y, size * scale, BAR, colour))
                x += size * scale
            drawn.append(_text(x + 6, y + 12, f"{sum(sizes):.3g} ms"))
            y += BAR + BETWEEN
        y += 14
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {y:.0f}' width='{WIDTH}' height='{y:.0f}'"
    style = "font-family='system-ui, sans-serif' font-size='12' fill='#24292f'"
    ground = f"<rect width='{WIDTH}' height='{y:.0f}' rx='8' fill='#fbfbfa' stroke='#d8d8d4'/>"
    return "\n".join((f"{head} role='img' {style}>", f"<title>{escape(title)}</title>", ground, *drawn, "</svg>\n"))


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height}' fill='{colour}'/>"


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {style}>{escape(text)}</text>"
