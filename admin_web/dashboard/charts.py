"""Charts as SVG drawn by the server: sharp on paper, usable without script, each bar a link.

A library for the browser was weighed: Chart.js is 70 kB of script (gzip) and draws pixels that
a screen reader, a keyboard and a printer get nothing of; uPlot is smaller and the same in this.
What is wanted here, stacked bars and a table of shades, is a page of geometry. The figures
stand as tables beside every chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 960, 220
LABELS = 8
GAP = 0.25
"""Part of a bar's place left empty."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One coloured part of a bar, in the chart's units."""

    series: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One bar with its words and the address it leads to."""

    label: str
    title: str
    href: str
    values: tuple[int, ...]
    pieces: tuple[Piece, ...]
    x: float
    width: float

    @property
    def middle(self) -> float:
        """Where its name stands, in per cent of the chart's width."""
        return _short(100 * (self.x + self.width / 2) / WIDTH)


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars of stacked values; `top` is the value at the upper edge."""

    series: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    top: int
    every: int
    """Of so many bars one is named below the axis."""
    width: int = WIDTH
    height: int = HEIGHT


def bar_chart(
    series: Sequence[tuple[str, str]],
    bars: Sequence[tuple[str, str, str, Sequence[int]]],
) -> BarChart:
    """A chart of `bars` (label, title, address, a value per series), from the bottom up."""
    top = nice(max((sum(values) for *_, values in bars), default=0))
    place = WIDTH / max(1, len(bars))
    columns = []
    for n, (label, title, href, values) in enumerate(bars):
        x, width = place * (n + GAP / 2), place * (1 - GAP)
        pieces = []
        below = 0.0
        for (name, _), value in zip(series, values, strict=True):
            height = HEIGHT * value / top
            if value:
                y = HEIGHT - below - height
                pieces.append(Piece(name, *map(_short, (x, y, width, height))))
            below += height
        columns.append(
            Column(
                label, title, href, tuple(values), tuple(pieces), _short(place * n), _short(place)
            )
        )
    return BarChart(tuple(series), tuple(columns), top, max(1, ceil(len(bars) / LABELS)))


def nice(value: int) -> int:
    """The next 1, 2, 2.5 or 5 times a power of ten; at least 4, for whole steps on the axis."""
    if value <= 4:
        return 4
    power: int = 10 ** int(log10(value))
    for step in (1.0, 2.0, 2.5, 5.0, 10.0):
        if step * power >= value:
            return ceil(step * power)
    return ceil(10.0 * power)


def shade(value: int, most: int) -> int:
    """Which of the five shades a value has; 0 is none."""
    if not value or not most:
        return 0
    return min(5, 1 + int(5 * (value - 1) / most))


def _short(value: float) -> float:
    return round(value, 2)
