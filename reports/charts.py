"""Charts as inline SVG: scales, axes, lines, areas, bars and markers, with a text size that stays readable.

Colours are classes, so that the page's style decides them for light, dark and print. Nothing here knows the report.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

CHARACTER_PX, BOLD_PX = 7.2, 8.4


def el(name: str, *children: str, **attributes: object) -> Markup:
    """An element; text and attributes are escaped, ``_`` in a name becomes ``-``, None leaves an attribute out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>")


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps ``low`` to ``high`` onto pixels ``start`` to ``end``; ``log`` needs a positive ``low``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        if self.log:
            share = math.log(max(value, self.low * 1e-3) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def log_ticks(low: float, high: float, at_most: int) -> list[float]:
    """1, 2, 5, 10 ... within the range; only 1, 10, 100 where that would be too many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        inside = [tick for tick in ticks if low <= tick * 1.0001 and tick <= high * 1.0001]
        if len(inside) <= at_most:
            return inside
    return inside[:: -(-len(inside) // at_most)]


def round_ticks(low: float, high: float, at_most: int, steps: Sequence[float] = ()) -> list[float]:
    """Multiples of a round step within the range; ``steps`` names the steps that are round here."""
    span = max(high - low, 1e-12)
    candidates = list(steps) or [m * 10.0**e for e in range(math.floor(math.log10(span)) - 2, 20) for m in (1, 2, 5)]
    step = next((step for step in candidates if span / step <= at_most), candidates[-1])
    while span / step > at_most:
        step *= 2
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Mark:
    """A position worth naming, like a percentile or a deadline."""

    at: float
    words: str
    class_: str

    @property
    def width(self) -> float:
        """Of the words, in pixels; what was measured is set bold."""
        return len(self.words) * (BOLD_PX if self.class_ == "measured" else CHARACTER_PX)


@dataclass(slots=True)
class Chart:
    """A drawing area of ``width`` by ``height`` with room for axes; what is added later is drawn on top."""

    width: float
    height: float
    left: float = 58
    right: float = 12
    top: float = 12
    bottom: float = 34
    parts: list[Markup] = field(default_factory=list)
    _marks: list[tuple[Mark, float, int]] = field(default_factory=list)

    @property
    def inner(self) -> tuple[float, float, float, float]:
        """Left, right, top and bottom of the plot."""
        return self.left, self.width - self.right, self.top, self.height - self.bottom

    def x_axis(self, scale: Scale, ticks: Sequence[float], label: Callable[[float], str], title: str = "") -> None:
        left, right, _, bottom = self.inner
        self.parts.append(el("line", class_="axis", x1=left, x2=right, y1=bottom, y2=bottom))
        taken = -1e9
        for tick in ticks:
            x, text = scale(tick), label(tick)
            half = len(text) * CHARACTER_PX / 2
            self.parts.append(el("line", class_="tick", x1=x, x2=x, y1=bottom, y2=bottom + 5))
            centre = min(max(x, half), self.width - half)
            if centre - half > taken + 8:
                self.parts.append(el("text", text, class_="label", x=centre, y=bottom + 20, text_anchor="middle"))
                taken = centre + half
        if title:
            self.parts.append(el("text", title, class_="label unit", x=right, y=bottom + 40, text_anchor="end"))

    def y_axis(self, scale: Scale, ticks: Sequence[float], label: Callable[[float], str], title: str = "") -> None:
        left, right, top, _ = self.inner
        for tick in ticks:
            y = scale(tick)
            self.parts.append(el("line", class_="grid", x1=left, x2=right, y1=y, y2=y))
            self.parts.append(el("text", label(tick), class_="label", x=left - 8, y=y + 4, text_anchor="end"))
        if title:
            self.parts.append(el("text", title, class_="label unit", x=2, y=top - 14))

    def bars(
        self, edges: Sequence[float], low: Sequence[float], high: Sequence[float], x: Scale, y: Scale, class_: str
    ) -> None:
        """Bars from ``low`` to ``high`` between consecutive edges."""
        shapes = []
        for start, end, bottom, top in zip(edges, edges[1:], low, high, strict=False):
            if top > bottom:
                a, b = x(start), x(end)
                gap = min(1.0, max(0.0, (b - a - 3) * 0.25))
                shapes.append(f"M{a:.1f} {y(bottom):.1f}V{y(top):.1f}H{max(b - gap, a + 0.4):.1f}V{y(bottom):.1f}Z")
        if shapes:
            self.parts.append(el("path", class_=class_, d="".join(shapes)))

    def line(self, xs: Sequence[float], ys: Sequence[float | None], x: Scale, y: Scale, class_: str) -> None:
        """A line that breaks where there is no value; a value without neighbours is a dot."""
        for run in _runs(xs, ys):
            points = [(x(a), y(b)) for a, b in run]
            if len(points) == 1:
                self.parts.append(el("circle", class_=f"{class_} dot", cx=points[0][0], cy=points[0][1], r=2.4))
            else:
                self.parts.append(el("path", class_=class_, d="M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)))

    def area(
        self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], x: Scale, y: Scale, class_: str
    ) -> None:
        there = [f"{x(a):.1f} {y(b):.1f}" for a, b in zip(xs, high, strict=True)]
        back = [f"{x(a):.1f} {y(b):.1f}" for a, b in zip(reversed(xs), reversed(low), strict=True)]
        if len(there) > 1:
            self.parts.append(el("path", class_=class_, d="M" + "L".join([*there, *back]) + "Z"))

    def reserve(self, marks: Sequence[Mark], x: Scale) -> None:
        """Make room above the plot for the words of these marks, none covering another, no line crossing one."""
        placed = place_labels([(x(mark.at), mark.width) for mark in marks], self.width)
        self._marks = [(mark, start, row) for mark, (start, row) in zip(marks, placed, strict=True)]
        self.top += 17 * max((row + 1 for _, row in placed), default=0)

    def marks(self, x: Scale) -> None:
        """Draw the marks for which room was reserved."""
        _, _, top, bottom = self.inner
        for mark, start, row in self._marks:
            at, y = x(mark.at), top - 8 - row * 17
            self.parts.append(el("line", class_=f"mark {mark.class_}", x1=at, x2=at, y1=y - 10, y2=bottom))
            left_of = start < at
            where = {"x": at - 5 if left_of else at + 5, "y": y, "text_anchor": "end" if left_of else None}
            self.parts.append(el("text", mark.words, class_=f"label mark-text {mark.class_}", **where))

    def horizontal(self, value: float, words: str, y: Scale, class_: str, *, below: bool = False) -> None:
        left, right, _, _ = self.inner
        at = y(value)
        self.parts.append(el("line", class_=f"mark {class_}", x1=left, x2=right, y1=at, y2=at))
        offset = 14 if below else -5
        self.parts.append(
            el("text", words, class_=f"label mark-text {class_}", x=right - 2, y=at + offset, text_anchor="end")
        )

    def hits(self, edges: Sequence[tuple[float, float, str]], x: Scale) -> None:
        """Invisible columns (from, to, words) that tell what is under the pointer."""
        _, _, top, bottom = self.inner
        for start, end, words in edges:
            a, b = x(start), x(end)
            shape = {"x": a, "width": max(b - a, 1.0), "y": top, "height": bottom - top}
            self.parts.append(el("rect", el("title", words), class_="hit", data_tip=words, **shape))

    def svg(self, summary: str, class_: str = "") -> Markup:
        """The chart; ``summary`` is what a screen reader says of it."""
        box = f"0 0 {self.width:g} {self.height:g}"
        return el("svg", *self.parts, class_=f"chart {class_}".strip(), viewBox=box, role="img", aria_label=summary)


def place_labels(marks: Sequence[tuple[float, float]], width: float) -> list[tuple[float, int]]:
    """Where the words of marks at (position, width of its words) go: their start and their row, 0 the lowest.

    Words stand right or left of their mark; a mark's line runs from its row down, so words that span another mark's
    line go above that one. Every choice of sides is tried: marks are few.
    """
    best: tuple[int, list[tuple[float, int]]] | None = None
    for sides in itertools.product((False, True), repeat=len(marks)):
        starts = [at - wide - 5 if left else at + 5 for (at, wide), left in zip(marks, sides, strict=True)]
        spans = [(start, start + wide) for start, (_, wide) in zip(starts, marks, strict=True)]
        outside = sum(start < 0 or end > width for start, end in spans)
        rows = _rows([at for at, _ in marks], spans)
        cost = outside * 100 + max(rows, default=0) * 3 + sum(sides)
        if best is None or cost < best[0]:
            best = cost, list(zip(starts, rows, strict=True))
    return best[1] if best else []


def _rows(lines: Sequence[float], spans: Sequence[tuple[float, float]]) -> list[int]:
    """The lowest row for each label that clears what lies below it; a knot that can't be cleared costs many rows."""
    rows = [0] * len(spans)
    for _ in range(3 * len(spans) + 1):
        for n, (start, end) in enumerate(spans):
            for m, (other_start, other_end) in enumerate(spans):
                if m == n:
                    continue
                crossed = start - 3 < lines[m] < end + 3 and rows[n] <= rows[m]
                covered = m < n and rows[n] == rows[m] and start < other_end + 8 and other_start < end + 8
                if crossed or covered:
                    rows[n] = rows[m] + 1
    return rows


def _runs(xs: Sequence[float], ys: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for a, b in zip(xs, ys, strict=True):
        if b is None:
            runs.append([])
        else:
            runs[-1].append((a, b))
    return [run for run in runs if run]
