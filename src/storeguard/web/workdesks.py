"""What the pages that work on devices need: a scale on the bench, areas, the first steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class EditRow:
    """A product's cells as they are typed: checked where the CSV is."""

    name: str
    count: str
    price: str
    weight: str


class WeightOffer(Protocol):
    """A unit weight and a tolerance in grams that fit the units that were weighed better than what
    is written. `weighings`: how many units."""

    @property
    def product(self) -> str: ...
    @property
    def written_g(self) -> float: ...
    @property
    def unit_g(self) -> float: ...
    @property
    def tolerance_g(self) -> float: ...
    @property
    def weighings(self) -> int: ...


class WeightDesk(Protocol):
    """Learnt unit weights. Everything blocks; raises BookMalformed, JournalFault and OSError.

    `take` and `decline` name an offer as it was shown; False where it is none any more.
    """

    def offers(self) -> Sequence[WeightOffer]: ...
    def take(self, product: str, unit_g: float) -> bool: ...
    def decline(self, product: str, unit_g: float) -> bool: ...


Job = Literal["tare", "calibrate", "diagnose"]
Phase = Literal["working", "asking", "done", "failed"]


@dataclass(frozen=True, slots=True)
class LiveScale:
    """What a scale shows now. None: nothing comes. `is_lent`: somebody works on it."""

    id: str
    grams: float | None
    raw: int | None
    is_steady: bool
    products: tuple[str, ...]
    is_lent: bool = False


@dataclass(frozen=True, slots=True)
class BenchWish:
    """Work on a scale. Calibrated with units of `product`, or with a mass of `grams`."""

    scale: str
    job: Job
    product: str = ""
    grams: float = 0.0


@dataclass(frozen=True, slots=True)
class BenchState:
    """How far it is. `question`: what is to be done now; `lines`: what came of it."""

    scale: str
    job: Job
    phase: Phase
    question: str = ""
    lines: tuple[str, ...] = ()
    is_lent: bool = False


class BenchDesk(Protocol):
    """One person works on one scale. Nothing blocks."""

    @property
    def state(self) -> BenchState | None: ...
    def live(self) -> Sequence[LiveScale]: ...
    def begin(self, wish: BenchWish) -> bool: ...
    def answer(self) -> bool: ...
    def end(self) -> None: ...


Shape = tuple[tuple[float, float], ...]
"""A polygon's corners, in shares of width and height."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Of one camera."""

    ignore_areas: tuple[Shape, ...] = ()
    privacy_masks: tuple[Shape, ...] = ()
    sees: tuple[str, ...] | None = None


SEEN: tuple[str, ...] = ("street", "private", "pin_pad")
"""What a picture may show that the law wants covered; in the order in which it is asked."""


class AreasDesk(Protocol):
    """`areas` blocks, and is None for no such camera; `save` says why not, or nothing."""

    def areas(self, camera_id: str) -> Areas | None: ...
    async def save(self, camera_id: str, areas: Areas) -> str: ...
    def unmasked(self) -> Mapping[str, Sequence[str]]:
        """Camera → what it shows uncovered, `unanswered` where nobody has said; blocks."""

    async def answer(self, camera_id: str, sees: Sequence[str]) -> str:
        """Why not, or nothing. The owner has looked at the picture: this of SEEN is in it."""


Step = Literal["store", "products", "scales", "weigh", "camera", "phone"]


@dataclass(frozen=True, slots=True)
class DraftScale:
    """A scale that was found, and what is to lie on it."""

    id: str
    backend: str
    dout_pin: int | None = None
    sck_pin: int | None = None
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftCamera:
    backend: str
    source: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What the first steps have come to. `done`: steps that are."""

    scales: tuple[DraftScale, ...] = ()
    camera: DraftCamera | None = None
    done: tuple[Step, ...] = ()


class SetupDesk(Protocol):
    """The first steps. Each `save_` says in words why not, or nothing; `about`, `products`,
    `cameras` and `calibrated` block."""

    draft: Draft

    @property
    def bench(self) -> BenchDesk: ...
    @property
    def is_needed(self) -> bool: ...
    @property
    def is_filling(self) -> bool: ...
    @property
    def is_told(self) -> bool: ...
    async def settle(self) -> None:
        """After this `is_filling` is known, however early it is asked."""

    def about(self) -> Mapping[str, str]: ...
    async def save_about(self, name: str, manager: str, phone: str) -> str: ...
    def products(self) -> Sequence[EditRow]: ...
    async def save_products(self, rows: Sequence[EditRow]) -> str: ...
    async def find_scales(self) -> None: ...
    async def read_scales(self) -> None: ...
    async def save_scales(self, products: Mapping[str, str]) -> str: ...
    def calibrated(self) -> frozenset[str]: ...
    async def save_weighed(self) -> str: ...
    def cameras(self) -> Sequence[DraftCamera]: ...
    async def save_camera(self, backend: str, source: str) -> str: ...
    async def picture(self) -> bytes | None: ...
    async def save_phone(self, to: str, sender: str, key: str, secret: str) -> str: ...
    async def finish(self) -> str: ...
    async def filled(self) -> None: ...
