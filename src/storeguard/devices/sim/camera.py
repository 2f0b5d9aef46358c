"""The simulated store's camera: draws the world, so that the real vision has something to see."""

import asyncio
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from storeguard import config
from storeguard.clock import Clock, utc_at
from storeguard.devices.sim.drawing import (
    KIOSK_SCREEN,
    Pen,
    door_gap,
    draw_door,
    draw_kiosk_screen,
    empty_store,
    paint_street,
    rgb,
)
from storeguard.devices.sim.figures import draw_figure
from storeguard.devices.sim.goods import draw_sign, draw_unit
from storeguard.devices.sim.layout import DOORWAY, KIOSK, Rect, Unit
from storeguard.devices.sim.people import Figure
from storeguard.devices.sim.world import World
from storeguard.errors import CameraFault, CameraTimeout
from storeguard.ports import Frame, Image

NOISE_LEVELS = 5
"""A sensor's noise: a picture that is frozen can be told from one that is not."""
DEADLINE_S = 3.0
CLOCK_BAR = Rect(16, 676, 276, 30)
DARK, COVERED = 1, 92


class SimCamera:
    """Pictures of the world at `fps` of the clock, in the configured size.

    The room and the goods are kept; a frame draws what has moved. `deadline_s` is how long
    an unplugged camera is waited for.
    """

    def __init__(
        self,
        config: config.Camera,
        world: World,
        clock: Clock,
        fps: float = 10.0,
        *,
        seed: int = 0,
        deadline_s: float = DEADLINE_S,
        timezone: str = "Asia/Seoul",
    ) -> None:
        self._config = config
        self._world = world
        self._clock = clock
        self._period_s = 1 / fps
        self._deadline_s = deadline_s
        self._timezone = ZoneInfo(timezone)
        self._rng = np.random.default_rng(seed)
        self._noise: Image | None = None
        self._room: Image | None = None
        self._stocked: Image | None = None
        self._drawn: dict[str, object] = {}
        self._last_s: float | None = None

    @property
    def id(self) -> str:
        return self._config.id

    async def open(self) -> None:
        if self._world.is_unplugged(self.id):
            raise CameraFault(f"camera {self.id!r}: not found; it is unplugged, plug it in")
        if self._room is None:
            self._room = empty_store(self._world.layout, self._config.record_size_px)
            for unit in self._world.layout.units:
                draw_sign(Pen(self._room), unit)
            self._stocked = self._room.copy()
            self._noise = self._draw_noise()
            self._redraw_goods(self._clock.now_s())
        self._last_s = self._clock.now_s()

    async def frame(self) -> Frame:
        if self._last_s is None:
            raise CameraFault(f"camera {self.id!r}: is not open; open it first")
        give_up_s = self._clock.now_s() + self._deadline_s
        await self._sleep_until(self._last_s + self._period_s)
        while self._world.is_unplugged(self.id):
            if self._clock.now_s() >= give_up_s:
                raise CameraTimeout(
                    f"camera {self.id!r}: no frame for {self._deadline_s:g} s; check its cable"
                )
            await self._sleep_until(min(give_up_s, self._clock.now_s() + self._period_s))
        self._last_s = self._clock.now_s()
        return Frame(self._last_s, self.picture(self._last_s))

    async def close(self) -> None:
        self._last_s = None

    async def _sleep_until(self, t_s: float) -> None:
        await asyncio.sleep(max(0.0, t_s - self._clock.now_s()))

    def picture(self, t_s: float) -> Image:
        """The world as the open camera sees it at `t_s`, a new array each time."""
        if self._stocked is None or self._noise is None:
            raise CameraFault(f"camera {self.id!r}: is not open; open it first")
        if self._world.is_covered(self.id):
            image = np.full_like(self._stocked, COVERED)
        elif not self._world.is_light:
            image = np.full_like(self._stocked, DARK)
        else:
            image = self._lit(t_s)
        height, width = image.shape[:2]
        y, x = self._rng.integers(0, 32, size=2)
        return np.asarray(cv2.add(image, self._noise[y : y + height, x : x + width], dst=image))

    def _lit(self, t_s: float) -> Image:
        self._redraw_goods(t_s)
        assert self._stocked is not None
        image = self._stocked.copy()
        pen = Pen(image)
        figures = self._world.figures(t_s)
        if any(figure.place == KIOSK for figure in figures):
            draw_kiosk_screen(pen.part(KIOSK_SCREEN), in_use=True)
        self._draw_doorway(pen, figures, t_s)
        for figure in figures:
            if not figure.doorway:
                draw_figure(pen, figure)
        self._draw_clock(pen, t_s)
        return image

    def _draw_doorway(self, pen: Pen, figures: tuple[Figure, ...], t_s: float) -> None:
        """Who is on the threshold is seen through the gap that the panels leave."""
        share_open = self._world.door_open(t_s)
        if share_open <= 0:
            return
        paint_street(pen.part(DOORWAY))
        draw_door(pen, share_open)
        gap = pen.part(door_gap(share_open))
        for figure in figures:
            if figure.doorway:
                draw_figure(gap, figure)

    def _redraw_goods(self, t_s: float) -> None:
        """Only the scales on which something has changed since the last frame."""
        counts, things = self._world.counts(t_s), self._world.things()
        for unit in self._world.layout.units:
            on_it = {name: n for (scale, name), n in counts.items() if scale == unit.scale and n}
            lying = {name: g for (scale, name), g in things.items() if scale == unit.scale}
            if self._drawn.get(unit.scale) != (on_it, lying):
                self._drawn[unit.scale] = (on_it, lying)
                self._redraw_unit(unit, on_it, lying)

    def _redraw_unit(self, unit: Unit, counts: dict[str, int], things: dict[str, float]) -> None:
        assert self._stocked is not None
        assert self._room is not None
        pen = Pen(self._stocked).part(unit.rect)
        pen.paste(Pen(self._room).part(unit.rect))
        draw_unit(pen, unit, counts, things)

    def _draw_clock(self, pen: Pen, t_s: float) -> None:
        local = utc_at(self._clock, t_s).astimezone(self._timezone)
        pen.rect(CLOCK_BAR, rgb(0x23282E), 5)
        pen.text(f"{local:%Y-%m-%d  %H:%M:%S}", (28, 697), 15, rgb(0xF4F4F4), 1)

    def _draw_noise(self) -> Image:
        width, height = self._config.record_size_px
        shape = (height + 32, width + 32, 3)
        return self._rng.integers(0, NOISE_LEVELS, size=shape, dtype=np.uint8)
