"""Sealed to SMS on a healthy line: from the issue's folder in its place to SNS' publish.

The real observer, uploader, notifier, index and table, on moto over HTTP; SNS is a stand-in that
notes the time. The line carries `--mbit_s` (by the uploader's own limit), an issue has a picture
of 60 kB and two clips of 1.5 MB, and the next one is sealed at any moment, also while clips of
the last are on their way. Lambda's start is not in it (AWS: some 0.2 s warm, one second cold).

    python bench/sealed_to_sms.py [--issues N] [--mbit_s X] [--seed N]
"""

import argparse
import asyncio
import json
import logging
import os
import random
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

from _cloud import Cloud
from _report import percentile, report
from storeguard.clock import SystemClock
from storeguard.cloud.notifier import Notifier
from storeguard.config import Upload
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.health import Health
from storeguard.outbox.folder import seal
from storeguard.outbox.observer import IssueObserver
from storeguard.outbox.s3 import object_store
from storeguard.services.bus import Bus
from storeguard.services.uploading import UploadingService

LIMIT_S = 1.0
BUCKET = "bench"
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
PICTURE_BYTES, CLIP_BYTES, CLIPS = 60_000, 1_500_000, 2
LONGEST_GAP_S = 5.0
POLL_S = 0.01


class Phone:
    """SNS that notes when it was given the message of which issue."""

    def __init__(self) -> None:
        self.at_s: dict[int, float] = {}
        self.again = 0

    def publish(self, **asked: Any) -> dict[str, str]:
        number = int(asked["Message"].rpartition("#")[2])
        self.again += number in self.at_s
        self.at_s.setdefault(number, time.monotonic())
        return {"MessageId": "1"}


def main() -> int:
    wanted = _arguments()
    logging.disable(logging.WARNING)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    phone, ended = Phone(), threading.Event()
    cloud = Cloud(f"http://{host}:{port}", BUCKET, sns=phone)
    notifying = threading.Thread(target=_notify, args=(cloud.notifier, cloud, ended))
    notifying.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            sealed_s = asyncio.run(_shop(Path(folder), f"http://{host}:{port}", phone, wanted))
    finally:
        ended.set()
        notifying.join()
        server.stop()
    waits_s = [phone.at_s[n] - at_s for n, at_s in sealed_s.items() if n in phone.at_s]
    never = len(sealed_s) - len(waits_s)
    line = {"mbit_s": wanted.mbit_s, "clip_bytes": CLIP_BYTES, "clips": CLIPS}
    report("sealed to SMS", waits_s, unit="s", limit_s=LIMIT_S, never=never, twice=phone.again,
           **line)  # fmt: skip
    is_good = not never and not phone.again and percentile(waits_s, 95) <= LIMIT_S
    return 0 if is_good else 1


def _notify(notifier: Notifier, cloud: Cloud, ended: threading.Event) -> None:
    while not ended.wait(POLL_S):
        for message in cloud.arrived():
            notifier.handle(json.loads(message["Body"]))


async def _shop(here: Path, url: str, phone: Phone, wanted: argparse.Namespace) -> dict[int, float]:
    """Issue number → when its folder was in its place, monotonic."""
    root, chance, clock, loop = (
        here / "issue_data", random.Random(wanted.seed), SystemClock(), asyncio.get_running_loop()
    )  # fmt: skip
    root.mkdir()
    upload = Upload(bucket=BUCKET, endpoint_url=url, max_kbit_s=round(wanted.mbit_s * 1000))
    objects = object_store(upload, lambda: service.is_moving())
    service = UploadingService(
        root, STORE.id, objects, Bus(), clock, Health(clock), adopt_folder=None
    )
    observer = IssueObserver(
        root, lambda folder: loop.call_soon_threadsafe(service.hand_over, folder)
    )
    observer.start()
    task = asyncio.create_task(service.run())
    sealed_s = {}
    for number in range(1, wanted.issues + 1):
        await asyncio.to_thread(_seal, here, root, number)
        sealed_s[number] = time.monotonic()
        await asyncio.sleep(chance.uniform(0.0, LONGEST_GAP_S))
    give_up_s = time.monotonic() + 60
    while len(phone.at_s) < wanted.issues and time.monotonic() < give_up_s:  # noqa: ASYNC110 - no event of it
        await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    observer.stop()
    return sealed_s


def _seal(here: Path, root: Path, number: int) -> None:
    names = ("picture", *(f"clip-{n}" for n in range(CLIPS)))
    for name in names:
        (here / name).unlink(missing_ok=True)
        (here / name).write_bytes(os.urandom(PICTURE_BYTES if name == "picture" else CLIP_BYTES))
    at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number)
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"issue-{number:05}", number, STORE, at, True, at, at, lines, {})
    clips = [here / name for name in names[1:]]
    seal(root, issue, here / "picture", clips, picture_time_label="at")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100)
    parser.add_argument("--mbit_s", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
