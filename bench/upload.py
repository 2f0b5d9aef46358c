"""Issues sealed, uploaded over a bad line by a daemon that is killed again and again, told by SMS.

Prints how long sealing takes, then what was lost or doubled (P4, P5): `missing` and `different`
objects, `manifest_events_extra` beyond one an issue, `sms_extra` beyond or below one an issue,
with every event given to the notifier one to five times, and `unconfirmed` issues. The real
uploading service runs in a child on a clock 100 times as fast as life, so that its back-offs pass
(and the patience with a silent line is 1 s, not 30); a proxy resets, hangs, delays, truncates,
answers with a login page, 301, 403, 429, 503, and loses answers; the child is killed while bytes
are on their way. Most of the time is waited, so the issues are spread over several stores, each
with an uploader, a bucket and a notifier of its own, on the same line. One clip in a hundred is
so large that it goes in parts.

    python bench/upload.py [--issues N] [--kills N] [--stores N] [--seed N]
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from _cloud import REGION, Cloud
from _report import report
from storeguard.clock import LoopClock, ScaledLoop
from storeguard.domain.delivery import NOTICE, Begun, DeliveryState
from storeguard.domain.issue import MANIFEST, Issue, IssueLine, IssueStore
from storeguard.health import Health
from storeguard.outbox import s3
from storeguard.outbox.folder import read_manifest, seal, sealed_issues
from storeguard.outbox.progress import state_of
from storeguard.services.bus import Bus
from storeguard.services.uploading import UploadingService

STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
SPEED = 100.0
PATIENCE_S = 1
PICTURE_BYTES, CLIP_BYTES, LARGE_CLIP_BYTES = 20_000, 100_000, 12_000_000
EVERY_LARGE = 100
"""Of so many issues one has a clip that goes in parts."""

ZEROS = ("missing", "different", "manifest_events_extra", "sms_extra", "unconfirmed")


def main() -> int:
    wanted = _arguments()
    logging.disable(logging.CRITICAL)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    if wanted.part == "line":
        return _serve(wanted.seed)
    if wanted.part is not None:
        return _one_store(wanted)
    line = _started("line", wanted)
    assert line.stdin is not None
    assert line.stdout is not None
    try:
        ports = json.loads(line.stdout.readline())
        started_s = time.monotonic()
        found = _all_stores(wanted, ports)
        took_s = round(time.monotonic() - started_s, 1)
        line.stdin.close()
        suffered = json.loads(line.stdout.readline())
    finally:
        line.kill()
        line.wait()
    report("sealing an issue with a picture and a clip", found.pop("sealing_ms"), unit="ms")
    asked = {"seed": wanted.seed, "stores": wanted.stores, "took_s": took_s}
    report("upload killed and resumed", **asked, **found, suffered=suffered)
    return 1 if any(found[name] for name in ZEROS) else 0


def _started(part: str, wanted: argparse.Namespace, **more: int) -> "subprocess.Popen[str]":
    asked = {"part": part, "seed": wanted.seed, **more}
    options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, __file__, *options]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _all_stores(wanted: argparse.Namespace, ports: dict[str, int]) -> dict[str, Any]:
    """Every store's part in a process of its own: they fork, and threads do not outlive that."""
    shares = [(_share(wanted.issues, n, wanted.stores), _share(wanted.kills, n, wanted.stores))
              for n in range(wanted.stores)]  # fmt: skip
    children = [
        _started(str(n), wanted, issues=issues, kills=kills, **ports)
        for n, (issues, kills) in enumerate(shares)
    ]
    found: Counter[str] = Counter()
    sealing_ms: list[float] = []
    for child in children:
        said = json.loads(child.communicate()[0])
        sealing_ms += said.pop("sealing_ms")
        found.update(said)
    return {**found, "sealing_ms": sealing_ms}


