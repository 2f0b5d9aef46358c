"""Unit weights that single steps have taught, offered on the console.

Taking one is an edit of the kiosk's CSV, as its owner would make it: the daemon takes it within 2 s
and merges it, so that no sale meanwhile is lost. Nothing is written without being asked for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from storeguard import durable
from storeguard.books import csvfile
from storeguard.books.records import LEARNT, DeclinedFile, LearntFile
from storeguard.books.rows import BookFile, reweighed
from storeguard.domain.learning import Declined, Offer, is_declined, offer
from storeguard.recovery import KIOSK_CSV


class WeightDesk:
    """Implements web.workdesks.WeightDesk. Everything blocks."""

    def __init__(self, inventory: Path, state: Path) -> None:
        self._path = inventory / KIOSK_CSV
        self._learnt = LearntFile(state / LEARNT)
        self._declined = DeclinedFile(state)

    def offers(self) -> Sequence[Offer]:
        """In the order of the file. Raises BookMalformed and OSError, as all of them."""
        return tuple(self._offers(self._book()))

    def take(self, product: str, unit_g: float) -> bool:
        book = self._book()
        found = self._find(book, product, unit_g)
        if found is None:
            return False
        written = reweighed(book, product, found.unit_g, found.tolerance_g)
        durable.publish(self._path, csvfile.write(written))
        return True

    def decline(self, product: str, unit_g: float) -> bool:
        found = self._find(self._book(), product, unit_g)
        if found is None:
            return False
        declined = Declined(found.written_g, found.unit_g, found.tolerance_g)
        self._declined.save({**self._declined.load(), product: declined})
        return True

    def _find(self, book: BookFile, product: str, unit_g: float) -> Offer | None:
        """The offer as it was shown: neither the file nor what was learnt has changed since."""
        offers = self._offers(book)
        return next((o for o in offers if (o.product, o.unit_g) == (product, unit_g)), None)

    def _offers(self, book: BookFile) -> Iterator[Offer]:
        learnt, declined = self._learnt.load(), self._declined.load()
        for row in book.rows:
            if row.name not in learnt or not row.product.is_weighable:
                continue
            found = offer(row.product, learnt[row.name])
            if found is not None and not is_declined(found, declined.get(row.name)):
                yield found

    def _book(self) -> BookFile:
        return csvfile.read(self._path.read_bytes(), KIOSK_CSV)
