"""Two cameras in one store, each of which sees a part of it."""

import av
import pytest

from storeguard.domain import events as ev
from storeguard.domain.occupancy import Presence
from storeguard.services.remarking import remarks
from storeguard.services.watching import CAMERALESS_EMPTY_FOR_S


class Corner:
    """Wraps a camera's detector: whoever is in its dead angle is not seen."""

    name = "corner"

    def __init__(self, detector):
        self._detector = detector
        self.is_in_view = True

    def people(self, frame):
        found = self._detector.people(frame)
        return found if self.is_in_view else ()

    def close(self):
        self._detector.close()


@pytest.fixture
def store(make_store):
    store = make_store(cameras=("door", "back"))
    store.start()
    return store


@pytest.fixture
def corners(store):
    """By camera: what it sees."""
    found = {}
    for eye in store.app.watching.eyes:
        eye.sight.detector = found[eye.camera.id] = Corner(eye.sight.detector)
    return found


def presence(store):
    return store.app.watching.occupancy.presence


@pytest.mark.parametrize("hidden", ["door", "back"])
def test_whom_only_one_of_them_sees_is_in_the_store(store, corners, hidden):
    corners[hidden].is_in_view = False
    store.enter()
    store.advance(60)
    assert presence(store) is Presence.OCCUPIED
    store.leave()
    store.be_judged()
    assert len(store.told(ev.StoreOccupied)) == len(store.told(ev.StoreEmptied)) == 1


def test_who_walks_from_one_view_into_the_other_makes_one_visit(store, corners):
    corners["back"].is_in_view = False
    store.enter()
    store.advance(20)
    corners["door"].is_in_view, corners["back"].is_in_view = False, True
    store.advance(20)
    store.leave()
    store.be_judged()
    assert len(store.told(ev.StoreOccupied)) == 1


def test_nobody_seen_by_one_while_the_other_is_blind_is_no_empty_store(store, corners):
    corners["door"].is_in_view = False
    store.enter()
    store.world.cover("back")
    store.advance(120)
    assert store.told(ev.StoreEmptied) == []
    assert [fault.device for fault in store.told(ev.DeviceFailed)] == ["back"]
    store.world.uncover("back")
    store.leave()
    store.be_judged()
    [emptied] = store.told(ev.StoreEmptied)
    assert emptied.unseen_s == pytest.approx(120, abs=5)


def test_an_empty_store_of_which_one_camera_is_covered_is_unknown(store):
    assert presence(store) is Presence.EMPTY
    store.world.cover("back")
    store.advance(10)
    assert presence(store) is Presence.UNKNOWN
    store.world.uncover("back")
    store.advance(10)
    assert presence(store) is Presence.EMPTY


def test_a_visit_that_one_of_them_could_not_see_is_not_verified(store):
    store.world.cover("back")
    store.advance(5)
    store.enter()
    store.advance(20)
    store.world.uncover("back")
    store.advance(2)
    store.leave()
    store.be_judged()
    assert store.told(ev.StoreEmptied)[-1].unseen_s >= 20


def test_one_that_has_failed_for_good_does_not_keep_the_other_from_judging(store):
    store.world.unplug("back")
    store.advance(CAMERALESS_EMPTY_FOR_S + 10)
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    assert store.missing == [{"콜라": 1}]
    assert store.told(ev.StoreEmptied)[-1].unseen_s > 0
    assert [fault.device for fault in store.told(ev.DeviceFailed)] == ["back"]
    said = remarks(store.app.weighing, store.app.watching, store.loop.time(), is_clock_synced=True)
    assert "VISIT_UNSEEN" in [remark.code.name for remark in said]


def test_an_issue_has_the_clips_of_both_and_the_picture_of_who_saw_him(store, corners):
    corners["back"].is_in_view = False
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    said = [camera_of(clip) for clip in sorted(issue.glob("clip-*.mp4"))]
    assert sorted(said) == ["back", "door"]
    [eye] = [eye for eye in store.app.watching.eyes if eye.camera.id == "door"]
    assert eye.headcount.came == 1
    assert len(list(issue.glob("*.jpg"))) == 1


def camera_of(clip):
    with av.open(str(clip)) as video:
        return video.metadata["comment"].split('"camera": "')[1].split('"')[0]
