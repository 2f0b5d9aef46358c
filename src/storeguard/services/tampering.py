"""Contacts and the kiosk's area → a tamper notice at once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from storeguard.clock import Clock
from storeguard.domain import occupancy, tampering
from storeguard.domain.events import Event, SaleMade, TamperSeen
from storeguard.domain.occupancy import Polygon
from storeguard.domain.tampering import Disturbance, Lingering
from storeguard.errors import DeviceFault, FaultCode
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Contact
from storeguard.services.bus import Bus
from storeguard.services.eye import Eye

ROUND_S = 0.1
CODES = {
    "opened": FaultCode.KIOSK_TOUCHED,
    "shaken": FaultCode.KIOSK_TOUCHED,
    "lingered": FaultCode.KIOSK_LINGERED,
}

log = logging.getLogger("storeguard")


@dataclass(slots=True)
class GuardedContact:
    """`shakes`: so many within two seconds disturb; 1 for a door."""

    contact: Contact
    shakes: int
    state: Disturbance = field(default_factory=Disturbance)
    retry_s: float = float("-inf")


@dataclass(slots=True)
class GuardedArea:
    """Where a camera sees the kiosk."""

    eye: Eye
    area: Polygon
    state: Lingering = field(default_factory=Lingering)


class TamperingService:
    """Tells of each disturbance once, when it begins; nothing while restock mode is on."""

    def __init__(
        self,
        contacts: Sequence[GuardedContact],
        areas: Sequence[GuardedArea],
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        dwell_s: float,
        is_staff_here: Callable[[], bool],
    ) -> None:
        self._contacts = contacts
        self._areas = areas
        self._bus = bus
        self._clock = clock
        self._health = health
        self._dwell_s = dwell_s
        self._is_staff_here = is_staff_here
        bus.subscribe(self._on_event)

    @property
    def has_a_guard(self) -> bool:
        """Is there a contact, or a camera that sees the kiosk?"""
        return bool(self._contacts or self._areas)

    async def run(self) -> None:
        """Looks until it is cancelled; the contacts are closed on the way out."""
        part = self._health.part("tampering", longest_s=LONGEST_SILENCE_S)
        try:
            while True:
                self._run_once()
                part.ok()
                await asyncio.sleep(ROUND_S)
        finally:
            for guarded in self._contacts:
                guarded.contact.close()

    def _run_once(self) -> None:
        now_s = self._clock.now_s()
        for guarded in self._contacts:
            if now_s >= guarded.retry_s:
                self._listen(guarded, now_s)
        for area in self._areas:
            self._look(area, now_s)
        since = [guarded.state.since_s for guarded in self._contacts]
        if all(since_s is None for since_s in (*since, *(a.state.since_s for a in self._areas))):
            self._health.part("tamper").ok()

    def _listen(self, guarded: GuardedContact, now_s: float) -> None:
        part = self._health.part("contacts")
        try:
            touches = guarded.contact.drain()
        except DeviceFault as fault:
            part.failed(fault)
            guarded.contact.close()
            guarded.retry_s = now_s + part.backoff_s()
            return
        if all(one.retry_s <= now_s for one in self._contacts):
            part.ok()
        before = guarded.state
        guarded.state = tampering.touched(before, touches, now_s, shakes=guarded.shakes)
        what = "opened" if guarded.shakes == 1 else "shaken"
        self._tell(guarded.contact.id, what, before.since_s, guarded.state.since_s)

    def _look(self, area: GuardedArea, now_s: float) -> None:
        eye = area.eye
        if eye.people is None or eye.newest is None or eye.newest.image is None:
            return  # nobody can see: neither there nor gone
        height, width = eye.newest.image.shape[:2]
        elsewhere = occupancy.outside(eye.detections, [area.area], (width, height))
        is_there = len(elsewhere) < len(eye.detections)
        before = area.state
        area.state = tampering.lingered(before, now_s, self._dwell_s, is_there=is_there)
        self._tell(eye.camera.id, "lingered", before.since_s, area.state.since_s)

    def _tell(self, source: str, what: str, before_s: float | None, since_s: float | None) -> None:
        if since_s is None or before_s is not None or self._is_staff_here():
            return
        why = f"{source}: {what}; look at the kiosk, in the picture or on the spot"
        self._health.part("tamper").failed(why, code=CODES[what])
        self._bus.publish(TamperSeen(since_s, source, what))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SaleMade):
            for area in self._areas:
                area.state = tampering.bought(area.state, self._clock.now_s())
