"""What the console's pages need beyond the shop's now, as values and Protocols."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from storeguard.domain.loss import Stand
from storeguard.web.breachdesk import BreachDesk
from storeguard.web.reviewdesk import AccessRow as AccessRow
from storeguard.web.reviewdesk import ReviewDesk
from storeguard.web.viewingdesk import ViewingDesk
from storeguard.web.workdesks import AreasDesk, BenchDesk, EditRow, SetupDesk, WeightDesk

State = Stand | Literal["confirmed", "dismissed", "deleted"]
"""How it stands, or what the owner has said of it."""

STATES: tuple[State, ...] = (
    *("open", "checking", "settled", "paid", "withdrawn"),
    *("confirmed", "dismissed", "deleted"),
)
Action = Literal["confirm", "dismiss", "hold", "release", "undo", "delete", "reopen"]
ACTIONS: tuple[Action, ...] = ("confirm", "dismiss", "hold", "release", "undo", "delete", "reopen")
A_PAGE = 24


@dataclass(frozen=True, slots=True)
class IssueCard:
    """One issue of the album. `at` a local label; `missing` product → count, as it was sealed;
    `loss_won`: what it comes to now."""

    id: str
    number: int | None
    at: str
    missing: Mapping[str, int]
    loss_won: int
    state: State
    certainty: float
    picture: str | None
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class AlbumPage:
    """`count` of all that fit, on `pages` pages."""

    cards: tuple[IssueCard, ...]
    count: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """A moment that can be jumped to. `clip` None: not recorded."""

    at: str
    scale: str
    grams: float
    clip: str | None
    offset_s: float | None


@dataclass(frozen=True, slots=True)
class IssueDetail:
    """An issue's whole page. `extras`: name → kind of what lies under extra/."""

    card: IssueCard
    visit: str | None
    lines: tuple[Mapping[str, Any], ...]
    why: tuple[str, ...]
    steps: tuple[StepRow, ...]
    sales: tuple[tuple[str, str, int, int], ...]
    clips: tuple[str, ...]
    curves: tuple[str, ...] = ()
    has_files: bool = True
    reason: str = ""
    by: str = ""
    held_until: str | None = None
    is_undone: bool = False
    can_be_undone: bool = False
    files: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the album is asked for. `older_than`, `newer_than`: the issue where the page before or
    after this one ends: quicker than to count to it."""

    page: int = 1
    state: State | None = None
    product: str = ""
    older_than: str = ""
    newer_than: str = ""


class IssueDesk(Protocol):
    """Everything blocks but `act`; what is looked at is written down first."""

    def album(self, wish: Wish) -> AlbumPage: ...
    def issue(self, issue_id: str) -> IssueDetail | None: ...
    async def act(
        self, issue_id: str, action: Action, *, who: str, reason: str = "", until: str = ""
    ) -> bool: ...
    def export(self, issue_id: str, *, who: str, reason: str) -> bytes | None: ...
    def looked(self, who: str, what: str, thing: str, why: str = "") -> None: ...
    def accesses(self, limit: int, thing: str | None = None) -> Sequence[AccessRow]: ...


BookName = Literal["kiosk", "shelf"]
BOOKS: tuple[BookName, ...] = ("kiosk", "shelf")


@dataclass(frozen=True, slots=True)
class Shelves:
    """One book as its file has it."""

    name: BookName
    file: str
    rows: tuple[EditRow, ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A count of a book that changed; `at` a local label."""

    at: str
    book: str
    before: int
    after: int
    why: str


class InventoryDesk(Protocol):
    """Both CSVs. Everything blocks; raises BookMalformed and OSError."""

    def books(self) -> Mapping[BookName, Shelves]: ...
    def save(self, name: BookName, rows: Sequence[EditRow]) -> None: ...
    def put(self, name: BookName, content: bytes) -> None: ...
    def content(self, name: BookName) -> bytes: ...
    def history(self, product: str) -> Sequence[ChangeRow]: ...


@dataclass(frozen=True, slots=True)
class DayRow:
    """One local day."""

    day: str
    visits: int
    sales_won: int
    loss_won: int


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A judged visit with what was moved; all as in VisitRow. `issues`: id → verdict."""

    id: str
    started: str
    ended: str | None
    state: str
    taken: Mapping[str, int]
    paid: Mapping[str, int]
    unpaid: Mapping[str, int]
    loss_won: int
    by: str | None
    issues: Mapping[str, str]
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitPage:
    """`number` of `pages`."""

    visits: tuple[PastVisit, ...]
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class UnseenSaleRow:
    """A payment while the camera showed nobody; `at` a local label, `source` its word."""

    at: str
    items: Mapping[str, int]
    won: int
    source: str


class PastDesk(Protocol):
    """What has been. Everything blocks."""

    def unseen_sales(self, days: int) -> Sequence[UnseenSaleRow]: ...

    def days(self, count: int) -> Sequence[DayRow]: ...
    def visits(self, page: int) -> VisitPage: ...


@dataclass(frozen=True, slots=True)
class WaitingTest:
    """A test notice that nobody has answered yet; `at` a local label."""

    id: str
    at: str


class NoticeDesk(Protocol):
    """What the owner has seen. `unanswered` blocks; both it and `acknowledge` raise OutboxFault."""

    def unanswered(self) -> Sequence[WaitingTest]: ...
    async def opened(self, issue_id: str, by: str) -> None: ...
    async def acknowledge(self, notice_id: str, by: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the settings: what it is, and what is in force."""

    key: str
    value: str


SettingKind = Literal["text", "number", "choice", "switch", "hours"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that may be changed on the page. `key` is its name in config.yaml.

    `value` as it is typed (`hours`: two, with a blank between). `is_live`: in force at once.
    """

    key: str
    kind: SettingKind
    value: str
    choices: tuple[str, ...] = ()
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a value was not taken: the setting's key, and the owner's sentence. "" is the file."""

    key: str
    why: str


class SettingsDesk(Protocol):
    """config.yaml from the page. `settings` and `is_waiting` block."""

    @property
    def law(self) -> "Law": ...
    def settings(self) -> Sequence[Setting]: ...
    def is_waiting(self) -> bool:
        """Does the file say something that is in force only after a restart?"""

    async def save(self, typed: Mapping[str, str]) -> Sequence[Refused]:
        """All of it or, where anything is refused, nothing."""

    def restart(self) -> bool:
        """Ends the process, once nobody is inside, so that a new one begins. False: nobody would
        start it again."""


@dataclass(frozen=True, slots=True)
class Law:
    """What the sign and the privacy policy say of this shop, from its configuration."""

    store: str
    cameras: tuple[str, ...]
    kept_days: int
    manager: str
    phone: str
    is_uploaded: bool
    region: str


@dataclass(frozen=True, slots=True)
class Desks:
    """Everything that the console's pages work with. `notices`: None where none are sent."""

    issues: IssueDesk
    inventory: InventoryDesk
    past: PastDesk
    law: Law
    facts: tuple[Fact, ...] = ()
    notices: NoticeDesk | None = None
    settings: SettingsDesk | None = None
    bench: BenchDesk | None = None
    setup: SetupDesk | None = None
    areas: AreasDesk | None = None
    viewings: ViewingDesk | None = None
    reviews: ReviewDesk | None = None
    breaches: BreachDesk | None = None
    weights: WeightDesk | None = None
    loops: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)
    """What has to run for them."""
