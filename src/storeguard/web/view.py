"""What the pages need of the shop, as a Protocol and frozen values; `app.py` implements it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from storeguard.domain.loss import Stand
from storeguard.health import Health, PartHealth

Counts = Mapping[str, int]
"""Product → count, zeros left out."""


@dataclass(frozen=True, slots=True)
class CameraRow:
    """`text` says in the owner's language what is wrong, or which picture it gives."""

    id: str
    is_ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """`grams` is None where there is no believable weight."""

    id: str
    is_ok: bool
    grams: float | None
    text: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookRow:
    """One product in both books. `shelf` and `scale` are None for a product on no scale.

    `is_verified` is False while its scale cannot be trusted, `is_shelf_certain` while the
    weight does not fit a whole number of units. `promotions`: what stands on the board for it,
    such as `1+1`; `picture`: the file's name.
    """

    product: str
    price_won: int
    shelf: int | None
    kiosk: int
    scale: str | None
    is_verified: bool = True
    is_shelf_certain: bool = True
    barcode: str | None = None
    promotions: tuple[str, ...] = ()
    picture: str | None = None


VisitState = Literal["open", "pending", "awaiting", "clean", "issue", "unsure"]
"""Somebody is inside; waits for payment or scales; for a late kiosk's sales; nothing missing; an
issue; uncertain."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """`started` and `ended` are local labels, such as `14:03:21`. `by`: who of ours it is; `why`:
    sentences.
    """

    id: str
    started: str
    ended: str | None
    state: VisitState
    taken: Counts
    paid: Counts
    unpaid: Counts
    loss_won: int = 0
    by: str | None = None
    why: tuple[str, ...] = ()


IssueState = Literal["local", "pending", "uploaded", "confirmed", "told_later"]
"""No upload configured; not in the bucket yet; in the bucket; the message is on its way."""


@dataclass(frozen=True, slots=True)
class IssueRow:
    """A sealed issue. `missing` is product → count; `picture` and `clips` are file names.

    `loss_won`: what it comes to now, and `stand` why that is less. `is_certain` False when a count
    in it is uncertain. `number` is None for a foreign folder.
    """

    id: str
    number: int | None
    at: str
    missing: Counts
    loss_won: int
    state: IssueState
    picture: str | None
    clips: tuple[str, ...]
    is_certain: bool = True
    stand: Stand = "open"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A message as it was sent."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A device that cannot be trusted now, or one with something to be said of it.

    `title` and `why` in the owner's language; `since` is a label, None where nobody knows.
    """

    device: str
    why: str
    since: str | None
    title: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """입고 맞음? Units that an ordinary visit has put on the shelf; `seen` is its label."""

    id: str
    product: str
    count: int
    seen: str


@dataclass(frozen=True, slots=True)
class RestockRow:
    """Restock mode, while it is on: whose everything since then is; labels.

    `until`: it ends then by itself, should nothing more move.
    """

    who: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """A service or device; `last_ok_age_s`: since its last good round, None before the first."""

    name: str
    is_ok: bool
    last_ok_age_s: float | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The shop at one instant; the newest visit, issue and notice come first, at most 20 each.

    `presence_for_s` is how long the presence has lasted (None: not known), `people` how many
    the newest picture shows (None: cannot see), `blind_since` the label of the instant since
    when nobody could be seen. `remarks` are no faults: everything goes on. `may_oversell` is the
    kiosk's `oversell: allow`. `banner`: sentences that stand above all, such as that only half of
    it runs. `loss_today_won` is what today's issues come to, what was paid since left out;
    `unseen_today`: baskets paid while nobody was seen.
    """

    store: str
    presence: Literal["empty", "occupied", "unknown"]
    presence_for_s: float | None
    people: int | None
    blind_since: str | None
    may_oversell: bool
    upload_bucket: str | None
    cameras: tuple[CameraRow, ...] = ()
    scales: tuple[ScaleRow, ...] = ()
    rows: tuple[BookRow, ...] = ()
    visits: tuple[VisitRow, ...] = ()
    issues: tuple[IssueRow, ...] = ()
    notices: tuple[NoticeRow, ...] = ()
    faults: tuple[FaultRow, ...] = ()
    remarks: tuple[FaultRow, ...] = ()
    banner: tuple[str, ...] = ()
    questions: tuple[QuestionRow, ...] = ()
    restock: RestockRow | None = None
    loss_today_won: int = 0
    unseen_today: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One product of a sale."""

    product: str
    count: int
    price_won: int


