"""Goods, drawn: one small picture a unit, as many as there are."""

from collections.abc import Callable

from storeguard.devices.sim.drawing import Pen, rgb, shade
from storeguard.devices.sim.layout import RACKS, Appearance, Rect, Unit, appearance


def draw_unit(pen: Pen, unit: Unit, counts: dict[str, int], things: dict[str, float]) -> None:
    """What lies on one scale. More units than slots are not shown; strangers stand in front."""
    for shelf in unit.shelves:
        look = appearance(shelf.product.name)
        for slot in shelf.slots[: counts.get(shelf.product.name, 0)]:
            draw_item(pen, slot, look)
    _draw_strangers(pen, unit, counts, len(things))


def _draw_strangers(pen: Pen, unit: Unit, counts: dict[str, int], bags: int) -> None:
    """Foreign goods and bags, before the others, from the right."""
    own = {shelf.product.name for shelf in unit.shelves}
    x = unit.spare.right
    for _ in range(bags):
        _bag_of_a_customer(pen, Rect(x - 46, unit.spare.y, 46, unit.spare.h))
        x -= 52
    for name in [name for name, n in counts.items() if name not in own for _ in range(n)]:
        look = appearance(name)
        height = unit.spare.h * look.height
        width = height * look.aspect
        draw_item(pen, Rect(x - width, unit.spare.bottom - height, width, height), look)
        x -= width + 4


def draw_sign(pen: Pen, unit: Unit) -> None:
    """What a rack sells, on a card above it; racks in the lower rows have none."""
    if unit.rect.y > RACKS.y:
        return
    x, y = unit.rect.centre[0], unit.rect.y - 118
    products = [shelf.product.name for shelf in unit.shelves][:3]
    width = 52 + 56 * len(products)
    pen.rect(Rect(x - width / 2, y + 4, width, 96), rgb(0xD9CBB2), 12)
    pen.rect(Rect(x - width / 2, y, width, 96), rgb(0xFFFDF8), 12)
    pen.rect(Rect(x - width / 2 + 14, y + 80, width - 28, 5), rgb(0xF2A541), 2)
    for i, name in enumerate(products):
        look = appearance(name)
        height = 62 * look.height
        left = x + 56 * (i - (len(products) - 1) / 2) - height * look.aspect / 2
        draw_item(pen, Rect(left, y + 74 - height, height * look.aspect, height), look)


def draw_item(pen: Pen, slot: Rect, look: Appearance) -> None:
    _SHAPES[look.kind](pen, slot, look)


def _milk(pen: Pen, slot: Rect, look: Appearance) -> None:
    """A stout bottle with a coloured lid and a label."""
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(Rect(x + 0.22 * w, y, 0.56 * w, 0.16 * h), rgb(look.accent), 2)
    pen.polygon(
        [
            (x + 0.24 * w, y + 0.15 * h),
            (x + 0.76 * w, y + 0.15 * h),
            (x + w, y + 0.38 * h),
            (x, y + 0.38 * h),
        ],
        shade(look.colour, 0.94),
    )
    pen.rect(Rect(x, y + 0.36 * h, w, 0.64 * h), rgb(look.colour), 4)
    pen.rect(Rect(x, y + 0.52 * h, w, 0.26 * h), shade(look.colour, 1.65))
    pen.ellipse((x + w / 2, y + 0.65 * h), (0.17 * w, 0.09 * h), rgb(look.accent))
    _shine(pen, Rect(x + 0.14 * w, y + 0.42 * h, 0.1 * w, 0.5 * h), look)


