"""A week without internet: 500 issues are sealed meanwhile, then the line comes back (P7).

The real uploading service on a simulated clock, a bucket behind a modelled line (`--mbit_s`,
50 ms a request). Prints the attempts while offline and their smallest distance once the outage
has lasted an hour, how long after the return all texts and pictures were there and how long the
clips took, and whether the order was kept. Exit 1 if a limit was not kept.

    python bench/offline_week.py [--issues N] [--days N] [--mbit_s X]
"""

import argparse
import asyncio
import itertools
import json
import logging
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from _report import report
from storeguard.clock import LoopClock, SimLoop, run_simulated
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import UploadTransient
from storeguard.health import Health
from storeguard.outbox.folder import seal
from storeguard.services.bus import Bus
from storeguard.services.uploading import UploadingService

AT = datetime(2026, 11, 20, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
PICTURE_BYTES, CLIP_BYTES = 60_000, 1_500_000
LATENCY_S = 0.05
LASTED_S = 3600.0


class Line:
    """The bucket at the other end. `put` takes its time on the simulated clock."""

    def __init__(self, loop: SimLoop, mbit_s: float) -> None:
        self._loop = loop
        self._bytes_s = mbit_s * 125_000
        self.is_up = False
        self.attempts_s: list[float] = []
        self.puts: list[tuple[float, str]] = []
        self.objects: dict[str, bytes] = {}

    def put(
        self, key: str, content: bytes, *, content_type: str, is_replacing: bool = False
    ) -> None:
        self._reach()
        self._loop._skip(LATENCY_S + len(content) / self._bytes_s)
        self.puts.append((self._loop.time(), key))
        store, *_, issue, name = key.split("/")
        if name == "issue.json":
            receipt = {"id": issue, "text": "SMS", "message_id": "m", "sent_at": "t"}
            said = json.dumps(receipt | {"differing": []}).encode()
            self.objects[f"receipts/{store}/{issue}.json"] = said

    def get(self, key: str) -> bytes | None:
        self._reach()
        self._loop._skip(LATENCY_S)
        return self.objects.get(key)

    def _reach(self) -> None:
        if not self.is_up:
            self.attempts_s.append(self._loop.time())
            raise UploadTransient("no network")


def main() -> int:
    wanted = _arguments()
    logging.getLogger("storeguard").setLevel(logging.ERROR)
    began_s = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = run_simulated(lambda loop: _week(loop, Path(folder), wanted))
    cpu_s = time.process_time() - began_s
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    limits = {
        "least_gap_s": found["least_gap_s"] >= 300,
        "messages_min": found["messages_min"] <= 30,
        "missing": not found["missing"],
        "sent_twice": not found["sent_twice"],
        "in_order": found["in_order"],
    }
    report(
        "a week offline",
        issues=wanted.issues,
        days=wanted.days,
        mbit_s=wanted.mbit_s,
        **found,
        cpu_s=round(cpu_s, 1),
        rss_mb=round(rss_mb),
        kept=all(limits.values()),
    )
    return 0 if all(limits.values()) else 1


async def _week(loop: SimLoop, here: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    root, chance = here / "issue_data", random.Random(1)
    root.mkdir()
    (here / "picture").write_bytes(bytes(PICTURE_BYTES))
    (here / "clip").write_bytes(bytes(CLIP_BYTES))
    line, clock, bus = Line(loop, wanted.mbit_s), LoopClock(loop, AT), Bus()
    service = UploadingService(root, STORE.id, line, bus, clock, Health(clock), adopt_folder=None)
    task = asyncio.create_task(service.run())
    away_s = wanted.days * 86_400.0
    for number, at_s in enumerate(sorted(chance.uniform(0, away_s) for _ in range(wanted.issues))):
        await asyncio.sleep(max(0.0, at_s - loop.time()))
        service.hand_over(_sealed(here, root, number, at_s))
    await asyncio.sleep(max(0.0, away_s - loop.time()))
    line.is_up = True
    for _ in range(wanted.days * 288):
        if sum(key.endswith("/issue.json") for _, key in line.puts) >= wanted.issues:
            break
        await asyncio.sleep(300)
    task.cancel()
    await asyncio.wait([task])
    return _found(line, wanted.issues, away_s)


def _sealed(here: Path, root: Path, number: int, at_s: float) -> Path:
    at = AT + timedelta(seconds=at_s)
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"issue-{number:05}", number, STORE, at, True, at, at, lines, {})
    clips = [here / "clip", here / "clip"]
    return seal(root, issue, here / "picture", clips, picture_time_label="at", fsync=False)


def _found(line: Line, issues: int, away_s: float) -> dict[str, Any]:
    lasting = [t_s for t_s in line.attempts_s if t_s > LASTED_S]
    gaps = [b - a for a, b in itertools.pairwise(lasting)]
    keys = [key for _, key in line.puts]
    messages = [
        (t_s, key) for t_s, key in line.puts if key.endswith((".txt", ".jpg", "/notice.json"))
    ]
    first_clip = next((i for i, key in enumerate(keys) if key.endswith(".mp4")), len(keys))
    manifests = [key for key in keys if key.endswith("/issue.json")]
    return {
        "attempts_offline": len(line.attempts_s),
        "least_gap_s": round(min(gaps, default=away_s)),
        "messages_min": round((max(t for t, _ in messages) - away_s) / 60, 1),
        "everything_min": round((line.puts[-1][0] - away_s) / 60, 1),
        "missing": issues * 6 - len(set(keys)),
        "sent_twice": len(keys) - len(set(keys)),
        "in_order": first_clip == len(messages) and manifests == sorted(manifests),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=500)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--mbit_s", type=float, default=5.0)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
