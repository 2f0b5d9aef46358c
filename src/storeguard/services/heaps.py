"""Freezers that are judged by grams: what left each in a visit against what was sold out of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from storeguard.domain import bulk, heapleft
from storeguard.domain.bulk import Loss, Moved, Typical
from storeguard.domain.doubts import Doubt, OfHeap
from storeguard.domain.events import BulkJudged
from storeguard.domain.heapleft import Left
from storeguard.domain.ledger import Movement, Visit
from storeguard.domain.product import OnScales, Product, Stock
from storeguard.domain.reasons import Reason
from storeguard.domain.reconcile import Discrepancy, Judgement
from storeguard.ports import Book
from storeguard.services.bus import Bus
from storeguard.services.heapsteps import HeapSteps

MOST_SHARED = 4
"""Visits that one unrest may be of: of more nobody can say anything."""

Label = Callable[[str, Loss | None], str]
"""(scale, loss) → what stands in an issue in place of a product; without a loss the freezer."""


@dataclass(frozen=True, slots=True)
class Late:
    """What visits that were judged before their freezer came to rest have taken; maybe nothing."""

    scale: str
    visits: tuple[Visit, ...]
    lines: tuple[Discrepancy, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of one freezer and some visits, in grams: gone (less what came), come, sold, and missing."""

    gone_g: float
    came_g: float
    sold_g: float
    typical: Typical
    loss: Loss | None


