"""Nothing is lost between the parts of the cloud (P6): the bucket's events get lost for an hour.

Issues are sealed all through that hour, on a simulated clock, and the real uploading service puts
them into a bucket on moto over HTTP, whose events nobody receives; from then on the notifier's own
code gets each. Prints how long after the hour the last receipt was read back, how often the
notifier was asked again for that, and the messages beyond or below one an issue.

    python bench/lost_events.py [--issues N] [--minutes N] [--seed N]
"""

import argparse
import asyncio
import json
import logging
import os
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from moto.server import ThreadedMotoServer

from _cloud import REGION, Cloud
from _report import report
from storeguard.clock import LoopClock, SimLoop, run_simulated
from storeguard.domain.delivery import DeliveryState
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.health import Health
from storeguard.outbox.folder import seal, sealed_issues
from storeguard.outbox.progress import state_of
from storeguard.outbox.s3 import S3Store
from storeguard.services.bus import Bus
from storeguard.services.uploading import UploadingService

BUCKET = "bench"
AT = datetime(2026, 11, 20, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
LIMIT_MIN = 15.0
GIVE_UP_MIN = 600
LOOK_S = 5.0


def main() -> int:
    wanted = _arguments()
    logging.disable(logging.CRITICAL)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = run_simulated(lambda loop: _hours(loop, Path(folder), url, wanted))
    finally:
        server.stop()
    is_kept = not found["unconfirmed"] and not found["sms_extra"] and found["last_min"] <= LIMIT_MIN
    report(
        "events lost for a while",
        issues=wanted.issues,
        minutes=wanted.minutes,
        limit_min=LIMIT_MIN,
        **found,
        kept=is_kept,
    )
    return 0 if is_kept else 1


async def _hours(loop: SimLoop, here: Path, url: str, wanted: argparse.Namespace) -> dict[str, Any]:
    root, chance, away_s = here / "issue_data", random.Random(wanted.seed), wanted.minutes * 60.0
    root.mkdir()
    cloud, events = Cloud(url, BUCKET), Counter[str]()
    clock, objects = LoopClock(loop, AT), S3Store(BUCKET, REGION, url)
    service = UploadingService(
        root, STORE.id, objects, Bus(), clock, Health(clock), adopt_folder=None
    )
    tasks = [
        asyncio.create_task(service.run()),
        asyncio.create_task(_carry(loop, cloud, away_s, events)),
    ]
    for number, at_s in enumerate(sorted(chance.uniform(0, away_s) for _ in range(wanted.issues))):
        await asyncio.sleep(max(0.0, at_s - loop.time()))
        service.hand_over(_sealed(root, number, at_s))
    await asyncio.sleep(max(0.0, away_s - loop.time()))
    before = len(cloud.messages())
    await _until_confirmed(loop, root, away_s + GIVE_UP_MIN * 60)
    last_min = round((loop.time() - away_s) / 60, 1)
    await asyncio.sleep(3600)  # what comes too often comes by then
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    objects.close()
    return {
        "events_lost": events["lost"],
        "asked_again": events["again"],
        "last_min": last_min,
        "unconfirmed": _unconfirmed(root),
        "sms_meanwhile": before,
        "sms_extra": before + len(cloud.messages()) - wanted.issues,
    }


async def _until_confirmed(loop: SimLoop, root: Path, give_up_s: float) -> None:
    while _unconfirmed(root) and loop.time() < give_up_s:  # noqa: ASYNC110 - no event of it
        await asyncio.sleep(LOOK_S)


async def _carry(loop: SimLoop, cloud: Cloud, away_s: float, events: Counter[str]) -> None:
    """What S3 tells, to nobody at first, then to the notifier."""
    while True:
        for message in cloud.arrived():
            event = json.loads(message["Body"])
            keys = [unquote_plus(r["s3"]["object"]["key"]) for r in event.get("Records", [])]
            events["again"] += sum("/again/" in key for key in keys)
            if loop.time() < away_s:
                events["lost"] += len(keys)
            else:
                cloud.notifier.handle(event)
        await asyncio.sleep(LOOK_S)


def _unconfirmed(root: Path) -> int:
    return sum(state_of(one) is not DeliveryState.CONFIRMED for one in sealed_issues(root))


def _sealed(root: Path, number: int, at_s: float) -> Path:
    at = AT + timedelta(seconds=at_s)
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"issue-{number:05}", number, STORE, at, True, at, at, lines, {})
    return seal(root, issue, None, [], picture_time_label=None, fsync=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=60)
    parser.add_argument("--minutes", type=int, default=60, help="how long events get lost")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
