"""What is no fault, but what the owner should know of: everything goes on meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from storeguard.domain.drift import is_in_doubt
from storeguard.domain.occupancy import Presence
from storeguard.errors import FaultCode
from storeguard.services.eye import Eye
from storeguard.services.watching import WatchingService
from storeguard.services.weighing import Channel, WeighingService

RESTLESS_S = 60.0
"""Nobody touches a shelf for so long."""

SHIFTS_WITHIN_S = 3600.0
"""A coin lies there or is swept off, once; a plate that rubs or stands in a draught goes on."""

FAILED_SHARE = 0.05
LATE_S = 3.0
OCCUPIED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Remark:
    """`device`: a scale, a camera, or `store`, `clock`; `values` fill the owner's sentence.

    `since_s` is None where nobody knows, or it does not matter.
    """

    device: str
    code: FaultCode
    since_s: float | None = None
    values: Mapping[str, object] = field(default_factory=dict)


def remarks(
    weighing: WeighingService, watching: WatchingService, now_s: float, *, is_clock_synced: bool
) -> tuple[Remark, ...]:
    """All that hold now, in the order of the devices."""
    of_scales = chain.from_iterable(
        _of_scale(weighing, channel, now_s) for channel in weighing.channels
    )
    of_cameras = chain.from_iterable(map(_of_camera, watching.eyes))
    of_clock = () if is_clock_synced else (Remark("clock", FaultCode.CLOCK_UNSYNCED),)
    return (*of_scales, *of_cameras, *_of_store(watching, now_s), *of_clock)


def _of_scale(weighing: WeighingService, channel: Channel, now_s: float) -> Iterator[Remark]:
    state, scale = channel.weighing, channel.id
    if not channel.products or state.is_failed:
        return
    for product in channel.products:
        if not product.is_weighable:
            yield Remark(scale, FaultCode.UNIT_WEIGHTLESS, values={"product": product.name})
    if not channel.weighed:
        return
    doubted_since_s = weighing.tally.unclear_since_s(channel)
    if doubted_since_s is not None and state.level_g is not None:
        grams = {"grams": f"{state.level_g:.0f}"}
        yield Remark(scale, FaultCode.WEIGHT_UNCLEAR, doubted_since_s, grams)
    lightest_g = min(product.unit_weight_g for product in channel.weighed)
    if is_in_doubt(state.drift, lightest_g, channel.rules.drift, was=False):
        moved = {"grams": f"{state.drift.total_g:+.0f}"}
        yield Remark(scale, FaultCode.ZERO_MOVED, values=moved)
    since_s = state.moving_since_s
    if since_s is not None and now_s - since_s > RESTLESS_S:
        yield Remark(scale, FaultCode.SCALE_NOISY, since_s)
    elif channel.failed_share > FAILED_SHARE:
        yield Remark(scale, FaultCode.SCALE_NOISY)
    shifts_s = channel.shifts_s
    if len(shifts_s) == shifts_s.maxlen and now_s - shifts_s[0] <= SHIFTS_WITHIN_S:
        yield Remark(scale, FaultCode.SCALE_SHIFTS, shifts_s[0])


def _of_camera(eye: Eye) -> Iterator[Remark]:
    if eye.verdict_took_s > LATE_S:
        values = {"seconds": f"{eye.verdict_took_s:.0f}"}
        yield Remark(eye.camera.id, FaultCode.DETECTOR_SLOW, values=values)
    if eye.is_doubtful:
        yield Remark(eye.camera.id, FaultCode.CAMERA_DOUBTFUL)


def _of_store(watching: WatchingService, now_s: float) -> Iterator[Remark]:
    unverified = watching.unverified
    if unverified is not None:
        seconds = {"seconds": f"{unverified.unseen_s:.0f}"}
        yield Remark("store", FaultCode.VISIT_UNSEEN, unverified.started_s, seconds)
    since_s = watching.changed_s
    is_occupied = watching.occupancy.presence is Presence.OCCUPIED
    if is_occupied and since_s is not None and now_s - since_s > OCCUPIED_S:
        minutes = {"minutes": f"{(now_s - since_s) / 60:.0f}"}
        yield Remark("store", FaultCode.OCCUPIED_LONG, since_s, minutes)