class Heaps:
    """Every `bulk` scale with its products. What it finds stands in the visit's own issue.

    A visit whose freezer does not come to rest in time, or that shares its unrest with another
    visit, is told as not checked, and judged when that is over: together with those others.
    """

    def __init__(
        self, goods: OnScales, steps: HeapSteps, kiosk: Book, bus: Bus, label: Label
    ) -> None:
        self._goods = goods
        self._steps = steps
        self._kiosk = kiosk
        self._bus = bus
        self._label = label
        self._waiting: dict[str, dict[str, Visit]] = {scale: {} for scale in goods}
        self._left: dict[str, tuple[Left, ...]] = dict.fromkeys(goods, ())
        self._given_up_s: dict[str, float] = {}

    def doubted(self, visit: Visit, open_visits: Sequence[Visit], now_s: float) -> Visit:
        """The visit with a doubt of each freezer that does not say what it has moved there.

        `open_visits`: those that are not judged yet.
        """
        found = tuple(
            doubt
            for scale in self._goods
            if (doubt := self._doubt(scale, visit, open_visits, now_s)) is not None
        )
        unverified = visit.unverified | {doubt.product for doubt in found}
        return replace(visit, unverified=unverified, doubts=(*visit.doubts, *found))

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
        doubts = {doubt.scale: doubt.kind for doubt in visit.doubts}
        for scale in self._goods:
            self._waiting[scale].pop(visit.id, None)
            if doubts.get(scale) in ("bulk_restless", "bulk_shared"):
                self._waiting[scale][visit.id] = visit
            elif doubts.get(scale) != "bulk_failed":
                found, why = self._found(scale, (visit,), now_s)
                lines += found
                reasons += why
        return tuple(lines), tuple(reasons)

    def awaits(self, visit: Visit) -> bool:
        """Is the visit to be judged once more?"""
        return any(visit.id in waiting for waiting in self._waiting.values())

    def late(self, open_visits: Sequence[Visit], now_s: float) -> Iterator[Late]:
        """What is known at last of visits that were judged before; `close` takes note of each."""
        for scale, waiting in self._waiting.items():
            visits = tuple(sorted(waiting.values(), key=lambda one: one.started_s))
            if len(visits) > MOST_SHARED:
                self._given_up_s[scale] = now_s
                yield Late(scale, visits)
            elif visits and not self._is_open(scale, visits, open_visits):
                found = (
                    ((), ()) if self._is_lost(scale, visits) else self._found(scale, visits, now_s)
                )
                yield Late(scale, visits, *found)

    def close(self, late: Late) -> None:
        for visit in late.visits:
            del self._waiting[late.scale][visit.id]

    def _doubt(
        self, scale: str, visit: Visit, open_visits: Sequence[Visit], now_s: float
    ) -> Doubt | None:
        if self._typical(scale) is None:
            return None
        name = self._label(scale, None)
        if (failed_s := self._steps.failed_s(scale, visit)) is not None:
            return Doubt("bulk_failed", name, scale, failed_s)
        if (since_s := self._steps.restless_s(scale, visit)) is not None:
            return Doubt("bulk_restless", name, scale, since_s)
        others = (*open_visits, *self._waiting[scale].values())
        if (step := self._steps.shared(scale, visit, others)) is not None:
            return Doubt("bulk_shared", name, scale, step.started_s, step.grams)
        sums = None if visit.marks else self._sums(scale, (visit,))
        if sums is None or sums.loss is None:
            return None
        if not (sums.loss.is_too_much or self._fetched(scale, visit, sums, now_s)):
            return None
        step = self._heaviest(scale, (visit,))
        kind: OfHeap = "bulk_lifted" if sums.loss.is_too_much else "bulk_fetched"
        return Doubt(kind, name, scale, step.started_s, step.grams)

    def _is_open(self, scale: str, visits: tuple[Visit, ...], open_visits: Sequence[Visit]) -> bool:
        """Is it still on the move since then, or somebody to be judged first who was there too?"""
        if self._steps.restless_s(scale, visits[-1]) is not None:
            return True
        return any(self._steps.shared(scale, visit, open_visits) for visit in visits)

    def _is_lost(self, scale: str, visits: tuple[Visit, ...]) -> bool:
        """Was it out meanwhile, or is the unrest that of more visits than these?"""
        since_s = self._given_up_s.get(scale, float("-inf"))
        is_old = any(step.started_s <= since_s for step in self._steps.of(scale, visits))
        return is_old or self._steps.failed_s(scale, visits[0]) is not None

    def _found(
        self, scale: str, visits: tuple[Visit, ...], now_s: float
    ) -> tuple[tuple[Discrepancy, ...], tuple[Reason, ...]]:
        """The line of what the visits have taken, and why; nothing of who looks after the store."""
        sums, first = self._sums(scale, visits), visits[0]
        if sums is None:
            return (), ()
        loss, left = sums.loss, self._fetched(scale, first, sums, now_s)
        self._publish(scale, first, sums, now_s, is_goods=left is None)
        if left is not None:
            self._left[scale] = heapleft.gone(self._left[scale], left, first.id)
            return (), ()
        if loss is None or loss.is_too_much or any(visit.marks for visit in visits):
            return (), ()
        if loss.grams <= 0:
            came = Left(first.id, first.started_s, min(-loss.grams, sums.came_g), loss.sigma_g)
            self._left[scale] = heapleft.noted(self._left[scale], came, now_s)
            return (), ()
        if len(visits) > 1:
            loss = replace(loss, certainty=min(loss.certainty, bulk.SHARED_CERTAINTY))
        name = self._label(scale, loss)
        line = Discrepancy(name, 0, loss.items, loss.certainty, loss.won)
        return (line,), tuple(self._reasons(scale, name, visits, loss))

    def _fetched(self, scale: str, visit: Visit, sums: "_Sums", now_s: float) -> Left | None:
        """What had been left on it, and has gone by now."""
        if sums.loss is None:
            return None
        return heapleft.fetched(self._left[scale], visit.id, sums.loss, sums.typical, now_s)

    def _sums(self, scale: str, visits: tuple[Visit, ...]) -> "_Sums | None":
        """None where nothing has moved and nothing was sold."""
        moved, typical = self._steps.of(scale, visits), self._typical(scale)
        sold = [
            (product, count)
            for product in self._products(scale)
            if product.is_weighable and (count := _sold(visits, product.name)) > 0
        ]
        if typical is None or not (moved or sold):
            return None
        return _Sums(
            gone_g=-sum(step.grams for step in moved),
            came_g=sum(max(0.0, step.grams) for step in moved),
            sold_g=sum(count * product.unit_weight_g for product, count in sold),
            typical=typical,
            loss=bulk.judge(moved, sold, typical),
        )

    def _publish(
        self, scale: str, visit: Visit, sums: "_Sums", now_s: float, *, is_goods: bool
    ) -> None:
        loss = sums.loss if is_goods else None
        found = (loss.grams, loss.items, loss.won) if loss else (0.0, 0, 0)
        self._bus.publish(BulkJudged(now_s, scale, visit.id, sums.gone_g, sums.sold_g, *found))

    def _products(self, scale: str) -> Sequence[Product]:
        """With the prices and weights of now."""
        now = {one.name: one for one in self._kiosk.products}
        return [now[one.name] for one in self._goods[scale] if one.name in now]

    def _typical(self, scale: str) -> Typical | None:
        return Typical.of(self._products(scale), self._kiosk.counts)

    def _heaviest(self, scale: str, visits: tuple[Visit, ...]) -> Moved:
        """The step with which most has left: where grams are missing there is one."""
        return min(self._steps.of(scale, visits), key=lambda step: step.grams)

    def _reasons(
        self, scale: str, name: str, visits: tuple[Visit, ...], loss: Loss
    ) -> Iterator[Reason]:
        first = self._heaviest(scale, visits)
        movement = Movement(
            first.started_s, first.t_s, scale, name, -loss.items, -loss.grams, loss.certainty
        )
        yield Reason("bulk", name, loss.items, movement, won=loss.won)
        if first.is_long:
            yield Reason("bulk_unsure", name, round(bulk.SIGMAS * loss.sigma_g / 10) * 10)
        if len(visits) > 1:
            doubt = Doubt("bulk_shared", name, scale, first.started_s, first.grams)
            yield Reason("bulk_shared", name, 0, doubt=doubt)


def _sold(visits: tuple[Visit, ...], product: str) -> int:
    """Below nothing where money was given back, which takes nothing out of a freezer."""
    return sum(visit.paid[product] for visit in visits)
