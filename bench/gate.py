"""The motion gate: what it costs, when it closes, and whom it loses.

cost    an empty store at 1280x720 and 5 fps: processor time of the whole sight (gate, looks now
        and then) against the same detector on every picture, in one run; the gate's own time a
        picture beside an area resize of the same luma
closes  the empty clips played to and fro for two minutes: pictures after the first 10 s on which
        the gate is open; with the person behind the glass door in an ignored area
false   the same with light changes and compression noise added: pictures that are occupied
recall  clips with people: of the pictures on which the detector alone, on the whole picture,
        finds somebody, those that the sight calls occupied; how late each entry is seen
hard    the same on three of the clips with the changes of `false` added

Frames are decoded once into memory. Needs STOREGUARD_MEDIA and STOREGUARD_MODELS.

    python bench/gate.py [--part cost|closes|false|recall|hard] [--clip NAME] [--seconds N]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from _report import report
from storeguard import config
from storeguard.domain.occupancy import Detection, Polygon
from storeguard.observing import Watch
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.gate import GRID_PX, MotionGate, small_luma
from storeguard.vision.sight import Sight
from storeguard.vision.sighting import detector_for, sight_with
from storeguard.vision.sources import frames
from storeguard.vision.visibility import blindness

FPS = 5.0
EMPTY_FOR_S = 5.0
CLOSED_AFTER_S = 10.0
MOST_OPEN, MOST_FALSE, LEAST_RECALL, LATEST_ENTRY_S = 0.02, 0.001, 0.995, 1.0
MOST_OF_DETECTOR, MOST_OWN_MS = 1 / 20, 0.4
NEW_ENTRY_AFTER_S = 5.0
HARD_S = 36.0

Pictures = list[tuple[float, Image]]

DOOR: tuple[Polygon, ...] = (((0.0, 0.0), (0.62, 0.0), (0.26, 0.72), (0.0, 0.35)),)
EMPTY: dict[str, tuple[Polygon, ...]] = {
    "empty/autocheckout_cam1_tail_store_empty_person_behind_glass.mp4": DOOR,
    "empty/autocheckout_cam7_tail_empty.mp4": (),
    "empty/intel_one_by_one_head_empty.mp4": (),
    "night/insects_ir_empty.mp4": (),
}
PEOPLE = (
    "people/one-by-one-person-detection.mp4",
    "store/cps-test-01-nodepth-cam1.mp4",
    "store/cps-test-01-nodepth-cam7.mp4",
    "people/vtest.mp4",
    "people/opencv_zoo_TestV4.mp4",
    "people/people-detection.gif",
    "people/classroom.gif",
    "people/worker-zone-detection.gif",
    "store/store-aisle-detection.gif",
)


class Remembering:
    """The detector; what it found on a whole picture is not asked twice."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._found: dict[int, tuple[Detection, ...]] = {}
        self.name = detector.name

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        assert frame.image is not None
        if frame.image.base is not None:  # a region, cut out
            return self._detector.people(frame)
        key = id(frame.image)
        if key not in self._found:
            self._found[key] = self._detector.people(frame)
        return self._found[key]

    def close(self) -> None:
        self._detector.close()


def main() -> int:
    wanted = _arguments()
    settings = config.Detector(model=wanted.model)
    detector = detector_for(settings)
    parts: dict[str, Callable[[], Iterator[bool]]] = {
        "cost": lambda: _cost(detector, settings, wanted.seconds),
        "closes": lambda: _closes(detector, settings, wanted),
        "false": lambda: _false(detector, settings, wanted),
        "recall": lambda: _recall(detector, settings, wanted),
        "hard": lambda: _hard(detector, settings, wanted),
    }
    chosen = [wanted.part] if wanted.part else list(parts)
    kept = [is_kept for part in chosen for is_kept in parts[part]()]
    return 0 if all(kept) else 1


