"""What the cleaner finds on disk, deletes and keeps; the ballast; ages without a wall clock."""

import json
import os
from datetime import UTC, datetime

import pytest

from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.domain.retention import KEPT_FOR_S, Keeping, Kind
from storeguard.errors import OutboxFault
from storeguard.outbox import adopt, folder, progress, stored
from storeguard.outbox.diskspace import BALLAST, Ages, Ballast, Cleaner, Volume, volume_of

MIB = 1024 * 1024
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
LINES = (IssueLine("바나나우유", shelf=4, kiosk=5, missing=1, loss=1500, certainty=1.0),)
RECEIPT = {"id": "1", "text": "t", "message_id": "m", "sent_at": "now", "differing": []}
ROOMY = Volume(1000 * MIB, 900 * MIB, 100_000, 90_000)


class Shop:
    """The folders of a store on a disk that says what `volume` is."""

    def __init__(self, base):
        self.record, self.issues = base / "record", base / "issue_data"
        self.state = base / "state"
        for made in (self.record, self.issues, self.state):
            made.mkdir()
        self.volume = ROOMY
        self.pinned = set()
        self.is_clock_trusted = True
        self.now_s = 1000.0

    def clip(self, name, size=5000):
        path = self.record / name
        path.write_bytes(b"v" * size)
        return path

    def issue(self, name, state="confirmed"):
        """Sealed of a clip and a picture in record/, and delivered as far as `state`."""
        picture, clip = self.clip(f"{name}.jpg"), self.clip(f"{name}.mp4")
        issue = Issue(name, 1, STORE, AT, True, AT, AT, LINES, {"ko": ()})
        sealed = folder.seal(self.issues, issue, picture, [clip], picture_time_label="at")
        if state != "pending":
            content = {"prefix": f"s/{name}", "files": {"issue.json": "x"}, "damaged": {}}
            (sealed / progress.UPLOADED).write_text(json.dumps(content))
        if state == "confirmed":
            (sealed / progress.RECEIPT).write_text(json.dumps(RECEIPT | {"id": name}))
        return sealed

    def cleaner(self, **given):
        cleaner = Cleaner(
            self.record,
            self.issues,
            self.state,
            pinned=lambda: self.pinned,
            is_clock_trusted=lambda: self.is_clock_trusted,
            volume_of=lambda _: self.volume,
            fsync=False,
            **given,
        )
        cleaner.load()
        return cleaner

    def names(self):
        return sorted(path.name for path in self.record.iterdir())

    def live(self, seconds, *cleaners):
        """Time passes while the daemon runs."""
        self.now_s += seconds
        return [cleaner.clean(self.now_s) for cleaner in cleaners]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def full(free_mib=0.0):
    return Volume(1000 * MIB, int(free_mib * MIB), 100_000, 90_000)


# --- age -------------------------------------------------------------------------------------


def test_evidence_goes_after_thirty_days_of_running(shop):
    shop.clip("a.mp4")
    shop.issue("b")
    cleaner = shop.cleaner()
    shop.live(0, cleaner)
    shop.live(KEPT_FOR_S - 1, cleaner)
    assert shop.names() == ["a.mp4", "b.jpg", "b.mp4"]
    assert (shop.issues / "b").exists()
    shop.live(1, cleaner)
    assert shop.names() == []
    assert [path.name for path in shop.issues.iterdir()] == [folder.INCOMING]
    assert list((shop.issues / folder.INCOMING).iterdir()) == []


def test_a_hold_keeps_an_issue_up_to_its_last_day_and_without_a_date_for_good(shop):
    for name, held in (
        ("2026-10-01_a", '{"reason": "경찰 제출", "until": "2026-12-31"}'),
        ("2026-10-02_b", '{"reason": "보험", "until": null}'),
        ("2026-10-03_c", "not JSON"),
    ):
        (shop.issue(name) / ".held").write_text(held, encoding="utf-8")
    today = [datetime(2026, 12, 31, tzinfo=UTC)]
    cleaner = shop.cleaner(utc=lambda: today[0])
    shop.live(0, cleaner)
    shop.live(KEPT_FOR_S + 1, cleaner)
    assert len(list(shop.issues.glob("2026-*"))) == 3
    today[0] = datetime(2027, 1, 2, tzinfo=UTC)
    shop.is_clock_trusted = False
    shop.live(1, cleaner)
    assert len(list(shop.issues.glob("2026-*"))) == 3  # nobody knows the date
    shop.is_clock_trusted = True
    shop.live(1, cleaner)
    assert sorted(path.name for path in shop.issues.glob("2026-*")) == [
        "2026-10-02_b",
        "2026-10-03_c",
    ]


