"""The empty simulated store as a picture, and the pen that everything is drawn with."""

from collections.abc import Sequence
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from storeguard.devices.sim.layout import (
    DOORWAY,
    HEIGHT,
    HORIZON_Y,
    WIDTH,
    Layout,
    Point,
    Rect,
    Unit,
)
from storeguard.ports import Image

Colour = tuple[int, int, int]
Shares = NDArray[np.float64]
_SHIFT = 4
"""Coordinates are passed to OpenCV in sixteenths of a pixel."""

KIOSK_SCREEN = Rect(272, 296, 66, 92)


@cache
def rgb(value: int) -> Colour:
    """0xRRGGBB as OpenCV's blue, green, red."""
    return value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF


@cache
def shade(value: int, factor: float) -> Colour:
    """Darker below 1, towards white above."""
    channels = rgb(value)
    if factor <= 1:
        b, g, r = (round(c * factor) for c in channels)
    else:
        b, g, r = (round(255 - (255 - c) * (2 - factor)) for c in channels)
    return b, g, r


class Pen:
    """Draws in the layout's units on a picture of any size.

    `area` says which part of the layout the picture shows; what lies outside is cut off.
    """

    def __init__(self, image: Image, area: Rect | None = None) -> None:
        self._image = image
        self.area = area or Rect(0, 0, WIDTH, HEIGHT)
        self._scale_x: float = image.shape[1] / self.area.w
        self._scale_y: float = image.shape[0] / self.area.h

    def part(self, area: Rect) -> "Pen":
        """A pen for this part only, its edges rounded to pixels."""
        x0, y0 = self._pixel((area.x, area.y))
        x1, y1 = self._pixel((area.right, area.bottom))
        height, width = self._image.shape[:2]
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        seen = Rect(
            self.area.x + x0 / self._scale_x,
            self.area.y + y0 / self._scale_y,
            max(1, x1 - x0) / self._scale_x,
            max(1, y1 - y0) / self._scale_y,
        )
        return Pen(self._image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], seen)

    def paste(self, other: "Pen") -> None:
        """What is on the other's picture, which has the same size."""
        self._image[:] = other._image

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        corners = np.array([self._fine(point) for point in points], np.int32)
        cv2.fillConvexPoly(self._image, corners, colour, cv2.LINE_AA, _SHIFT)

    def rect(self, rect: Rect, colour: Colour, radius: float = 0) -> None:
        self.polygon(_corners(rect, min(radius, rect.w / 2, rect.h / 2)), colour)

    def line(self, a: Point, b: Point, colour: Colour, width: float) -> None:
        thickness = self._thickness(width)
        cv2.line(self._image, self._fine(a), self._fine(b), colour, thickness, cv2.LINE_AA, _SHIFT)

    def ellipse(
        self,
        centre: Point,
        axes: tuple[float, float],
        colour: Colour,
        *,
        span: tuple[float, float] = (0, 360),
    ) -> None:
        """Filled; `span` in degrees, clockwise from the right."""
        fine = (self._length(axes[0], self._scale_x), self._length(axes[1], self._scale_y))
        cv2.ellipse(
            self._image, self._fine(centre), fine, 0, *span, colour, -1, cv2.LINE_AA, _SHIFT
        )

    def text(self, text: str, at: Point, height: float, colour: Colour, width: float = 2) -> None:
        """ASCII only; `at` is the left end of the base line."""
        cv2.putText(
            self._image,
            text,
            self._pixel(at),
            cv2.FONT_HERSHEY_DUPLEX,
            height * min(self._scale_x, self._scale_y) / 22,
            colour,
            self._thickness(width),
            cv2.LINE_AA,
        )

    def darken(self, centre: Point, axes: tuple[float, float], share: float) -> None:
        """A soft shadow on the floor."""
        x, y = centre
        rx, ry = axes
        part = self.part(Rect(x - rx, y - ry, 2 * rx, 2 * ry))._image
        height, width = part.shape[:2]
        part[:] = cv2.multiply(part, _shadow(width, height, share), scale=1 / 255)

    def _fine(self, point: Point) -> tuple[int, int]:
        return (
            round((point[0] - self.area.x) * self._scale_x * (1 << _SHIFT)),
            round((point[1] - self.area.y) * self._scale_y * (1 << _SHIFT)),
        )

    def _pixel(self, point: Point) -> tuple[int, int]:
        x, y = self._fine(point)
        return x >> _SHIFT, y >> _SHIFT

    def _length(self, value: float, scale: float) -> int:
        return max(1, round(value * scale * (1 << _SHIFT)))

    def _thickness(self, width: float) -> int:
        return max(1, round(width * (self._scale_x + self._scale_y) / 2))


@lru_cache(maxsize=256)
def _shadow(width: int, height: int, share: float) -> Image:
    """Factors 0..255, darkest in the middle."""
    y = np.linspace(-1, 1, height)[:, None]
    x = np.linspace(-1, 1, width)[None, :]
    dark = share * np.clip(1 - (x * x + y * y), 0, 1)
    return np.repeat((255 * (1 - dark)).astype(np.uint8)[:, :, None], 3, axis=2)


