"""What each freezer that is judged by grams has moved, and when it did not rest or was out."""

from collections.abc import Iterable, Sequence

from storeguard.domain import bulk
from storeguard.domain.bulk import Moved
from storeguard.domain.events import DeviceFailed, DeviceRecovered, Event, StepSettled
from storeguard.domain.ledger import Visit
from storeguard.services.bus import Bus
from storeguard.services.weighing import WeighingService

REMEMBERED = 500
"""Steps a freezer: hours of the busiest day; a visit is over long before."""


class HeapSteps:
    """Of every `bulk` scale, since the start."""

    def __init__(self, scales: Iterable[str], weighing: WeighingService, bus: Bus) -> None:
        self._channels = {scale: weighing.channel(scale) for scale in scales}
        self._moved: dict[str, list[Moved]] = {scale: [] for scale in self._channels}
        self._failed: dict[str, float] = {}
        self._well: dict[str, float] = {}
        bus.subscribe(self._on_event)

    def of(self, scale: str, visits: Sequence[Visit]) -> list[Moved]:
        """What it moved from the first of the visits to the end of the last."""
        from_s, until_s = visits[0].started_s, until(visits[-1])
        return [one for one in self._moved[scale] if one.touches(from_s, until_s)]

    def failed_s(self, scale: str, visit: Visit) -> float | None:
        """When it failed, if it was out at some time of the visit, or since."""
        failed_s = self._failed.get(scale, float("-inf"))
        well_s = self._well.get(scale, float("-inf"))
        is_out = failed_s > well_s or max(failed_s, well_s) >= visit.started_s
        return failed_s if is_out else None

    def restless_s(self, scale: str, visit: Visit) -> float | None:
        """Since when it has been on the move, if it has not come to rest since the visit."""
        state = self._channels[scale].weighing
        since_s = None if state.is_failed else state.moving_since_s
        return None if since_s is None or since_s > until(visit) else since_s

    def shared(self, scale: str, visit: Visit, others: Sequence[Visit]) -> Moved | None:
        """A step of the visit that was going on while one of the others was inside, too."""
        rest = [one for one in others if one.id != visit.id]
        found = (
            step
            for step in self.of(scale, [visit])
            if any(step.touches(one.started_s, until(one)) for one in rest)
        )
        return next(found, None)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled) and event.scale in self._moved:
            kept = self._moved[event.scale]
            kept.append(self._as_moved(event))
            del kept[:-REMEMBERED]
        elif isinstance(event, DeviceFailed) and event.device in self._moved:
            self._failed[event.device] = event.t_s
        elif isinstance(event, DeviceRecovered) and event.device in self._moved:
            self._well[event.device] = event.t_s

    def _as_moved(self, step: StepSettled) -> Moved:
        rules = self._channels[step.scale].rules
        still_s = bulk.still_s(step, rules.settle_for_s)
        sigma_g = bulk.unsure_g(step.sigma_g, still_s - step.started_s, rules.drift.per_s_g)
        return Moved(step.started_s, step.t_s, step.grams, sigma_g, still_s)


def until(visit: Visit) -> float:
    """When it was over."""
    return float("inf") if visit.emptied_s is None else visit.emptied_s
