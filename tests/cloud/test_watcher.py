"""A store that went silent is told of once, and once when it is heard of again."""

import json
from datetime import UTC, datetime

import pytest

from storeguard.cloud.clients import Clients
from storeguard.cloud.index import Index
from storeguard.cloud.watcher import LARGEST_BYTES, Settings, Watcher

STORE = {"id": "gangnam-1", "name": "강남 1호점", "language": "ko", "timezone": "Asia/Seoul"}
SEEN_S = datetime(2026, 11, 20, 13, 5, tzinfo=UTC).timestamp()
SILENT = "[강남 1호점] 22:05부터 소식이 없습니다. 전원과 인터넷을 확인해 주세요."
BACK = "[강남 1호점] 다시 연결되었습니다. (22:05부터 소식 없었음)"


class Lambda:
    """The watcher on moto, with a clock that the test sets."""

    def __init__(self, cloud, client):
        self.now_s = SEEN_S
        self._cloud = cloud
        clients = Clients(cloud.s3, cloud.dynamodb, client("sns", "ap-northeast-1"))
        settings = Settings(
            cloud.bucket, cloud.table, cloud.index, cloud.topic_arn, "ap-northeast-1", 1200
        )
        self.watcher = Watcher(settings, clients, lambda: self.now_s)
        self.index = Index(cloud.index, cloud.dynamodb, lambda: self.now_s)

    def beat(self, store="gangnam-1", *, body=None, bucket=None, **told):
        content = {"schema": 1, "store": STORE | {"id": store}} | told
        self._cloud.s3.put_object(
            Bucket=self._cloud.bucket,
            Key=f"{store}/hb.json",
            Body=json.dumps(content) if body is None else body,
        )
        self.deliver(f"{store}/hb.json", bucket or self._cloud.bucket)

    def deliver(self, key, bucket):
        at = datetime.fromtimestamp(self.now_s, UTC).isoformat().replace("+00:00", "Z")
        s3 = {"bucket": {"name": bucket}, "object": {"key": key}}
        self.watcher.handle({"Records": [{"eventTime": at, "s3": s3}]})

    def check(self):
        return self.watcher.handle({"source": "aws.events"})["silent"]

    def row(self):
        [row] = self.index.fleet("owner")
        return row


@pytest.fixture
def run(cloud, client):
    return Lambda(cloud, client)


def test_silence_is_told_once_and_its_end_once(run, cloud):
    run.beat()
    run.now_s += 1199
    assert run.check() == 0
    run.now_s += 2
    assert [run.check() for _ in range(3)] == [1, 0, 0]
    assert cloud.messages() == [SILENT]
    assert run.row().silent_since == "2026-11-20T13:05:00+00:00"
    run.now_s += 600
    for _ in range(3):
        run.beat()
    assert cloud.messages() == [BACK]
    assert run.row().silent_since is None
    run.now_s += 1201
    run.check()
    assert len(cloud.messages()) == 1  # the next silence is another one


def test_an_old_event_that_comes_late_does_not_end_a_silence(run, cloud):
    run.beat()
    run.now_s += 1500
    run.check()
    cloud.messages()
    late_s, run.now_s = run.now_s, SEEN_S - 60
    run.beat()
    run.now_s = late_s
    assert run.row().silent_since is not None
    assert cloud.messages() == []


def test_a_look_that_died_before_it_noted_the_silence_tells_of_it_once(run, cloud, monkeypatch):
    run.beat()
    run.now_s += 1500

    class Stop(BaseException):
        pass

    def die(*_):
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(Index, "mark_silent", die)
        with pytest.raises(Stop):
            run.check()
    run.now_s += 300
    assert run.check() == 1
    assert cloud.messages() == [SILENT]


def test_each_store_is_told_of_on_its_own_whatever_partition_it_lies_in(run, cloud):
    for number in range(40):
        run.beat(f"store-{number}")
    run.now_s += 1500
    run.beat("store-7")
    assert run.check() == 39
    assert len(cloud.messages()) == 39


def test_the_fleet_shows_what_the_device_says_of_itself(run):
    fault = {"code": "W101", "title": "저울 A 응답 없음", "since": "2026-11-20T13:00:00+00:00"}
    run.beat(
        faults=[fault],
        blind_since="2026-11-20T21:50:00+09:00",
        blind_s={"2026-11-20": 900, "2026-11-19": 60, "2026-11-01": 5000},
        waiting=3,
    )
    row = run.row()
    assert (row.name, row.last_seen) == ("강남 1호점", "2026-11-20T13:05:00+00:00")
    assert (row.faults, row.blind_since) == (("저울 A 응답 없음",), "2026-11-20T12:50:00+00:00")
    assert row.blind_s_week == 960  # of seven days
    assert row.needs_a_look


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"store": {"name": "a"}}',
        b" " * (LARGEST_BYTES + 1),
        b'{"store": {"name": "a", "language": "ko", "timezone": "x"}, "blind_s": {"today": 1}}',
    ],
)
def test_what_is_no_sign_of_life_is_none(run, cloud, body):
    run.beat(body=body)
    assert run.index.fleet("owner") == ()


def test_events_of_other_buckets_and_keys_are_ignored(run, cloud):
    run.beat(bucket="another")
    for key in ("receipts/hb.json", "gangnam-1/x/hb.json", "hb.json", "decisions/hb.json"):
        run.deliver(key, cloud.bucket)
    assert run.index.fleet("owner") == ()


def test_a_store_of_another_owner_is_told_to_him(run, cloud, client, monkeypatch):
    topic = client("sns", "ap-northeast-1").create_topic(Name=f"{cloud.bucket}-other")["TopicArn"]
    run.index.give("gangnam-1", "강남 1호점", "other")
    arn = topic.replace(f"{cloud.bucket}-other", f"{cloud.bucket}-{{owner}}")
    clients, settings = run.watcher._clients, run.watcher._settings
    run.watcher = Watcher(
        Settings(settings.bucket, settings.table, settings.index, arn, "ap-northeast-1", 1200),
        clients,
        lambda: run.now_s,
    )
    published = []
    monkeypatch.setattr(
        clients.sns, "publish", lambda **k: published.append(k) or {"MessageId": "1"}
    )
    run.beat()
    run.now_s += 1500
    run.check()
    assert [one["TopicArn"] for one in published] == [topic]
    assert [row.id for row in run.index.fleet("other")] == ["gangnam-1"]
    assert run.index.fleet("owner") == ()
