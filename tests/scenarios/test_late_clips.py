"""On a busy machine the clip of a step comes after the issue; but it comes, after a kill, too."""

import av
import pytest

from storeguard.outbox.later import LATER, read_later, whole_manifest
from storeguard.services import exhibits, late


@pytest.fixture
def busy(store, monkeypatch):
    """No clip of a step is made before the sealing."""
    monkeypatch.setattr(exhibits, "moment_of", too_slow)
    return store


def too_slow(_clips, _mark):
    return exhibits.TOO_LATE


def a_theft(store):
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    return issue


def test_the_clip_follows_the_issue_and_its_step_is_marked(busy):
    issue = a_theft(busy)
    assert busy.manifest(issue)["evidence_missing"] == {"step-1.mp4": exhibits.TOO_LATE}
    assert "추가 자료 없음 : step-1.mp4" in (issue / "content.txt").read_text(encoding="utf-8")
    [entry] = read_later(issue)["files"]
    with av.open(str(issue / entry["name"])) as video:
        assert float(video.duration / av.time_base) == pytest.approx(8, abs=0.5)
    whole = whole_manifest(issue)
    [step] = whole["steps"]
    assert step["shown"].keys() == {"clip", "picture", "curve"}
    assert step["shown_at_s"] == pytest.approx(4, abs=0.3)
    assert whole["evidence_missing"] == {}
    assert list((busy.folder / "issue_data/.incoming").iterdir()) == []


def test_what_a_kill_has_left_undone_is_made_after_the_next_start(busy, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(late.LateClips, "_of", lambda *_: None)
        issue = a_theft(busy)
        assert read_later(issue) is None
    busy.cut_power()
    busy.start()
    assert read_later(busy.issues[0]) is not None


def test_a_clip_that_cannot_be_cut_is_said_and_nothing_is_left_of_it(busy, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(late, "place_clip", full)
    issue = a_theft(busy)
    assert not (issue / LATER).exists()
    assert "no later clip of it" in caplog.text
    assert list((busy.folder / "issue_data/.incoming").iterdir()) == []


def test_an_issue_that_lacks_nothing_gets_no_list(store):
    assert not (a_theft(store) / LATER).exists()
