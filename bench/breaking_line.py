"""A clip of tens of MB on 1 Mbit/s that breaks every minute (7.5 MB): does it ever arrive?

The real uploader to moto over HTTP; a proxy resets all connections whenever a minute's bytes have
gone up. Each clip is tried by one PUT, three times, then in parts until it is there, each time by a
new client that knows only what is on disk. Prints breaks, bytes sent a byte of clip, and the
minutes of such a line. Ends with 1 where parts do not arrive, arrive changed, or are sent twice
but for the ones that broke.

    python bench/breaking_line.py [--mb N …] [--kbit_s N]
"""

import argparse
import hashlib
import logging
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

from _breaking import BreakingLine
from _cloud import REGION, client
from _report import report
from storeguard.domain.delivery import PART_BYTES
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.errors import UploadTransient
from storeguard.outbox.delivery import deliver
from storeguard.outbox.folder import seal
from storeguard.outbox.s3 import S3Store

BUCKET, STORE = "bench", IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")
AT = datetime(2026, 11, 20, tzinfo=UTC)
TRIES, MOST_TRIES = 3, 100


def main() -> int:
    wanted = _arguments()
    logging.disable(logging.CRITICAL)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    s3 = client("s3", f"http://127.0.0.1:{port}")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        good = [_clip(s3, port, size_mb * 1_000_000, wanted.kbit_s) for size_mb in wanted.mb]
    finally:
        server.stop()
    return 0 if all(good) else 1


def _clip(s3: Any, port: int, size: int, kbit_s: int) -> bool:
    minute = kbit_s * 125 * 60
    content = os.urandom(size)
    with BreakingLine(port, minute) as line:
        whole = sum(_is_put(line.port, f"whole-{size}", content) for _ in range(TRIES))
    with BreakingLine(port, minute) as line, tempfile.TemporaryDirectory() as folder:
        key = f"gangnam-1/2026/11/clip-{size}/clip-1.mp4"
        tries = _deliveries(_sealed(Path(folder), size, content), line.port)
        found = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() if tries else b""
        breaks, sent = line.breaks, line.sent
    is_same = hashlib.sha256(found).digest() == hashlib.sha256(content).digest()
    report(
        "a clip on a line that breaks every minute",
        clip_mb=size // 1_000_000,
        kbit_s=kbit_s,
        arrived_by_one_put=f"{whole} of {TRIES}",
        arrived_in_parts=is_same,
        breaks=breaks,
        sent_a_byte_of_clip=round(sent / size, 2),
        minutes=round(sent / minute, 1),
    )
    return is_same and sent < size + (breaks + 1) * PART_BYTES


def _is_put(port: int, key: str, content: bytes) -> bool:
    store = S3Store(BUCKET, REGION, f"http://127.0.0.1:{port}")
    try:
        store.put(key, content, content_type="video/mp4")
    except UploadTransient:
        return False
    finally:
        store.close()
    return True


def _deliveries(folder: Path, port: int) -> int:
    """How many it took; 0 where it never arrives."""
    for number in range(1, MOST_TRIES):
        store = S3Store(BUCKET, REGION, f"http://127.0.0.1:{port}")
        try:
            deliver(folder, STORE.id, store)
        except UploadTransient:
            continue
        finally:
            store.close()
        return number
    return 0


def _sealed(here: Path, size: int, content: bytes) -> Path:
    (here / "clip").write_bytes(content)
    lines = (IssueLine("바나나우유", 4, 5, 1, 1500, 1.0),)
    issue = Issue(f"clip-{size}", 1, STORE, AT, True, AT, AT, lines, {})
    return seal(here / "issue_data", issue, None, [here / "clip"], picture_time_label=None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--kbit_s", type=int, default=1000)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
