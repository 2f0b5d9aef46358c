"""Changes → a book, of the products that it has: its owner may delete or rename a row any time."""

import logging

from storeguard.domain.product import Stock
from storeguard.errors import SaleRefused
from storeguard.ports import Book

log = logging.getLogger("storeguard")


async def post(book: Book, changes: Stock, *, why: str, key: str | None = None) -> bool:
    """As `Book.add`, but what the book does not have (any more) is passed over, and logged."""
    while True:
        counts = book.counts
        known = {name: change for name, change in changes.items() if name in counts}
        try:
            is_new = await book.add(known, why=why, key=key)
        except SaleRefused:
            if known.keys() <= book.counts.keys():
                raise
            continue  # a row went while we were waiting for our turn
        if is_new and known.keys() != changes.keys():
            gone = ", ".join(sorted(changes.keys() - known.keys()))
            log.warning("%s book: has no row any more for %s (%s)", book.name, gone, why)
        return is_new
