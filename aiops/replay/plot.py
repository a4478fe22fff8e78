"""Plots as plain SVG: they need no script, so the report's page needs none either."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

Place = Callable[[float], float]


@dataclass(slots=True)
class Plot:
    """A plot of two axes; positions are data, colours are classes of the page's style.

    Attributes:
        label: What the plot shows, for who cannot see it; markup.
        x, y: First and last value of the axes.
    """

    label: str
    x: tuple[float, float]
    y: tuple[float, float]
    width: int = 400
    height: int = 260
    left: int = 58
    bottom: int = 42
    right: int = 14
    top: int = 14
    _parts: list[str] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        """Returns the place of a value on the page."""
        low, high = self.x
        share = (value - low) / (high - low) if high != low else 0.5
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def at_y(self, value: float) -> float:
        """Returns the place of a value on the page."""
        low, high = self.y
        share = (value - low) / (high - low) if high != low else 0.5
        return round(self.height - self.bottom - share * (self.height - self.bottom - self.top), 1)

    def axes(
        self,
        x: str,
        y: str,
        x_ticks: Iterable[tuple[float, str]],
        y_ticks: Iterable[tuple[float, str]],
    ) -> None:
        """Draws the axes; titles and tick labels are markup."""
        right, base = self.width - self.right, self.height - self.bottom
        for value, text in y_ticks:
            at = self.at_y(value)
            self.add(f"<line class=grid x1={self.left} x2={right} y1={at} y2={at} />")
            self.add(f"<text class=tick text-anchor=end x={self.left - 6} y={at + 4}>{text}</text>")
        for value, text in x_ticks:
            at = self.at_x(value)
            self.add(f"<line class=grid x1={at} x2={at} y1={base} y2={base + 4} />")
            self.add(f"<text class=tick text-anchor=middle x={at} y={base + 17}>{text}</text>")
        middle = (self.left + right) / 2
        self.add(
            f"<text class=title text-anchor=middle x={middle} y={self.height - 6}>{x}</text>"
            f"<text class=title text-anchor=middle transform='rotate(-90)' "
            f"x={-(self.top + base) / 2} y=12>{y}</text>"
        )

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Draws a line through points."""
        path = " ".join(f"{self.at_x(x)},{self.at_y(y)}" for x, y in points)
        self.add(f"<polyline class='line {kind}' points='{path}' />")

    def dot(
        self, x: float, y: float, radius: float, kind: str, said: str, leads_to: str = ""
    ) -> None:
        """Draws a dot that says something when pointed at, and may lead to a part of the page."""
        drawn = (
            f"<circle class='dot {kind}' cx={self.at_x(x)} cy={self.at_y(y)} r={radius:.1f}>"
            f"<title>{escape(said)}</title></circle>"
        )
        self.add(f"<a href='#{leads_to}'>{drawn}</a>" if leads_to else drawn)

    def text(self, x: float, y: float, text: str, move: tuple[float, float] = (0, -8)) -> None:
        """Writes markup near a point."""
        at_x, at_y = self.at_x(x) + move[0], self.at_y(y) + move[1]
        self.add(f"<text class=tick text-anchor=middle x={at_x:.1f} y={at_y:.1f}>{text}</text>")

    def bar(self, x: tuple[float, float], y: tuple[float, float], kind: str, said: str) -> None:
        """Draws a bar from one corner to the other."""
        left, right = self.at_x(x[0]), self.at_x(x[1])
        low, high = self.at_y(y[0]), self.at_y(y[1])
        self.add(
            f"<rect class='bar {kind}' x={left:.1f} y={high:.1f} width={max(right - left, 1):.1f} "
            f"height={max(low - high, 0):.1f}><title>{escape(said)}</title></rect>"
        )

    def add(self, part: str) -> None:
        """Adds markup of our own."""
        self._parts.append(part)

    @property
    def svg(self) -> str:
        """The plot as markup."""
        return (
            f"<svg viewBox='0 0 {self.width} {self.height}' role=img>"
            f"<title>{self.label}</title>{''.join(self._parts)}</svg>"
        )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Returns round values within a range.

    >>> ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]
