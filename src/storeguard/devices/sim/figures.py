"""People, drawn: a flat figure that walks, reaches and carries."""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin

from storeguard.devices.sim.drawing import Colour, Pen, rgb, shade
from storeguard.devices.sim.goods import draw_item
from storeguard.devices.sim.layout import Point, Rect, appearance
from storeguard.devices.sim.people import Figure

_SHIRTS = (0xC8553D, 0x2E5EAA, 0x6A4C93, 0x1B7F79, 0xB23A6B, 0x37474F)
_TROUSERS = (0x2B3A55, 0x4A4E57, 0x3B2F2F, 0x24435C)
_HAIR = (0x1F1A17, 0x3A2618, 0x5A3A22, 0x2A2A33)
_SKIN = (0xF1C7A3, 0xE3B08A, 0xD29A73)
_THIGH = _SHIN = 0.225
_SHOE = 0.035
_SHOULDER, _HEAD = 0.80, 0.915


@dataclass(frozen=True, slots=True)
class _Look:
    shirt: int
    trousers: int
    hair: int
    skin: int
    long_hair: bool
    cap: bool
    backpack: bool


def _look(number: int) -> _Look:
    """Clothes by the bits of a number; dark or bright enough to stand out from the walls."""
    return _Look(
        shirt=_SHIRTS[number % len(_SHIRTS)],
        trousers=_TROUSERS[number // 7 % len(_TROUSERS)],
        hair=_HAIR[number // 31 % len(_HAIR)],
        skin=_SKIN[number // 127 % len(_SKIN)],
        long_hair=number // 509 % 2 == 0,
        cap=number // 1021 % 3 == 0,
        backpack=number // 2039 % 3 == 0,
    )


class _Body:
    """One figure under the pen: places are shares of its height, forwards and up."""

    def __init__(self, pen: Pen, figure: Figure) -> None:
        self.pen = pen
        self.figure = figure
        self.look = _look(figure.look)
        self.forward = -1 if figure.facing == "left" else 1
        self.is_side = figure.facing in ("left", "right")
        self.hip = 0.47

    def at(self, across: float, up: float) -> Point:
        x, y = self.figure.feet
        return x + self.forward * across * self.figure.height, y - up * self.figure.height

    def limb(self, joints: tuple[Point, ...], colour: Colour, width: float) -> None:
        """Thick lines through the joints, which are in shares."""
        places = [self.at(*joint) for joint in joints]
        for a, b in pairwise(places):
            self.pen.line(a, b, colour, width * self.figure.height)

    def oval(
        self,
        joint: Point,
        axes: tuple[float, float],
        colour: Colour,
        span: tuple[float, float] = (0, 360),
    ) -> None:
        height = self.figure.height
        axes = (axes[0] * height, axes[1] * height)
        self.pen.ellipse(self.at(*joint), axes, colour, span=span)

    def shape(self, joints: tuple[Point, ...], colour: Colour) -> None:
        self.pen.polygon([self.at(*joint) for joint in joints], colour)


def draw_figure(pen: Pen, figure: Figure) -> None:
    """From the far limbs to the near ones."""
    body = _Body(pen, figure)
    x, y = figure.feet
    pen.darken((x, y + 2), (0.2 * figure.height, 0.045 * figure.height), 0.45)
    if body.is_side:
        _draw_from_side(body)
    else:
        _draw_upright(body)
    _draw_held(body)


def _draw_from_side(body: _Body) -> None:
    phase = body.figure.stride
    legs = [_leg(phase, 0.0), _leg(phase, pi)]
    # The lower foot carries: the hips rise and fall with the step.
    body.hip = max(depth for *_, depth in legs) + _SHOE
    _draw_arm(body, phase, 0.0, is_near=False)
    _draw_leg(body, legs[1], shade(body.look.trousers, 0.8))
    _draw_leg(body, legs[0], rgb(body.look.trousers))
    if body.look.backpack:
        body.shape(((-0.06, 0.79), (-0.15, 0.75), (-0.16, 0.56), (-0.06, 0.54)), rgb(0x8A6D3B))
    _draw_torso(body, shoulder=0.055, hip=0.048)
    _draw_profile(body)
    _draw_arm(body, phase, pi, is_near=True)


def _leg(phase: float | None, offset: float) -> tuple[Point, Point, float]:
    """Knee and ankle relative to the hip (forwards, down), and how deep the ankle is."""
    swing, bend = (0.42 * sin(phase + offset), 0.0) if phase is not None else (0.04, 0.0)
    if phase is not None:
        bend = 0.12 + 0.7 * max(0.0, cos(phase + offset))
    elif offset:
        swing = -0.06
    knee = (_THIGH * sin(swing), _THIGH * cos(swing))
    ankle = (knee[0] + _SHIN * sin(swing - bend), knee[1] + _SHIN * cos(swing - bend))
    return knee, ankle, ankle[1]


def _draw_leg(body: _Body, leg: tuple[Point, Point, float], colour: Colour) -> None:
    knee, ankle, _ = leg
    joints = ((0.0, body.hip), (knee[0], body.hip - knee[1]), (ankle[0], body.hip - ankle[1]))
    body.limb(joints, colour, 0.072)
    heel = (ankle[0] - 0.015, body.hip - ankle[1] - 0.018)
    body.limb((heel, (heel[0] + 0.06, heel[1])), rgb(0x2A2A2E), 0.032)


def _draw_torso(body: _Body, shoulder: float, hip: float) -> None:
    """Shoulders and hips as round bars, the shirt between them, the belt below."""
    shirt, low = rgb(body.look.shirt), body.hip + 0.02
    body.limb(((-hip, body.hip), (hip, body.hip)), rgb(body.look.trousers), 0.075)
    body.limb(((-shoulder, _SHOULDER - 0.035), (shoulder, _SHOULDER - 0.035)), shirt, 0.085)
    out, low_out = shoulder + 0.04, hip + 0.038
    body.shape(
        ((-out, _SHOULDER - 0.04), (out, _SHOULDER - 0.04), (low_out, low), (-low_out, low)), shirt
    )
    body.shape(
        (
            (-low_out, low + 0.02),
            (low_out, low + 0.02),
            (low_out, low - 0.006),
            (-low_out, low - 0.006),
        ),
        shade(body.look.shirt, 0.75),
    )


def _draw_arm(body: _Body, phase: float | None, offset: float, *, is_near: bool) -> None:
    """Swings against the leg of its side; while the person reaches, it points ahead."""
    sleeve = shade(body.look.shirt, 0.86 if is_near else 0.7)
    swing = -0.5 * sin(phase + offset + pi) if phase is not None else 0.05
    is_busy = is_near and (body.figure.place == "kiosk" or bool(body.figure.held))
    swing = 1.0 if is_busy else swing
    shoulder = (0.0, _SHOULDER - 0.05)
    elbow = (shoulder[0] + 0.15 * sin(swing * 0.6), shoulder[1] - 0.15 * cos(swing * 0.6))
    lift = swing + (0.75 if is_busy else 0.25)
    hand = (elbow[0] + 0.15 * sin(lift), elbow[1] - 0.15 * cos(lift))
    body.limb((shoulder, elbow, hand), sleeve, 0.052)
    body.oval(hand, (0.027, 0.027), rgb(body.look.skin))


def _draw_profile(body: _Body) -> None:
    look = body.look
    body.limb(((0.0, 0.83), (0.005, 0.87)), shade(look.skin, 0.88), 0.045)
    if look.long_hair:
        body.limb(((-0.03, 0.93), (-0.038, 0.82)), rgb(look.hair), 0.062)
    body.oval((0.0, _HEAD), (0.056, 0.07), rgb(look.skin))
    body.oval((0.058, _HEAD - 0.008), (0.011, 0.013), rgb(look.skin))
    body.oval((0.032, _HEAD + 0.008), (0.007, 0.01), rgb(0x2A2A2E))
    body.oval((-0.012, _HEAD + 0.012), (0.062, 0.07), rgb(look.hair), (180, 360))
    body.oval((-0.03, _HEAD + 0.0), (0.037, 0.06), rgb(look.hair))
    if look.cap:
        body.oval((-0.004, _HEAD + 0.018), (0.066, 0.066), shade(look.shirt, 0.7), (180, 360))
        body.limb(((0.04, _HEAD + 0.024), (0.1, _HEAD + 0.018)), shade(look.shirt, 0.7), 0.018)


def _draw_upright(body: _Body) -> None:
    """Seen from the front or the back, standing or on the threshold."""
    look = body.look
    for side in (-1, 1):
        body.limb(((side * 0.042, body.hip), (side * 0.05, 0.05)), rgb(look.trousers), 0.076)
        body.oval((side * 0.056, 0.022), (0.036, 0.022), rgb(0x2A2A2E))
    body.limb(((-0.125, 0.76), (-0.15, 0.62), (-0.14, 0.48)), shade(look.shirt, 0.86), 0.052)
    body.oval((-0.14, 0.46), (0.027, 0.03), rgb(look.skin))
    _draw_torso(body, shoulder=0.085, hip=0.065)
    if look.backpack and body.figure.facing == "back":
        body.pen.rect(_box(body, (-0.08, 0.79), (0.08, 0.55)), rgb(0x8A6D3B), 12)
        body.pen.rect(_box(body, (-0.055, 0.66), (0.055, 0.57)), rgb(0x74592E), 6)
    _draw_reaching_arm(body)
    body.limb(((0.0, 0.83), (0.0, 0.87)), shade(look.skin, 0.88), 0.05)
    _draw_head(body)


def _draw_reaching_arm(body: _Body) -> None:
    """Hangs, or is stretched out to the goods."""
    reach = body.figure.reach
    hanging = ((0.15, 0.62), (0.14, 0.47))
    out = ((0.215, 0.73), (0.305, 0.80))
    elbow, hand = (
        (a[0] + (b[0] - a[0]) * reach, a[1] + (b[1] - a[1]) * reach)
        for a, b in zip(hanging, out, strict=True)
    )
    body.limb(((0.125, 0.76), elbow, hand), shade(body.look.shirt, 0.86), 0.052)
    body.oval(hand, (0.028, 0.028), rgb(body.look.skin))


def _draw_head(body: _Body) -> None:
    look = body.look
    body.oval((0.0, _HEAD), (0.058, 0.07), rgb(look.skin))
    for side in (-1, 1):
        body.oval((side * 0.058, _HEAD - 0.008), (0.012, 0.018), rgb(look.skin))
    if body.figure.facing == "back":
        body.oval((0.0, _HEAD + 0.008), (0.06, 0.07), rgb(look.hair))
        if look.long_hair:
            body.pen.rect(_box(body, (-0.058, 0.92), (0.058, 0.81)), rgb(look.hair), 10)
    else:
        for side in (-1, 1):
            body.oval((side * 0.022, _HEAD - 0.004), (0.007, 0.009), rgb(0x2A2A2E))
        body.oval((0.0, _HEAD + 0.012), (0.062, 0.072), rgb(look.hair), (180, 360))
    if look.cap:
        body.oval((0.0, _HEAD + 0.018), (0.066, 0.066), shade(look.shirt, 0.7), (180, 360))


def _box(body: _Body, left_top: Point, right_bottom: Point) -> Rect:
    (x0, y0), (x1, y1) = body.at(*left_top), body.at(*right_bottom)
    return Rect(min(x0, x1), y0, abs(x1 - x0), y1 - y0)


def _draw_held(body: _Body) -> None:
    """Up to four units before the chest, or in the hanging hand where the back is seen."""
    across = 0.17 if body.is_side else -0.2
    for i, product in enumerate(body.figure.held[:4]):
        look = appearance(product)
        height = 46.0 * look.height
        x, y = body.at(across + 0.075 * (i % 2), 0.535 + 0.15 * (i // 2))
        width = height * look.aspect
        draw_item(body.pen, Rect(x - width / 2, y - height / 2, width, height), look)
