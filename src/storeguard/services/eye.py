"""A camera with everything that works on its pictures, and how long it has been blind."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from storeguard.domain.occupancy import Detection, Polygon
from storeguard.domain.tracking import NOBODY, Headcount
from storeguard.errors import CameraStuck, DeviceFault, RestartNeeded
from storeguard.ports import Camera, Frame
from storeguard.vision.pictures import PictureKeeper
from storeguard.vision.recorder import ClipRecorder
from storeguard.vision.sight import Sight

BACK_AFTER_PICTURES = 3
"""A camera has recovered with so many pictures since it was opened: one may be a twitch."""

PROVEN_AFTER_S = 90.0
"""So long a camera has to deliver before a restart may be asked for it; longer than it takes to
see that a picture is frozen. What is broken for good is broken in the next process too."""

GIVE_UP_AFTER_S = 300.0
"""So long a camera that has worked is opened again and again, before a new process has to."""


@dataclass(slots=True)
class Unseen:
    """How long of a visit nobody could be seen."""

    since_s: float | None = None
    total_s: float = 0.0

    def begin(self, now_s: float) -> None:
        self.total_s = 0.0
        self.since_s = None if self.since_s is None else now_s

    def take(self, is_blind: bool, now_s: float) -> None:
        if self.since_s is not None:
            self.total_s += max(0.0, now_s - self.since_s)
        self.since_s = now_s if is_blind else None

    def ended(self, now_s: float) -> float:
        self.take(self.since_s is not None, now_s)
        return self.total_s


@dataclass(slots=True)
class Eye:
    """One camera with everything that works on its pictures."""

    camera: Camera
    sight: Sight
    watch_fps: float
    privacy_masks: Sequence[Polygon] = ()
    deadline_s: float = 10.0
    """A verdict that takes longer is none."""
    recorder: ClipRecorder | None = None
    new_keeper: Callable[[], PictureKeeper] | None = None
    keeper: PictureKeeper | None = None
    newest: Frame | None = None
    detections: tuple[Detection, ...] = ()
    people: int | None = None
    headcount: Headcount = NOBODY
    is_doubtful: bool = False
    """Goods moved while it saw nobody, and it has seen nobody since."""
    is_astray: bool = False
    """It shows something else than it used to: who is seen is there, but nobody may be unseen."""
    confidence: float = 0.0
    """Of the surest of them."""
    verdict_took_s: float = 0.0
    """From the newest picture that was judged to its verdict."""
    judged_s: float = float("-inf")
    judging: "asyncio.Task[None] | None" = field(default=None, repr=False)

    pictures: int = 0
    """Since the camera was opened."""
    opened_s: float = 0.0
    lost_s: float | None = None
    """Since when there has been no sight, but for twitches."""
    is_proven: bool = False

    def has_opened(self, now_s: float) -> None:
        self.opened_s, self.pictures = now_s, 0

    def has_seen(self, frame: Frame, now_s: float) -> bool:
        """Takes note of a picture; returns whether the camera counts as well."""
        self.newest = frame
        self.pictures += 1
        self.is_proven = self.is_proven or now_s - self.opened_s >= PROVEN_AFTER_S
        if self.pictures >= BACK_AFTER_PICTURES:
            self.lost_s = None
        return self.lost_s is None

    def has_failed(self, fault: DeviceFault, now_s: float) -> None:
        """Raises RestartNeeded when only a new process may help."""
        self.lost_s = now_s if self.lost_s is None else self.lost_s
        lost_for_s = now_s - self.lost_s
        if not self.is_proven:
            return
        if isinstance(fault, CameraStuck) or lost_for_s >= GIVE_UP_AFTER_S:
            raise RestartNeeded(
                f"camera '{self.camera.id}' has worked and cannot be opened again: no picture for "
                f"{lost_for_s:.0f} s; ending, so that a new process tries; last: {fault}"
            )

    def is_due(self, frame: Frame) -> bool:
        """Judging skips pictures rather than falling behind them."""
        if self.judging is not None and not self.judging.done():
            return False
        if frame.image is None or self.sight.is_eager:
            return True
        # A camera's beat jitters: a picture 5 % early is the one that was meant.
        return frame.t_s - self.judged_s >= 0.95 / self.watch_fps