@dataclass(frozen=True, slots=True)
class DiscountLine:
    """What a promotion takes off, in won."""

    name: str
    won: int


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What a basket costs now; `hints`: sentences on what may be added for nothing."""

    discounts: tuple[DiscountLine, ...]
    total_won: int
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SaleReceipt:
    """What was paid. `is_repeated`: the key had been paid before, nothing was sold now."""

    sale_id: str
    lines: tuple[ReceiptLine, ...]
    total_won: int
    discounts: tuple[DiscountLine, ...] = ()
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class AmountReceipt:
    """Won that was paid without naming a product; `is_repeated` as in SaleReceipt."""

    sale_id: str
    won: int
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class PaymentDue:
    """A basket that a terminal is to be paid for."""

    key: str
    won: int


PinAnswer = Literal["done", "unset", "wrong", "too_many"]
"""Done; there is no PIN; another one; too often within a minute."""


class ShopView(Protocol):
    """The shop as the pages see it. Every call is made in the event loop.

    `snapshot()`, `picture()` and `issue_file()` answer from memory or with a file look-up,
    without blocking. `sell()` returns when the sale is durable; the same `key` again, also at
    the same time, gives the first receipt with `is_repeated`, and raises SaleRefused with a
    text for the customer, also where the total is not `shown_won`; `quote()` says what it would
    ask. `pay()` is the kiosk's `sell()`: where a terminal confirms, PaymentDue until it has, then
    `confirm_payment()` sells. `refund()` takes a whole sale back, once. `basket_open(True)` is said
    again every 20 s while a basket is open:
    a view forgets it after a minute of silence (the tablet may lose its power).
    `picture()` is the camera's newest JPEG, None without one. `issue_file()` resolves only
    inside the sealed issue. `mark()` says whose visit this is, None that restock mode is over, and
    says what that means; None where nothing is judged. `restock()` is the kiosk's `mark()`: it says
    what the kiosk shows, and how it ended: PinAnswer.
    `answer()` books the owner's answer and says what that means, None for no such question.
    `subscribe()` yields a word whenever something shown has changed.
    """

    @property
    def language(self) -> str: ...
    def snapshot(self) -> Snapshot: ...
    def health(self) -> tuple[PartRow, ...]: ...
    def quote(self, basket: Sequence[tuple[str, int]]) -> QuoteAnswer: ...
    async def sell(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt: ...
    async def pay(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt | PaymentDue: ...
    def payments(self) -> tuple[PaymentDue, ...]: ...
    async def confirm_payment(self, key: str, won: int) -> SaleReceipt | AmountReceipt: ...
    def drop_payment(self, key: str, *, is_declined: bool) -> bool: ...
    async def refund(self, sale_id: str) -> SaleReceipt: ...
    async def pay_amount(self, won: int, key: str) -> AmountReceipt: ...
    def basket_open(self, is_open: bool) -> None: ...
    async def restock(self, pin: str, who: str | None) -> tuple[PinAnswer, str]: ...
    async def mark(self, who: str | None) -> str | None: ...
    async def answer(self, question_id: str, is_delivery: bool) -> str | None: ...
    def picture(self, camera_id: str) -> bytes | None: ...
    def issue_file(self, issue_id: str, name: str) -> Path | None: ...
    def product_picture(self, name: str) -> Path | None: ...
    def subscribe(self) -> AsyncGenerator[str, None]: ...


def part_rows(health: Health, now_s: float) -> tuple[PartRow, ...]:
    return tuple(_part_row(part, now_s) for part in health.snapshot())


def _part_row(part: PartHealth, now_s: float) -> PartRow:
    age_s = None if part.last_ok_s is None else round(now_s - part.last_ok_s, 1)
    return PartRow(part.name, part.is_ok, age_s, part.why)


APART_S, MOST_APART_S = 0.004, 0.25


class Changes:
    """Tells every subscriber that something changed; a burst is told once.

    The first at once, the others one after the other: each comes for the new data, and fifty at
    the same instant would hold up whatever else the loop does. `told` counts the changes.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, None] = {}
        self.told = 0

    @property
    def subscribers(self) -> int:
        return len(self._waiting)

    def announce(self) -> None:
        """Only from the event loop's thread."""
        self.told += 1
        for changed in self._waiting:
            changed.set()

    async def subscribe(self) -> AsyncGenerator[str, None]:
        changed = asyncio.Event()
        self._waiting[changed] = None
        try:
            while True:
                await changed.wait()
                if place := [*self._waiting].index(changed):
                    await asyncio.sleep(min(place * APART_S, MOST_APART_S))
                changed.clear()
                yield "changed"
        finally:
            del self._waiting[changed]
