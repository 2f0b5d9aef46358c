"""`camera watch` and `camera snap`: the pipeline of the daemon on one camera, URL or file."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from storeguard import config as cfg
from storeguard import durable
from storeguard.captures import is_live, silence_opencv
from storeguard.clock import Clock, SystemClock
from storeguard.devices.live import Scrutiny
from storeguard.devices.opencv import OpenCvCamera
from storeguard.domain import occupancy
from storeguard.domain.occupancy import Occupancy, Polygon, Presence, Sighting
from storeguard.errors import CameraFault, ConfigInvalid, DeviceFault
from storeguard.hardware import from_config
from storeguard.ports import Camera, Frame
from storeguard.vision.encoding import veiled
from storeguard.vision.sight import Look, Sight
from storeguard.vision.sighting import sight_of
from storeguard.vision.sources import frames, is_still

EARLY = 0.95
"""A camera's beat jitters: a picture 5 % early is the one that was meant."""

Line = dict[str, Any]

LONGEST_BACKOFF_S = 10.0
SNAP_WITHIN_S = 15.0
SNAP_AFTER_PICTURES = 3
"""The first pictures of a camera are dark until its exposure has settled."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, and how. `camera`: as configured, None for any other source."""

    source: str
    detector: cfg.Detector
    ignore_areas: tuple[Polygon, ...]
    fps: float
    empty_for_s: float
    camera: cfg.Camera | None = None


def watched(
    source: str,
    config_path: Path,
    *,
    backend: str | None = None,
    model: str | None = None,
    ignore_areas: tuple[Polygon, ...] = (),
) -> Watched:
    """The source with the settings of its camera in the configuration, where there is one.

    A source that is no configured camera is looked at with the best detector that is here; its
    areas are those of the only camera, if there is only one.
    """
    config = cfg.load(config_path) if config_path.exists() else cfg.Config()
    camera = next((one for one in config.cameras if source in (one.id, str(one.source))), None)
    like = camera or (config.cameras[0] if len(config.cameras) == 1 else None)
    detector = config.detector if camera else config.detector.model_copy(update={"backend": "auto"})
    asked = {"backend": backend, "model": model}
    return Watched(
        source,
        detector.model_copy(update={key: value for key, value in asked.items() if value}),
        ignore_areas or (like.ignore_areas if like else ()),
        like.watch_fps if like else 5.0,
        config.visits.empty_for_s,
        camera if camera and source == camera.id else None,
    )


class Watch:
    """One camera's pictures → the store's occupancy, a line a picture that was examined."""

    def __init__(self, sight: Sight, fps: float, empty_for_s: float) -> None:
        self._sight = sight
        self._every_s = EARLY / fps
        self._empty_for_s = empty_for_s
        self._state = Occupancy()
        self._due_s = float("-inf")
        self._people = 0

    def is_due(self, frame: Frame) -> bool:
        return frame.t_s >= self._due_s or self._sight.is_eager

    def line(self, frame: Frame) -> Line:
        """Examines the picture."""
        self._due_s = frame.t_s + self._every_s
        try:
            look = self._sight.look(frame)
        except DeviceFault as fault:
            return self.unknown(frame.t_s, fault)
        self._take(Sighting(frame.t_s, look.known_people, look.confidence))
        return self._line(frame.t_s, look)

    def unknown(self, t_s: float, fault: DeviceFault) -> Line:
        """The line of a picture that shows nothing, or of one that has not come."""
        self._due_s = t_s + self._every_s
        self._take(Sighting(t_s, None))
        is_occupied = self._state.presence is Presence.OCCUPIED
        return {
            "t_s": t_s,
            "gate": False,
            "people": self._people if is_occupied else 0,
            "occupied": is_occupied or None,
            "why": f"{fault.code} {fault}".strip(),
        }

    def _take(self, sighting: Sighting) -> None:
        self._state, _ = occupancy.advance(self._state, sighting, self._empty_for_s)

    def _line(self, t_s: float, look: Look) -> Line:
        trouble = look.trouble
        self._people = len(look.people)
        is_occupied = self._state.presence is Presence.OCCUPIED
        return {
            "t_s": t_s,
            "gate": look.gate,
            "people": self._people,
            "occupied": None if look.known_people is None and not is_occupied else is_occupied,
            "why": look.why if trouble is None else f"{trouble.code} {trouble.why}; {look.why}",
        }


