"""Who judges a visit, with all that they ask: keeper, provisional issues, promotions."""

import functools
from collections.abc import Callable

from storeguard.books.journal import Journal
from storeguard.books.promotions import PromotionsFile
from storeguard.books.proposals import AnswersFile, IssuePardons, VisitHistory
from storeguard.books.records import DELAYS, DelayFile, VisitRecords
from storeguard.clock import Clock
from storeguard.config import Config, Folders, Visits
from storeguard.domain.ledger import Ledger
from storeguard.mode import Mode
from storeguard.outbox.decisions import confirmed_elsewhere
from storeguard.ports import Book, Books
from storeguard.services.amending import Amends
from storeguard.services.awaiting import SalesSources
from storeguard.services.bus import Bus
from storeguard.services.delays import PaymentDelays
from storeguard.services.filing import FilingService
from storeguard.services.keeping import LedgerKeeper
from storeguard.services.pardoning import Pardons
from storeguard.services.promoting import PromotionBoard
from storeguard.services.provisional import ProvisionalIssues
from storeguard.services.restocking import Restocking
from storeguard.services.selling import Desk
from storeguard.services.weighing import WeighingService


def keeper(
    visits: Visits,
    journal: Journal,
    weighing: WeighingService,
    books: Books,
    restocking: Restocking,
    sales: SalesSources,
    bus: Bus,
    clock: Clock,
    new_visit_id: Callable[[float], str],
) -> LedgerKeeper:
    """With the visits that were waiting for their sales before the restart."""
    record = VisitRecords(journal, clock)
    return LedgerKeeper(
        Ledger(visits=sales.waiting, grace_s=visits.payment_grace_s),
        weighing,
        books.kiosk,
        restocking,
        Amends(books, restocking, record, bus, clock),
        record,
        bus,
        new_visit_id=new_visit_id,
    )


def provisional(
    visits: Visits,
    folders: Folders,
    mode: Mode,
    filing: FilingService,
    desk: Desk,
    bus: Bus,
    clock: Clock,
) -> ProvisionalIssues:
    """With what was known before the restart of how long people take to pay."""
    memory = DelayFile(folders.state / DELAYS, fsync=mode.fsync)
    delays = PaymentDelays(memory, clock)
    return ProvisionalIssues(filing, desk, bus, clock, delays, max_visit_s=visits.max_visit_s)


def promotion_board(
    config: Config,
    folders: Folders,
    journal: Journal,
    kiosk: Book,
    bus: Bus,
    clock: Clock,
    *,
    fsync: bool,
) -> PromotionBoard:
    """What the owner declares as promotions, and what the visits look like."""
    is_confirmed = functools.partial(confirmed_elsewhere, folders.issue_data)
    return PromotionBoard(
        PromotionsFile(
            folders.inventory, folders.state, language=config.store.language, fsync=fsync
        ),
        VisitHistory(journal),
        AnswersFile(folders.state, fsync=fsync),
        Pardons(IssuePardons(journal, is_confirmed), bus, clock),
        bus,
        clock,
        goods=lambda: kiosk.products,
        timezone=config.store.timezone,
        state=folders.state,
    )
