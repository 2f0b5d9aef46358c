"""Who finds people: which detector it would be, its network file, the time of a picture."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from storeguard import config as cfg
from storeguard.errors import ModelFault, StoreguardError
from storeguard.ports import Detector, Frame
from storeguard.upkeep.checks.finding import Finding, Site
from storeguard.vision import models

DETECTOR_WITHIN_S = 25.0
TIMED = 3
SLOWEST_MS = 2000.0


def detector(site: Site) -> Iterator[Finding]:
    """Makes the detector as the daemon would, and shows it pictures."""
    topic, say, wanted = site.topic("detector"), site.say, site.config.detector
    if not site.config.cameras or wanted.backend == "sim":
        yield topic.skip(say("doctor.detector.sim" if site.config.cameras else "doctor.no_cameras"))
        return
    try:
        made = _made(wanted)
    except StoreguardError as error:
        yield topic.fail(str(error), say("doctor.detector.do"))
        return
    try:
        ms = _time_of_a_picture(site, made)
    finally:
        made.close()
    yield _judged(site, made.name, ms)


def _made(wanted: cfg.Detector) -> Detector:
    from storeguard.vision.detectors.choice import make_detector

    return make_detector(wanted)


def _time_of_a_picture(site: Site, made: Detector) -> float:
    """Milliseconds, pre- and post-processing included; the first one is not everyday's."""
    width, height = site.config.cameras[0].record_size_px
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    times_ms = []
    for _ in range(1 + TIMED):
        began_s = site.clock.now_s()
        made.people(Frame(began_s, image))
        times_ms.append((site.clock.now_s() - began_s) * 1000)
    return median(times_ms[1:])


def _judged(site: Site, name: str, ms: float) -> Finding:
    topic, say = site.topic("detector"), site.say
    measured = say("doctor.detector.takes", name=name, ms=f"{ms:.0f}")
    is_real = any(camera.backend != "sim" for camera in site.config.cameras)
    if name == "background" and is_real:
        return topic.warn(
            say("doctor.detector.background", measured=measured), say("doctor.detector.pull")
        )
    fastest = max(camera.watch_fps for camera in site.config.cameras)
    if ms > SLOWEST_MS:
        return topic.fail(measured, say("doctor.detector.slow_do"))
    if ms > 1000 / fastest:
        return topic.warn(
            say("doctor.detector.behind", measured=measured, fps=f"{fastest:g}"),
            say("doctor.detector.slow_do"),
        )
    return topic.ok(measured)


def network(site: Site) -> Iterator[Finding]:
    """The file that would be loaded: where it lies, and whether it is the pinned one."""
    topic, say, wanted = site.topic("network"), site.say, site.config.detector
    if not site.config.cameras or wanted.backend in ("sim", "background"):
        yield topic.skip(say("doctor.network.none"))
        return
    path = _file(wanted)
    if path is None:
        missing = topic.warn if wanted.backend == "auto" else topic.fail
        yield missing(
            say("doctor.network.missing", model=wanted.model), say("doctor.detector.pull")
        )
        return
    yield _checked(site, path)


def _file(wanted: cfg.Detector) -> Path | None:
    """The file or folder that the detector would load, by the order of `auto`."""
    from storeguard.vision.detectors.choice import BACKENDS, KNOWN_NETWORKS

    is_free = wanted.backend == "auto"
    names: Sequence[str] = (wanted.model, *KNOWN_NETWORKS) if is_free else (wanted.model,)
    able = [b for b in BACKENDS if b.is_installed() and (is_free or b.name == wanted.backend)]
    found = (models.find(name, wanted=b.usable_formats()) for name in names for b in able)
    return next((path for path in found if path is not None), None)


def _checked(site: Site, path: Path) -> Finding:
    topic, say = site.topic("network"), site.say
    pinned = next((one for one in models.CATALOGUE if path.name in (one.file, one.export)), None)
    sha = f"sha256 {models.sha256_of(path)[:12]}…, " if path.is_file() else ""
    try:
        is_genuine = pinned is not None and models.verify(path, pinned)
    except ModelFault:
        name = pinned.name if pinned else ""
        return topic.fail(
            say("doctor.network.corrupt", path=path, sha=sha),
            say("doctor.network.corrupt_do", path=path, name=name),
        )
    kind = "genuine" if is_genuine else "unpinned"
    return topic.ok(say(f"doctor.network.{kind}", path=path, sha=sha))