def watch_lines(wanted: Watched) -> Iterator[Line]:
    """A line a picture that was examined; of a camera or URL until it is interrupted.

    Raises CameraFault where a file cannot be read; a camera is tried again.
    """
    silence_opencv()
    if wanted.camera is None and is_still(wanted.source):
        raise CameraFault(
            f"{wanted.source}: is a picture; expected a video or a camera; for pictures: "
            "storeguard detect"
        )
    if wanted.camera is None and not is_live(wanted.source):
        frames(wanted.source)  # says that it is not there, before a network is loaded
    sight = sight_of(wanted.detector, wanted.ignore_areas)
    watch = Watch(sight, wanted.fps, wanted.empty_for_s)
    with closing(sight):
        if wanted.camera is None and not is_live(wanted.source):
            yield from _file_lines(wanted.source, watch)
        else:
            yield from _live_lines(_camera(wanted), watch)


def _file_lines(source: str, watch: Watch) -> Iterator[Line]:
    """A camera looks for frozen pictures itself; of a file they are looked for here."""
    scrutiny = Scrutiny()
    for sourced in frames(source):
        frame = sourced.frame
        wrong = scrutiny.fault_of(frame.image, 0.0, frame.t_s)
        if not watch.is_due(frame):
            continue
        if wrong is None:
            yield watch.line(frame)
        else:
            yield watch.unknown(frame.t_s, CameraFault(f"{source} {wrong[0]}").coded(wrong[1]))


def _live_lines(camera: Camera, watch: Watch) -> Iterator[Line]:
    with asyncio.Runner() as runner:
        lines = _watched(camera, watch, SystemClock())
        try:
            while True:
                yield runner.run(lines.__anext__())
        finally:
            runner.run(lines.aclose())


async def _watched(camera: Camera, watch: Watch, clock: Clock) -> AsyncGenerator[Line, None]:
    """For ever: whatever fails is said, and tried again."""
    began_s, tries = clock.now_s(), 0
    try:
        while True:
            try:
                await camera.open()
                while True:
                    frame = await camera.frame()
                    tries = 0
                    if watch.is_due(frame):
                        line = await asyncio.to_thread(watch.line, frame)
                        yield line | {"t_s": round(frame.t_s - began_s, 3)}
            except CameraFault as fault:
                now_s = clock.now_s()
                yield watch.unknown(now_s, fault) | {"t_s": round(now_s - began_s, 3)}
                await camera.close()
                await asyncio.sleep(min(LONGEST_BACKOFF_S, 2.0**tries))
                tries += 1
    finally:
        await camera.close()


def _camera(wanted: Watched) -> Camera:
    if wanted.camera is None:
        return OpenCvCamera("source", wanted.source, SystemClock())
    return _configured(wanted.camera, Path())


def _configured(camera: cfg.Camera, base: Path) -> Camera:
    """The camera alone, as the daemon would have it."""
    alone = cfg.Config(cameras=(camera,), detector=cfg.Detector(backend="background"))
    [(device, _)] = from_config(alone, {}, {}, SystemClock(), base=base).cameras
    return device


def snap(config_path: Path, camera_id: str | None, out: Path) -> tuple[Path, tuple[int, int]]:
    """Takes one picture of a configured camera into the file `out`: path and width, height.

    Raises ConfigInvalid when there is no such camera, CameraFault when it gives none.
    """
    config = cfg.load(config_path)
    chosen = [one for one in config.cameras if camera_id in (None, one.id)]
    if not chosen:
        names = ", ".join(one.id for one in config.cameras) or "none is configured"
        raise ConfigInvalid(
            str(config_path), (f"no camera {camera_id!r}; expected one of: {names}",)
        )
    frame = asyncio.run(_one_picture(_configured(chosen[0], config_path.parent)))
    assert frame.image is not None
    picture = veiled(frame.image, chosen[0].privacy_masks)
    is_made, data = cv2.imencode(out.suffix or ".jpg", picture)
    if not is_made:
        raise CameraFault(f"{out}: cannot be encoded; expected a name that ends in .jpg or .png")
    durable.publish(out, data.tobytes())
    return out, (frame.image.shape[1], frame.image.shape[0])


async def _one_picture(camera: Camera) -> Frame:
    try:
        async with asyncio.timeout(SNAP_WITHIN_S):
            await camera.open()
            for _ in range(SNAP_AFTER_PICTURES):
                frame = await camera.frame()
            return frame
    except TimeoutError as error:
        if isinstance(error, CameraFault):
            raise
        raise CameraFault(
            f"camera '{camera.id}': no picture within {SNAP_WITHIN_S:g} s; run: storeguard doctor"
        ) from None
    finally:
        await camera.close()
