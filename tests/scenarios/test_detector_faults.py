"""A detector that fails or falls behind: the owner reads of it, and the scales go on."""

import pytest

from storeguard import shopview
from storeguard.domain.occupancy import Presence
from storeguard.errors import DetectorFault, FaultCode
from storeguard.shopview import ShopView


class Moody:
    """Wraps the detector of the simulated camera."""

    name = "moody"

    def __init__(self, detector, loop):
        self._detector, self._loop = detector, loop
        self.is_broken, self.takes_s, self.looks = False, 0.0, 0

    def people(self, frame):
        self.looks += 1
        self._loop._skip(self.takes_s)
        if self.is_broken:
            raise DetectorFault("moody: the network failed: out of memory")
        return self._detector.people(frame)

    def close(self):
        self._detector.close()


@pytest.fixture(autouse=True)
def synced(monkeypatch):
    monkeypatch.setattr(shopview, "is_clock_synced", lambda: True)


@pytest.fixture
def detector(store):
    [eye] = store.app.watching.eyes
    eye.sight.detector = Moody(eye.sight.detector, store.loop)
    return eye.sight.detector


def page(store):
    return ShopView(store.app).snapshot()


def test_a_detector_that_fails_is_tried_again_and_nobody_is_taken_for_gone(store, detector):
    store.enter()
    store.advance(2)
    detector.is_broken = True
    before = detector.looks
    store.advance(60)
    assert detector.looks - before > 100
    [fault] = page(store).faults
    assert (fault.device, fault.code) == ("door sight", FaultCode.DETECTOR_FAILED)
    assert fault.title == "사람 감지 door"
    assert store.app.watching.occupancy.presence is not Presence.EMPTY
    store.take("바나나우유")
    detector.is_broken = False
    store.advance(2)
    assert page(store).faults == ()
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}]


def test_a_detector_that_falls_behind_skips_pictures_and_says_how_late_it_is(store, detector):
    store.advance(5)
    assert page(store).remarks == ()
    detector.takes_s = 6.0
    before = detector.looks
    store.advance(60)
    assert detector.looks - before <= 11
    [remark] = page(store).remarks
    assert (remark.device, remark.code) == ("door", FaultCode.DETECTOR_SLOW)
    assert "6초 늦습니다" in remark.why
