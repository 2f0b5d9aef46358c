"""`scale learn`: the unit weights that single steps have taught, offered to the owner."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from storeguard.books.records import LEARNT, LearntFile
from storeguard.domain.learning import Offer, offer
from storeguard.messages import text
from storeguard.upkeep.scales import Shop


@dataclass(frozen=True, slots=True)
class Offered:
    """One product whose written weight does not fit."""

    offer: Offer

    def as_json(self) -> dict[str, Any]:
        return asdict(self.offer)


def offers(shop: Shop) -> Iterator[Offered]:
    """In the order of the inventory; only where another weight fits better."""
    known = LearntFile(shop.folders.state / LEARNT).load()
    for name, product in shop.inventory.items():
        if name in known and (found := offer(product, known[name])):
            yield Offered(found)


def offered(rows: Iterable[Mapping[str, Any]], language: str) -> Iterator[str]:
    """A line a product, and what to do with it."""
    lines = [text(language, "scale.learnt", **row) for row in rows]
    yield from lines or [text(language, "scale.learnt_none")]
