"""The Lambda function: a manifest has arrived in the bucket → one SMS → a receipt.

S3 tells of an object at least once, perhaps twice, and Lambda retries; the SMS goes out once.
The table remembers each manifest's key: `sending` before the publishing, `sent` after it. A
function that dies between the two leaves `sending`, which is tried again after two minutes:
two messages at most then, never none.
"""

import base64
import functools
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from .message import sms_text

LARGEST_MANIFEST_BYTES = 64 * 1024
STALE_AFTER_S = 120
REMEMBERED_FOR_S = 40 * 24 * 3600

KEY = re.compile(
    r"(?!receipts/)(?P<store>[A-Za-z0-9][A-Za-z0-9_-]{0,62})/\d{4}/\d{2}/"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,127})/issue\.json"
)

TOLD_LATER = frozenset({"cool_down", "daily_digest", "below_threshold"})
"""`notice` of an issue that the device sums up in a digest, a manifest of its own."""

SUMS = frozenset({"digest", "day_is_full"})
"""`notice` of such a manifest."""

FREE = "attribute_not_exists(id) OR (phase = :sending AND since < :stale)"

log = logging.getLogger(__name__)


class StillSending(Exception):
    """Another run has this issue in hand; whoever called has to call again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template puts into the function's environment."""

    bucket: str
    table: str
    topic_arn: str
    sms_region: str


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients; the topic may be in another region than the rest."""

    s3: Any
    dynamodb: Any
    sns: Any


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Takes an S3 event, or SQS messages that hold one each."""
    return notifier().handle(event)


@functools.cache
def notifier() -> "Notifier":
    import boto3

    settings = Settings(
        bucket=os.environ["BUCKET"],
        table=os.environ["TABLE"],
        topic_arn=os.environ["TOPIC_ARN"],
        sms_region=os.environ["SMS_REGION"],
    )
    sns = boto3.client("sns", region_name=settings.sms_region)
    return Notifier(settings, Clients(boto3.client("s3"), boto3.client("dynamodb"), sns))


