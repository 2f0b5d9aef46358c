"""Notices on the owner's channels: durable, once, each channel on its own, and their words."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from storeguard import config as cfg
from storeguard.clock import LoopClock, run_simulated
from storeguard.domain import alarms
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.domain.notice import Telling
from storeguard.domain.telling import Kind, Notice, Phase
from storeguard.errors import ChannelRefused, ChannelUnreachable
from storeguard.health import Health
from storeguard.outbox import folder as outbox
from storeguard.outbox.noticebox import NoticeBox
from storeguard.services.telling import TellingService, Way

AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")


class Pocket:
    """A channel that keeps what it gets. While `fault` is set, every letter raises it."""

    def __init__(self, id="mail"):  # noqa: A002
        self.id = id
        self.letters = []
        self.tries = []
        self.fault = None
        self.on_send = lambda letter: None

    def send(self, letter):
        self.tries.append(asyncio.get_running_loop().time())
        if self.fault is not None:
            raise self.fault
        self.letters.append(letter)
        self.on_send(letter)

    @property
    def ids(self):
        return [letter.id for letter in self.letters]


class Cut(BaseException):
    """The power goes."""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "issue_data").mkdir()
    (tmp_path / "p").write_bytes(b"jpeg")
    return tmp_path / "issue_data"


@pytest.fixture
def box(tmp_path):
    return NoticeBox(tmp_path / "notices", fsync=False)


def seal(root, number, at=AT, telling=Telling.OWN, certainty=1.0):
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, certainty),)
    name, why = f"2026-11-20_22-21-04.{number:06}", {"ko": ("선반 <A>에서 하나가 줄었습니다.",)}
    issue = Issue(name, number, STORE, at, True, at, at, lines, why, telling=telling)
    picture = root.parent / "p"
    return outbox.seal(root, issue, picture, [], picture_time_label="22-21-04", fsync=False)


def way(pocket, **more):
    return Way(pocket.id, lambda: pocket, **more)


def run(root, box, ways, seconds, *, meanwhile=None, since=AT, text_only=False):
    async def main(loop):
        clock = LoopClock(loop, since)
        service = TellingService([root], box, ways, clock, Health(clock), is_text_only=text_only)
        task = asyncio.create_task(service.run())
        if meanwhile is not None:
            await meanwhile(service)
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            task.result()
        task.cancel()
        await asyncio.wait([task])

    run_simulated(main)


def test_an_issue_is_told_on_every_channel_with_its_picture(root, box):
    mail, ntfy = Pocket("mail"), Pocket("ntfy")
    folder = seal(root, 7)
    run(root, box, [way(mail), way(ntfy, has_picture=False)], 10)
    [letter], [bare] = mail.letters, ntfy.letters
    assert letter.subject == "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"
    assert "바나나우유 1개 (선반 4, 판매 재고 5)" in letter.text
    assert "선반 <A>에서" in letter.text
    assert "선반 &lt;A&gt;에서" in letter.html
    assert letter.pictures == (folder / "22-21-04.jpg",)
    assert 'src="cid:22-21-04.jpg"' in letter.html
    assert bare.pictures == ()
    assert "cid:" not in bare.html


def test_text_only_sends_no_picture_on_any_channel(root, box):
    mail = Pocket()
    seal(root, 7)
    run(root, box, [way(mail)], 10, text_only=True)
    [letter] = mail.letters
    assert letter.pictures == ()
    assert "사진은 보내지 않았습니다" in letter.text
    assert "<img" not in letter.html


def test_what_a_digest_will_tell_has_no_notice_of_its_own(root, box):
    mail = Pocket()
    seal(root, 7, telling=Telling.COOL_DOWN)
    run(root, box, [way(mail)], 10)
    assert mail.letters == []


def test_an_uncertain_count_is_something_to_look_at(root, box):
    mail = Pocket()
    seal(root, 7, certainty=0.3)
    run(root, box, [way(mail)], 10)
    assert "재고 확인 필요" in mail.letters[0].subject


def test_a_channel_that_fails_keeps_no_other_waiting_and_catches_up(root, box, caplog):
    mail, ntfy = Pocket("mail"), Pocket("ntfy")
    mail.fault = ChannelUnreachable("channel 'mail': no route")
    for number in range(3):
        seal(root, number)

    async def later(_):
        await asyncio.sleep(600)
        assert len(ntfy.letters) == 3
        assert mail.letters == []
        mail.fault = None

    run(root, box, [way(mail), way(ntfy)], 1000, meanwhile=later)
    assert mail.ids == ntfy.ids == [f"2026-11-20_22-21-04.{n:06}" for n in range(3)]
    said = [r.message for r in caplog.records if "channel mail" in r.message]
    assert sum("failed" in line for line in said) == 1


def test_days_offline_with_restarts_every_notice_comes_once_and_nothing_hammers(root, box):
    mail = Pocket()
    mail.fault = ChannelUnreachable("no route")
    for day in range(5):
        seal(root, day, at=AT + timedelta(days=day))
        run(root, box, [way(mail)], 7200, since=AT + timedelta(days=day))
        assert len(mail.tries) <= 24 + 11
        mail.tries.clear()
    mail.fault = None
    for _ in range(2):
        run(root, box, [way(mail)], 60, since=AT + timedelta(days=7))
    assert mail.ids == [f"2026-11-20_22-21-04.{n:06}" for n in range(5)]


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_power_cut_around_the_sending_costs_no_notice_and_at_most_one_more(root, box, where):
    """Sent and not written down: the next start sends it again, by the same id; never three."""
    mail = Pocket()
    seal(root, 7)
    record = box.record

    def cut(notice_id, channel, leg):
        if where == "before" and leg.phase is Phase.SENDING:
            raise Cut
        if where == "after" and leg.phase is Phase.SENT:
            raise Cut
        record(notice_id, channel, leg)

    box.record = cut
    with pytest.raises(BaseExceptionGroup):
        run(root, box, [way(mail)], 10)
    box.record = record
    for _ in range(3):
        run(root, box, [way(mail)], 10)
    assert mail.ids == ["2026-11-20_22-21-04.000007"] * (1 if where == "before" else 2)


def test_what_was_sealed_before_there_was_any_channel_is_not_told(root, box):
    mail = Pocket()
    seal(root, 1, at=AT - timedelta(hours=1))
    run(root, box, [way(mail)], 10)
    seal(root, 2, at=AT + timedelta(seconds=5))
    run(root, box, [way(mail)], 10)
    assert mail.ids == ["2026-11-20_22-21-04.000002"]


def test_what_only_a_person_can_mend_is_probed_rarely(root, box):
    mail = Pocket()
    mail.fault = ChannelRefused("channel 'mail': the environment variable is not set")
    seal(root, 1)
    run(root, box, [way(mail)], 3600)
    assert len(mail.tries) <= 5


def test_a_channel_gets_what_it_tells_and_the_second_person_only_what_is_his(root, box):
    owner, second = Pocket("owner"), Pocket("second")
    seal(root, 1)
    box.put(Notice("e", Kind.ESCALATION, AT, "아직", "아직", to="second"))
    box.put(Notice("f", Kind.FAULT, AT, "저울", "저울"))
    ways = [way(owner, tells=("issues",)), way(second, to="second")]
    run(root, box, ways, 10)
    assert owner.ids == ["2026-11-20_22-21-04.000001"]
    assert second.ids == ["e"]


def test_after_two_weeks_it_is_given_up_and_the_next_is_told(root, box):
    mail = Pocket()
    mail.fault = ChannelUnreachable("no route")
    box.put(Notice("old", Kind.FAULT, AT - timedelta(days=15), "s", "t"))
    run(root, box, [way(mail)], 30)
    assert box.leg("old", "mail").phase is Phase.GIVEN_UP


@pytest.mark.parametrize("content", [b"", b"[]", b'{"phase": "nonsense"}', b'{"made_at": 1}'])
def test_a_damaged_file_is_set_aside_and_the_others_are_told(root, box, tmp_path, content):
    mail = Pocket()
    box.put(Notice("a", Kind.FAULT, AT, "s", "t"))
    box.put(Notice("b", Kind.FAULT, AT, "s", "t"))
    (tmp_path / "notices" / "a" / "notice.json").write_bytes(content)
    (tmp_path / "notices" / "b" / "mail.channel.json").write_bytes(content)
    run(root, box, [way(mail)], 10)
    assert mail.ids == ["b"]
    assert list((tmp_path / "notices" / "a").glob("notice.json.corrupt-*"))


def test_notices_of_long_ago_are_swept(root, box):
    box.put(Notice("old", Kind.FAULT, AT - timedelta(days=41), "s", "t"))
    box.put(Notice("new", Kind.FAULT, AT - timedelta(days=39), "s", "t"))
    box.sweep(AT)
    assert [notice.id for notice in box.notices()] == ["new"]


# --- the whole store


@pytest.fixture
def hook(monkeypatch):
    """A store's one channel, without a network."""
    pocket = Pocket("hook")
    monkeypatch.setattr("storeguard.outreach.open_channel", lambda *_: pocket)
    return pocket


