"""The Lambda's promises: at most one SMS an issue, two after a crash in between, never none."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.cloud.clients import Clients
from storeguard.cloud.manifest import KEY, own_key, parsed
from storeguard.cloud.notifier import Notifier, Settings
from storeguard.cloud.sending import StillSending

ID = "2026-11-20_22-21-04.123456"
PREFIX = f"gangnam-1/2026/11/{ID}"
MANIFEST = {
    "schema": 1,
    "id": ID,
    "number": 7,
    "store": {"id": "gangnam-1", "name": "강남", "language": "ko", "timezone": "Asia/Seoul"},
    "sealed_at": "2026-11-20T13:21:04+00:00",
    "visit": None,
    "lines": [{"product": "초코바", "missing": 2, "certainty": 1.0}],
    "loss_won": 3000,
    "files": [],
}
SMS = "[강남] 재고 불일치: 초코바 2 (-3,000원) 22:21 #7"


def event(*keys, bucket):
    records = [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    return {"Records": records}


class Lambda:
    """The notifier on moto, with a clock that the test sets."""

    def __init__(self, cloud, client):
        self.now_s = 1_000_000.0
        self.clients = Clients(cloud.s3, cloud.dynamodb, client("sns", "ap-northeast-1"))
        settings = Settings(
            cloud.bucket, cloud.table, cloud.topic_arn, "ap-northeast-1", cloud.index
        )
        self.notifier = Notifier(settings, self.clients, lambda: self.now_s)
        self._cloud = cloud

    def put(self, issue_id=ID, **changes):
        key = f"gangnam-1/2026/11/{issue_id}/issue.json"
        body = json.dumps(MANIFEST | {"id": issue_id} | changes).encode()
        self._cloud.s3.put_object(Bucket=self._cloud.bucket, Key=key, Body=body)
        return key

    def handle(self, *keys):
        return self.notifier.handle(event(*keys, bucket=self._cloud.bucket))


@pytest.fixture
def run(cloud, client):
    return Lambda(cloud, client)


class Stop(BaseException):
    """The function's process ends here."""


def dying(clients, service, operation, error, *, after=False):
    """Clients of which one operation raises, before or after it was done."""

    class Dying:
        def __init__(self, real):
            self._real = real

        def __getattr__(self, name):
            if name != operation:
                return getattr(self._real, name)

            def call(**arguments):
                if after:
                    getattr(self._real, name)(**arguments)
                raise error

            return call

    parts = {name: getattr(clients, name) for name in ("s3", "dynamodb", "sns")}
    return Clients(**parts | {service: Dying(parts[service])})


def test_a_crash_between_sending_and_recording_gives_two_never_more(run, cloud):
    key = run.put()
    alive = run.notifier._clients
    run.notifier._clients = dying(alive, "dynamodb", "update_item", Stop())
    with pytest.raises(Stop):
        run.handle(key)
    run.notifier._clients = alive
    with pytest.raises(StillSending):
        run.handle(key)
    assert cloud.messages() == [SMS]
    run.now_s += 121
    run.handle(key)
    run.now_s += 121
    run.handle(key)
    assert cloud.messages() == [SMS]
    assert cloud.receipt(ID)["text"] == SMS


def test_a_device_that_asks_again_gets_its_receipt_and_no_second_message(run, cloud):
    """P6: the event was lost, or the receipt; asking has the same id however often it is done."""
    key = run.put()
    again = [key.replace("issue.json", f"again/{n}/issue.json") for n in (1, 2, 3)]
    for _ in range(2):
        run.handle(*again)
        run.handle(key)
    assert cloud.messages() == [SMS]
    assert cloud.receipt(ID)["key"] == key
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=f"receipts/gangnam-1/{ID}.json")
    run.handle(again[0])
    assert cloud.messages() == []
    assert cloud.receipt(ID)["text"] == SMS


