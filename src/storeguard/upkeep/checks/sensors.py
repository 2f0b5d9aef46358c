"""Scales and cameras, opened as the daemon opens them, listened to for a few seconds."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from storeguard import config as cfg
from storeguard import hardware
from storeguard.books.calibrations import other_gain
from storeguard.domain.diagnosis import Diagnosis, diagnose
from storeguard.domain.diagnosis import Finding as Remarkable
from storeguard.errors import CameraEnded, CameraTimeout, ScaleFault, StoreguardError, masked
from storeguard.ports import Camera, Image, Reading, Scale
from storeguard.upkeep.checks.finding import Finding, Site, taken_apart
from storeguard.upkeep.checks.shop import budget
from storeguard.upkeep.scales import Shop, make_scale

LISTEN_S = 3.0
DRAIN_EVERY_S = 0.25
SCALES_WITHIN_S = 8.0

NEGATIVE_PER_CAPACITY = 0.005
"""50 g on 10 kg: more than any drift between two settings of the zero."""

FIRST_FRAME_WITHIN_S = 8.0
WATCH_S = 1.2
MOST_FRAMES = 12
FEWEST_TO_COMPARE = 3
CAMERAS_WITHIN_S = 14.0


Heard = Sequence[Reading] | StoreguardError | OSError
"""The readings of LISTEN_S, or why the device could not be had."""


def scales(site: Site) -> Iterator[Finding]:
    """All at the same time: each has its own thread."""
    shop = Shop.of(site.config, site.base)
    heard = asyncio.run(_all_scales(site, shop))
    noise_g: dict[str, float] = {}
    for scale, one in zip(site.config.scales, heard, strict=True):
        yield judged_scale(site, shop, scale, one)
        if not isinstance(one, Exception) and (found := diagnose(one, shop.cell(scale))).is_sound:
            noise_g[scale.id] = found.rms_g or 0.0
    yield from budget(site, noise_g)


async def _all_scales(site: Site, shop: Shop) -> Sequence[Heard]:
    return await asyncio.gather(*(_listened(site, shop, one) for one in site.config.scales))


async def _listened(site: Site, shop: Shop, scale: cfg.Scale) -> Heard:
    try:
        return await _read(make_scale(shop, scale, site.clock))
    except (StoreguardError, OSError) as error:
        return error


async def _read(device: Scale) -> list[Reading]:
    readings: list[Reading] = []
    device.start()
    try:
        for _ in range(round(LISTEN_S / DRAIN_EVERY_S)):
            await asyncio.sleep(DRAIN_EVERY_S)
            readings += device.drain()
    finally:
        # A thread that hangs in a driver has shown itself by its silence.
        with suppress(ScaleFault):
            await device.close()
    return readings


def judged_scale(site: Site, shop: Shop, scale: cfg.Scale, heard: Heard) -> Finding:
    """What `scale diagnose` would say of a shorter run, and whether the shelf plate is there."""
    topic, say = site.topic("scale", scale.id), site.say
    if isinstance(heard, Exception):
        return _silent(site, scale, str(heard))
    if gain := other_gain(scale, shop.kept):
        return topic.fail(
            say("doctor.scale.gain", gain=scale.gain, made_at=gain),
            say("doctor.scale.gain_do", gain=gain, id=scale.id),
        )
    found = diagnose(heard, shop.cell(scale))
    measured = _figures(site, found)
    worst = next(iter(found.findings), None)
    if worst is Remarkable.NO_READING and found.why:
        return _silent(site, scale, found.why)
    if worst is not None and not found.is_sound:
        return topic.fail(measured, _step(site, scale, worst, found))
    if _is_negative(scale, found, shop.zero_g(scale)):
        return topic.fail(measured, say("doctor.scale.negative_do", id=scale.id))
    return topic.warn(measured, _step(site, scale, worst, found)) if worst else topic.ok(measured)


def _silent(site: Site, scale: cfg.Scale, why: str) -> Finding:
    """The device's own word says more than figures of which there are none."""
    what, command = taken_apart(masked(why))
    step = command or _step(site, scale, Remarkable.NO_READING)
    return site.topic("scale", scale.id).fail(site.say("doctor.scale.silent", why=what), step)


def _is_negative(scale: cfg.Scale, found: Diagnosis, zero_g: float) -> bool:
    least_g = -NEGATIVE_PER_CAPACITY * scale.capacity_g
    return found.grams is not None and found.grams - zero_g < least_g


