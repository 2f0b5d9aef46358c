"""When the cleaner works, and what it says of the disk."""

import asyncio
import errno
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from storeguard.clock import LoopClock, run_simulated
from storeguard.domain.retention import Item, Kind, Plan
from storeguard.health import Health
from storeguard.outbox.diskspace import Cleaned, Volume
from storeguard.services.cleaning import CLEANED_EVERY_S, CleaningService

ROOM = Cleaned(Plan(), Volume(100, 90, 0, 0), has_room=True)
NONE = Cleaned(Plan(is_enough=False), Volume(100, 0, 0, 0), has_room=False)
LITTLE = Cleaned(Plan(is_enough=False), Volume(100, 9, 0, 0), has_room=True)
READ_ONLY = Cleaned(Plan(), Volume(100, 90, 0, 0, is_read_only=True), has_room=True)
REFUSED = Cleaned(Plan(refused="the clock is not set"), Volume(100, 90, 0, 0), has_room=True)


@dataclass
class FakeBallast:
    needed: bool = False

    def is_needed(self):
        return self.needed


@dataclass
class FakeCleaner:
    """Finds what it is told; an error is raised."""

    finds: object = ROOM
    ballast: FakeBallast = field(default_factory=FakeBallast)
    cleaned_s: list = field(default_factory=list)

    def load(self):
        pass

    def is_read_only(self):
        return getattr(self.finds, "volume", ROOM.volume).is_read_only

    def clean(self, now_s):
        self.cleaned_s.append(now_s)
        if isinstance(self.finds, OSError):
            raise self.finds
        return self.finds


@pytest.fixture
def play():
    """Runs the service on simulated time while `story(cleaner, service, health)` goes on."""

    def run(story):
        cleaner = FakeCleaner()

        async def main(loop):
            clock = LoopClock(loop, datetime(2026, 11, 20, tzinfo=UTC))
            health = Health(clock)
            service = CleaningService(cleaner, clock, health)
            running = asyncio.create_task(service.run())
            await story(cleaner, service, health)
            running.cancel()
            await asyncio.wait([running])

        run_simulated(main)
        return cleaner.cleaned_s

    return run


def test_it_cleans_at_the_start_and_every_five_minutes(play):
    async def story(*_):
        await asyncio.sleep(2 * CLEANED_EVERY_S + 5)

    assert play(story) == pytest.approx([0, 300, 600], abs=2)


def test_a_full_disk_is_cleaned_within_a_second(play):
    async def story(cleaner, *_):
        await asyncio.sleep(10.5)
        cleaner.ballast.needed = True
        await asyncio.sleep(1.1)

    assert len(play(story)) == 2


def test_whoever_is_told_that_the_disk_is_full_is_heard(play):
    async def story(cleaner, service, health):
        await asyncio.sleep(10.5)
        health.part("reconciling").failed(OSError(errno.ENOSPC, "No space left on device"))
        await asyncio.sleep(1.1)
        health.part("reconciling").failed(OSError(errno.EIO, "Input/output error"))
        await asyncio.sleep(1.1)

    assert len(play(story)) == 2


def test_clips_pause_as_long_as_there_is_no_room(play, caplog):
    caplog.set_level(logging.INFO)
    seen = []

    async def story(cleaner, service, health):
        for finds in (ROOM, NONE, ROOM):
            cleaner.finds, cleaner.ballast.needed = finds, finds is NONE
            await asyncio.sleep(12)
            seen.append((service.has_room(), health.part("disk").now.is_ok))

    play(story)
    assert seen == [(True, True), (False, False), (True, True)]
    said = [record.message for record in caplog.records]
    assert [text[:10] for text in said] == ["disk: D302", "disk: all "]


@pytest.mark.parametrize(
    ("finds", "code"),
    [(LITTLE, "D301"), (NONE, "D302"), (READ_ONLY, "D305"), (REFUSED, "D311")],
)
def test_each_trouble_is_told_once_and_shown_until_it_is_over(play, caplog, finds, code):
    async def story(cleaner, service, health):
        cleaner.finds = finds
        if finds is READ_ONLY:
            await asyncio.sleep(2)
            assert health.part("disk").now.code == "D305"
        await asyncio.sleep(3 * CLEANED_EVERY_S)
        assert health.part("disk").now.code == code

    play(story)
    assert [code in record.message for record in caplog.records] == [True]


def test_an_error_of_the_disk_is_told_and_tried_again(play, caplog):
    async def story(cleaner, service, health):
        cleaner.finds = OSError(errno.EIO, "Input/output error")
        await asyncio.sleep(25)
        assert not health.part("disk").now.is_ok
        cleaner.finds = ROOM
        await asyncio.sleep(12)
        assert health.part("disk").now.is_ok
        assert health.overdue(1e6) != ()  # it owes signs of life
        assert health.overdue(40) == ()

    assert len(play(story)) == 4
    assert "Input/output" in caplog.text


def test_what_was_deleted_is_in_the_log(play, caplog):
    caplog.set_level(logging.INFO)
    items = tuple(Item(name, Kind.LOOSE, 0, 1) for name in ("a", "b", "c"))

    async def story(cleaner, *_):
        cleaner.finds = Cleaned(Plan(for_space=items), Volume(100, 90, 0, 0), has_room=True)
        await asyncio.sleep(1)

    play(story)
    assert "disk: deleted 3 (space was needed), a to c" in caplog.text