@lru_cache(maxsize=256)
def _corners(rect: Rect, radius: float) -> tuple[Point, ...]:
    if radius <= 0:
        return (
            (rect.x, rect.y),
            (rect.right, rect.y),
            (rect.right, rect.bottom),
            (rect.x, rect.bottom),
        )
    x0, x1 = rect.x + radius, rect.right - radius
    y0, y1 = rect.y + radius, rect.bottom - radius
    turns = np.linspace(0, np.pi / 2, 6)
    return tuple(
        (cx + radius * float(np.cos(turn + start)), cy + radius * float(np.sin(turn + start)))
        for cx, cy, start in (
            (x1, y1, 0.0),
            (x0, y1, np.pi / 2),
            (x0, y0, np.pi),
            (x1, y0, 3 * np.pi / 2),
        )
        for turn in turns
    )


def empty_store(layout: Layout, size_px: tuple[int, int]) -> Image:
    """Walls, floor, door, kiosk and bare racks; shape (height, width, 3)."""
    image: Image = np.empty((size_px[1], size_px[0], 3), np.uint8)
    _paint_room(image)
    pen = Pen(image)
    _paint_floor(pen)
    _paint_wall(pen)
    _paint_doorway(pen)
    draw_door(pen, 0.0)
    _paint_kiosk(pen)
    draw_kiosk_screen(pen, in_use=False)
    for unit in layout.units:
        _paint_rack(pen, unit)
    return image


def _paint_room(image: Image) -> None:
    """Two gradients: the wall gets lighter upwards, the floor towards the camera."""
    rows = np.linspace(0, HEIGHT, image.shape[0])[:, None]
    wall = _blend(0xFBF3E4, 0xEADFC9, rows / HORIZON_Y)
    floor = _blend(0xC9BBA5, 0xE3D8C6, (rows - HORIZON_Y) / (HEIGHT - HORIZON_Y))
    image[:] = np.where(rows < HORIZON_Y, wall, floor)[:, None, :].astype(np.uint8)


def _blend(a: int, b: int, share: Shares) -> Shares:
    share = np.clip(share, 0, 1)
    mixed: Shares = np.array(rgb(a)) * (1 - share) + np.array(rgb(b)) * share
    return mixed


def _paint_floor(pen: Pen) -> None:
    """Tiles that run to a vanishing point behind the wall."""
    joint = rgb(0xBBAD97)
    for i in range(-14, 15):
        pen.line((640 + 74 * i, HORIZON_Y), (640 + 150 * i, HEIGHT), joint, 1.6)
    for i in range(1, 7):
        y = HORIZON_Y + (HEIGHT - HORIZON_Y) * (i / 6.5) ** 1.6
        pen.line((0, y), (WIDTH, y), joint, 1.6)
    pen.rect(Rect(0, HORIZON_Y - 12, WIDTH, 12), rgb(0x9C8B74))
    pen.rect(Rect(0, HORIZON_Y - 12, WIDTH, 3), rgb(0xB3A28A))
    pen.polygon([(48, 508), (204, 508), (196, 552), (20, 552)], rgb(0x3F6B67))
    pen.polygon([(58, 513), (194, 513), (187, 546), (34, 546)], rgb(0x4F817C))


def _paint_wall(pen: Pen) -> None:
    """The band with the shop's name, and its lamps."""
    pen.rect(Rect(0, 0, WIDTH, 84), rgb(0x1F5F5B))
    pen.rect(Rect(0, 84, WIDTH, 7), rgb(0xF2A541))
    pen.text("24H SELF MARKET", (452, 57), 30, rgb(0xFFF8E7), 2)
    for x in (418, 882):
        pen.ellipse((x, 46), (13, 13), rgb(0xF2A541))
        pen.ellipse((x, 46), (6, 6), rgb(0x1F5F5B))


def _paint_doorway(pen: Pen) -> None:
    frame = Rect(DOORWAY.x - 12, DOORWAY.y - 14, DOORWAY.w + 24, DOORWAY.h + 14)
    pen.rect(frame, rgb(0x56616B))
    paint_street(pen.part(DOORWAY))
    pen.rect(Rect(82, 108, 88, 34), rgb(0x2FA866), 8)
    pen.text("OPEN", (93, 133), 19, rgb(0xFFFFFF), 1.6)


def paint_street(view: Pen) -> None:
    """Outside it is always day."""
    view.rect(DOORWAY, rgb(0xBFE3F5))
    view.rect(Rect(DOORWAY.x, 262, 62, 240), rgb(0xA9C6D6))
    view.rect(Rect(DOORWAY.x + 74, 226, 90, 280), rgb(0x98B8CB))
    view.ellipse((DOORWAY.x + 66, 400), (34, 44), rgb(0x8CBF88))
    view.rect(Rect(DOORWAY.x, 448, DOORWAY.w, 60), rgb(0xB9BCBD))