def _cost(detector: Detector, settings: config.Detector, seconds: float) -> Iterator[bool]:
    pictures = [
        np.ascontiguousarray(cv2.resize(image, (1280, 720), interpolation=cv2.INTER_LINEAR))
        for _, image in _clip("empty/intel_one_by_one_head_empty.mp4")
    ]
    shown = [(t_s, pictures[i]) for t_s, i in _to_and_fro(len(pictures), seconds)]
    sight = _sight(detector, settings)
    gated_s = _cpu_s(lambda: [sight.look(Frame(t_s, image)) for t_s, image in shown])
    few = shown[:: max(1, len(shown) // 30)]
    alone_s = _cpu_s(lambda: [detector.people(Frame(t_s, image)) for t_s, image in few])
    a_minute = 60 / seconds
    gated_s, alone_s = gated_s * a_minute, alone_s / len(few) * len(shown) * a_minute
    own_ms, luma_ms, resize_ms = _own(shown)
    is_kept = gated_s <= alone_s * MOST_OF_DETECTOR and own_ms <= MOST_OWN_MS
    report(
        "gate cost",
        detector=detector.name,
        gated_cpu_s_a_minute=round(gated_s, 3),
        detector_cpu_s_a_minute=round(alone_s, 3),
        ratio=round(gated_s / alone_s, 4),
        ratio_limit=MOST_OF_DETECTOR,
        own_ms=round(own_ms, 3),
        own_limit_ms=MOST_OWN_MS,
        small_luma_ms=round(luma_ms, 3),
        area_resize_ms=round(resize_ms, 3),
    )
    yield is_kept


def _own(shown: Sequence[tuple[float, Image]]) -> tuple[float, float, float]:
    """Median processor time a picture, ms: the gate, its small picture, an area resize of luma."""
    gate, took = MotionGate(), ([], [], [])
    cv2.setNumThreads(1)
    for t_s, image in shown[:200]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        began = time.thread_time_ns()
        luma = small_luma(image)
        made = time.thread_time_ns()
        gate.examine(luma, t_s)
        blindness(luma)
        done = time.thread_time_ns()
        cv2.resize(grey, (GRID_PX, GRID_PX * 9 // 16), interpolation=cv2.INTER_AREA)
        for list_ms, ns in zip(
            took, (done - made, made - began, time.thread_time_ns() - done), strict=True
        ):
            list_ms.append(ns / 1e6)
    return tuple(statistics.median(list_ms) for list_ms in took)  # type: ignore[return-value]


def _closes(
    detector: Detector, settings: config.Detector, wanted: argparse.Namespace
) -> Iterator[bool]:
    for name, areas in _chosen(EMPTY, wanted.clip):
        pictures = [image for _, image in _clip(name)]
        lines = _watched(
            _sight(Remembering(detector), settings, areas),
            ((t_s, pictures[i]) for t_s, i in _to_and_fro(len(pictures), wanted.seconds)),
        )
        late = [line for line in lines if line["t_s"] >= CLOSED_AFTER_S]
        is_open = sum(line["gate"] for line in late)
        occupied = sum(bool(line["occupied"]) for line in lines)
        report(
            "gate closes",
            clip=name,
            ignored_areas=len(areas),
            open_before_10_s=sum(line["gate"] for line in lines) - is_open,
            open=is_open,
            of=len(late),
            share=round(is_open / len(late), 4),
            limit=MOST_OPEN,
            occupied=occupied,
        )
        yield is_open <= MOST_OPEN * len(late) and not occupied


def _false(
    detector: Detector, settings: config.Detector, wanted: argparse.Namespace
) -> Iterator[bool]:
    for name, areas in _chosen(EMPTY, wanted.clip):
        pictures = [image for _, image in _clip(name)]
        shown = _to_and_fro(len(pictures), wanted.seconds)
        for kind, disturb in DISTURBANCES.items():
            lines = _watched(
                _sight(detector, settings, areas),
                ((t_s, disturb(pictures[i], t_s)) for t_s, i in shown),
            )
            occupied = sum(bool(line["occupied"]) for line in lines)
            report(
                "gate false occupied",
                clip=name,
                disturbance=kind,
                occupied=occupied,
                of=len(lines),
                limit=MOST_FALSE,
                open=sum(line["gate"] for line in lines),
            )
            yield occupied <= MOST_FALSE * len(lines)


def _switched(image: Image, t_s: float) -> Image:
    """A light that is switched every 15 s, between half and full."""
    return cv2.convertScaleAbs(image, alpha=0.5 if int(t_s / 15) % 2 else 1.0)


def _drifting(image: Image, t_s: float) -> Image:
    """Clouds: by a third up and down within 20 s."""
    return cv2.convertScaleAbs(image, alpha=1 + 0.33 * np.sin(2 * np.pi * t_s / 20))


def _compressed(image: Image, t_s: float) -> Image:
    """JPEG of a quality that changes from picture to picture, 12 to 50."""
    quality = 12 + int(t_s * FPS) * 7 % 39
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def _noisy(image: Image, t_s: float) -> Image:
    """A sensor in the dark: standard deviation 9."""
    fields = _noise(image.shape)
    return cv2.add(image, fields[int(t_s * FPS) % len(fields)], dtype=cv2.CV_8U)


@cache
def _noise(shape: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(0, 9, shape).astype(np.int16) for _ in range(5)]


def _infrared(image: Image, t_s: float) -> Image:
    """By day for 12 s, then for 12 s in infrared: other greys, a lamp at the camera, noise."""
    if int(t_s / 12) % 2 == 0:
        return image
    grey = 0.6 * image[..., 2].astype(np.float32) + 0.2 * (255 - image[..., 0].astype(np.float32))
    lit = np.clip(20 + 0.9 * grey * _lamp(image.shape[:2]), 0, 255).astype(np.uint8)
    return _noisy(cv2.cvtColor(lit, cv2.COLOR_GRAY2BGR), t_s)


@cache
def _lamp(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.exp(-0.7 * (x * x + y * y)).astype(np.float32)


DISTURBANCES = {
    "light switched": _switched,
    "light drifting": _drifting,
    "compression": _compressed,
    "sensor noise": _noisy,
    "infrared": _infrared,
}


@dataclass(slots=True)
class Recalled:
    """Pictures with people by the detector alone, those called occupied, and late entries.

    `unseen`: those on which the sight saw nobody; on the others that are not occupied it did, by a
    hair, and waited for the next picture.
    """

    found: int = 0
    occupied: int = 0
    unseen: int = 0
    late_s: list[float] = field(default_factory=list)

    def watch(
        self, detector: Detector, settings: config.Detector, pictures: Pictures, **said: object
    ) -> None:
        remembering = Remembering(detector)
        lines = _watched(_sight(remembering, settings), pictures)
        by_s = {line["t_s"]: line for line in lines}
        alone = [(t_s, _sees(remembering, t_s, image, settings)) for t_s, image in pictures]
        seen = [t_s for t_s, is_seen in alone if is_seen and t_s in by_s]
        hits = [t_s for t_s in seen if by_s[t_s]["occupied"]]
        unseen = [t_s for t_s in seen if not by_s[t_s]["occupied"] and not by_s[t_s]["people"]]
        lags = _lags(seen, [line["t_s"] for line in lines if line["occupied"]])
        report(
            "gate recall",
            **said,
            pictures=len(pictures),
            with_people=len(seen),
            occupied=len(hits),
            recall=round(len(hits) / max(1, len(seen)), 4),
            unseen=len(unseen),
            entries=len(lags),
            latest_entry_s=round(max(lags, default=0), 2),
            gate_open=sum(line["gate"] for line in lines),
            missed_at_s=[t_s for t_s in seen if t_s not in hits][:10],
        )
        self.found, self.occupied = self.found + len(seen), self.occupied + len(hits)
        self.unseen += len(unseen)
        self.late_s += lags

    def is_kept(self, name: str) -> bool:
        recall, latest_s = self.occupied / max(1, self.found), max(self.late_s, default=0.0)
        report(
            name,
            with_people=self.found,
            recall=round(recall, 5),
            recall_limit=LEAST_RECALL,
            unseen=self.unseen,
            entries=len(self.late_s),
            latest_entry_s=round(latest_s, 2),
            entry_limit_s=LATEST_ENTRY_S,
        )
        return recall >= LEAST_RECALL and latest_s <= LATEST_ENTRY_S


def _recall(
    detector: Detector, settings: config.Detector, wanted: argparse.Namespace
) -> Iterator[bool]:
    recalled = Recalled()
    for name, _ in _chosen(dict.fromkeys(PEOPLE, ()), wanted.clip):
        recalled.watch(detector, settings, _clip(name, wanted.most_s), clip=name)
    yield recalled.is_kept("gate recall of all")


def _hard(
    detector: Detector, settings: config.Detector, wanted: argparse.Namespace
) -> Iterator[bool]:
    recalled = Recalled()
    for name, _ in _chosen(dict.fromkeys(PEOPLE[:3], ()), wanted.clip):
        pictures = _clip(name, min(wanted.most_s, HARD_S))
        for kind, disturb in DISTURBANCES.items():
            disturbed = [(t_s, disturb(image, t_s)) for t_s, image in pictures]
            recalled.watch(detector, settings, disturbed, clip=name, disturbance=kind)
    recalled.is_kept("gate recall of all, disturbed")
    yield True  # a figure to compare by: nobody has promised it


def _sees(detector: Detector, t_s: float, image: Image, settings: config.Detector) -> bool:
    found = detector.people(Frame(t_s, image))
    return any(person.confidence >= settings.confidence for person in found)


def _lags(seen: Sequence[float], occupied: Sequence[float]) -> list[float]:
    """From each first picture with somebody, after a while without, to the first occupied one."""
    lags, last_s = [], -NEW_ENTRY_AFTER_S
    for t_s in seen:
        if t_s - last_s >= NEW_ENTRY_AFTER_S:
            lags.append(min((o - t_s for o in occupied if o >= t_s), default=60.0))
        last_s = t_s
    return lags


def _sight(detector: Detector, settings: config.Detector, areas: tuple[Polygon, ...] = ()) -> Sight:
    return sight_with(detector, settings, areas)


def _watched(sight: Sight, pictures: object) -> list[dict[str, object]]:
    watch = Watch(sight, FPS, EMPTY_FOR_S)
    return [watch.line(Frame(t_s, image)) for t_s, image in pictures]  # type: ignore[attr-defined]


def _clip(name: str, most_s: float = 1e9) -> list[tuple[float, Image]]:
    """Five pictures a second, decoded."""
    path, found = Path(os.environ["STOREGUARD_MEDIA"]) / name, []
    due_s = 0.0
    for sourced in frames(str(path)):
        t_s = sourced.frame.t_s
        if t_s > most_s:
            break
        if t_s >= due_s - 1e-3:
            due_s = t_s + 0.95 / FPS
            found.append((t_s, sourced.frame.image.copy()))
    return found


def _to_and_fro(count: int, seconds: float) -> list[tuple[float, int]]:
    """Times and numbers of pictures: 0, 1, … count-1, count-2, … 0, 1, …"""
    there = [*range(count), *range(count - 2, 0, -1)]
    return [(n / FPS, there[n % len(there)]) for n in range(round(seconds * FPS))]


def _cpu_s(job: Callable[[], object]) -> float:
    began_s = time.process_time()
    job()
    return time.process_time() - began_s


def _chosen(
    clips: dict[str, tuple[Polygon, ...]], part: str | None
) -> list[tuple[str, tuple[Polygon, ...]]]:
    return [(name, areas) for name, areas in clips.items() if part is None or part in name]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["cost", "closes", "false", "recall", "hard"])
    parser.add_argument("--clip", help="only clips whose name has this in it")
    parser.add_argument("--model", default="yolo11n")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--most-s", type=float, default=1e9, help="of each clip with people")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
