"""Where things are in the simulated store, in the units of its 1280 x 720 drawing.

x runs right, y down. A person is where the feet are; the lower the feet, the nearer to the
camera, the taller the figure.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from storeguard.domain.product import Product

WIDTH, HEIGHT = 1280, 720
HORIZON_Y = 500.0
"""Where the back wall meets the floor."""

Point = tuple[float, float]

KIOSK = "kiosk"
DOOR = "door"
THRESHOLD: Point = (126.0, 516.0)
KIOSK_SPOT: Point = (404.0, 552.0)
SHELF_SPOT_Y = 566.0


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def centre(self) -> Point:
        return self.x + self.w / 2, self.y + self.h / 2


DOORWAY = Rect(52, 168, 148, 334)
RACKS = Rect(440, 236, 800, 264)
BOARD_PITCH = 84.0
ITEM_HEIGHT = 46.0
"""Small beside a person, so that no change of the goods looks like one."""
ROOM = 1.2
"""Slots for each unit that is there at the start; what is restocked beyond is not drawn."""
WIDEST = 100.0
"""Pitch of goods that have the whole board."""
CLOSEST = 0.62
"""Pitch of crowded goods in widths: they overlap before they get tiny."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How one unit of a product looks. Colours are 0xRRGGBB; aspect is width over height."""

    kind: str
    colour: int
    accent: int
    aspect: float
    height: float = 1.0


_APPEARANCES: tuple[tuple[str, Appearance], ...] = (
    ("바나나", Appearance("milk", 0xFFD84D, 0x3FA34D, 0.58)),
    ("초코우유", Appearance("milk", 0x8A5A3C, 0xF4E3D0, 0.58)),
    ("딸기", Appearance("milk", 0xF59AB5, 0xD7263D, 0.58)),
    ("우유", Appearance("carton", 0xF7FAFC, 0x2F80ED, 0.56)),
    ("콜라", Appearance("can", 0xD7263D, 0xFFFFFF, 0.56, 0.8)),
    ("사이다", Appearance("can", 0x2FA866, 0xFFFFFF, 0.56, 0.8)),
    ("커피", Appearance("can", 0x5B4636, 0xE8C39E, 0.56, 0.8)),
    ("생수", Appearance("bottle", 0x7CC4F2, 0x2F6FB2, 0.36)),
    ("주스", Appearance("bottle", 0xF9A03F, 0x3FA34D, 0.40)),
    ("깡", Appearance("bag", 0xE8632B, 0xFFE08A, 0.78)),
    ("칩", Appearance("bag", 0x2F9E8F, 0xFFE08A, 0.78)),
    ("과자", Appearance("bag", 0x8E5BD0, 0xFFE08A, 0.78)),
    ("라면", Appearance("cup", 0xD94F30, 0xFFF1D6, 0.84, 0.72)),
    ("아이스", Appearance("cup", 0x66C6D9, 0xFFF1F5, 0.84, 0.72)),
    ("초코", Appearance("box", 0x7A3B2E, 0xF2C14E, 0.74, 0.78)),
    ("빵", Appearance("bag", 0xD9A566, 0xFFF1D6, 0.90)),
)
_OTHERS = (
    Appearance("box", 0x3C78D8, 0xFFE08A, 0.74, 0.78),
    Appearance("bottle", 0x4FB286, 0xFFFFFF, 0.40),
    Appearance("bag", 0xC94C8A, 0xFFFFFF, 0.78),
    Appearance("can", 0x6C63C7, 0xFFFFFF, 0.56, 0.8),
    Appearance("carton", 0xF2E8CF, 0xBC4749, 0.56),
    Appearance("cup", 0xE9B44C, 0x9B2915, 0.84, 0.72),
)


def appearance(product: str) -> Appearance:
    """By a word in the product's name, else by its hash: always the same for one name."""
    for word, look in _APPEARANCES:
        if word in product:
            return look
    return _OTHERS[zlib.crc32(product.encode()) % len(_OTHERS)]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of one product on one scale. Unit i of it stands in `slots[i]`.

    `tags` are the left ends of its price tags, one a board.
    """

    product: Product
    slots: tuple[Rect, ...]
    tags: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One scale's part of the racks. `spare` is where foreign goods and bags are put."""

    scale: str
    rect: Rect
    boards_y: tuple[float, ...]
    shelves: tuple[Shelf, ...]
    spare: Rect


