"""Issues sealed, uploaded by a process that is killed again and again, and told of by SMS.

Prints how long sealing and one whole delivery take, then what was lost or doubled (P4, P5):
`missing` and `different` objects, `manifest_events` beyond one an issue, `sms` beyond or below
one an issue, with every event given to the notifier one to five times.

    python bench/upload.py [--issues N] [--kills N] [--seed N]
"""

import argparse
import hashlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from _report import report
from storeguard.cloud.notifier import Clients, Notifier, Settings
from storeguard.domain.issue import MANIFEST, Issue, IssueLine, IssueStore
from storeguard.outbox.delivery import DeliveryState, deliver, fetch_receipt, unconfirmed
from storeguard.outbox.folder import read_manifest, seal
from storeguard.outbox.s3 import S3Store

REGION, BUCKET = "ap-northeast-2", "bench"
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
CHILD = "child"


def main() -> int:
    wanted = _arguments()
    if wanted.child:
        _deliver_all(Path(wanted.child), wanted.url)
        return 0
    chance = random.Random(wanted.seed)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _run(Path(folder), f"http://{host}:{port}", wanted, chance)
    finally:
        server.stop()


def _run(here: Path, url: str, wanted: argparse.Namespace, chance: random.Random) -> int:
    cloud = _Cloud(url)
    root = here / "issue_data"
    sealing_ms = [_sealed_ms(here, root, number) for number in range(wanted.issues)]
    report("sealing an issue with a picture and a clip", sealing_ms, unit="ms")
    started_s = time.monotonic()
    kills = _killed_uploads(root, url, wanted.kills, chance)
    took_s = time.monotonic() - started_s
    events = cloud.events()
    cloud.notify([event for event in events for _ in range(chance.randint(1, 5))], chance)
    found = cloud.compared(root) | {
        "manifest_events_extra": len(events) - wanted.issues,
        "sms_extra": len(cloud.messages()) - wanted.issues,
        "unconfirmed": _unconfirmed(root, url),
    }
    figures = {"issues": wanted.issues, "kills": kills, "seed": wanted.seed}
    report("upload killed and resumed", [took_s], unit="s", **figures, **found)
    return 1 if any(found.values()) else 0


def _sealed_ms(here: Path, root: Path, number: int) -> float:
    at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number)
    (here / "picture").unlink(missing_ok=True)
    (here / "clip").unlink(missing_ok=True)
    (here / "picture").write_bytes(os.urandom(60_000))
    (here / "clip").write_bytes(os.urandom(400_000))
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"issue-{number:05}", number, STORE, at, True, at, at, lines, {})
    started_s = time.perf_counter()
    seal(root, issue, here / "picture", [here / "clip"], picture_time_label="at")
    return (time.perf_counter() - started_s) * 1000


def _deliver_all(root: Path, url: str) -> None:
    store = S3Store(BUCKET, REGION, url)
    for folder in unconfirmed(root):
        deliver(folder, STORE.id, store)
    store.close()


def _killed_uploads(root: Path, url: str, kills: int, chance: random.Random) -> int:
    """How many of the children were still at work when they were killed; the last one ends."""
    command = [sys.executable, __file__, f"--{CHILD}", str(root), "--url", url]
    hit = 0
    for _ in range(kills):
        child = subprocess.Popen(command)
        try:
            child.wait(chance.uniform(0.5, 1.5))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            hit += 1
    subprocess.run(command, check=True)
    return hit


def _unconfirmed(root: Path, url: str) -> int:
    store = S3Store(BUCKET, REGION, url)
    for folder in unconfirmed(root):
        assert deliver(folder, STORE.id, store) is DeliveryState.UPLOADED
        fetch_receipt(folder, store)
    store.close()
    return len(unconfirmed(root))


class _Cloud:
    """Bucket, queue of its events, table, topic with a reader, and the notifier on them."""

    def __init__(self, url: str) -> None:
        self._s3 = self._client("s3", url)
        self._sqs = self._client("sqs", url)
        dynamodb, sns = self._client("dynamodb", url), self._client("sns", url)
        self._events, events_arn = self._queue("events")
        self._phone, phone_arn = self._queue("phone")
        where = {"LocationConstraint": REGION}
        self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        rules = {"Key": {"FilterRules": [{"Name": "suffix", "Value": MANIFEST}]}}
        told = {"QueueArn": events_arn, "Events": ["s3:ObjectCreated:*"], "Filter": rules}
        self._s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [told]}
        )
        dynamodb.create_table(
            TableName="sent",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        topic_arn = sns.create_topic(Name="notices")["TopicArn"]
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=phone_arn)
        settings = Settings(BUCKET, "sent", topic_arn, REGION)
        self._notifier = Notifier(settings, Clients(self._s3, dynamodb, sns))

    def events(self) -> list[dict[str, Any]]:
        bodies = [json.loads(message["Body"]) for message in self._drained(self._events)]
        return [body for body in bodies if "Records" in body]

    def messages(self) -> list[dict[str, Any]]:
        return self._drained(self._phone)

    def notify(self, events: list[dict[str, Any]], chance: random.Random) -> None:
        chance.shuffle(events)
        for event in events:
            self._notifier.handle(event)

    def compared(self, root: Path) -> dict[str, int]:
        """Every file of every sealed folder against its object."""
        found: Counter[str] = Counter(missing=0, different=0)
        for folder in sorted(path for path in root.iterdir() if not path.name.startswith(".")):
            for entry in read_manifest(folder)["files"]:
                key = f"{STORE.id}/2026/11/{folder.name}/{entry['name']}"
                content = self._content(key)
                if content is None:
                    found["missing"] += 1
                elif hashlib.sha256(content).hexdigest() != entry["sha256"]:
                    found["different"] += 1
        return dict(found)

    def _content(self, key: str) -> bytes | None:
        try:
            content: bytes = self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
        return content

    def _queue(self, name: str) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, answer["Attributes"]["QueueArn"]

    def _drained(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ask = {"QueueUrl": url, "MaxNumberOfMessages": 10}
        while batch := self._sqs.receive_message(**ask).get("Messages"):
            for message in batch:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += batch
        return found

    @staticmethod
    def _client(service: str, url: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=url)  # type: ignore[call-overload]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=200)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(f"--{CHILD}", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