def shop(make_store, **notices):
    channels = (cfg.Channel(id="hook"), cfg.Channel(id="family", to="second"))
    store = make_store(outside=True, notices={"channels": channels, **notices})
    store.start()
    return store


def steal(store, product="바나나우유"):
    store.enter()
    store.take(product)
    store.leave()
    store.be_judged()


def test_goods_that_were_not_paid_reach_the_owners_channel(make_store, hook):
    store = shop(make_store)
    steal(store)
    store.advance(10)
    [letter] = hook.letters
    assert letter.id == store.issues[0].name
    assert "재고 불일치: 바나나우유 1" in letter.subject


def test_a_scale_that_stays_out_is_told_after_ten_minutes_and_its_return_once(make_store, hook):
    store = shop(make_store)
    store.world.unplug("A")
    store.advance(550)
    assert hook.letters == []
    store.advance(100)
    [told] = hook.letters
    assert told.subject.startswith("[강남 1호점] 저울 A: 응답이 없습니다.")
    store.world.plug("A")
    store.advance(100)
    assert [letter.subject for letter in hook.letters[1:]] == [
        "[강남 1호점] 복구됨: 저울 A (11분 동안)"
    ]
    manifests = [json.loads((f / "issue.json").read_bytes()) for f in _digests(store)]
    assert [m["notice"] for m in manifests] == ["fault", "fault_over"]
    assert len(manifests[0]["headline"]) <= 40


