"""One event, one effect (P5): every issue's SMS goes out once, whatever S3 and Lambda do.

Events of N issues come one to five times each, shuffled, eight at a time: exactly N messages.
Then the function dies between publishing and recording, once for each of M issues: each has two
messages when its event comes again after the two minutes, never three, never none. On moto over
HTTP, with the notifier's own code and its table.

    python bench/once.py [--issues N] [--crashes N] [--seed N]
"""

import argparse
import json
import logging
import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from _report import report
from storeguard.cloud.clients import Clients
from storeguard.cloud.notifier import Notifier, Settings
from storeguard.cloud.sending import StillSending

REGION, BUCKET, TABLE = "ap-northeast-2", "bench", "sent"
AT_ONCE = 8


class Died(BaseException):
    """The function's process ends here."""


class Recorded:
    """SNS that counts what it is given; the wire to a phone is not what is measured."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()

    def publish(self, **asked: Any) -> dict[str, str]:
        self.texts[asked["Message"].rpartition("#")[2]] += 1
        return {"MessageId": "1"}


class Dying:
    """DynamoDB of a function that dies before it records that it has sent."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def update_item(self, **_: Any) -> None:
        raise Died


def main() -> int:
    wanted = _arguments()
    chance = random.Random(wanted.seed)
    logging.disable(logging.ERROR)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        s3, dynamodb = (_client(one, f"http://{host}:{port}") for one in ("s3", "dynamodb"))
        _make(s3, dynamodb)
        repeated = _repeated(s3, dynamodb, wanted.issues, chance)
        crashed = _crashed(s3, dynamodb, wanted.crashes)
    finally:
        server.stop()
    return 0 if repeated and crashed else 1


def _repeated(s3: Any, dynamodb: Any, issues: int, chance: random.Random) -> bool:
    sns = Recorded()
    notifier = Notifier(Settings(BUCKET, TABLE, "t", REGION), Clients(s3, dynamodb, sns))
    events = [_put(s3, n) for n in range(issues) for _ in range(chance.randint(1, 5))]
    chance.shuffle(events)
    started_s = time.perf_counter()

    def until_done(event: dict[str, Any]) -> None:
        with suppress(StillSending):  # Lambda calls again; what the other run has sent is sent
            notifier.handle(event)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(until_done, events))
    took_s = round(time.perf_counter() - started_s, 1)
    twice = sum(times > 1 for times in sns.texts.values())
    never = issues - len(sns.texts)
    report(
        "events repeated and shuffled, 8 at a time",
        issues=issues, events=len(events), sms=sns.texts.total(), twice=twice, never=never,
        took_s=took_s,
    )  # fmt: skip
    return sns.texts.total() == issues and not twice and not never


def _crashed(s3: Any, dynamodb: Any, crashes: int) -> bool:
    sns, now_s = Recorded(), [1_000_000.0]
    settings, wall_s = Settings(BUCKET, TABLE, "t", REGION), lambda: now_s[0]
    alive = Notifier(settings, Clients(s3, dynamodb, sns), wall_s)
    dying = Notifier(settings, Clients(s3, Dying(dynamodb), sns), wall_s)
    for number in range(1_000_000, 1_000_000 + crashes):
        event = _put(s3, number)
        with suppress(Died):
            dying.handle(event)
        for _ in range(3):
            now_s[0] += 121
            alive.handle(event)
    found = Counter(sns.texts.values())
    report("died between publish and record", crashes=crashes, messages_each=dict(found))
    return found == Counter({2: crashes})


def _put(s3: Any, number: int) -> dict[str, Any]:
    name = f"issue-{number:07}"
    key = f"gangnam-1/2026/11/{name}/issue.json"
    store = {"id": "gangnam-1", "name": "강남", "language": "ko", "timezone": "Asia/Seoul"}
    manifest = {
        "schema": 1, "id": name, "number": number, "store": store, "visit": None,
        "sealed_at": "2026-11-20T13:21:04+00:00", "loss_won": 1500, "files": [],
        "lines": [{"product": "초코바", "missing": 1, "certainty": 1.0}],
    }  # fmt: skip
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(manifest).encode())
    return {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]}


def _make(s3: Any, dynamodb: Any) -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )


def _client(service: str, url: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)  # type: ignore[call-overload]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--crashes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
