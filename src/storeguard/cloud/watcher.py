"""The Lambda function that notices silence: a device's signs of life, and a look at who gave none.

A device writes `<store>/hb.json` every few minutes; S3 tells of it, and the index remembers
when. A schedule looks for stores that have been silent too long: one message, and one when the
store is heard of again.
"""

import functools
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from .clients import Clients, clients
from .index import Index
from .message import back_text, silence_text
from .sending import Sender, StillSending

KEY = re.compile(r"(?!receipts/|decisions/)(?P<store>[A-Za-z0-9][A-Za-z0-9_-]{0,62})/hb\.json")
LARGEST_BYTES = 8 * 1024
MOST_FAULTS = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template puts into the function's environment."""

    bucket: str
    table: str
    index: str
    topic_arn: str
    sms_region: str
    silent_after_s: float


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Takes an S3 event about signs of life; anything else is the schedule's call."""
    return watcher().handle(event)


@functools.cache
def watcher() -> "Watcher":
    settings = Settings(
        bucket=os.environ["BUCKET"],
        table=os.environ["TABLE"],
        index=os.environ["INDEX"],
        topic_arn=os.environ["TOPIC_ARN"],
        sms_region=os.environ["SMS_REGION"],
        silent_after_s=60 * float(os.environ["SILENT_AFTER_MIN"]),
    )
    return Watcher(settings, clients(settings.sms_region))


class Watcher:
    """`wall_s` gives seconds since 1970."""

    def __init__(
        self, settings: Settings, clients: Clients, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._wall_s = wall_s
        self._index = Index(settings.index, clients.dynamodb, wall_s)
        self._sender = Sender(
            settings.table, settings.topic_arn, clients.dynamodb, clients.sns, wall_s
        )

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if "Records" not in event:
            return {"silent": self._check()}
        for record in event["Records"]:
            s3 = record.get("s3", {})
            found = KEY.fullmatch(unquote_plus(s3.get("object", {}).get("key", "")))
            if found and s3.get("bucket", {}).get("name") == self._settings.bucket:
                self._beat(found["store"], str(record.get("eventTime", "")))
        return {"records": len(event["Records"])}

    def _beat(self, store: str, event_time: str) -> None:
        told = self._told(store)
        if told is None:
            return
        at = _iso(event_time) or self._sender.now()
        owner = self._index.owner_of(store)
        known = self._index.store(owner, store) or {}
        silent_since = known.get("silent_since")
        if silent_since and at > silent_since:
            text = back_text(
                told["name"], told["language"], told["timezone"], silent_since, self._sender.now()
            )
            self._sender.send(f"back/{store}/{silent_since}", owner, text)
        self._index.seen(owner, store, at, told)

    def _told(self, store: str) -> dict[str, Any] | None:
        """What the device says of itself; None for what is no sign of life."""
        from botocore.exceptions import ClientError

        key = f"{store}/hb.json"
        try:
            answer = self._clients.s3.get_object(Bucket=self._settings.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        content = answer["Body"].read(LARGEST_BYTES + 1)
        try:
            if len(content) > LARGEST_BYTES:
                raise ValueError(f"more than {LARGEST_BYTES} bytes")
            return _read(json.loads(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("%r: no sign of life (%s: %s)", key, type(error).__name__, error)
            return None

    def _check(self) -> int:
        """How many stores have fallen silent. One that fails to be told does not stop others."""
        from botocore.exceptions import ClientError

        now = datetime.fromtimestamp(self._wall_s(), UTC)
        before = now - timedelta(seconds=self._settings.silent_after_s)
        silent, failure = 0, None
        for store in self._index.silent(before.isoformat(timespec="seconds")):
            try:
                self._tell(store)
            except (StillSending, ClientError) as error:
                failure = error
                continue
            silent += 1
        if failure is not None:
            raise failure
        return silent

    def _tell(self, store: Mapping[str, Any]) -> None:
        owner, name = store["pk"].removeprefix("O#"), store["sk"].removeprefix("S#")
        text = silence_text(
            store["store_name"],
            store["language"],
            store["timezone"],
            store["last_seen"],
            self._sender.now(),
        )
        self._sender.send(f"silent/{name}/{store['last_seen']}", owner, text)
        self._index.mark_silent(dict(store))


def _read(told: Any) -> dict[str, Any]:
    """Name, language, time zone, faults in words, blind times. Raises what `_told` expects."""
    store = told["store"]
    faults = [str(fault["title"])[:60] for fault in told.get("faults", ())][:MOST_FAULTS]
    blind_s = {
        f"{datetime.fromisoformat(day):%Y-%m-%d}": min(86_400, max(0, int(seconds)))
        for day, seconds in list(told.get("blind_s", {}).items())[:3]
    }
    return {
        "name": str(store["name"])[:60],
        "language": str(store["language"])[:5],
        "timezone": str(store["timezone"])[:60],
        "faults": faults,
        "blind_since": _iso(told.get("blind_since") or "") or None,
        "blind_s": blind_s,
        "waiting": max(0, int(told.get("waiting", 0))),
    }


def _iso(text: str) -> str:
    """In UTC to the second, so that texts sort as times do; empty for what is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")