def test_each_kind_keeps_to_its_share_and_what_is_not_delivered_stays(shop):
    shop.clip("2026-09-01_x.mp4", 900_000)
    shop.clip("2026-09-02_y.mp4", 900_000)
    shop.issue("2026-10-01_a", "pending")
    shop.issue("2026-10-02_b")
    shop.issue("2026-10-03_c")
    found = stored.look(shop.record, shop.issues, frozenset)
    two_issues = sum(
        one.item.bytes for one in found if one.item.name in ("2026-10-01_a", "2026-10-03_c")
    )
    keeping = Keeping(clips_bytes=1_000_000, issues_bytes=two_issues)
    [cleaned] = shop.live(0, shop.cleaner(keeping=keeping))
    assert [item.name for item in cleaned.plan.over_share] == [
        "record/2026-09-01_x.mp4",
        "2026-10-02_b",
    ]
    left = sorted(path.name for path in shop.issues.glob("2026-*"))
    assert left == ["2026-10-01_a", "2026-10-03_c"]
    assert "2026-09-01_x.mp4" not in shop.names()
    assert "2026-10-02_b.mp4" not in shop.names()


def test_ages_outlive_a_restart_and_nothing_ages_while_it_is_off(shop):
    shop.clip("a.mp4")
    first = shop.cleaner()
    shop.live(0, first)
    shop.live(KEPT_FOR_S / 2, first)
    shop.now_s = 5.0  # the machine has been started again, a year later
    second = shop.cleaner()
    shop.live(0, second)
    shop.live(KEPT_FOR_S / 2 - 1, second)
    assert shop.names() == ["a.mp4"]
    shop.live(1, second)
    assert shop.names() == []


def test_file_times_mean_nothing(shop):
    """Written before the clock was set: they look 50 years old."""
    shop.issue("b")
    for path in [*shop.record.iterdir(), *shop.issues.rglob("*")]:
        os.utime(path, (0, 0))
    cleaner = shop.cleaner()
    shop.live(0, cleaner)
    shop.live(10, cleaner)
    assert shop.names() == ["b.jpg", "b.mp4"]


def test_an_unset_clock_holds_back_what_is_due_and_says_so(shop):
    shop.clip("a.mp4")
    shop.is_clock_trusted = False
    cleaner = shop.cleaner()
    shop.live(0, cleaner)
    [cleaned] = shop.live(KEPT_FOR_S, cleaner)
    assert "clock" in cleaned.plan.refused
    assert shop.names() == ["a.mp4"]


def test_what_is_pinned_is_born_when_its_visit_is_judged(shop):
    shop.pinned = {shop.clip("a.mp4")}
    cleaner = shop.cleaner()
    shop.live(0, cleaner)
    shop.live(KEPT_FOR_S, cleaner)
    shop.pinned = set()
    shop.live(0, cleaner)
    shop.live(KEPT_FOR_S - 1, cleaner)
    assert shop.names() == ["a.mp4"]


def test_what_is_asked_for_stays_grows_old_and_goes_when_it_is_answered(shop):
    """However full the disk is; its time runs meanwhile."""
    asked_for = {shop.clip("2026-11-01_10-00-00.000000.mp4")}
    shop.clip("2026-11-01_11-00-00.000000.mp4")
    cleaner = shop.cleaner(held=lambda: asked_for)
    shop.live(0, cleaner)
    shop.volume = Volume(1000 * MIB, 1 * MIB, 100_000, 90_000)
    shop.live(1, cleaner)
    assert shop.names() == ["2026-11-01_10-00-00.000000.mp4"]
    shop.volume = ROOMY
    shop.live(KEPT_FOR_S + 1, cleaner)
    assert shop.names() == ["2026-11-01_10-00-00.000000.mp4"]
    asked_for.clear()
    shop.live(1, cleaner)
    assert shop.names() == []


def test_quiet_hours_write_the_ages_once_each(shop):
    shop.clip("a.mp4")
    cleaner = shop.cleaner()
    shop.live(0, cleaner)
    path, written = shop.state / "ages.json", set()
    for _ in range(24 * 12):
        shop.live(300, cleaner)
        written.add(path.stat().st_ino)
    assert len(written) <= 25


def test_damaged_ages_begin_anew(tmp_path):
    (tmp_path / "ages.json").write_text("{")
    ages = Ages(tmp_path / "ages.json", fsync=False)
    ages.load()
    assert ages.age_s("a") == 0


# --- space -----------------------------------------------------------------------------------


