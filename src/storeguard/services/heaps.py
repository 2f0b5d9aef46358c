"""Freezers that are judged by grams: what left each in a visit against what was sold out of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from storeguard.domain import bulk
from storeguard.domain.bulk import Loss, Moved, Typical
from storeguard.domain.events import BulkJudged, DeviceFailed, DeviceRecovered, Event, StepSettled
from storeguard.domain.ledger import Movement, Visit
from storeguard.domain.product import OnScales, Product, Stock
from storeguard.domain.reasons import Reason
from storeguard.domain.reconcile import Discrepancy, Judgement
from storeguard.ports import Book
from storeguard.services.bus import Bus

REMEMBERED = 500
"""Steps a freezer: hours of the busiest day; a visit is over long before."""

Label = Callable[[str, Loss], str]
"""(scale, loss) → what stands in an issue in place of a product."""


class Heaps:
    """Every `bulk` scale with its products. What it finds stands in the visit's own issue."""

    def __init__(self, goods: OnScales, kiosk: Book, bus: Bus, label: Label) -> None:
        self._goods = goods
        self._kiosk = kiosk
        self._bus = bus
        self._label = label
        self._moved: dict[str, list[Moved]] = {scale: [] for scale in goods}
        self._failed: dict[str, float] = {}
        self._well: dict[str, float] = {}
        bus.subscribe(self._on_event)

    def with_counted(
        self, visit: Visit, judgement: Judgement, rest: Stock, now_s: float
    ) -> tuple[tuple[Discrepancy, ...], tuple[Reason, ...]]:
        """What the visit's issue says: of the counted products in `rest`, and of the freezers."""
        lines = [
            replace(found, kiosk=found.shelf + rest[found.product])
            for found in judgement.discrepancies
            if found.product in rest
        ]
        reasons = list(judgement.reasons)
        for scale in self._goods:
            loss = self._loss(scale, visit, now_s)
            if loss is not None and loss.grams > 0 and not visit.marks:
                name = self._label(scale, loss)
                lines.append(Discrepancy(name, 0, loss.items, loss.certainty, loss.won))
                reasons.append(self._reason(scale, name, visit, loss))
        return tuple(lines), tuple(reasons)

    def _loss(self, scale: str, visit: Visit, now_s: float) -> Loss | None:
        moved = self._of(scale, visit)
        paid, sold = visit.paid, []
        for product in self._products(scale):
            if product.is_weighable and paid[product.name]:
                sold.append((product, paid[product.name]))
        typical = Typical.of(self._products(scale), self._kiosk.counts)
        if typical is None or self._is_doubtful(scale, visit) or not (moved or sold):
            return None
        loss = bulk.judge(moved, sold, typical)
        gone_g = -sum(step.grams for step in moved)
        sold_g = sum(count * product.unit_weight_g for product, count in sold)
        found = (loss.grams, loss.items, loss.won) if loss else (0.0, 0, 0)
        self._bus.publish(BulkJudged(now_s, scale, visit.id, gone_g, sold_g, *found))
        return loss

    def _products(self, scale: str) -> Sequence[Product]:
        """With the prices and weights of now."""
        now = {one.name: one for one in self._kiosk.products}
        return [now[one.name] for one in self._goods[scale] if one.name in now]

    def _of(self, scale: str, visit: Visit) -> list[Moved]:
        until_s = float("inf") if visit.emptied_s is None else visit.emptied_s
        return [m for m in self._moved[scale] if visit.started_s <= m.started_s <= until_s]

    def _is_doubtful(self, scale: str, visit: Visit) -> bool:
        """Was it out at some time of the visit?"""
        failed_s = self._failed.get(scale, float("-inf"))
        well_s = self._well.get(scale, float("-inf"))
        return failed_s >= visit.started_s or (failed_s > well_s) or well_s >= visit.started_s

    def _reason(self, scale: str, name: str, visit: Visit, loss: Loss) -> Reason:
        steps = self._of(scale, visit)
        first = max(steps, key=lambda step: -step.grams)
        movement = Movement(
            first.started_s, first.t_s, scale, name, -loss.items, -loss.grams, loss.certainty
        )
        return Reason("bulk", name, loss.items, movement, won=loss.won)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StepSettled) and event.scale in self._moved:
            step = Moved(event.started_s, event.t_s, event.grams, event.sigma_g)
            kept = self._moved[event.scale]
            kept.append(step)
            del kept[:-REMEMBERED]
        elif isinstance(event, DeviceFailed) and event.device in self._moved:
            self._failed[event.device] = event.t_s
        elif isinstance(event, DeviceRecovered) and event.device in self._moved:
            self._well[event.device] = event.t_s
