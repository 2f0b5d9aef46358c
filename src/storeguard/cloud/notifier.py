"""The Lambda function: a manifest has arrived in the bucket → one SMS → the index → a receipt.

S3 tells of an object at least once, perhaps twice, and Lambda retries; the SMS goes out once
(sending.py). The message comes first: an index that refuses holds the receipt back, never it.
"""

import base64
import functools
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from .clients import Clients, clients
from .index import OWNER, BusyIssue, Index
from .manifest import KEY, LARGEST_BYTES, TOLD_LATER, is_ahead, own_key, parsed
from .message import sms_text
from .sending import Sender, StillSending

PIECE_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template puts into the function's environment.

    `index`: table of the issues, empty for none. `page_address`: short, put into each SMS.
    """

    bucket: str
    table: str
    topic_arn: str
    sms_region: str
    index: str = ""
    page_address: str = ""


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Takes an S3 event, or SQS messages that hold one each."""
    return notifier().handle(event)


@functools.cache
def notifier() -> "Notifier":
    settings = Settings(
        bucket=os.environ["BUCKET"],
        table=os.environ["TABLE"],
        topic_arn=os.environ["TOPIC_ARN"],
        sms_region=os.environ["SMS_REGION"],
        index=os.environ.get("INDEX", ""),
        page_address=os.environ.get("PAGE_ADDRESS", ""),
    )
    return Notifier(settings, clients(settings.sms_region))


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
        """Sends the SMS of one manifest unless it was sent, indexes it, writes the receipt.

        An issue that a digest will tell, or that the device calls silent, is not sent. While its
        clips are still to come there is no receipt yet.
        """
        manifest, own, found = self._manifest(key), own_key(key), KEY.fullmatch(key)
        if manifest is None or own is None or found is None:
            return
        index = self._index()
        owner = OWNER if index is None else index.owner_of(found["store"])
        sent = self._sent(own, manifest, owner)
        if index is not None:
            index.add(owner, found["store"], own, manifest, sent)
        if not is_ahead(key):
            self._write_receipt(own, manifest, sent)

    def _sent(self, key: str, manifest: Mapping[str, Any], owner: str) -> dict[str, Any]:
        sender = self._sender()
        if manifest.get("silent") is True or manifest.get("notice") in TOLD_LATER:
            return {"text": "", "message_id": "", "sent_at": sender.now()}
        reader = f"{owner}-second" if manifest.get("notice") == "escalated" else owner
        text = sms_text(manifest, address=self._settings.page_address)
        return sender.send(key, reader, text)

    def _sender(self) -> Sender:
        wanted, clients = self._settings, self._clients
        return Sender(
            wanted.table, wanted.topic_arn, clients.dynamodb, clients.sns, self._wall_s
        )  # fmt: skip

    def _index(self) -> Index | None:
        table = self._settings.index
        return Index(table, self._clients.dynamodb, self._wall_s) if table else None

    def _failure(self, event: Mapping[str, Any]) -> Exception | None:
        from botocore.exceptions import BotoCoreError, ClientError

        failure: Exception | None = None
        for key in self._keys(event):
            try:
                self.notify(key)
            except (StillSending, BusyIssue, BotoCoreError, ClientError) as error:
                log.error("%r: not confirmed, to be called again: %s", key, error)
                failure = error
        return failure

    def _keys(self, event: Mapping[str, Any]) -> Iterator[str]:
        """Keys of manifests in our bucket; S3's test event has no records at all."""
        for record in event.get("Records", []):
            s3 = record.get("s3", {})
            key = unquote_plus(s3.get("object", {}).get("key", ""))
            own = own_key(key)
            if s3.get("bucket", {}).get("name") == self._settings.bucket and own:
                yield key if is_ahead(key) else own
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
        content = answer["Body"].read(LARGEST_BYTES + 1)
        manifest, problem = parsed(content, key)
        if problem:
            log.warning("%r: %s; no message sent", key, problem)
        return manifest

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
        """The file is in the bucket as it was sealed, by S3's own checksum.

        Of an object that came in parts S3 knows none over the whole: it is read.
        """
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
        if answer["ContentLength"] != entry["bytes"]:
            return False
        if "-" in answer.get("ETag", ""):  # what came in parts, says S3
            return bool(self._read_sha256(name) == entry["sha256"])
        digest = base64.b64decode(answer.get("ChecksumSHA256", "")).hex()
        return bool(digest == entry["sha256"])

    def _read_sha256(self, key: str) -> str:
        answer = self._clients.s3.get_object(Bucket=self._settings.bucket, Key=key)
        found = hashlib.sha256()
        for piece in answer["Body"].iter_chunks(PIECE_BYTES):
            found.update(piece)
        return found.hexdigest()


def _event_in(body: str) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        log.warning("%r: no event, ignored", body[:80])
        return {}
    return event