def _step(site: Site, scale: cfg.Scale, what: Remarkable, found: Diagnosis | None = None) -> str:
    """The words of `scale diagnose`, which say what to do."""
    values = {
        "rate": f"{found.rate_hz:.1f}" if found else "0",
        "failed": f"{100 * found.failed_share:.0f}" if found else "100",
    }
    nominal = f"{scale.sample_rate_hz:g}"
    return site.say(f"scale.finding.{what.value}", scale=scale.id, nominal=nominal, **values)


def _figures(site: Site, found: Diagnosis) -> str:
    figures = site.say(
        "doctor.scale.rate", rate=f"{found.rate_hz:.1f}", failed=f"{found.failed_share:.0%}"
    )
    if found.saturated:
        figures += site.say("doctor.scale.saturated_times", saturated=found.saturated)
    if found.grams is not None and found.peak_g is not None:
        return f"{found.grams:,.0f} g ±{found.peak_g / 2:.1f}, {figures}"
    if found.raw is not None:
        return f"raw {found.raw:,.0f} ±{found.peak_counts / 2:,.0f}, {figures}"
    return figures


@dataclass(frozen=True, slots=True)
class Looked:
    """Pictures of one camera: `size_px` is width, height; `luma` is the mean of 255."""

    first_after_s: float
    fps: float
    size_px: tuple[int, int]
    luma: float
    blind: str | None
    is_frozen: bool


def cameras(site: Site) -> Iterator[Finding]:
    looked = asyncio.run(_all_cameras(site))
    for camera, result in zip(site.config.cameras, looked, strict=True):
        yield judged_camera(site, camera, result)


async def _all_cameras(site: Site) -> Sequence[Looked | StoreguardError | OSError]:
    return await asyncio.gather(*(_watched(site, one) for one in site.config.cameras))


async def _watched(site: Site, camera: cfg.Camera) -> Looked | StoreguardError | OSError:
    alone = {"scales": (), "cameras": (camera,), "detector": cfg.Detector(backend="background")}
    try:
        [(device, _)] = hardware.from_config(
            site.config.model_copy(update=alone), {}, {}, site.clock, base=site.base
        ).cameras
        return await _pictures(site, device)
    except (StoreguardError, OSError) as error:
        return error


async def _pictures(site: Site, device: Camera) -> Looked:
    began_s = site.clock.now_s()
    try:
        async with asyncio.timeout(FIRST_FRAME_WITHIN_S):
            await device.open()
            first = (await device.frame()).image
    except TimeoutError as error:
        if isinstance(error, CameraTimeout):
            raise
        raise CameraTimeout(
            f"camera '{device.id}': no picture within {FIRST_FRAME_WITHIN_S:g} s"
        ) from None
    else:
        return await _compared(site, device, first, site.clock.now_s() - began_s)
    finally:
        await device.close()


async def _compared(
    site: Site, device: Camera, first: Image | None, first_after_s: float
) -> Looked:
    from storeguard.vision.visibility import is_blind

    if first is None:
        raise CameraTimeout(f"camera '{device.id}': its frames have no picture")
    began_s, images = site.clock.now_s(), [first]
    with suppress(CameraEnded):
        while len(images) < MOST_FRAMES and site.clock.now_s() - began_s < WATCH_S:
            image = (await device.frame()).image
            images += [image] if image is not None else []
    took_s = site.clock.now_s() - began_s
    height, width = first.shape[:2]
    return Looked(
        first_after_s,
        (len(images) - 1) / took_s if took_s > 0 else 0.0,
        (width, height),
        float(images[-1].mean()),
        is_blind(images[-1]),
        len(images) >= FEWEST_TO_COMPARE and len({i.tobytes() for i in images}) == 1,
    )


def judged_camera(
    site: Site, camera: cfg.Camera, result: Looked | StoreguardError | OSError
) -> Finding:
    topic, say = site.topic("camera", camera.id), site.say
    if isinstance(result, Exception):
        what, command = taken_apart(masked(str(result)))
        return topic.fail(say("doctor.camera.none", why=what), command or say("doctor.camera.do"))
    width, height = result.size_px
    measured = say(
        "doctor.camera.sees",
        size=f"{width}x{height}",
        luma=f"{result.luma:.0f}",
        fps=f"{result.fps:.0f}",
        first=f"{result.first_after_s:.1f}",
    )
    if result.blind is not None:
        return topic.fail(
            f"{say('doctor.camera.blind')}: {measured}", say("doctor.camera.blind_do")
        )
    if result.is_frozen:
        return topic.fail(
            f"{say('doctor.camera.frozen')}: {measured}", say("doctor.camera.frozen_do")
        )
    if result.fps < camera.watch_fps / 2:
        return topic.warn(
            say("doctor.camera.slow", wanted=f"{camera.watch_fps:g}", measured=measured),
            say("doctor.camera.slow_do"),
        )
    return topic.ok(measured)
