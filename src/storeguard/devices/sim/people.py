"""People in the simulated store as functions of time: where they walk, what they hold."""

from dataclasses import dataclass
from math import hypot, inf, pi
from typing import Literal

from storeguard.devices.sim.layout import DOOR, KIOSK, Point, figure_height

WALK_PER_S = 320.0
"""A brisk 1.6 m/s: the rack is as high as eyes."""
STRIDE = 150.0
DOORWAY_S = 0.6
DOOR_CLOSES_S = 0.4

Facing = Literal["left", "right", "back", "front"]


@dataclass(frozen=True, slots=True)
class Walk:
    """A straight way at constant speed. Before it begins one stands at its start."""

    start_s: float
    origin: Point
    target: Point

    @property
    def length(self) -> float:
        return hypot(self.target[0] - self.origin[0], self.target[1] - self.origin[1])

    @property
    def end_s(self) -> float:
        return self.start_s + self.length / WALK_PER_S

    def gone(self, t_s: float) -> float:
        """The distance covered by `t_s`."""
        return min(max(0.0, (t_s - self.start_s) * WALK_PER_S), self.length)

    def at(self, t_s: float) -> Point:
        share = self.gone(t_s) / self.length if self.length else 1.0
        (x0, y0), (x1, y1) = self.origin, self.target
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


@dataclass(frozen=True, slots=True)
class Held:
    """One unit in somebody's hand."""

    product: str
    weight_g: float
    from_s: float
    until_s: float = inf


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody inside. `look` decides the clothes, `reach` is when the arm is out."""

    name: str
    look: int
    entered_s: float
    walk: Walk
    place: str
    reach: tuple[float, float] = (-inf, -inf)
    held: tuple[Held, ...] = ()
    gone_s: float = inf


@dataclass(frozen=True, slots=True)
class Figure:
    """A person as seen at one instant, in the drawing's units.

    `stride` is the phase of the walk in radians, None while standing; `reach` says how far
    the arm is out, 0..1; `doorway` is true on the threshold, where the door hides parts.
    """

    name: str
    look: int
    feet: Point
    facing: Facing
    stride: float | None
    reach: float
    held: tuple[str, ...]
    doorway: bool
    place: str

    @property
    def height(self) -> float:
        return figure_height(self.feet[1])

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        x, y = self.feet
        half = 0.17 * self.height
        return x - half, y - self.height, x + half, y


def figure_at(person: Person, t_s: float) -> Figure:
    walk = person.walk
    is_walking = walk.start_s <= t_s < walk.end_s and walk.length > 0
    in_doorway = t_s < person.entered_s + DOORWAY_S or t_s > person.gone_s - DOORWAY_S
    return Figure(
        name=person.name,
        look=person.look,
        feet=walk.at(t_s),
        facing=_facing(person, is_walking, t_s),
        stride=walk.gone(t_s) / STRIDE * 2 * pi if is_walking else None,
        reach=_reach(person.reach, t_s),
        held=tuple(unit.product for unit in person.held if unit.from_s <= t_s < unit.until_s),
        doorway=in_doorway,
        place=DOOR if in_doorway else person.place if not is_walking else "",
    )


def _facing(person: Person, is_walking: bool, t_s: float) -> Facing:
    if is_walking and abs(person.walk.target[0] - person.walk.origin[0]) > 20:
        return "right" if person.walk.target[0] > person.walk.origin[0] else "left"
    if t_s < person.entered_s + DOORWAY_S:
        return "front"
    return "left" if person.place == KIOSK else "back"


def _reach(reach: tuple[float, float], t_s: float) -> float:
    """Out within a tenth of a second, back in a fifth."""
    start_s, end_s = reach
    return max(0.0, min(1.0, (t_s - start_s) / 0.1, 1 - (t_s - end_s) / 0.2))


def door_open(person: Person, t_s: float) -> float:
    """Opens before whoever leaves, and closes behind: the closing panels hide the person."""
    coming = min((t_s - person.entered_s) / 0.3, 1 - _share_closed(person.entered_s, t_s))
    going = min((t_s - person.gone_s + DOORWAY_S) / 0.3 + 1, (person.gone_s - t_s) / DOOR_CLOSES_S)
    return max(0.0, min(1.0, max(coming, going)))


def _share_closed(entered_s: float, t_s: float) -> float:
    return (t_s - entered_s - DOORWAY_S) / DOOR_CLOSES_S
