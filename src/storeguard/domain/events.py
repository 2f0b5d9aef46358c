"""Everything that can have happened, in the past tense.

`t_s` is monotonic seconds: when it was confirmed. Each event is a hint; what must
not be lost is on disk before its event is published.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from storeguard.domain.promotions import Bonus, Bundle, Package
from storeguard.domain.reasons import Reason
from storeguard.errors import FaultCode

Counts = Mapping[str, int]
Ranges = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class StepSettled:
    """A scale's weight has changed and held. `started_s` is when it began to move.

    `sigma_g`: how unsure `grams` is, one sigma, of noise before and after and of drift
    meanwhile; not of how units differ. `leant_g`: what of `grams` may be the end of a jump that
    came a moment before, or may stay. `is_shaken`: it is noisier than with nobody at the scale.
    `pauses`: grams from the old level at which it kept still for a moment on the way. `touched_s`:
    since when somebody may have been at the scale, which is no later than `started_s`. `swung_g`:
    how far the weight was beyond both levels on the way; infinite where nobody knows. `is_slight`:
    too little for any unit of the scale, so that nobody need be there.
    """

    t_s: float
    scale: str
    started_s: float
    grams: float
    level_g: float
    noise_g: float
    sigma_g: float = 0.0
    leant_g: float = 0.0
    is_shaken: bool = False
    pauses: tuple[float, ...] = ()
    touched_s: float = math.inf
    swung_g: float = math.inf
    is_slight: bool = False


@dataclass(frozen=True, slots=True)
class LevelJumped:
    """The weight has changed at once, but too little to be seen moving.

    Something was put there for something else, or a hand rests there; `level_g` stays, and
    after a while the zero follows. The end of a jump is one too, back by as much. `is_handled`:
    it is as noisy as under a hand; `leant_g`: what jumped before and was held still. Other fields
    as in StepSettled. The tally's alone: it is on no bus.
    """

    t_s: float
    scale: str
    started_s: float
    grams: float
    level_g: float
    noise_g: float
    sigma_g: float = 0.0
    is_handled: bool = False
    leant_g: float = 0.0


@dataclass(frozen=True, slots=True)
class StockChanged:
    """The shelf book has a new count. `started_s` is the start of the step behind it.

    `is_first`: counted after a start, not seen to move. The change is of everything since the
    count was last certain, which was until `unclear_since_s` (None: until this step); `moved`
    is what this step alone moved, None where that is not clear. `is_foreign`: the product was
    put down on, or taken from, a scale that is not its own. `moved_s`: for how long weight moved.
    """

    t_s: float
    product: str
    scale: str
    before: int
    after: int
    certain: bool
    started_s: float
    grams: float = 0.0
    certainty: float = 1.0
    is_first: bool = False
    unclear_since_s: float | None = None
    moved: int | None = None
    is_foreign: bool = False
    moved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ShareKnown:
    """Of a step that was told with `moved` None: so many units of it were this visit's."""

    t_s: float
    step: StockChanged
    units: int


@dataclass(frozen=True, slots=True)
class UnitWeighed:
    """One unit by itself has left its own scale, or come back: that is certain, and it weighs so.

    From these a product's unit weight and spread can be learnt; nothing here changes them.
    """

    t_s: float
    product: str
    scale: str
    grams: float


@dataclass(frozen=True, slots=True)
class StoreOccupied:
    """The first person was seen, or a step witnessed somebody whom no camera saw."""

    t_s: float
    by_step: bool = False


@dataclass(frozen=True, slots=True)
class StoreEmptied:
    """Person-free pictures over the whole waiting time. `last_seen_s`: the visit's end.

    `came`: people who were followed into the visit, and have gone; `most` of them at once.
    `unseen_s`: how long of the visit nobody could have been seen.
    """

    t_s: float
    last_seen_s: float
    came: int = 0
    most: int = 0
    unseen_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SaleMade:
    """The kiosk book took a sale; a negative count is a refund.

    `promoted`: so many of its units the kiosk has sold under a promotion, the free ones included.
    `source`: who told it, as in the journal.
    """

    t_s: float
    sale_id: str
    product: str
    count: int
    promoted: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class SaleUnseen:
    """A sale was made while nobody was seen, before or after; the journal has it."""

    t_s: float
    sale_id: str


@dataclass(frozen=True, slots=True)
class AmountPaid:
    """Won came without a word about products: a bank transfer, a terminal that knows no goods."""

    t_s: float
    sale_id: str
    won: int


