"""What lies on the shelves: the belief about all scales, followed step by step and booked."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from storeguard.clock import Clock
from storeguard.domain import answers, counting, jumping, testimony, weighing
from storeguard.domain.answers import Changes, Count
from storeguard.domain.belief import Belief, departed, entered, given_back, paid, stayed
from storeguard.domain.counting import Weighed
from storeguard.domain.events import (
    LevelJumped,
    SaleMade,
    ShareKnown,
    StepSettled,
    StockChanged,
)
from storeguard.domain.ledger import Visit
from storeguard.domain.product import Product
from storeguard.domain.teaching import taught
from storeguard.ports import Book
from storeguard.services import doorway
from storeguard.services.bus import Bus
from storeguard.services.firstcounts import FirstCounts
from storeguard.services.shelfgoods import ShelfGoods
from storeguard.services.stepqueue import Step, moved_s, next_to_count
from storeguard.services.swaps import SwapWatch
from storeguard.services.turns import Turns
from storeguard.services.visitshare import VisitShare
from storeguard.services.visitshares import VisitShares

if TYPE_CHECKING:
    from storeguard.services.weighing import Channel

PROMPT_S = 1.0


class Tally:
    """Counts new levels in the order in which they began; booked before they are published."""

    def __init__(
        self,
        channels: Sequence["Channel"],
        shelf: Book,
        bus: Bus,
        clock: Clock,
        swaps: SwapWatch,
        goods: ShelfGoods,
    ) -> None:
        self._channels = {channel.id: channel for channel in channels}
        self._shelf = shelf
        self._bus = bus
        self._clock = clock
        self._swaps = swaps
        self._on_shelves = goods
        self._first = FirstCounts(goods, swaps, clock)
        self._belief = Belief(self._products())
        self._shares = VisitShares()
        self._unclear_s: dict[str, float] = {}
        self._untold: set[str] = set()
        self._turns = Turns()
        self.is_restocked: Callable[[float], bool] = lambda _: False
        """Was restock mode on at an instant? Whoever knows says so."""
        self.counts: Mapping[str, Count] = {}
        """Product → units on all scales, where its own scale has been counted."""

    async def count(self) -> None:
        """Books the levels and steps that have not been counted yet."""
        async with self._turns.alone():
            if self._shares.coming and not self._shares.coming[0].is_early:
                await self._begin_visit()
            for channel in self._channels.values():
                if not channel.is_counted:
                    await self._count_first(channel)
            while (first := self._next()) is not None:
                await self._begin_until(self._shares.owner(first.pending[0].started_s))
                await self._count_step(first, first.pending[0])
            for name in tuple(self._untold):
                self._tell(name, self._shelf.counts.get(name, 0))
        is_quiet = not self._shares.present.is_inside
        await self._on_shelves.remember(self._belief, self.is_certain, is_quiet=is_quiet)

    def _next(self) -> "Channel | None":
        shares, now_s = self._shares, self._clock.now_s()
        first = next_to_count(self._channels.values(), now_s, shares.owner)
        has_to_wait = first and shares.has_to_wait(self._belief, first.pending[0].started_s)
        return None if has_to_wait else first

    def _products(self) -> dict[str, tuple[Product, ...]]:
        weighed = {one.id: one.weighed for one in self._channels.values()}
        return {scale: products for scale, products in weighed.items() if products}

    async def _count_first(self, channel: "Channel") -> None:
        if not channel.weighing.is_settled or not channel.weighed:
            return
        if channel.is_told:  # by the owner, before the first level was known
            level_g = self._on_shelves.booked_g(channel)
            channel.weighing = weighing.set_level(channel.weighing, level_g)
        elif self._first.is_waiting(channel):
            return
        is_inside = self._shares.present.is_inside and not self.is_restocked(self._clock.now_s())
        belief = self._first.counted(self._belief, channel, is_somebody_inside=is_inside)
        first = (channel.id, self._first.booked(channel))
        await self._commit(belief, f"scale {channel.id}", None, first)
        channel.is_counted, channel.is_told = True, False
        channel.pending.clear()

    def _weighed(self, channel: "Channel", level_g: float, unsure_g: float) -> Weighed:
        return Weighed(channel.id, level_g, channel.rules.band_g, self._clock.now_s(), unsure_g)

    async def _count_step(self, channel: "Channel", step: Step) -> None:
        weighed = self._weighed(channel, step.level_g, step.sigma_g)
        weighed = replace(
            weighed,
            started_s=step.started_s,
            moved_s=moved_s(channel, step),
            is_restocked=self.is_restocked(step.started_s),
        )
        if isinstance(step, LevelJumped):
            weighed = replace(weighed, leant_g=step.leant_g, is_shaken=step.is_handled)
            belief = jumping.jumped(self._belief, weighed, step.grams)
        else:
            has_calmed = channel.is_calm and len(channel.pending) == 1
            is_shaken = step.is_shaken and not has_calmed
            weighed = replace(
                weighed,
                leant_g=step.leant_g,
                is_shaken=is_shaken,
                pauses=step.pauses,
                touched_s=step.touched_s,
                swung_g=step.swung_g,
            )
            belief = counting.weigh(self._belief, weighed)
        self._shares.known.touched.add(channel.id)
        channel.step = step
        await self._commit(belief, f"scale {channel.id}", step)
        if channel.pending and channel.pending[0] is step:  # a scale in hand has none any more
            channel.pending.popleft()

    async def _commit(
        self,
        belief: Belief,
        why: str,
        step: Step | None = None,
        first: tuple[str, Mapping[str, int]] = ("", {}),
        share: VisitShare | None = None,
    ) -> None:
        """Books what the belief holds now and did not before.

        `first`: a scale that is counted for the first time, and what the book has there. `share`:
        whose moves these are; without it those of the visit that is known.
        """
        share = share or self._shares.known
        found = answers.changes(self._belief, belief, *first)
        before = Counter(self._shelf.counts)
        if booked := answers.by_product(found):
            await self._shelf.add(booked, why=why)
        known, self._belief = self._belief, belief
        self._note()
        if first[0]:
            self._publish(found, before, None, share, is_first=True)
        else:
            share.doubt(answers.by_product(found), answers.moved(belief, belief.likeliest))
            if step is not None:
                names = {name for _, name in found}
                doorway.mix(step, self._channels[step.scale], self._shares, belief, names)
            self._publish(found, before, step, share)
            self._withhold_unsaid({name for _, name in found}, share)
        for told, units in share.caught_up(self._moves(share)):
            self._bus.publish(ShareKnown(self._clock.now_s(), told, units))
        if isinstance(step, StepSettled):
            unit = taught(step, known, belief, found, self.counts)
            if unit is not None:
                self._bus.publish(unit)

    def _publish(
        self,
        found: Changes,
        before: Counter[str],
        step: Step | None,
        share: VisitShare,
        *,
        is_first: bool = False,
    ) -> None:
        """Each change, what it is of the visit with it; `before`: the book without any of them."""
        for (scale, name), units in found.items():
            of_scale = step if step is not None and step.scale == scale else None
            event = self._changed(self._channels[scale], name, before[name], units, of_scale, share)
            before[name] += units
            event = replace(event, is_first=is_first, moved=units)
            if not is_first:
                event = share.book(event, self._moves(share).get(name))
            self._bus.publish(event)

    def _withhold_unsaid(self, told: Collection[str], share: VisitShare) -> None:
        """What has moved by now though no book changes is of the newest step."""
        steps = {c.step.t_s: c for c in self._channels.values() if c.step is not None}
        for name in share.unsaid(self._moves(share), told) if steps else ():
            channel = steps[max(steps)]
            count = self._shelf.counts.get(name, 0)
            event = self._changed(channel, name, count, 0, channel.step, share)
            share.withheld[name] = replace(event, moved=None)

    def _changed(
        self,
        channel: "Channel",
        name: str,
        before: int,
        units: int,
        step: Step | None,
        share: VisitShare,
    ) -> StockChanged:
        now_s, count = self._clock.now_s(), self.counts.get(name)
        move = count if step is None else self._moves(share).get(name)
        is_prompt = step is not None and now_s - step.t_s < PROMPT_S
        told_s, step = step.t_s if step and is_prompt else now_s, step or channel.step
        return StockChanged(
            told_s,
            name,
            channel.id,
            before,
            before + units,
            count is None or count.is_certain,
            started_s=step.started_s if step else now_s,
            grams=step.grams if step else 0.0,
            certainty=move.certainty if move else 1.0,
            unclear_since_s=share.started_s - 1.0 if name in share.doubted else None,
            is_foreign=all(name != one.name for one in channel.products),
            moved_s=moved_s(channel, step) if step else 0.0,
        )

    def _note(self) -> None:
        """How sure each count is now, and since when it is not."""
        self.counts = answers.counts(self._belief)
        now_s = self._clock.now_s()
        for name, count in self.counts.items():
            if count.is_certain:
                self._unclear_s.pop(name, None)
            else:
                self._unclear_s.setdefault(name, now_s)

    # --- visits

    def enter(self, t_s: float) -> None:
        """Somebody comes in. Until he has moved something the belief is about the one before, if
        that is not judged yet."""
        self._shares.come(t_s, doorway.levels_g(self._channels.values(), t_s))

    def empty(self, t_s: float) -> None:
        """Nobody is inside any more."""
        self._shares.present.emptied_s = t_s

    async def _begin_until(self, share: VisitShare) -> None:
        while share in self._shares.coming:
            await self._begin_visit()

    async def _begin_visit(self) -> None:
        """Who comes in has nothing in hand; what stays is goods rather than a bag, which may change
        counts. Of a visit that is judged already nothing is told any more."""
        left, come = self._shares.known, self._shares.coming[0]
        doubted = frozenset(name for name, one in self.counts.items() if not one.is_certain)
        belief = entered(self._belief, left.heard) if left.is_over else stayed(self._belief)
        if answers.changes(self._belief, belief):
            await self._commit(belief, "left behind", share=come if left.is_over else left)
        self._shares.begin(self._belief, doubted)
        self._belief = entered(self._belief, left.heard)

    def pay(self, sale: SaleMade) -> None:
        """What is paid goes out of the store, and seldom comes back on a shelf."""
        self._shares.present.heard[sale.product] += sale.count
        self._turns.hear(lambda: self._pay(sale))

    def _pay(self, sale: SaleMade) -> None:
        if sale.count > 0:
            self._belief = paid(self._belief, sale.product, sale.count, sale.t_s)
        else:
            self._belief = given_back(self._belief, sale.product, -sale.count)

    def _moves(self, share: VisitShare) -> Mapping[str, Count]:
        return self._shares.moves(self._belief, share)

    def moves_in(self, visit: Visit) -> Mapping[str, Count]:
        """Product → units that have moved in the visit, and how sure that is by now."""
        return self._share_of(visit)[1]

    def open_shares(self, visit: Visit) -> frozenset[str]:
        """Products of which nobody can say yet what of a step was this visit's."""
        share = self._share_of(visit)[0]
        return frozenset({*share.withheld, *share.mixed})

    def told_in(self, visit: Visit) -> Counter[str]:
        """Product → units that were said to have moved in the visit: not what is withheld."""
        return self._share_of(visit)[0].booked

    def heard_in(self, visit: Visit) -> Counter[str]:
        """Product → units that were paid since the visit began, whoever got the payment."""
        return self._share_of(visit)[0].heard

    def _share_of(self, visit: Visit) -> tuple[VisitShare, Mapping[str, Count]]:
        return self._shares.of(self._belief, visit)

    def open_in(self, visit: Visit) -> Mapping[str, Count]:
        """Those of them that the weight leaves open."""
        found = self.moves_in(visit)
        return {name: count for name, count in found.items() if not count.is_certain}

    async def leave(self, visit: Visit) -> None:
        """Everybody of the visit has gone. Where the next visitor is in, that is known already."""
        async with self._turns.alone():
            share = self._share_of(visit)[0]
            await self._begin_until(share)
            is_followed = bool(self._shares.coming)
            belief = stayed(self._belief) if is_followed else departed(self._belief)
            if share is self._shares.known and belief is not self._belief:
                await self._commit(belief, f"end of visit {visit.id}")
            share.is_over = True

    def open_to_sales(self, visit: Visit) -> frozenset[str]:
        """Products of which the visit's sales may say something; they have their say once."""
        share = self._shares.known
        if visit.started_s != share.started_s or share.is_decided:
            return frozenset()
        return testimony.open_to(visit.paid, self.moves_in(visit))

    async def decide(self, visit: Visit, *, is_in_debt: bool, unpaid: testimony.Unpaid) -> None:
        """The visit's sales choose between answers that the weight leaves open."""
        async with self._turns.alone():
            share, moves, paid = self._shares.known, self.moves_in(visit), visit.paid
            owed = {name: -moves[name].count - paid[name] for name in self.open_to_sales(visit)}
            belief = testimony.decided(
                self._belief, owed, paid, is_in_debt=is_in_debt, unpaid=unpaid
            )
            if belief is not self._belief:
                await self._commit(belief, f"sales of visit {visit.id}")
            share.is_decided = share.is_decided or bool(owed)

    def unclear_since_s(self, channel: "Channel") -> float | None:
        """Since when a count of the scale's own products has not been certain."""
        since = [self._unclear_s[p.name] for p in channel.products if p.name in self._unclear_s]
        return min(since, default=None)

    # --- the owner

    def tell(self, name: str, count: int) -> None:
        """The owner has said how many units there are, and the book knows: the zero is set to
        it."""
        self._turns.hear(lambda: self._tell(name, self._shelf.counts.get(name, count)))

    def _tell(self, name: str, count: int) -> None:
        """Once what waits to be counted there is: it had moved before he looked."""
        self._untold.discard(name)
        for channel in self._channels.values():
            if name not in [one.name for one in channel.weighed]:
                continue
            self._swaps.admit(channel)
            if not channel.is_counted or channel.weighing.level_g is None:
                channel.is_told = True
                continue
            if channel.pending:
                self._untold.add(name)
                continue
            self._set(channel, name, self._on_shelves.in_place(name, count))

    def _set(self, channel: "Channel", name: str, here: int) -> None:
        load = self._belief.likeliest.loads[channel.id]
        at = [one.name for one in channel.weighed].index(name)
        own = (*load.own[:at], here, *load.own[at + 1 :])
        thing_g = testimony.thing_g(load, here - load.own[at], channel.weighed[at])
        level_g = self._on_shelves.grams(channel, own) + thing_g
        channel.weighing = weighing.set_level(channel.weighing, level_g)
        self._belief = testimony.told(self._belief, channel.id, name, here, level_g, thing_g)
        self._note()

    def set_products(self, edit: Callable[[], None]) -> None:
        """Unit weights are edited, which `edit` does; where a product has become weighable or is
        no longer, all is counted anew."""
        self._turns.hear(lambda: self._set_products(edit))

    def _set_products(self, edit: Callable[[], None]) -> None:
        edit()
        goods = self._products()
        names = {scale: [one.name for one in each] for scale, each in goods.items()}
        known = {s: [one.name for one in each] for s, each in self._belief.goods.items()}
        if names == known:
            self._belief = replace(self._belief, goods=goods)
            return
        self._belief, self.counts = Belief(goods), {}
        self._shares.known.booked.clear()  # what moves is told from now on anew
        for channel in self._channels.values():
            channel.is_counted = False

    def is_certain(self, channel: "Channel") -> bool:
        """Are all counts of the scale's own products certain?"""
        return channel.is_counted and all(
            self.counts[one.name].is_certain for one in channel.weighed
        )