def test_what_the_device_calls_silent_has_a_receipt_and_no_message(run, cloud):
    run.handle(run.put(silent=True))
    assert cloud.messages() == []
    assert cloud.receipt(ID)["text"] == ""


def test_an_index_that_refuses_holds_the_receipt_back_and_never_the_message(run, cloud):
    key = run.put()
    alive = run.notifier._clients
    refusal = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    class Refusing:
        def __getattr__(self, name):
            return getattr(alive.dynamodb, name)

        def put_item(self, **asked):
            if asked["TableName"] == cloud.index:
                raise refusal
            return alive.dynamodb.put_item(**asked)

    run.notifier._clients = Clients(alive.s3, Refusing(), alive.sns)
    with pytest.raises(ClientError):
        run.handle(key)
    run.notifier._clients = alive
    run.handle(key)
    assert cloud.messages() == [SMS]
    assert cloud.receipt(ID)["text"] == SMS


def test_a_crash_before_sending_gives_one(run, cloud):
    key = run.put()
    alive = run.notifier._clients
    run.notifier._clients = dying(alive, "sns", "publish", Stop())
    with pytest.raises(Stop):
        run.handle(key)
    run.notifier._clients = alive
    run.now_s += 121
    run.handle(key)
    assert cloud.messages() == [SMS]


def test_a_refused_message_is_sent_by_the_next_try_at_once(run, cloud):
    key = run.put()
    alive = run.notifier._clients
    refusal = ClientError({"Error": {"Code": "Throttled"}}, "Publish")
    run.notifier._clients = dying(alive, "sns", "publish", refusal)
    with pytest.raises(ClientError):
        run.handle(key)
    run.notifier._clients = alive
    run.handle(key)
    assert cloud.messages() == [SMS]


def test_a_message_of_unknown_fate_waits_until_it_is_stale(run, cloud):
    key = run.put()
    alive = run.notifier._clients
    lost = ReadTimeoutError(endpoint_url="sns")
    run.notifier._clients = dying(alive, "sns", "publish", lost, after=True)
    with pytest.raises(ReadTimeoutError):
        run.handle(key)
    run.notifier._clients = alive
    with pytest.raises(StillSending):
        run.handle(key)
    assert cloud.messages() == [SMS]


def test_many_events_shuffled_and_at_once_are_one_message_an_issue(run, cloud):
    """P5, short: each issue's event comes one to five times, eight at a time."""
    keys = [run.put(f"issue-{n}", number=n) for n in range(30)]
    chance = random.Random(5)
    events = [key for key in keys for _ in range(chance.randint(1, 5))]
    chance.shuffle(events)

    def handled(key):
        try:
            run.handle(key)
        except StillSending:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(handled, events))
    assert {key for key, is_done in zip(events, done, strict=True) if is_done} == set(keys)
    assert sorted(cloud.messages()) == sorted(SMS.replace("#7", f"#{n}") for n in range(30))


def test_what_was_sent_is_forgotten_after_forty_days_not_before(run, cloud):
    run.handle(run.put())
    [item] = cloud.dynamodb.scan(TableName=cloud.table)["Items"]
    assert int(item["expires_at"]["N"]) == 1_000_000 + 40 * 24 * 3600


def test_one_bad_record_does_not_keep_the_others(run, cloud):
    keys = [run.put("one", number=1), run.put("two", number=2)]
    (cloud.dynamodb).put_item(
        TableName=cloud.table,
        Item={"id": {"S": keys[0]}, "phase": {"S": "sending"}, "since": {"N": "1000000"}},
    )
    with pytest.raises(StillSending):
        run.handle(*keys)
    assert cloud.messages() == [SMS.replace("#7", "#2")]
    bodies = [json.dumps(event(key, bucket=cloud.bucket)) for key in keys]
    records = [
        {"messageId": str(i), "eventSource": "aws:sqs", "body": body}
        for i, body in enumerate([*bodies, "no json", "[]", '{"Event": "s3:TestEvent"}'])
    ]
    failures = run.notifier.handle({"Records": records})
    assert failures == {"batchItemFailures": [{"itemIdentifier": "0"}]}