def _bottle(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(Rect(x + 0.3 * w, y, 0.4 * w, 0.09 * h), rgb(look.accent), 2)
    pen.rect(Rect(x + 0.34 * w, y + 0.08 * h, 0.32 * w, 0.16 * h), shade(look.colour, 0.9))
    pen.rect(Rect(x, y + 0.2 * h, w, 0.8 * h), rgb(look.colour), 0.3 * w)
    pen.rect(Rect(x, y + 0.46 * h, w, 0.28 * h), rgb(look.accent))
    pen.rect(Rect(x, y + 0.56 * h, w, 0.07 * h), rgb(0xFFFFFF))
    _shine(pen, Rect(x + 0.16 * w, y + 0.28 * h, 0.12 * w, 0.62 * h), look)


def _carton(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(Rect(x + 0.08 * w, y, 0.84 * w, 0.07 * h), shade(look.colour, 0.8))
    pen.polygon(
        [
            (x + 0.1 * w, y + 0.07 * h),
            (x + 0.9 * w, y + 0.07 * h),
            (x + w, y + 0.28 * h),
            (x, y + 0.28 * h),
        ],
        shade(look.accent, 0.9),
    )
    pen.rect(Rect(x, y + 0.28 * h, w, 0.72 * h), rgb(look.colour))
    pen.rect(Rect(x + 0.78 * w, y + 0.28 * h, 0.22 * w, 0.72 * h), shade(look.colour, 0.85))
    pen.rect(Rect(x, y + 0.5 * h, w, 0.24 * h), rgb(look.accent))
    pen.ellipse((x + 0.4 * w, y + 0.62 * h), (0.2 * w, 0.08 * h), rgb(0xFFFFFF))


def _can(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(Rect(x + 0.1 * w, y, 0.8 * w, h), rgb(0xB8BFC6), 3)
    pen.rect(Rect(x, y + 0.08 * h, w, 0.84 * h), rgb(look.colour), 4)
    pen.polygon(
        [
            (x, y + 0.62 * h),
            (x + w, y + 0.36 * h),
            (x + w, y + 0.52 * h),
            (x, y + 0.78 * h),
        ],
        rgb(look.accent),
    )
    _shine(pen, Rect(x + 0.14 * w, y + 0.14 * h, 0.1 * w, 0.72 * h), look)


def _bag(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(Rect(x + 0.03 * w, y, 0.94 * w, 0.1 * h), shade(look.colour, 0.75))
    pen.rect(Rect(x + 0.03 * w, y + 0.9 * h, 0.94 * w, 0.1 * h), shade(look.colour, 0.75))
    pen.rect(Rect(x, y + 0.07 * h, w, 0.86 * h), rgb(look.colour), 0.16 * w)
    pen.ellipse((x + 0.5 * w, y + 0.5 * h), (0.34 * w, 0.24 * h), rgb(look.accent))
    pen.ellipse((x + 0.5 * w, y + 0.5 * h), (0.17 * w, 0.12 * h), shade(look.colour, 0.9))
    _shine(pen, Rect(x + 0.1 * w, y + 0.2 * h, 0.08 * w, 0.55 * h), look)


def _box(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.rect(slot, rgb(look.colour), 2)
    pen.rect(Rect(x + 0.84 * w, y, 0.16 * w, h), shade(look.colour, 0.75))
    pen.rect(Rect(x, y + 0.12 * h, 0.84 * w, 0.16 * h), rgb(look.accent))
    pen.ellipse((x + 0.42 * w, y + 0.62 * h), (0.24 * w, 0.2 * h), rgb(look.accent))


def _cup(pen: Pen, slot: Rect, look: Appearance) -> None:
    x, y, w, h = slot.x, slot.y, slot.w, slot.h
    pen.polygon(
        [(x, y + 0.14 * h), (x + w, y + 0.14 * h), (x + 0.84 * w, y + h), (x + 0.16 * w, y + h)],
        rgb(look.colour),
    )
    pen.rect(Rect(x - 0.03 * w, y, 1.06 * w, 0.16 * h), rgb(look.accent), 3)
    pen.ellipse((x + w / 2, y + 0.56 * h), (0.22 * w, 0.19 * h), rgb(look.accent))


def _bag_of_a_customer(pen: Pen, place: Rect) -> None:
    x, y, w, h = place.x, place.y, place.w, place.h
    pen.line((x + 0.3 * w, y + 0.4 * h), (x + 0.5 * w, y + 0.06 * h), rgb(0x5B4636), 4)
    pen.line((x + 0.7 * w, y + 0.4 * h), (x + 0.5 * w, y + 0.06 * h), rgb(0x5B4636), 4)
    pen.rect(Rect(x, y + 0.34 * h, w, 0.66 * h), rgb(0x8A5A3C), 6)


def _shine(pen: Pen, rect: Rect, look: Appearance) -> None:
    pen.rect(rect, shade(look.colour, 1.5), rect.w / 2)


_SHAPES: dict[str, Callable[[Pen, Rect, Appearance], None]] = {
    "milk": _milk,
    "bottle": _bottle,
    "carton": _carton,
    "can": _can,
    "bag": _bag,
    "box": _box,
    "cup": _cup,
}
