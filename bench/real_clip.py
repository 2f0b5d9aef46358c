"""The chain on real input: a real clip, a real network, scale traces, a sales list, one SMS.

The clip shows six people who come and go one after the other. Scales and sales are made up to
fit it: everybody takes something and pays, but for the fourth, who takes two and pays none. The
trace is replayed, its issue delivered to moto's S3 on loopback, and the real notifier writes the
SMS. What happens is told on stderr; stdout gets one JSON line. Exit code 1 if the visits are not
those that a person counts in the clip, or if it is not that one issue with that person's picture.
Needs STOREGUARD_MEDIA and STOREGUARD_MODELS.

    python bench/real_clip.py [--out DIR]
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from _report import report
from storeguard.demo import Cloud
from storeguard.demo_cloud import BUCKET, CREDENTIALS, S3_REGION
from storeguard.outbox.delivery import DeliveryState, deliver
from storeguard.outbox.folder import read_manifest, sealed_issues
from storeguard.outbox.s3 import S3Store
from storeguard.replaying import replay

CLIP = Path("people", "one-by-one-person-detection.mp4")
STARTED_AT = datetime(2026, 11, 20, 22, 20, tzinfo=ZoneInfo("Asia/Seoul"))
ENDS_S = 145.0
SMS_WITHIN_S = 60.0

CONFIG = f"""\
store: {{id: gangnam-1, name: 강남 1호점}}
scales:
  - {{id: A, products: [바나나우유], calibration: {{tare_raw: 84000, counts_per_g: 429.0}}}}
  - {{id: B, products: [초코바], calibration: {{tare_raw: -3100, counts_per_g: 430.5}}}}
  - {{id: C, products: [콜라], calibration: {{tare_raw: 51200, counts_per_g: -427.8}}}}
cameras:
  - {{id: door, record_size_px: [768, 432], watch_fps: 10}}
