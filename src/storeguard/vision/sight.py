"""What one camera sees: the gate, and the detector only where and when it is worth its cost.

The detector is asked
- at the start, and whenever a light was switched: the whole picture, a few times;
- where something moves, as long as it moves; where it usually moves with nobody there, too, for
  some seconds after it has nearly seen somebody (see suspicion.py);
- again at the next picture, when it was not sure;
- about people who stand still, on a slow beat;
- several times after the last person has gone, so that empty is seen and not assumed;
- about the empty store now and then, whatever the gate says.

One region, and not several in a batch or side by side on one picture: measured (bench/regions.py),
squares of people and motion that do not touch are not once among 215 pictures of seven clips, and
a batch of two saves a fourteenth of the time, one of four nothing. A region is never smaller than
the network's own input: enlarging shows nothing new, and what is around helps. Where a region
shows nobody, the whole picture is asked at once: nobody is lost whom the detector alone would have
seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from storeguard.domain import occupancy
from storeguard.domain.bodies import one_box_each
from storeguard.domain.occupancy import Detection, Polygon
from storeguard.errors import CameraBlind
from storeguard.ports import Detector, Frame, Image
from storeguard.vision.gate import Box, Motion, MotionGate, small_luma
from storeguard.vision.suspicion import Suspicion
from storeguard.vision.view import ViewFault, ViewWatch
from storeguard.vision.visibility import blindness

SURE = occupancy.SURE

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

CHANGED = "the light or the view changed"
"""Nearly all of the picture is another: of a camera that is carried about, each one."""

SUSPECTED = "somebody may be there"
"""It moves as it does with nobody there, but the detector has nearly seen somebody."""


@dataclass(frozen=True, slots=True)
class Beats:
    """Seconds between two looks where nothing moves."""

    still_s: float = 1.0
    leaving_s: float = 1.0
    leaving_for_s: float = 12.0
    flip_s: float = 0.5
    flip_for_s: float = 3.0
    empty_s: float = 10.0
    whole_s: float = 1.0
    """A region is looked at no longer than this before the whole picture is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known after one picture.

    `people`: those in the store, in pixels of the frame's picture; without `looked` they are
    those of the last look. `gate`: motion sent something to the detector. `trouble`: what is
    wrong with the view although people can be seen on it. `is_seconded`: somebody less sure was
    there on the picture before.
    """

    people: tuple[Detection, ...]
    gate: bool
    looked: bool
    why: str
    trouble: ViewFault | None = None
    is_seconded: bool = False

    @property
    def known_people(self) -> int | None:
        """None where nobody is seen, and somebody may be where the camera does not look."""
        return len(self.people) if self.people or self.trouble is None else None

    @property
    def confidence(self) -> float:
        """That of the surest person; two pictures that agree are as good as a sure one."""
        surest = max((person.confidence for person in self.people), default=0.0)
        return max(surest, SURE) if self.is_seconded else surest


class Sight:
    """State of one camera; blocks, for one worker thread.

    `gate` None: the detector knows without looking (a simulated one, a trace). `always`: it is
    asked about every picture, because it learns from them. `confidence`: the least of a person
    who appears; one who is there already keeps being there down to a part of it, as far as the
    detector reports such.
    """

    def __init__(
        self,
        detector: Detector,
        gate: MotionGate | None = None,
        *,
        always: bool = False,
        ignore_areas: Sequence[Polygon] = (),
        confidence: float = 0.4,
        input_px: int = 640,
        beats: Beats | None = None,
    ) -> None:
        self.detector = detector
        self._gate = gate
        self._always = always
        self._view = ViewWatch()
        self._areas = tuple(ignore_areas)
        self._confidence = confidence
        self._input_px = input_px
        self._beats = beats or Beats()
        self._people: tuple[Detection, ...] = ()
        self._suspicion = Suspicion()
        self._looked_s = float("-inf")
        self._whole_s = float("-inf")
        self._seen_s = float("-inf")
        self._flipped_s = float("-inf")
        self._is_unsure = False

    def close(self) -> None:
        self.detector.close()

    @property
    def is_eager(self) -> bool:
        """The next picture is wanted, whatever the beat."""
        return self._is_unsure and not self._always and self._gate is not None

    def look(self, frame: Frame) -> Look:
        """Raises CameraBlind where nobody could be seen, DetectorFault when the detector fails."""
        if self._gate is None or frame.image is None:
            return self._look(frame, (WHOLE,), gate=True, why="every picture")
        motion = self._examine(self._gate, frame)
        return replace(self._after(motion, frame), trouble=self._view.fault)

    def _after(self, motion: Motion, frame: Frame) -> Look:
        if self._always:
            why = "motion" if motion.boxes else "every picture"
            return self._look(frame, (WHOLE,), gate=bool(motion.boxes), why=why)
        asked = self._asked(motion, frame.t_s)
        if asked is None:
            return Look(self._told(frame), False, False, _quiet(motion))
        why, boxes = asked
        is_open = bool(motion.boxes) or why == SUSPECTED
        return self._look(frame, self._regions(boxes, frame), gate=is_open, why=why)

    def _examine(self, gate: MotionGate, frame: Frame) -> Motion:
        assert frame.image is not None
        luma = small_luma(frame.image if frame.small is None else frame.small)
        reason = blindness(luma)
        if reason is not None:
            raise self._blind(reason)
        motion = gate.examine(luma, frame.t_s)
        is_still = not (motion.boxes or self._people)
        fault = self._view.examine(luma, frame.t_s, is_still=is_still)
        if fault is not None and fault.is_blind:
            raise self._blind(fault.why)
        if motion.is_flip:
            self._flipped_s = frame.t_s
        return motion

    def _blind(self, reason: str) -> CameraBlind:
        """The first picture that shows something again is looked at."""
        self._looked_s = self._whole_s = float("-inf")
        return CameraBlind(f"nobody can be seen: {reason}; check the light and the lens")

    def _asked(self, motion: Motion, now_s: float) -> tuple[str, tuple[Box, ...]] | None:
        """Why and about what the detector is asked now; None when it is not."""
        beats, since_s = self._beats, now_s - self._looked_s
        if motion.boxes:
            return "motion", motion.boxes
        if motion.is_idle and self._suspicion.is_fresh(now_s):
            return SUSPECTED, (WHOLE,)
        if since_s == float("inf"):
            return "first look", (WHOLE,)
        if motion.is_flip:
            return CHANGED, (WHOLE,)
        if self._is_unsure:
            return "not sure", (WHOLE,)
        if now_s - self._flipped_s <= beats.flip_for_s and since_s >= beats.flip_s:
            return CHANGED, (WHOLE,)
        if self._people:
            return ("somebody stands still", (WHOLE,)) if since_s >= beats.still_s else None
        if now_s - self._seen_s <= beats.leaving_for_s and since_s >= beats.leaving_s:
            return "has everybody gone?", (WHOLE,)
        return ("now and then", (WHOLE,)) if since_s >= beats.empty_s else None

    def _regions(self, boxes: tuple[Box, ...], frame: Frame) -> tuple[Box, ...]:
        """One region around what moves and around the people seen last, or the whole picture."""
        assert frame.image is not None
        height, width = frame.image.shape[:2]
        if boxes == (WHOLE,) or frame.t_s - self._whole_s >= self._beats.whole_s:
            return (WHOLE,)
        people = tuple(_part(person, (width, height)) for person in self._people)
        return (region_around((*boxes, *people), (width, height), self._input_px),)

    def _look(self, frame: Frame, regions: tuple[Box, ...], *, gate: bool, why: str) -> Look:
        [region] = regions
        candidates, found = self._found(frame, region)
        if not found and region != WHOLE:
            region, (candidates, found) = WHOLE, self._found(frame, WHOLE)
        is_seconded = self._suspicion.seconds(found, frame.t_s)
        self._suspicion.take(() if found else candidates, frame.t_s)
        if frame.image is not None:
            self._teach(found, candidates, _size_wh(frame.image), frame.t_s)
        self._is_unsure = not is_seconded and self._doubts(found)
        self._people = found
        self._looked_s = frame.t_s
        self._whole_s = frame.t_s if region == WHOLE else self._whole_s
        self._seen_s = frame.t_s if found else self._seen_s
        return Look(self._told(frame), gate, True, why, is_seconded=is_seconded)

    def _told(self, frame: Frame) -> tuple[Detection, ...]:
        """Each person once. Who is still there is asked of all boxes: a part may be all of him."""
        if frame.image is None:
            return self._people
        return one_box_each(self._people, _size_wh(frame.image))

    def _doubts(self, found: tuple[Detection, ...]) -> bool:
        """Somebody appears or vanishes by a hair: the next picture is looked at, too."""
        if not found:
            return bool(self._people) and not self._is_unsure
        return not self._people and max(one.confidence for one in found) < SURE

    def _found(
        self, frame: Frame, region: Box
    ) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
        """Whoever may be there at all, and of them those who are."""
        candidates = _people_in(self.detector, frame, region)
        if frame.image is not None:
            candidates = occupancy.outside(candidates, self._areas, _size_wh(frame.image))
        return candidates, occupancy.kept(candidates, self._people, self._confidence)

    def _teach(
        self,
        found: tuple[Detection, ...],
        candidates: tuple[Detection, ...],
        size_wh: tuple[int, int],
        now_s: float,
    ) -> None:
        """Who may just be coming into sight is neither somebody nor nobody."""
        if self._gate is None:
            return
        if found:
            self._gate.somebody([_part(person, size_wh) for person in found])
        elif not candidates:
            self._gate.nobody(now_s)


def region_around(
    boxes: Sequence[Box], size_wh: tuple[int, int], input_px: int, margin: float = 0.08
) -> Box:
    """A square around all boxes with a margin, at least as large as the network's input.

    The whole picture, where that would be most of it.
    """
    width, height = size_wh
    left, top = min(b[0] for b in boxes) - margin, min(b[1] for b in boxes) - margin
    right, bottom = max(b[2] for b in boxes) + margin, max(b[3] for b in boxes) + margin
    side_px = max((right - left) * width, (bottom - top) * height, input_px)
    across, down = side_px / width, side_px / height
    if across * down >= 0.6 or across >= 1 or down >= 1:
        return WHOLE
    x = min(max((left + right - across) / 2, 0.0), 1 - across)
    y = min(max((top + bottom - down) / 2, 0.0), 1 - down)
    return x, y, x + across, y + down


def _people_in(detector: Detector, frame: Frame, region: Box) -> tuple[Detection, ...]:
    """The people in pixels of `image`; looked for on the small picture where there is one."""
    if frame.image is None:
        return detector.people(frame)
    if region == WHOLE:
        if frame.small is None:
            return detector.people(frame)
        found = detector.people(Frame(frame.t_s, frame.small))
        return occupancy.scaled(found, _size_wh(frame.small), _size_wh(frame.image))
    width, height = _size_wh(frame.image)
    x, y = int(region[0] * width), int(region[1] * height)
    crop = frame.image[y : int(region[3] * height), x : int(region[2] * width)]
    try:
        return occupancy.moved(detector.people(Frame(frame.t_s, crop)), (x, y))
    except CameraBlind:  # a bare wall: the whole picture shows something
        return ()


def _quiet(motion: Motion) -> str:
    return "moves as it does with nobody there" if motion.is_idle else "nothing moves"


def _part(person: Detection, size_wh: tuple[int, int]) -> Box:
    left, top, right, bottom = person.xyxy
    return left / size_wh[0], top / size_wh[1], right / size_wh[0], bottom / size_wh[1]


def _size_wh(image: Image) -> tuple[int, int]:
    return image.shape[1], image.shape[0]