@pytest.mark.parametrize(
    "key",
    [
        "receipts/2026/11/x/issue.json",
        "gangnam-1/2026/11/x/content.txt",
        "gangnam-1/2026/11/x/damaged/issue.json",
        "gangnam-1/2026/11/issue.json",
        "gangnam-1/2026/11/../issue.json",
        "gangnam-1/2026/11/x\n/issue.json",
        "gangnam-1%2F2026/11/x/issue.json.txt",
        "",
    ],
)
def test_other_keys_are_ignored(run, cloud, key):
    run.handle(key)
    assert run.notifier.handle({"Service": "Amazon S3", "Event": "s3:TestEvent"}) == {"records": 0}
    assert cloud.messages() == []


def test_other_buckets_and_missing_manifests_are_ignored(run, cloud):
    key = run.put()
    run.notifier.handle(event(key, bucket="another"))
    run.handle(f"{PREFIX}-gone/issue.json")
    assert cloud.messages() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"id": "another"},
        {"number": -1},
        {"loss_won": 1.5},
        {"store": []},
        {"lines": [{"product": "x"}]},
        {"lines": [{"product": "x", "missing": 10**9, "certainty": 1}]},
        {"lines": None},
        {"sealed_at": "2026-11-20T13:21:04"},
        {"sealed_at": "0001-01-01T00:00:00+00:00"},
        {"visit": [1]},
        {"files": [{"name": "\ud800", "bytes": 1, "sha256": ""}]},
        {"x": "x" * 64 * 1024},
    ],
)
def test_a_broken_manifest_sends_nothing_and_is_not_tried_again(run, cloud, changes):
    key = run.put()
    body = json.dumps(MANIFEST | changes).encode()
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=body)
    assert run.handle(key) == {"records": 1}
    assert cloud.messages() == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(MANIFEST)), anything, max_size=3))
def test_no_manifest_whatever_is_in_it_ends_the_function(changes):
    """T17: it is taken or refused with a reason."""
    content = json.dumps(MANIFEST | changes).encode()
    manifest, problem = parsed(content, f"{PREFIX}/issue.json")
    assert (manifest is None) == bool(problem)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_end_the_function(content):
    manifest, problem = parsed(content, f"{PREFIX}/issue.json")
    assert manifest is None
    assert problem


class Nothing:
    """AWS to which nothing may be said: any call is a message or a look that should not be."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was called")


PIECES = ("gangnam-1", "/", "2026", "11", "x", "issue.json", "notice.json", "again", "receipts")
PIECES += ("hb.json", "damaged", "..", "%2F", "%00", "+", "\x00")


def drawn_key(rng):
    """Parts of real keys in any order, or any text."""
    if rng.random() < 0.6:
        return "".join(rng.choices(PIECES, k=rng.randint(0, 9)))
    return "".join(chr(rng.randint(0, 0xD7FF)) for _ in range(rng.randint(0, 40)))


def test_no_event_of_another_bucket_or_of_no_manifest_asks_aws_for_anything():
    """T17: 5,000 of them."""
    rng = random.Random(17)
    notifier = Notifier(
        Settings("evidence", "sent", "topic", "ap-northeast-1"),
        Clients(Nothing(), Nothing(), Nothing()),
    )
    tried = 0
    while tried < 5000:
        key, bucket = drawn_key(rng), rng.choice(["evidence", "evidence2", "", None, 7])
        if bucket == "evidence" and own_key(unquote_plus(key)) is not None:
            continue
        tried += 1
        assert notifier.handle(event(key, bucket=bucket)) == {"records": 1}, (key, bucket)


def test_keys_of_the_device_are_keys_of_the_notifier():
    found = KEY.fullmatch(f"{PREFIX}/issue.json")
    assert (found["store"], found["id"]) == ("gangnam-1", ID)