def test_a_full_disk_takes_the_oldest_clips_and_never_what_must_stay(shop):
    shop.volume = full()
    kept = [shop.clip("0-open.mp4"), shop.clip("0-recording.mp4")]
    (shop.record / "0-recording.mp4.part").touch()
    shop.pinned = {kept[0]}
    shop.issue("1-unsent", "pending")
    held = shop.issue("2-held")
    (held / stored.HELD).touch()
    shop.issue("3-confirmed")
    shop.issue("4-uploaded", "uploaded")
    shop.clip("5-loose.mp4")
    (shop.record / "owners-own.txt").touch()
    cleaned = shop.cleaner().clean(0)
    assert [item.name for item in cleaned.plan.for_space] == [
        "record/5-loose.mp4",
        "3-confirmed/clip-1.mp4",
        "4-uploaded/clip-1.mp4",
    ]
    assert shop.names() == [
        "0-open.mp4",
        "0-recording.mp4",
        "0-recording.mp4.part",
        "1-unsent.jpg",
        "1-unsent.mp4",
        "2-held.jpg",
        "2-held.mp4",
        "3-confirmed.jpg",
        "4-uploaded.jpg",
        "owners-own.txt",
    ]
    assert sorted(path.name for path in (shop.issues / "3-confirmed").iterdir()) == [
        ".receipt.json",
        ".uploaded.json",
        "at.jpg",
        "content.txt",
        "issue.json",
    ]
    assert not cleaned.has_room


def test_a_state_that_cannot_be_read_counts_as_not_sent(shop, monkeypatch):
    shop.issue("1")
    monkeypatch.setattr(stored, "state_of", lambda _: (_ for _ in ()).throw(OutboxFault("EIO")))
    shop.volume = full()
    shop.cleaner().clean(0)
    assert shop.names() == ["1.jpg", "1.mp4"]


def test_an_issue_that_goes_is_never_taken_for_a_strangers(shop, monkeypatch):
    """Killed in the middle of its deletion, nothing of it is left where issues are."""
    shop.issue("b")
    whole = {one.item.kind: one for one in stored.look(shop.record, shop.issues, set)}[Kind.ISSUE]
    monkeypatch.setattr(stored.shutil, "rmtree", lambda path: (_ for _ in ()).throw(OSError(path)))
    with pytest.raises(OSError, match="b"):
        stored.delete(whole, shop.issues)
    monkeypatch.undo()
    assert adopt.look(shop.issues) == {}
    assert folder.sweep_incoming(shop.issues) == 1


def test_before_the_start_only_what_an_earlier_run_knew_as_nobodys_goes(shop):
    shop.clip("1-old.mp4")
    shop.cleaner().clean(0)
    shop.clip("0-of-the-interrupted-visit.mp4")
    shop.volume = full()
    shop.cleaner().first_aid()
    assert shop.names() == ["0-of-the-interrupted-visit.mp4"]
    assert not (shop.state / BALLAST).exists()


def test_first_aid_does_nothing_where_there_is_room(shop):
    shop.clip("1-old.mp4")
    shop.cleaner().clean(0)
    shop.cleaner().first_aid()
    assert shop.names() == ["1-old.mp4"]
    assert (shop.state / BALLAST).exists()


# --- ballast ---------------------------------------------------------------------------------


def test_the_ballast_takes_its_blocks_and_a_few_files(tmp_path):
    free_bytes = volume_of(tmp_path).free_bytes
    ballast = Ballast(tmp_path, lambda _: ROOMY)
    ballast.make()
    files = list((tmp_path / BALLAST).iterdir())
    assert sum(file.stat().st_blocks * 512 for file in files) >= ballast.size_bytes(ROOMY)
    assert len(files) == 16
    assert volume_of(tmp_path).free_bytes <= free_bytes
    ballast.give_back()
    assert not ballast.is_there


@pytest.mark.parametrize(
    ("volume", "size_mib"),
    [(ROOMY, 64), (Volume(32_000 * MIB, 1, 0, 0), 64), (Volume(8 * MIB, 1, 0, 0), 1)],
)
def test_the_ballast_is_64_mib_or_a_eighth(tmp_path, volume, size_mib):
    assert Ballast(tmp_path).size_bytes(volume) == size_mib * MIB


@pytest.mark.parametrize(
    "volume",
    [full(15), Volume(1000 * MIB, 900 * MIB, 100_000, 7)],
)
def test_a_full_disk_gets_the_ballast_and_it_comes_back_with_the_room(shop, volume):
    cleaner = shop.cleaner()
    assert cleaner.clean(0).has_room
    shop.volume = volume
    assert cleaner.ballast.is_needed()
    assert not cleaner.clean(1).has_room
    shop.volume = full(127)
    assert not cleaner.clean(2).has_room
    shop.volume = full(128)
    assert cleaner.clean(3).has_room


def test_a_file_system_that_counts_no_files_is_not_out_of_them(shop):
    shop.volume = Volume(1000 * MIB, 900 * MIB, 0, 0)
    assert shop.cleaner().clean(0).has_room


def test_a_ballast_that_does_not_fit_after_all_is_no_half_one(shop, monkeypatch):
    def refuses(path, size_bytes):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storeguard.durable.reserve", refuses)
    with pytest.raises(OSError, match="No space"):
        shop.cleaner().clean(0)
    assert not (shop.state / BALLAST).exists()