def draw_door(pen: Pen, share_open: float) -> None:
    """Two glass panels that slide apart; their frames are all that can be seen of them."""
    half = DOORWAY.w / 2
    slide = share_open * half * 0.94
    opening = pen.part(DOORWAY)
    for x in (DOORWAY.x - slide, DOORWAY.x + half + slide):
        for edge in (x, x + half - 5):
            opening.rect(Rect(edge, DOORWAY.y, 5, DOORWAY.h), rgb(0x6E7A85))
        opening.rect(Rect(x, DOORWAY.y, half, 5), rgb(0x6E7A85))
        opening.rect(Rect(x, DOORWAY.bottom - 9, half, 9), rgb(0x6E7A85))
        opening.line((x + 18, 300), (x + 44, 226), rgb(0xDDF1FA), 3)


def door_gap(share_open: float) -> Rect:
    """The part of the doorway that no panel hides."""
    half = max(2.0, share_open * DOORWAY.w / 2 * 0.94)
    return Rect(DOORWAY.centre[0] - half, DOORWAY.y, 2 * half, DOORWAY.h + 40)


def _paint_kiosk(pen: Pen) -> None:
    pen.rect(Rect(252, 196, 106, 42), rgb(0xF2A541), 10)
    pen.text("PAY", (275, 227), 25, rgb(0x3B2B14), 2)
    pen.darken((305, 508), (80, 14), 0.45)
    pen.rect(Rect(287, 380, 36, 120), rgb(0xC9CED3))
    pen.rect(Rect(311, 380, 12, 120), rgb(0xAEB5BC))
    pen.rect(Rect(262, 496, 86, 14), rgb(0x6E7A85), 5)
    pen.rect(Rect(262, 284, 86, 132), rgb(0x2B333B), 9)
    pen.rect(Rect(280, 396, 32, 9), rgb(0x55606B), 3)
    pen.ellipse((328, 400), (5, 5), rgb(0x2FA866))


def draw_kiosk_screen(pen: Pen, *, in_use: bool) -> None:
    """Blue with a basket while it waits, green with a tick while somebody pays."""
    screen = KIOSK_SCREEN
    pen.rect(screen, rgb(0x2FA866) if in_use else rgb(0x3C78D8), 4)
    x, y = screen.centre
    white = rgb(0xFFFFFF)
    if in_use:
        pen.line((x - 17, y + 2), (x - 5, y + 14), white, 5)
        pen.line((x - 5, y + 14), (x + 18, y - 14), white, 5)
        return
    pen.polygon([(x - 19, y - 4), (x + 19, y - 4), (x + 13, y + 16), (x - 13, y + 16)], white)
    pen.line((x - 13, y - 4), (x - 4, y - 20), white, 3)
    pen.line((x + 13, y - 4), (x + 4, y - 20), white, 3)


def _paint_rack(pen: Pen, unit: Unit) -> None:
    """Posts, boards with the scale's metal plate, price tags, the scale's letter on top."""
    rect = unit.rect
    floor = max(rect.bottom, unit.boards_y[-1] + 14)
    if rect.bottom >= HORIZON_Y - 1:
        pen.darken((rect.centre[0], HORIZON_Y + 4), (rect.w * 0.54, 15), 0.4)
    pen.rect(Rect(rect.x, rect.y, rect.w, floor - rect.y), rgb(0xF8F1E6))
    pen.rect(Rect(rect.x, rect.y, rect.w, 16), rgb(0xE4D9C6))
    for y in unit.boards_y:
        _paint_board(pen, rect, y)
    for shelf in unit.shelves:
        for x, y in shelf.tags:
            pen.rect(Rect(x, y + 2, 62, 18), rgb(0xFFFFFF), 3)
            pen.text(f"{shelf.product.price_won:,}", (x + 7, y + 16), 12, rgb(0xB3261E), 1)
    for x in (rect.x - 3, rect.right - 5):
        pen.rect(Rect(x, rect.y - 4, 8, floor - rect.y + 6), rgb(0x7A5C43), 2)
    _paint_letter(pen, unit)


def _paint_board(pen: Pen, rect: Rect, y: float) -> None:
    pen.rect(Rect(rect.x + 3, y - 16, rect.w - 6, 16), rgb(0xEADFCE))
    pen.rect(Rect(rect.x + 10, y - 2, rect.w - 20, 5), rgb(0xAEB5BC), 2)
    pen.rect(Rect(rect.x, y + 3, rect.w, 21), rgb(0xB98B5E))
    pen.rect(Rect(rect.x, y + 3, rect.w, 4), rgb(0xD0A476))
    pen.rect(Rect(rect.x + 3, y + 24, rect.w - 6, 7), rgb(0xDDD1BE))


def _paint_letter(pen: Pen, unit: Unit) -> None:
    """The scale's id on a small plate, right on the lowest board's edge."""
    text = unit.scale[:8]
    width = 16 + 11 * len(text)
    x, y = unit.rect.right - width - 12, unit.boards_y[0] + 4
    pen.rect(Rect(x, y, width, 19), rgb(0x1F5F5B), 4)
    pen.text(text, (x + 8, y + 15), 13, rgb(0xFFF8E7), 1)