@dataclass(frozen=True, slots=True)
class VisitReconciled:
    """A visit was judged. Product → count, zeros left out; `uncertain`: product → low, high.

    `by`: owner, cleaner or staff, where it was one's; `written_off` is what they took. `reasons`:
    one at least for each of these, but for what was taken and paid.
    """

    t_s: float
    visit_id: str
    visit_started_s: float
    visit_ended_s: float
    taken: Counts = field(default_factory=dict)
    paid: Counts = field(default_factory=dict)
    unpaid: Counts = field(default_factory=dict)
    surplus: Counts = field(default_factory=dict)
    misplaced: Counts = field(default_factory=dict)
    mixed_up: Counts = field(default_factory=dict)
    promoted: Counts = field(default_factory=dict)
    proposed: Counts = field(default_factory=dict)
    uncertain: Ranges = field(default_factory=dict)
    unverified: frozenset[str] = frozenset()
    by: str = ""
    written_off: Counts = field(default_factory=dict)
    written_off_won: int = 0
    loss_won: int = 0
    amount_won: int = 0
    amount_left_won: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueSealed:
    """The folder `id` is complete and durable. `visit_started_s` is None without a visit.

    `provisional`: sealed while somebody is inside; IssueConfirmed or IssueWithdrawn follows.
    `reasons`: as the folder says them.
    """

    t_s: float
    id: str
    visit_started_s: float | None
    lines: "tuple[SealedLine, ...]"
    provisional: bool = False
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedLine:
    """One product of a sealed issue; loss in won, certainty 0..1."""

    product: str
    shelf: int
    kiosk: int
    missing: int
    loss: int
    certainty: float


@dataclass(frozen=True, slots=True)
class IssueAmended:
    """A payment came after the issue was sealed (결제 확인됨).

    Or its visit fits a promotion that is proposed by now: `sale_id` then names that.
    """

    t_s: float
    id: str
    product: str
    count: int
    sale_id: str


@dataclass(frozen=True, slots=True)
class PromotionProposed:
    """The visits look like a promotion that nobody has declared.

    `issues`: ids of those that it takes back, in part at least.
    """

    t_s: float
    promotion: Bonus | Bundle | Package
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueConfirmed:
    """The store is empty, and what a provisional issue says is still not paid."""

    t_s: float
    id: str


@dataclass(frozen=True, slots=True)
class IssueWithdrawn:
    """Everything that a provisional issue says was paid or put back after all."""

    t_s: float
    id: str


@dataclass(frozen=True, slots=True)
class TamperSeen:
    """Somebody has opened or shaken the kiosk (`source`: a contact), or lingers at it without
    buying (a camera). `what`: opened, shaken or lingered. Told at once, not at empty."""

    t_s: float
    source: str
    what: str


@dataclass(frozen=True, slots=True)
class IssueDelivered:
    """All files of the issue are in the bucket, the manifest last."""

    t_s: float
    id: str


@dataclass(frozen=True, slots=True)
class NoticeConfirmed:
    """The notifier's receipt was read back: the message is on its way to the owner."""

    t_s: float
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class BookEdited:
    """An owner's edit was merged. `counts`: product → (before, after)."""

    t_s: float
    book: str
    counts: Mapping[str, tuple[int, int]]
    products_changed: bool


@dataclass(frozen=True, slots=True)
class RestockSwitched:
    """Somebody has switched restock mode on (`who`: owner, cleaner or staff) or off (None)."""

    t_s: float
    who: str | None


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    """A sensor, camera, disk or network cannot be trusted since now."""

    t_s: float
    device: str
    why: str
    code: FaultCode = FaultCode.OTHER


@dataclass(frozen=True, slots=True)
class DeviceRecovered:
    """The device can be trusted again."""

    t_s: float
    device: str
    failed_for_s: float


@dataclass(frozen=True, slots=True)
class BulkJudged:
    """What a visit moved on a `bulk` scale, in grams.

    `gone_g` less `sold_g` is `missing_g` where it is more than noise can be, and not what somebody
    had left there before, else 0; worth about `items` typical ones and `won`.
    """

    t_s: float
    scale: str
    visit_id: str
    gone_g: float
    sold_g: float
    missing_g: float
    items: int
    won: int


@dataclass(frozen=True, slots=True)
class ZeroMoved:
    """A quiet scale has been followed so far that a unit may have gone unseen, or no longer.

    `grams` since the owner last said what is there; `low`, `high`: units that may have come.
    """

    t_s: float
    scale: str
    grams: float
    is_certain: bool
    low: int = 0
    high: int = 0


Event = (
    StepSettled
    | ZeroMoved
    | BulkJudged
    | StockChanged
    | ShareKnown
    | UnitWeighed
    | StoreOccupied
    | StoreEmptied
    | SaleMade
    | SaleUnseen
    | AmountPaid
    | VisitReconciled
    | IssueSealed
    | IssueAmended
    | PromotionProposed
    | IssueConfirmed
    | IssueWithdrawn
    | IssueDelivered
    | NoticeConfirmed
    | BookEdited
    | RestockSwitched
    | DeviceFailed
    | DeviceRecovered
    | TamperSeen
)