def test_a_fault_that_lasts_is_not_told_again_after_a_restart_but_its_end_is(
    make_store, hook, monkeypatch
):
    monkeypatch.setattr(alarms, "DEFAULT_DELAY_S", 60.0)
    store = shop(make_store)
    store.world.unplug("A")
    store.advance(160)
    store.stop()
    store.start(settle=False)
    store.advance(160)
    assert len(hook.letters) == 1
    store.stop()
    store.world.plug("A")
    store.start()
    store.advance(120)
    assert "복구됨" in hook.letters[1].subject


def test_a_late_payment_is_told(make_store, hook):
    store = shop(make_store)
    steal(store)
    store.pay("바나나우유")
    store.advance(150)  # the two minutes in which its payer may still come in
    said = [letter.subject for letter in hook.letters]
    assert said[1:] == ["[강남 1호점] 결제 확인됨: 바나나우유 1개, 재고 불일치 #1"]
    [manifest] = [json.loads((f / "issue.json").read_bytes()) for f in _digests(store)]
    assert (manifest["amends"], manifest["loss_won"]) == (store.issues[0].name, 1500)


def test_the_second_person_hears_of_it_when_nobody_has_opened_it(make_store, hook):
    store = shop(make_store, escalate_after_min=5)
    steal(store)
    store.advance(250)
    assert len(hook.letters) == 1
    store.advance(100)
    assert "아직 아무도 열지 않았습니다" in hook.letters[1].subject
    store.advance(100)
    assert len(hook.letters) == 2


def test_nobody_else_is_told_of_what_the_owner_has_opened(make_store, hook):
    store = shop(make_store, escalate_after_min=5)
    steal(store)
    store.advance(10)
    assert store._run(store.app.telling.opened(store.issues[0].name))
    store.advance(400)
    assert len(hook.letters) == 1


def test_in_quiet_hours_everything_waits_and_is_told_together(make_store, hook):
    store = shop(make_store, quiet_hours=("22:00", "22:25"))
    steal(store)
    steal(store, "초코바")
    store.advance(100)
    assert hook.letters == []
    store.advance(200)
    [letter] = hook.letters
    assert "재고 불일치 2건 더: 바나나우유 1, 초코바 1" in letter.subject


def _digests(store):
    return outbox.sealed_issues(store.folder / "state" / "digests")