@dataclass(frozen=True, slots=True)
class Layout:
    units: tuple[Unit, ...]

    def spot(self, place: str) -> Point:
        """Where one stands at a scale, the kiosk or the door."""
        if place == KIOSK:
            return KIOSK_SPOT
        if place == DOOR:
            return THRESHOLD
        unit = next(unit for unit in self.units if unit.scale == place)
        return unit.rect.x + 0.24 * unit.rect.w, SHELF_SPOT_Y


def figure_height(feet_y: float) -> float:
    """Nearer is taller; two fifths of the picture at least."""
    return 300.0 + (feet_y - THRESHOLD[1]) * 0.9


def arrange(
    products_on_scales: Mapping[str, Sequence[Product]], counts: Mapping[str, int]
) -> Layout:
    """Racks side by side; each scale has its boards, each product its slots."""
    scales = list(products_on_scales)
    columns = max(1, min(3, len(scales)) if len(scales) <= 9 else ceil(len(scales) / 3))
    rows = max(1, ceil(len(scales) / columns))
    width, height = RACKS.w / columns, RACKS.h / rows
    units = []
    for i, scale in enumerate(scales):
        x, y = RACKS.x + i % columns * width, RACKS.y + i // columns * height
        rect = Rect(x + 6, y, width - 12, height)
        units.append(_unit(scale, rect, products_on_scales[scale], counts))
    return Layout(tuple(units))


def _unit(scale: str, rect: Rect, products: Sequence[Product], counts: Mapping[str, int]) -> Unit:
    boards = max(len(products), round(rect.h / BOARD_PITCH), 1)
    pitch = (rect.h - 14) / boards
    boards_y = tuple(rect.y + pitch * (i + 1) - 12 for i in range(boards))
    shelves = tuple(
        _shelf(product, rect, _boards_of(i, len(products), boards_y), pitch, counts)
        for i, product in enumerate(products)
    )
    return Unit(scale, rect, boards_y, shelves, Rect(rect.right - 136, boards_y[-1] - 46, 120, 46))


def _boards_of(i: int, products: int, boards_y: tuple[float, ...]) -> tuple[float, ...]:
    """Products share the boards evenly, top to bottom; a rest goes to the last one."""
    each = len(boards_y) // products
    return boards_y[i * each : (i + 1) * each] if i < products - 1 else boards_y[i * each :]


def _shelf(
    product: Product,
    rect: Rect,
    boards_y: tuple[float, ...],
    pitch: float,
    counts: Mapping[str, int],
) -> Shelf:
    look = appearance(product.name)
    each = ceil(max(6, ROOM * counts.get(product.name, 0)) / len(boards_y))
    tallest = min(ITEM_HEIGHT, pitch - 30) * look.height
    height = _fitting_height(each, tallest, look.aspect, rect.w - 36)
    slots = _slots(rect, boards_y, each, height * look.aspect, height)
    stocked = _taken_apart(slots[: counts.get(product.name, 0)])
    return Shelf(product, (*stocked, *slots[len(stocked) :]), _tags(rect, boards_y))


def _fitting_height(columns: int, tallest: float, aspect: float, room: float) -> float:
    """Smaller first, then closer, then smaller still, until the columns fit the room."""
    for closeness, smallest in ((1.08, 0.65), (CLOSEST, 0.2)):
        fitting = room / (aspect * (1 + (columns - 1) * closeness))
        if fitting >= tallest * smallest:
            return min(tallest, fitting)
    return tallest * 0.2


def _slots(
    rect: Rect, boards_y: tuple[float, ...], columns: int, width: float, height: float
) -> tuple[Rect, ...]:
    """Round the boards, so that a few goods do not huddle on the first of them."""
    pitch = min((rect.w - 36 - width) / max(1, columns - 1), WIDEST)
    return tuple(
        Rect(rect.x + 18 + pitch * column, y - height, width, height)
        for column in range(columns)
        for y in boards_y
    )


def _taken_apart(slots: tuple[Rect, ...]) -> tuple[Rect, ...]:
    """The same slots; those that are emptied one after the other, from the end, lie far apart.

    Gaps side by side would grow to the size of a person.
    """
    left = list(slots)
    taken = [left.pop()] if left else []
    while left:
        farthest = max(left, key=lambda slot: min(_distance(slot, gap) for gap in taken))
        left.remove(farthest)
        taken.append(farthest)
    return tuple(reversed(taken))


def _distance(a: Rect, b: Rect) -> float:
    """Across counts more: a person is taller than wide."""
    return max(abs(a.x - b.x) / (a.w + 45), abs(a.y - b.y) / (a.h + 75))


def _tags(rect: Rect, boards_y: tuple[float, ...]) -> tuple[Point, ...]:
    return tuple((rect.x + 22, y + 3) for y in boards_y)
