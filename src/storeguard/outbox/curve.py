"""The weight of a scale around a step, drawn as SVG: a browser and a printer show it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 92, 24, 68, 48
SMALL, LARGE = 18, 22
"""Sizes of letters: on a phone, 340 pixels wide, the small ones are 10 pixels high."""

LAST_TICK = WIDTH - 44
"""Half a time of day fits between this and the drawing's edge."""

TICKS_S = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
MOST_TICKS = 4

INK, FAINT, LINE, STEP = "#22262b", "#8a929b", "#2364aa", "#d97706"


@dataclass(frozen=True, slots=True)
class Curve:
    """One scale's weight, and the step in it. `points`: (monotonic seconds, grams), in order."""

    scale: str
    points: Sequence[tuple[float, float]]
    started_s: float
    settled_s: float
    grams: float


def curve_svg(curve: Curve, title: str, clock: Callable[[float], str]) -> str:
    """The drawing; `clock`: monotonic seconds → time of day. Raises ValueError without points."""
    if len(curve.points) < 2:
        raise ValueError("the weight of that time is not known any more")
    plot = _Plot.of(curve.points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        "font-family=\"system-ui, 'Noto Sans KR', 'Malgun Gothic', sans-serif\">",
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#fff"/>',
        f'<text x="{LEFT}" y="38" font-size="{LARGE}" font-weight="600" fill="{INK}">'
        f"{escape(title)}</text>",
        *_grid(plot, clock),
        *_step(plot, curve, clock),
        f'<path d="{_path(plot, curve.points)}" fill="none" stroke="{LINE}" stroke-width="2.5" '
        'stroke-linejoin="round"/>',
        *_label(plot, curve, clock),
        "</svg>\n",
    ]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Plot:
    """What is shown, in seconds and grams."""

    from_s: float
    until_s: float
    low_g: float
    high_g: float
    tick_g: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> "_Plot":
        grams = sorted(g for _, g in points)
        # A hand that presses for an instant must not flatten the step.
        low, high = grams[len(grams) // 50], grams[-1 - len(grams) // 50]
        tick_g = _round_tick(max(high - low, 1.0) / 4)
        room_g = max(high - low, 1.0) * 0.12
        low_g, high_g = floor((low - room_g) / tick_g), ceil((high + room_g) / tick_g)
        return cls(points[0][0], points[-1][0], low_g * tick_g, high_g * tick_g, tick_g)

    def x(self, t_s: float) -> float:
        share = (t_s - self.from_s) / max(1e-9, self.until_s - self.from_s)
        return LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT)

    def y(self, grams: float) -> float:
        share = (grams - self.low_g) / (self.high_g - self.low_g)
        return HEIGHT - BOTTOM - min(1.0, max(0.0, share)) * (HEIGHT - TOP - BOTTOM)


def _round_tick(wanted_g: float) -> float:
    power = 10.0 ** floor(log10(wanted_g))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= wanted_g)


def _grid(plot: _Plot, clock: Callable[[float], str]) -> Iterator[str]:
    for number in range(round((plot.high_g - plot.low_g) / plot.tick_g) + 1):
        grams = plot.low_g + number * plot.tick_g
        y = plot.y(grams)
        yield (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e9ec"/>'
        )
        yield (
            f'<text x="{LEFT - 10}" y="{y + 6:.1f}" font-size="{SMALL}" text-anchor="end" '
            f'fill="{FAINT}">{grams:,.10g} g</text>'
        )
    span_s = plot.until_s - plot.from_s
    tick_s = next((one for one in TICKS_S if span_s <= MOST_TICKS * one), span_s / MOST_TICKS)
    t_s = ceil(plot.from_s / tick_s) * tick_s
    while t_s <= plot.until_s:
        yield (
            f'<text x="{min(plot.x(t_s), LAST_TICK):.1f}" y="{HEIGHT - BOTTOM + 32}" '
            f'font-size="{SMALL}" '
            f'text-anchor="middle" fill="{FAINT}">{clock(t_s)}</text>'
        )
        t_s += tick_s


def _step(plot: _Plot, curve: Curve, clock: Callable[[float], str]) -> Iterator[str]:
    left, right = plot.x(curve.started_s), plot.x(curve.settled_s)
    width = max(3.0, right - left)
    yield (
        f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}" '
        f'fill="{STEP}" opacity="0.13"/>'
    )
    yield (
        f'<line x1="{left:.1f}" x2="{left:.1f}" y1="{TOP - 6}" y2="{HEIGHT - BOTTOM}" '
        f'stroke="{STEP}" stroke-width="2"><title>{clock(curve.started_s)}</title></line>'
    )


def _label(plot: _Plot, curve: Curve, clock: Callable[[float], str]) -> Iterator[str]:
    """What and when, on a plate above the line: after a fall, before a rise."""
    text = f"{curve.grams:+,.0f} g · {clock(curve.started_s)}".replace("-", "−")
    width = 24 + 11.6 * len(text)
    after, before = plot.x(curve.settled_s) + 8, plot.x(curve.started_s) - 8 - width
    left = max(LEFT, before) if curve.grams > 0 else min(after, WIDTH - RIGHT - width)
    yield (
        f'<rect x="{left:.1f}" y="{TOP + 4}" width="{width:.0f}" height="34" rx="6" fill="{STEP}"/>'
    )
    yield (
        f'<text x="{left + width / 2:.1f}" y="{TOP + 28}" font-size="20" font-weight="600" '
        f'text-anchor="middle" fill="#fff">{text}</text>'
    )


def _path(plot: _Plot, points: Sequence[tuple[float, float]]) -> str:
    corners = " L".join(f"{plot.x(t_s):.1f} {plot.y(grams):.1f}" for t_s, grams in points)
    return f"M{corners}"