class Notifier:
    """Sends one SMS an issue. `wall_s` gives seconds since 1970."""

    def __init__(
        self, settings: Settings, clients: Clients, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._wall_s = wall_s

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Every record is tried; failed SQS messages are named, a failed S3 event is raised."""
        records = event.get("Records", [])
        if records and records[0].get("eventSource") == "aws:sqs":
            failed = [r["messageId"] for r in records if self._failure(_event_in(r["body"]))]
            return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
        failure = self._failure(event)
        if failure is not None:
            raise failure
        return {"records": len(records)}

    def notify(self, key: str) -> None:
        """Sends the SMS of one manifest unless it was sent, and writes the receipt.

        An issue that a digest will tell gets its receipt only.
        """
        manifest = self._manifest(key)
        if manifest is None:
            return
        if manifest.get("notice") in TOLD_LATER:
            sent: dict[str, Any] = {"text": "", "message_id": "", "sent_at": self._now()}
        else:
            sent = self._claim(key) or self._publish(key, sms_text(manifest))
        self._write_receipt(key, manifest, sent)

    def _failure(self, event: Mapping[str, Any]) -> Exception | None:
        from botocore.exceptions import BotoCoreError, ClientError

        failure: Exception | None = None
        for key in self._keys(event):
            try:
                self.notify(key)
            except (StillSending, BotoCoreError, ClientError) as error:
                log.error("%r: not confirmed, to be called again: %s", key, error)
                failure = error
        return failure

    def _keys(self, event: Mapping[str, Any]) -> Iterator[str]:
        """Keys of manifests in our bucket; S3's test event has no records at all."""
        for record in event.get("Records", []):
            s3 = record.get("s3", {})
            key = unquote_plus(s3.get("object", {}).get("key", ""))
            if s3.get("bucket", {}).get("name") == self._settings.bucket and KEY.fullmatch(key):
                yield key
            else:
                log.warning("%r: no issue of this bucket, ignored", key)

    def _manifest(self, key: str) -> dict[str, Any] | None:
        """None for what is no manifest; that will not get better by trying again."""
        from botocore.exceptions import ClientError

        try:
            answer = self._clients.s3.get_object(Bucket=self._settings.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            log.warning("%r: gone before it was read, ignored", key)
            return None
        content = answer["Body"].read(LARGEST_MANIFEST_BYTES + 1)
        manifest, problem = parsed(content, key)
        if problem:
            log.warning("%r: %s; no message sent", key, problem)
        return manifest

    def _claim(self, key: str) -> dict[str, Any] | None:
        """None when the issue is ours to send; what was sent when it was. May raise."""
        from botocore.exceptions import ClientError

        now_s = int(self._wall_s())
        try:
            self._clients.dynamodb.put_item(
                TableName=self._settings.table,
                Item={
                    "id": {"S": key},
                    "phase": {"S": "sending"},
                    "since": {"N": str(now_s)},
                    "expires_at": {"N": str(now_s + REMEMBERED_FOR_S)},
                },
                ConditionExpression=FREE,
                ExpressionAttributeValues={
                    ":sending": {"S": "sending"},
                    ":stale": {"N": str(now_s - STALE_AFTER_S)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return self._sent(key)
        return None

    def _sent(self, key: str) -> dict[str, Any]:
        found = self._clients.dynamodb.get_item(
            TableName=self._settings.table, Key={"id": {"S": key}}, ConsistentRead=True
        ).get("Item", {})
        if "sent" not in found:
            raise StillSending(f"another run has been sending it since {found.get('since')}")
        return dict(json.loads(found["sent"]["S"]))

    def _publish(self, key: str, text: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            answer = self._clients.sns.publish(
                TopicArn=self._settings.topic_arn,
                Message=text,
                MessageAttributes={
                    "AWS.SNS.SMS.SMSType": {
                        "DataType": "String",
                        "StringValue": "Transactional",
                    }
                },
            )
        except ClientError:  # refused, so nothing went out: the next run need not wait
            self._clients.dynamodb.delete_item(
                TableName=self._settings.table, Key={"id": {"S": key}}
            )
            raise
        sent = {"text": text, "message_id": answer["MessageId"], "sent_at": self._now()}
        self._clients.dynamodb.update_item(
            TableName=self._settings.table,
            Key={"id": {"S": key}},
            UpdateExpression="SET phase = :phase, sent = :sent",
            ExpressionAttributeValues={
                ":phase": {"S": "sent"},
                ":sent": {"S": json.dumps(sent, ensure_ascii=False)},
            },
        )
        return sent

    def _now(self) -> str:
        return datetime.fromtimestamp(self._wall_s(), UTC).isoformat(timespec="seconds")

    def _write_receipt(
        self, key: str, manifest: Mapping[str, Any], sent: Mapping[str, Any]
    ) -> None:
        from botocore.exceptions import ClientError

        found = KEY.fullmatch(key)
        assert found is not None
        differing = [e["name"] for e in manifest["files"] if not self._is_there(key, e)]
        receipt = {"schema": 1, "id": found["id"], "key": key, **sent, "differing": differing}
        try:
            self._clients.s3.put_object(
                Bucket=self._settings.bucket,
                Key=f"receipts/{found['store']}/{found['id']}.json",
                Body=json.dumps(receipt, ensure_ascii=False, indent=1).encode() + b"\n",
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:  # 412: an earlier run has written it
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 412:
                raise

    def _is_there(self, key: str, entry: Mapping[str, Any]) -> bool:
        """The file is in the bucket as it was sealed, by S3's own checksum."""
        from botocore.exceptions import ClientError

        name = key.removesuffix("issue.json") + entry["name"]
        try:
            answer = self._clients.s3.head_object(
                Bucket=self._settings.bucket, Key=name, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return False
            raise
        digest = base64.b64decode(answer.get("ChecksumSHA256", "")).hex()
        return bool(answer["ContentLength"] == entry["bytes"] and digest == entry["sha256"])


def parsed(content: bytes, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """The manifest of this key, or what is wrong with it."""
    if len(content) > LARGEST_MANIFEST_BYTES:
        return None, f"more than {LARGEST_MANIFEST_BYTES} bytes"
    try:
        manifest = json.loads(content)
        _check(manifest, key)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return None, f"no manifest ({type(error).__name__}: {error})"
    return manifest, None


def _event_in(body: str) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        log.warning("%r: no event, ignored", body[:80])
        return {}
    return event


def _check(manifest: Any, key: str) -> None:
    """Everything that the message and the receipt are made of."""
    found = KEY.fullmatch(key)
    _require(isinstance(manifest, dict) and manifest["schema"] == 1, "schema")
    _require(found is not None and manifest["id"] == found["id"], "id")
    _require(_is_count(manifest["number"], 10**9), "number")
    _require(_is_count(manifest["loss_won"], 10**12), "loss_won")
    store, visit = manifest["store"], manifest["visit"]
    _require(all(isinstance(store[k], str) for k in ("name", "language", "timezone")), "store")
    _require(isinstance(manifest["lines"], list), "lines")
    for line in manifest["lines"]:
        _require(isinstance(line["product"], str), "product")
        _require(_is_count(line["missing"], 10**6), "missing")
        _require(isinstance(line["certainty"], int | float), "certainty")
    if manifest.get("notice") in SUMS:
        numbers = manifest["numbers"]
        _require(numbers and all(_is_count(n, 10**9) for n in numbers), "numbers")
    for entry in manifest["files"]:
        _require(bool(entry["name"].encode()) and isinstance(entry["sha256"], str), "files")
        _require(_is_count(entry["bytes"], 2**40), "files")
    _require(_is_moment(manifest["sealed_at"]), "sealed_at")
    ended_at = visit["ended_at"] if visit else None
    _require(ended_at is None or _is_moment(ended_at), "visit")


def _require(is_met: bool, field: str) -> None:
    if not is_met:
        raise ValueError(f"{field} is not as expected")


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and 0 <= value <= most


def _is_moment(text: str) -> bool:
    """With its offset, and not so near to the ends of time that another zone overflows."""
    moment = datetime.fromisoformat(text)
    return moment.tzinfo is not None and 1970 <= moment.year <= 9000
