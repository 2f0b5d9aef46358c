"""Folders of others are adopted when they hold still; the watchdog tells of what appears."""

import hashlib
import queue
import re
from datetime import UTC, datetime

import pytest

from storeguard.domain.issue import Issue, IssueStore
from storeguard.domain.notice import Telling
from storeguard.errors import OutboxFault
from storeguard.outbox import adopt, folder
from storeguard.outbox.adopt import Entry, advance, look, safe_name
from storeguard.outbox.observer import IssueObserver

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
ISSUE = Issue("sealed", 1, STORE, AT, True, None, None, (), {})


@pytest.fixture
def root(tmp_path):
    (tmp_path / "issue_data").mkdir()
    return tmp_path / "issue_data"


GOOD = (Entry("content.txt", 30, 1), Entry("2026.jpg", 9, 1))


def played(*looks):
    """Feeds (now_s, seen) into the rule; what became ready and strange, with their times."""
    state, ready, strange = {}, [], []
    for now_s, seen in looks:
        found = advance(state, seen, now_s)
        state = found.state
        ready += [(now_s, name) for name in found.ready]
        strange += [(now_s, name) for name in found.strange]
    return ready, strange


def test_foreign_folder_is_ready_after_two_quiet_seconds():
    looks = [(t / 2, {"x": GOOD}) for t in range(5)]
    assert played(*looks) == ([(2.0, "x")], [])


def test_a_change_starts_the_two_seconds_again():
    grown = (*GOOD, Entry("clip.mp4", 5, 1))
    done = (*GOOD, Entry("clip.mp4", 9, 2))
    looks = [(0, {"x": GOOD}), (1.5, {"x": grown}), (3.0, {"x": done}), (4.9, {"x": done})]
    assert played(*looks) == ([], [])
    assert played(*looks, (5.0, {"x": done})) == ([(5.0, "x")], [])


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ((), "0 txt and 0 jpg"),
        (GOOD[:1], "1 txt and 0 jpg"),
        ((*GOOD, Entry("b.JPG", 3, 1)), "1 txt and 2 jpg"),
        ((*GOOD, Entry("b.txt", 3, 1)), "2 txt and 1 jpg"),
        ((*GOOD, Entry("virus.exe", 3, 1)), "'virus.exe'"),
        ((*GOOD, Entry("folder.mp4", 3, 1, is_file=False)), "'folder.mp4'"),
        ((GOOD[0], Entry("2026.jpg", 0, 1)), "'2026.jpg' is empty"),
    ],
)
def test_other_folders_are_left_alone_and_named_once(signature, why):
    looks = [(t, {"x": signature}) for t in range(6)]
    assert played(*looks) == ([], [(2, "x")])
    assert why in advance(advance({}, looks[0][1], 0).state, looks[0][1], 9).strange["x"]


def test_a_folder_that_was_strange_is_adopted_when_it_is_completed():
    looks = [(0, {"x": GOOD[:1]}), (3, {"x": GOOD[:1]}), (4, {"x": GOOD}), (6, {"x": GOOD})]
    assert played(*looks) == ([(6, "x")], [(3, "x")])


def test_no_foreign_folders_are_no_news():
    assert played((0, {}), (9, {})) == ([], [])


def foreign(
    root, name="2021-06-07 22:21:04", text="바나나우유1개 도난 발생\n초코바 2개 도난 발생\n메모\n"
):
    (root / name).mkdir()
    (root / name / "content.txt").write_bytes(text.encode("cp949"))
    (root / name / "22:21:04.jpg").write_bytes(b"jpg")
    return name


def adopted(root, name):
    return adopt.adopt(
        root,
        name,
        store=STORE,
        number=3,
        sealed_at=AT,
        is_clock_synced=False,
        telling_of=lambda _: Telling.OWN,
    )


def test_adopted_folder_becomes_an_issue_with_the_lines_of_its_text(root):
    sealed = adopted(root, foreign(root))
    assert sealed.name == "2021-06-07_22_21_04"
    assert folder.sealed_issues(root) == (sealed,)
    manifest = folder.read_manifest(sealed)
    assert (manifest["id"], manifest["number"], manifest["visit"]) == (sealed.name, 3, None)
    assert [(n["product"], n["missing"], n["loss"]) for n in manifest["lines"]] == [
        ("바나나우유", 1, 0),
        ("초코바", 2, 0),
    ]
    digests = {f["name"]: f["sha256"] for f in manifest["files"]}
    assert list(digests) == ["content.txt", "22:21:04.jpg"]
    assert digests["22:21:04.jpg"] == hashlib.sha256(b"jpg").hexdigest()


def test_text_without_sentences_is_adopted_without_lines(root):
    text = "x" * 300 + "\n바나나우유0개 도난 발생\n" + "9" * 150 + "개 도난 발생\n"
    sealed = adopted(root, foreign(root, "plain", text))
    assert sealed.name == "plain"
    assert folder.read_manifest(sealed)["lines"] == []


def test_adopting_again_after_a_crash_goes_on(root):
    """The rename comes first: a folder without issue.json is still a foreign one."""
    name = foreign(root)
    (root / name).rename(root / "2021-06-07_22_21_04")
    assert list(look(root)) == ["2021-06-07_22_21_04"]
    sealed = adopted(root, "2021-06-07_22_21_04")
    assert folder.sealed_issues(root) == (sealed,)
    assert look(root) == {}


def test_look_sees_foreign_folders_only(root):
    sealed = adopted(root, foreign(root, "ours"))
    name = foreign(root)
    (root / "linked").symlink_to(sealed)
    (root / "file.txt").write_text("x")
    (root / "half").mkdir()
    (root / "half" / "issue.json").write_text("{")
    assert set(look(root)) == {name, "half"}
    assert set(look(root, known={name})) == {"half"}
    assert look(root / "not there") == {}


def test_disk_that_refuses_the_adoption_is_reported(root):
    with pytest.raises(OutboxFault, match="gone: cannot be written"):
        adopted(root, "gone")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain-1", "plain-1"),
        ("2021-06-07 22:21:04", "2021-06-07_22_21_04"),
        ("..", "adopted-5ec1f7e7"),
        ("도난", None),
        ("a/b", "a_b"),
        ("x" * 300, "x" * 80),
        ("taken!", "taken-2"),
    ],
)
def test_unsafe_names_become_safe_ones(name, safe):
    found = safe_name(name, {"taken"})
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", found)
    if safe and not safe.startswith("adopted"):
        assert found == safe


def test_observer_reports_each_folder_that_appears_once(root):
    seen = queue.Queue()
    observer = IssueObserver(root, seen.put)
    observer.start()
    try:
        sealed = folder.seal(root, ISSUE, None, [], picture_time_label=None)
        (root / "foreign").mkdir()
        (root / "foreign" / "content.txt").write_text("x")
        found = [seen.get(timeout=10), seen.get(timeout=10)]
        (root / "foreign").rename(root / "renamed")
        found.append(seen.get(timeout=10))
    finally:
        observer.stop()
    assert found == [sealed, root / "foreign", root / "renamed"]
    assert seen.empty()
    observer.stop()


def test_observer_without_a_folder_says_so(tmp_path):
    observer = IssueObserver(tmp_path / "not there", print)
    with pytest.raises(OutboxFault, match="cannot be watched"):
        observer.start()
    observer.stop()
