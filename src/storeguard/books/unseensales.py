"""Sales that were made while nobody was seen, in the journal. Everything here blocks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from storeguard.books import tables as t
from storeguard.books.journal import Journal


@dataclass(frozen=True, slots=True)
class UnseenSale:
    """One basket: product → count, what was paid for it, and through what it came."""

    sale_id: str
    at: datetime
    source: str
    items: Mapping[str, int]
    won: int


class UnseenSales:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def note(self, sale_id: str, at: datetime) -> None:
        """Once, however often it is said."""
        known = select(t.unseen_sales.c.sale_id).where(t.unseen_sales.c.sale_id == sale_id)
        if not self._journal.rows(known):
            self._journal.change(insert(t.unseen_sales).values(sale_id=sale_id, at_utc=at))

    def how_many(self, since: datetime) -> int:
        """Noted since then; the first page asks, at each change of the shop."""
        noted = t.unseen_sales.c
        counted = select(func.count().label("n")).where(noted.at_utc >= since)
        return int(self._journal.rows(counted)[0]["n"])

    def since(self, at: datetime) -> list[UnseenSale]:
        """Newest first; what has been taken back since is there too."""
        noted = t.unseen_sales.c
        found = select(noted.sale_id).where(noted.at_utc >= at).order_by(noted.at_utc.desc())
        sales = (self._sale(row["sale_id"]) for row in self._journal.rows(found))
        return [sale for sale in sales if sale is not None]

    def _sale(self, sale_id: str) -> UnseenSale | None:
        """Of all its rows: a product each, and what promotions take off."""
        columns = t.sales.c
        begins = columns.id.startswith(f"{sale_id}/", autoescape=True)
        rows = self._journal.rows(select(t.sales).where(begins).order_by(columns.id))
        if not rows:
            return None
        items: Counter[str] = Counter()
        for row in rows:
            items[row["product"]] += row["count"]
        return UnseenSale(
            sale_id,
            rows[0]["at_utc"],
            rows[0]["source"],
            {name: count for name, count in items.items() if count},
            sum(row["won"] for row in rows),
        )
