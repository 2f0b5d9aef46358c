"""Visits → judgements: when the store has become empty and everything is at rest."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace

from storeguard.clock import Clock
from storeguard.domain import amounts, prepaid, refunds
from storeguard.domain import ledger as ledgers
from storeguard.domain.awaiting import Sales, postpone
from storeguard.domain.events import (
    IssueSealed,
)
from storeguard.domain.ledger import Debt, Ledger, SaleLine, Visit
from storeguard.domain.naming import alternatives
from storeguard.domain.overdue import known_since_recovery, left_to_the_shelf
from storeguard.domain.product import Stock
from storeguard.domain.reconcile import Judgement, is_in_debt, judge, reconciled, unpaid_units
from storeguard.domain.supposing import supposed
from storeguard.errors import JournalFault, OutboxFault
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Books
from storeguard.services import shelfdoubts
from storeguard.services.asking import DeliveryQuestions
from storeguard.services.awaiting import SalesSources
from storeguard.services.bus import Bus
from storeguard.services.comparing import BookComparison
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.filing import Case, FilingService
from storeguard.services.heaps import Heaps
from storeguard.services.keeping import LedgerKeeper, VisitRecord
from storeguard.services.posting import post
from storeguard.services.promoting import PromotionBoard
from storeguard.services.provisional import ProvisionalIssues
from storeguard.services.restocking import Restocking
from storeguard.services.selling import Desk
from storeguard.services.weighing import WeighingService

ROUND_S = 0.1
IDLE_ROUND_S = 1.0
"""While no visit is open or waits; an event ends the rest."""


class ReconcilingService:
    """Judges each visit of the ledger once."""

    def __init__(
        self,
        keeper: LedgerKeeper,
        weighing: WeighingService,
        books: Books,
        desk: Desk,
        filing: FilingService,
        comparison: BookComparison,
        provisional: ProvisionalIssues,
        promotions: PromotionBoard,
        restocking: Restocking,
        heaps: Heaps,
        questions: DeliveryQuestions,
        sales: SalesSources,
        evidence: EvidenceRoom,
        record: VisitRecord,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        payment_grace_s: float,
        round_s: float = ROUND_S,
    ) -> None:
        self._keeper = keeper
        self._amends = keeper.amends
        self._sales = sales
        self._weighing = weighing
        self._shelf = books.shelf
        self._kiosk = books.kiosk
        self._desk = desk
        self._filing = filing
        self._comparison = comparison
        self._provisional = provisional
        self._promotions = promotions
        self._restocking = restocking
        self._heaps = heaps
        self._questions = questions
        self._evidence = evidence
        self._record = record
        self._bus = bus
        self._clock = clock
        self._health = health
        self._grace_s = payment_grace_s
        self._round_s = round_s

    @property
    def ledger(self) -> Ledger:
        return self._keeper.ledger

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self._keeper.ledger = ledger

    async def run(self) -> None:
        """Judges until it is cancelled. A disk that refuses an issue is tried again."""
        part = self._health.part("reconciling", longest_s=LONGEST_SILENCE_S)
        while True:
            try:
                self._keeper.has_news.clear()
                await self._run_once()
                part.ok()
                await self._rest()
            except (OutboxFault, JournalFault) as fault:
                part.failed(fault)
                await asyncio.sleep(part.backoff_s())

    async def _rest(self) -> None:
        """A round, or longer while there is nothing to do; an event that counts ends it then."""
        if not self.is_idle:
            await asyncio.sleep(self._round_s)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_ROUND_S):
                await self._keeper.has_news.wait()

    @property
    def is_idle(self) -> bool:
        """Nothing is open, pending, expected or still to be compared after the start."""
        is_waiting = self._amends.is_pending or self._is_expecting
        return not self.ledger.visits and self._comparison.has_begun and not is_waiting

    @property
    def _is_expecting(self) -> bool:
        return prepaid.is_expecting(self.ledger, self._clock.now_s())

    async def _run_once(self) -> None:
        self._keeper.settle_prepaid(self._clock.now_s())
        await self._write_down()
        await self._promotions.settle()
        self.ledger = self._promotions.offered(self.ledger)
        current = self.ledger.current
        marked = current and self._restocking.marked(current)
        lacking = self._comparison.lacking_in(marked)
        await self._restocking.follow(self.ledger.visits, current, self._as_weighed, lacking)
        for visit in self.ledger.visits:
            if visit.awaiting is None:
                if not self._is_due(visit):
                    break
                await self._weighing.tally.leave(visit)
            if self._sales.of(visit) is not Sales.AWAITED:
                await self._judge(visit.id)
            elif visit.awaiting is None:
                known = self._known(visit.id)
                self.ledger = postpone(self.ledger, known, self._clock.now_s())
        await self._judge_late()
        await self._report_overdue()
        is_quiet = all(visit.awaiting for visit in self.ledger.visits) and not self._is_expecting
        if is_quiet and self._comparison.is_due():
            sealed = await self._comparison.compare(self.ledger.visits)
            if sealed is not None:
                self._issued(sealed)

    def _as_weighed(self, visit: Visit) -> Visit:
        """The visit with what the shelves show of it by now."""
        weighing, now_s = self._weighing, self._clock.now_s()
        return replace(
            shelfdoubts.doubted(weighing, visit),
            shelf=shelfdoubts.weighed_counts(weighing, self._shelf.counts),
            uncertain=shelfdoubts.unpaid_ranges(weighing, visit, now_s),
            overpaid=shelfdoubts.overpaid(weighing, visit),
            doubts=(*visit.doubts, *shelfdoubts.doubts(weighing, visit, now_s)),
        )

    def _is_due(self, visit: Visit) -> bool:
        emptied_s = visit.emptied_s if visit.emptied_s is not None else 0.0
        return ledgers.due(
            visit,
            self._clock.now_s(),
            self._grace_s,
            is_settled=not self._weighing.unsettled_since(emptied_s),
            is_basket_open=self._desk.is_basket_open,
        )

    async def _judge(self, visit_id: str) -> None:
        await self._decide(self._visit(visit_id))
        self.ledger = refunds.settle_put_back(self.ledger, visit_id)
        now_s = self._clock.now_s()
        visit = self._heaps.doubted(self._named(visit_id), self.ledger.visits, now_s)
        judgement = self._judged(visit)
        await self._questions.ask(visit, judgement.unannounced)
        changes = await self._raise_hiding(visit, judgement)
        unpaid = {**judgement.unpaid, **known_since_recovery(visit)}
        reported = self._provisional.reported
        to_shelf = left_to_the_shelf(visit, reported)
        rest = await self._provisional.settle(unpaid, judgement.uncertain, to_shelf=to_shelf)
        sealed = None
        found, reasons = self._heaps.with_counted(visit, judgement, rest, now_s)
        if found:
            kept = self._sales.leftovers(visit)
            case = Case(visit.id, visit, found, reasons, kept)
            sealed = await self._filing.file(case)
        if changes:
            await post(self._kiosk, changes, why=f"visit {visit.id}", key=f"visit:{visit.id}")
        await asyncio.to_thread(self._record.close, visit, judgement)
        self._comparison.may_be_others(alternatives(visit, judgement.unpaid))
        self._comparison.excuse(judgement.excused)
        self._comparison.leave_open(shelfdoubts.drifted(self._weighing, visit, now_s))
        paid_meanwhile = self._sales_since(visit)
        self._close(visit, judgement)
        self._bus.publish(reconciled(visit, judgement, self._clock.now_s()))
        confirmed = self._provisional.announce()
        if to_shelf:
            self._comparison.take_up(one for one in reported if one.issue_id in to_shelf)
        self._questions.accuse(confirmed)
        self.ledger = replace(self.ledger, debts=(*self.ledger.debts, *confirmed))
        if sealed is not None:
            self._issued(sealed)
        for sale in paid_meanwhile:
            self._keeper.book_late(sale)
        await self._keep_or_discard(visit, judgement, has_issue=bool(found))

    async def _judge_late(self) -> None:
        """What a freezer shows at last of visits that were judged before it had come to rest."""
        for late in self._heaps.late(self.ledger.visits, self._clock.now_s()):
            first = late.visits[0]
            if late.lines:
                key, kept = f"{late.scale} of {first.id}", self._sales.leftovers(first)
                case = Case(key, first, late.lines, late.reasons, kept)
                self._issued(await self._filing.file(case))
            self._heaps.close(late)
            for visit in late.visits:
                if not self._heaps.awaits(visit):  # of another freezer
                    await self._evidence.keep(visit.started_s)

    async def _raise_hiding(self, visit: Visit, judgement: Judgement) -> dict[str, int]:
        """Books goods that hid what was taken after them; returns what is to be booked besides.

        Before the issue takes those out of the kiosk book, which never holds less than nothing.
        """
        changes = self._restocking.rest(visit, judgement.kiosk_changes)
        came = {name: changes.pop(name) for name in judgement.hiding if name in changes}
        if came:
            why, key = f"visit {visit.id}: brought", f"brought:{visit.id}"
            await post(self._kiosk, came, why=why, key=key)
        return changes

    def _visit(self, visit_id: str) -> Visit:
        """As the ledger has it by now."""
        return next(one for one in self.ledger.visits if one.id == visit_id)

    def _known(self, visit_id: str) -> Visit:
        """The visit with all that is known of it by now."""
        return self._restocking.marked(self._complete(self._visit(visit_id)))

    def _named(self, visit_id: str) -> Visit:
        """The visit with all that is known, and a name for what has gone for certain.

        Not where a payment that the visit has not got may have been for one of the two.
        """
        visit = self._known(visit_id)
        elsewhere = (*self.ledger.prepaid, *visit.yielded)
        elsewhere += tuple(sale for later in self._later_than(visit) for sale in later.sales)
        if any(sale.won for sale in elsewhere):
            return visit
        unknown = self._visit(visit_id).unverified | {sale.product for sale in elsewhere}
        return shelfdoubts.named(self._weighing, visit, unknown)

    def _judged(self, visit: Visit) -> Judgement:
        kiosk = self._kiosk_without_later(visit)
        return judge(visit, self._kiosk.products, kiosk, self._clock.now_s())

    async def _report_overdue(self) -> None:
        visit = self.ledger.current
        if visit is not None and self._provisional.is_due(visit):
            visit = self._restocking.of_customers(self._as_weighed(visit))
            told_s = self._sales.complete_until_s
            await self._provisional.report(visit, self._kiosk.products, told_s)

    def _sales_since(self, judged: Visit) -> tuple[SaleLine, ...]:
        """Sales that the visit got while its issue was being sealed: too late for it."""
        [visit] = [visit for visit in self.ledger.visits if visit.id == judged.id]
        return visit.sales[len(judged.sales) :]

    async def _decide(self, visit: Visit) -> None:
        """Its sales choose between what the weight leaves open."""
        tally = self._weighing.tally
        if visit.awaiting is None and (names := tally.open_to_sales(visit)):
            known = self._known(visit.id)
            in_debt = is_in_debt(known, self._judged(known), names)
            await tally.decide(
                visit,
                is_in_debt=in_debt,
                unpaid=lambda taken: unpaid_units(supposed(known, taken), self._kiosk.products),
            )

    def _complete(self, visit: Visit) -> Visit:
        """The visit with what the shelves showed at its end, and what they leave open."""
        if visit.awaiting is not None:
            return self._sales.resumed(visit)
        visit = self._as_weighed(visit)
        shelf = Counter(visit.shelf)
        for later in self._later_than(visit):
            shelf.update(later.net_taken)
        assert visit.emptied_s is not None
        restless = shelfdoubts.restless(self._weighing, visit.emptied_s)
        moves = self._weighing.tally.moves_in(visit)
        return replace(
            visit,
            shelf=shelf,
            unverified=visit.unverified | {doubt.product for doubt in restless},
            doubts=(*visit.doubts, *restless),
            certainty={name: count.certainty for name, count in moves.items()},
        )

    def _later_than(self, visit: Visit) -> tuple[Visit, ...]:
        return tuple(v for v in self.ledger.visits if v.started_s > visit.started_s)

    def _kiosk_without_later(self, visit: Visit) -> Stock:
        """The kiosk book as if later visits had bought nothing yet, nor anything been missing."""
        counts = self._restocking.unfollowed(self._kiosk.counts)
        counts.subtract(self._comparison.lacking_in(visit))
        for later in self._later_than(visit):
            counts.update(later.paid)
        return counts

    def _close(self, visit: Visit, judgement: Judgement) -> None:
        self.ledger = ledgers.close_visit(self.ledger, visit)
        self._restocking.close(visit)
        self._provisional.learn(visit)
        prices, won = amounts.prices_of(self._kiosk.products), judgement.amount_left_won
        self.ledger, paid = amounts.pay_debts(self.ledger, won, prices, self._clock.now_s())
        self._amends.paid(paid, f"visit {visit.id}", is_off_the_book=False)
        for product, count in judgement.surplus.items():
            self._settle_surplus(visit, product, count)

    def _settle_surplus(self, visit: Visit, product: str, count: int) -> None:
        """What was paid too much pays what is still owed; of the rest the visit has a credit."""
        over, now_s = min(count, visit.balance(product).overpaid), self._clock.now_s()
        self.ledger, paid = ledgers.settle_debts(self.ledger, product, over, now_s)
        self._amends.paid(paid, f"visit {visit.id}", is_off_the_book=False)
        used = sum(units for _, units in paid)
        twice, rest = over - used, 0 if visit.marks else count - over
        self.ledger = refunds.remember(self.ledger, product, twice, rest, now_s)
        self._comparison.has_arrived(product, count)

    def _issued(self, sealed: IssueSealed) -> None:
        debts = tuple(Debt(sealed.id, sealed.t_s, n.product, n.missing) for n in sealed.lines)
        self.ledger = replace(self.ledger, debts=(*self.ledger.debts, *debts))
        self._bus.publish(sealed)

    async def _keep_or_discard(self, visit: Visit, judged: Judgement, *, has_issue: bool) -> None:
        doubts = judged.uncertain or judged.unverified or judged.proposed
        is_clean = not (has_issue or judged.unpaid or doubts or self._is_contested(visit))
        if self._heaps.awaits(visit):
            return  # its clips are an issue's, perhaps, when the freezer has come to rest
        if is_clean:
            await self._evidence.discard(visit.started_s)
            await self._sales.discard(visit)
        else:
            await self._evidence.keep(visit.started_s)

    def _is_contested(self, visit: Visit) -> bool:
        """Has it got a payment that may have been a later visit's, which is not judged yet?"""
        got = {sale.sale_id for sale in visit.sales}
        return any(sale.sale_id in got for v in self.ledger.visits for sale in v.yielded)

    async def _write_down(self) -> None:
        """The journal's share of what event handlers, which must not block, have decided."""
        await self._comparison.write_down()
        await self._sales.write_down(self.ledger.visits)
        await self._questions.write_down()
        await self._keeper.write_down()
        await self._amends.write_down(self.ledger.visits)
        await self._provisional.write_down()
