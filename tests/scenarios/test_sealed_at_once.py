"""An issue waits for no camera: what is still being recorded is in it as far as it has come."""

import av
import pytest

from storeguard.desks import desks_of
from storeguard.domain import events as ev
from storeguard.outbox.later import read_later, shown_clips, whole_manifest
from storeguard.services import late
from storeguard.upkeep.leaving import Restart

POST_ROLL_S = 15.0
GRACE_S = 3.0


@pytest.fixture
def rolling(make_store):
    """Clips go on long after the visit has been judged."""
    store = make_store(visits={"payment_grace_s": GRACE_S}, recording={"post_roll_s": POST_ROLL_S})
    store.start()
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    return store


def seconds_of(clip):
    with av.open(str(clip)) as video:
        return float(video.duration / av.time_base)


def test_it_is_sealed_with_its_clip_while_the_camera_goes_on_recording(rolling):
    [emptied], [sealed] = rolling.told(ev.StoreEmptied), rolling.told(ev.IssueSealed)
    assert sealed.t_s - emptied.last_seen_s <= rolling.config.visits.empty_for_s + 1.0
    [issue] = rolling.issues
    [step] = rolling.manifest(issue)["steps"]
    assert step["clip"] == "clip-1.mp4"
    assert step["clip_offset_s"] < seconds_of(issue / "clip-1.mp4")
    assert step["shown"].keys() == {"clip", "picture", "curve"}
    assert rolling.records(".mp4.part") != []


def test_the_next_visit_is_judged_meanwhile(rolling):
    rolling.enter("next")
    rolling.take("초코바")
    rolling.leave()
    rolling.be_judged()
    assert rolling.missing == [{"콜라": 1}, {"초코바": 1}]
    assert rolling.records(".mp4.part") != []


def test_the_whole_clip_stays_in_the_store_and_the_copies_go(rolling):
    [issue] = rolling.issues
    rolling.advance(POST_ROLL_S)
    [whole] = rolling.records(".mp4")
    assert seconds_of(whole) > seconds_of(issue / "clip-1.mp4") + 5
    assert rolling.records(".tmp") == []
    assert rolling.records(".mp4.part") == []
    assert rolling.app.evidence.clips_kept == 1


def test_the_whole_clip_follows_its_issue(rolling):
    [issue] = rolling.issues
    assert read_later(issue) is None
    rolling.advance(POST_ROLL_S + late.AGAIN_S)
    whole = whole_manifest(issue)
    [name] = shown_clips(whole)
    assert seconds_of(issue / name) > seconds_of(issue / "clip-1.mp4") + 5
    [step] = whole["steps"]
    [sealed] = rolling.manifest(issue)["steps"]
    assert (step["clip"], step["clip_offset_s"]) == (name, sealed["clip_offset_s"])
    assert list((rolling.folder / "issue_data/.incoming").iterdir()) == []


def test_the_console_shows_the_whole_clip(rolling):
    rolling.advance(POST_ROLL_S + late.AGAIN_S)
    [issue] = rolling.issues
    shown = desks_of(rolling.app, None, Restart()).issues.issue(issue.name)
    assert shown.clips == ("extra/clip-1.mp4",)
    assert [step.clip for step in shown.steps] == ["extra/clip-1.mp4"]


def test_what_comes_of_the_recording_after_a_power_cut_follows_the_issue(rolling):
    rolling.advance(5)
    rolling.cut_power()
    rolling.start()
    [issue] = rolling.issues
    [name] = shown_clips(whole_manifest(issue))
    assert seconds_of(issue / name) > seconds_of(issue / "clip-1.mp4") + 2


def test_an_issue_whose_clips_were_over_gets_no_second_one(make_store):
    store = make_store()
    store.start()
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    store.advance(POST_ROLL_S)
    [issue] = store.issues
    assert store.manifest(issue)["unfinished"] == {}
    assert read_later(issue) is None


def test_a_recording_that_comes_to_nothing_is_not_waited_for(rolling):
    [part] = rolling.records(".mp4.part")
    [issue] = rolling.issues
    rolling.cut_power()
    (rolling.folder / "record" / part.name).unlink()
    rolling.start()
    assert read_later(rolling.issues[0]) is None
    assert shown_clips(whole_manifest(rolling.issues[0])) == ("clip-1.mp4",)
    assert rolling.manifest(issue)["unfinished"]


def test_a_power_cut_meanwhile_costs_neither_the_issue_nor_its_recording(rolling):
    rolling.advance(5)
    rolling.cut_power()
    rolling.start(settle=False)
    [issue] = rolling.issues
    [whole] = rolling.records(".mp4")
    assert seconds_of(whole) > seconds_of(issue / "clip-1.mp4")
    assert rolling.records(".tmp") == []


def test_of_a_clean_visit_nothing_is_left_when_the_recording_is_over(make_store):
    store = make_store(visits={"payment_grace_s": 0}, recording={"post_roll_s": POST_ROLL_S})
    store.start()
    store.enter()
    store.take("콜라")
    store.pay("콜라")
    store.leave()
    store.be_judged()
    store.advance(POST_ROLL_S)
    assert store.records() == []
    assert store.app.evidence.clips_deleted == 1