def _share(whole: int, number: int, parts: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts


def _one_store(wanted: argparse.Namespace) -> int:
    chance = random.Random(f"{wanted.seed}/{wanted.part}")
    with tempfile.TemporaryDirectory() as folder:
        found = _run(Path(folder), wanted, chance)
    print(json.dumps(found), flush=True)
    return 0


def _run(here: Path, wanted: argparse.Namespace, chance: random.Random) -> dict[str, Any]:
    bucket = f"bench-{wanted.part}"
    cloud = Cloud(f"http://127.0.0.1:{wanted.moto}", bucket)
    events = _Events(cloud)
    line = f"http://127.0.0.1:{wanted.proxy}"
    root = here / "issue_data"
    root.mkdir()
    sealing_ms = [_sealed_ms(here, root, number) for number in range(wanted.issues)]
    killed = _deliver(root, (line, bucket), wanted, chance, events)
    return {
        "sealing_ms": sealing_ms,
        "issues": wanted.issues,
        "kills": killed,
        **_compared(cloud, root),
        "manifest_events_extra": len(events.manifests) - len(set(_manifest_keys(root))),
        "asked_again": events.asked_again,
        "sms_extra": len(cloud.messages()) - wanted.issues,
        "unconfirmed": sum(state_of(f) is not DeliveryState.CONFIRMED for f in sealed_issues(root)),
    }


def _deliver(
    root: Path,
    line: tuple[str, str],
    wanted: argparse.Namespace,
    chance: random.Random,
    events: "_Events",
) -> int:
    """Children, each killed after some requests of its own; the last ones end by themselves."""
    every = max(1, wanted.issues * 5 // max(1, wanted.kills))
    killed, deadline_s = 0, time.monotonic() + 3600
    while time.monotonic() < deadline_s:
        after = chance.randint(1, 2 * every) if killed < wanted.kills else None
        is_done = _child(root, line, after, chance, events)
        killed += not is_done
        events.notify(chance)
        if is_done:
            break
    return killed


def _child(
    root: Path,
    line: tuple[str, str],
    after: int | None,
    chance: random.Random,
    events: "_Events",
) -> bool:
    """True when it has ended by itself: every issue has its receipt."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _upload(root, line, writing)
        os._exit(0)
    os.close(writing)
    requests, is_done = 0, False
    while after is None or requests < after:
        said = os.read(reading, 1)
        if not said:
            is_done = True
            break
        requests += 1
        if requests % 25 == 0:
            events.notify(chance)
    if not is_done:
        time.sleep(chance.uniform(0, 0.02))  # in the middle of a request
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    os.waitpid(child, 0)
    return is_done


class _Telling:
    """The bucket; says through a pipe that a request begins."""

    def __init__(self, objects: s3.S3Store, pipe: int) -> None:
        self._objects = objects
        self._pipe = pipe

    def put(
        self, key: str, content: bytes, *, content_type: str, is_replacing: bool = False
    ) -> None:
        os.write(self._pipe, b".")
        self._objects.put(key, content, content_type=content_type)

    def put_in_parts(
        self, key: str, content: bytes, *, on_part: Callable[[Begun | None], None], **asked: Any
    ) -> None:
        def said(begun: Begun | None) -> None:
            os.write(self._pipe, b".")
            on_part(begun)

        os.write(self._pipe, b".")
        self._objects.put_in_parts(key, content, on_part=said, **asked)

    def get(self, key: str) -> bytes | None:
        os.write(self._pipe, b".")
        return self._objects.get(key)


def _upload(root: Path, line: tuple[str, str], pipe: int) -> None:
    s3.READ_TIMEOUT_S = PATIENCE_S
    url, bucket = line
    objects = _Telling(s3.S3Store(bucket, REGION, url), pipe)

    async def until_all_is_confirmed() -> None:
        clock = LoopClock(asyncio.get_running_loop(), datetime.now(UTC))
        service = UploadingService(
            root, STORE.id, objects, Bus(), clock, Health(clock), adopt_folder=None
        )
        task = asyncio.create_task(service.run())
        folders = list(sealed_issues(root))
        while folders and not task.done():
            await asyncio.sleep(SPEED * 0.1)
            folders = [f for f in folders if state_of(f) is not DeliveryState.CONFIRMED]
        task.cancel()
        await asyncio.wait([task])

    with asyncio.Runner(loop_factory=lambda: ScaledLoop(SPEED)) as runner:
        runner.run(until_all_is_confirmed())


def _sealed_ms(here: Path, root: Path, number: int) -> float:
    at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number)
    clip_bytes = LARGE_CLIP_BYTES if number % EVERY_LARGE == 3 else CLIP_BYTES
    for name, size in (("picture", PICTURE_BYTES), ("clip", clip_bytes)):
        (here / name).unlink(missing_ok=True)
        (here / name).write_bytes(os.urandom(size))
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"issue-{number:05}", number, STORE, at, True, at, at, lines, {})
    started_s = time.perf_counter()
    seal(root, issue, here / "picture", [here / "clip"], picture_time_label="at")
    return (time.perf_counter() - started_s) * 1000


def _manifest_keys(root: Path) -> list[str]:
    """Two an issue: the one ahead of its clips, and the one after them."""
    return [_key(folder, name) for folder in sealed_issues(root) for name in (NOTICE, MANIFEST)]


def _key(folder: Path, name: str) -> str:
    at = datetime.fromisoformat(read_manifest(folder)["sealed_at"])
    return f"{STORE.id}/{at:%Y/%m}/{folder.name}/{name}"


class _Events:
    """Gives the notifier what has arrived, and keeps what that was."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.manifests: list[str] = []
        self.asked_again = 0

    def notify(self, chance: random.Random) -> None:
        """What has arrived, each one to five times and shuffled."""
        bodies = [json.loads(message["Body"]) for message in self._cloud.arrived()]
        events = [body for body in bodies if "Records" in body]
        records = [record for event in events for record in event["Records"]]
        keys = [unquote_plus(record["s3"]["object"]["key"]) for record in records]
        self.manifests += [key for key in keys if "/again/" not in key]
        self.asked_again += sum("/again/" in key for key in keys)
        several = [event for event in events for _ in range(chance.randint(1, 5))]
        chance.shuffle(several)
        for event in several:
            self._cloud.notifier.handle(event)


def _compared(cloud: Cloud, root: Path) -> dict[str, int]:
    """Every file of every sealed folder against its object."""
    found: Counter[str] = Counter(missing=0, different=0)
    for folder in sealed_issues(root):
        for entry in read_manifest(folder)["files"]:
            content = cloud.content(_key(folder, entry["name"]))
            if content is None:
                found["missing"] += 1
            elif hashlib.sha256(content).hexdigest() != entry["sha256"]:
                found["different"] += 1
    return dict(found)


def _serve(seed: int) -> int:
    """moto and the proxy before it, in a process of their own: the killed ones are forks."""
    from moto.server import ThreadedMotoServer

    from _chaos import ChaosProxy

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    proxy = ChaosProxy(server.get_host_and_port()[1], seed)
    proxy.start()
    ports = {"moto": server.get_host_and_port()[1], "proxy": proxy.port}
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
    proxy.stop()
    server.stop()
    print(json.dumps(dict(proxy.suffered)), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--stores", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--moto", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--proxy", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