detector: {{backend: onnx, model: yolox-nano}}
visits: {{empty_for_s: 3}}
started_at: "{STARTED_AT.isoformat()}"
"""
INVENTORY = "상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,12,1200,52\n콜라,8,1800,370\n"
SHELVES = {
    "A": (84_000, 429.0, 6, 265.0),
    "B": (-3100, 430.5, 12, 52.0),
    "C": (51_200, -427.8, 8, 370.0),
}
"""Scale → tare, counts per gram, units, grams of one."""
SAMPLE_RATE_HZ = 10
NOISE_G = 0.4
HAND_G, HAND_S = 140.0, 0.4


@dataclass(frozen=True, slots=True)
class Person:
    """Seen from … until … by eye; `takes`: when, from which scale, units (negative: put back)."""

    came_s: float
    went_s: float
    takes: tuple[tuple[float, str, int], ...]
    pays: tuple[tuple[float, str, int], ...] = ()


PEOPLE = (
    Person(6.4, 19.6, ((11.0, "A", 1),), ((16.5, "바나나우유", 1),)),
    Person(22.8, 44.8, ((28.0, "C", 2), (33.0, "C", -1)), ((40.0, "콜라", 1),)),
    Person(50.6, 70.0, ((57.0, "B", 3),), ((65.0, "초코바", 3),)),
    Person(74.6, 86.8, ((79.5, "A", 2),)),
    Person(
        92.8, 120.0, ((100.0, "C", 1), (108.0, "B", 2)), ((112.0, "콜라", 1), (112.0, "초코바", 2))
    ),
    Person(123.6, 136.0, ((128.0, "B", 1),), ((132.0, "초코바", 1),)),
)
THIEF = PEOPLE[3]
OFF_BY_S = 1.0
"""Whoever is half in the picture is in it or not, as one likes."""


@dataclass(slots=True)
class Found:
    """What came of it."""

    visits: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    sms: list[str] = field(default_factory=list)

    def take(self, line: dict[str, Any]) -> None:
        """One event of the replay."""
        if line["event"] == "VisitReconciled":
            self.visits.append(line)
        elif line["event"] == "IssueSealed":
            self.issues.append(line)

    @property
    def off_s(self) -> float:
        """The largest distance to what was counted; infinite if the number differs."""
        if len(self.visits) != len(PEOPLE):
            return float("inf")
        pairs = zip(self.visits, PEOPLE, strict=True)
        return max(
            max(abs(v["visit_started_t_s"] - p.came_s), abs(v["visit_ended_t_s"] - p.went_s))
            for v, p in pairs
        )


def main() -> int:
    wanted = _arguments()
    media = os.environ.get("STOREGUARD_MEDIA")
    if media is None or "STOREGUARD_MODELS" not in os.environ:
        raise SystemExit("real_clip: set STOREGUARD_MEDIA and STOREGUARD_MODELS to their folders")
    with tempfile.TemporaryDirectory(prefix="storeguard-real-clip-") as scratch:
        result = run(Path(media, CLIP), wanted.out or Path(scratch, "out"), Path(scratch, "trace"))
    if wanted.out is None:
        say("the files are gone now; --out DIR keeps them")
    return result


def run(clip: Path, out: Path, trace: Path) -> int:
    write_trace(trace, clip)
    found = Found()
    say(f"replaying {clip.name} with the network yolox-nano, half a minute or so")
    replay(trace, out, found.take)
    tell_visits(found)
    sealed = sealed_issues(out / "issue_data")
    delivered = asyncio.run(deliver_all(sealed, found)) if sealed else ()
    is_shown = [tell_issue(issue) for issue in sealed]
    for text in found.sms:
        say(f"SMS: {text}")
    is_right = (
        found.off_s <= OFF_BY_S
        and [visit["unpaid"] for visit in found.visits] == expected_unpaid()
        and len(found.issues) == len(sealed) == len(found.sms) == 1
        and all(state is DeliveryState.UPLOADED for state in delivered)
        and all(is_shown)
    )
    tell_json(found, is_right)
    return 0 if is_right else 1


# --- the trace -----------------------------------------------------------------------------


def write_trace(folder: Path, clip: Path) -> None:
    (folder / "inventory").mkdir(parents=True)
    (folder / "video.mp4").symlink_to(clip.resolve())
    sales = [f"{t_s},{product},{n}" for person in PEOPLE for t_s, product, n in person.pays]
    for name, text in {
        "config.yaml": CONFIG,
        "inventory/inventory_store.csv": INVENTORY,
        "sales.csv": "\n".join(["t_s,product,count", *sales, ""]),
        "scales.csv": "\n".join(["t_s,scale,raw", *readings(), ""]),
    }.items():
        (folder / name).write_text(text, encoding="utf-8")


def readings() -> list[str]:
    noise = random.Random(1)
    rows = []
    for sample in range(round(ENDS_S * SAMPLE_RATE_HZ)):
        t_s = sample / SAMPLE_RATE_HZ
        for scale, (tare_raw, counts_per_g, _, _) in SHELVES.items():
            grams = load_g(scale, t_s) + noise.gauss(0, NOISE_G)
            rows.append(f"{t_s},{scale},{tare_raw + round(counts_per_g * grams)}")
    return rows


def load_g(scale: str, t_s: float) -> float:
    """Goods, one unit after the other, and the hand that rests on the plate meanwhile."""
    _, _, units, unit_g = SHELVES[scale]
    grams = units * unit_g
    takes = [take for person in PEOPLE for take in person.takes if take[1] == scale]
    for began_s, _, count in takes:
        hands = min(abs(count), int(max(0.0, t_s - began_s) / HAND_S))
        grams -= hands * unit_g * (1 if count > 0 else -1)
        if began_s <= t_s < began_s + abs(count) * HAND_S:
            grams += HAND_G
    return grams


# --- delivery --------------------------------------------------------------------------------


async def deliver_all(sealed: tuple[Path, ...], found: Found) -> tuple[DeliveryState, ...]:
    """To moto's S3; returns once each issue's SMS has come, or none comes any more."""
    os.environ.update(CREDENTIALS)
    has_come = asyncio.Event()

    def on_sms(text: str) -> None:
        found.sms.append(text)
        has_come.set()

    async with Cloud(on_sms) as endpoint_url:
        objects = S3Store(BUCKET, S3_REGION, endpoint_url)
        states = [await asyncio.to_thread(deliver, issue, "gangnam-1", objects) for issue in sealed]
        try:
            async with asyncio.timeout(SMS_WITHIN_S):
                while len(found.sms) < len(sealed):
                    has_come.clear()
                    await has_come.wait()
        except TimeoutError:
            say(f"no SMS within {SMS_WITHIN_S:g} s")
    return tuple(states)


# --- what it came to -------------------------------------------------------------------------


def expected_unpaid() -> list[dict[str, int]]:
    return [{"바나나우유": 2} if person is THIEF else {} for person in PEOPLE]


def tell_visits(found: Found) -> None:
    say(f"visits found: {len(found.visits)}; a person counts {len(PEOPLE)}")
    say("   counted by eye       found              taken, unpaid")
    for visit, person in zip(found.visits, PEOPLE, strict=False):
        counted = f"{person.came_s:6.1f} to {person.went_s:6.1f} s"
        here = f"{visit['visit_started_t_s']:6.1f} to {visit['visit_ended_t_s']:6.1f} s"
        say(f"  {counted}  {here}   {visit['taken']}, {visit['unpaid'] or '-'}")


def tell_issue(issue: Path) -> bool:
    """Says what the issue holds; is its picture from when the thief was there?"""
    lines = read_manifest(issue)["lines"]
    missing = ", ".join(f"{line['product']} {line['missing']}" for line in lines)
    say(f"issue {issue.name}: {missing}")
    pictures = [path for path in issue.iterdir() if path.suffix == ".jpg"]
    for path in sorted(issue.iterdir()):
        say(f"  {path}")
    came = STARTED_AT + timedelta(seconds=THIEF.came_s - OFF_BY_S)
    went = STARTED_AT + timedelta(seconds=THIEF.went_s + OFF_BY_S)
    label = "%Y-%m-%d_%H-%M-%S.%f"
    return [f"{came:{label}}" <= path.stem <= f"{went:{label}}" for path in pictures] == [True]


def tell_json(found: Found, is_right: bool) -> None:
    report(
        "real clip: visits, issue, SMS",
        visits=len(found.visits),
        visits_counted=len(PEOPLE),
        off_by_s=round(found.off_s, 2) if len(found.visits) == len(PEOPLE) else None,
        issues=len(found.issues),
        missing={n["product"]: n["missing"] for issue in found.issues for n in issue["lines"]},
        sms=found.sms,
        as_expected=is_right,
    )


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="keeps the results there; a new folder")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
