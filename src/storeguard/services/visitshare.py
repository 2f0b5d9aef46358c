"""What of the changes on the shelves is the present visit's, and what an earlier one left open."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from storeguard.domain.answers import Count
from storeguard.domain.events import StockChanged


@dataclass(slots=True)
class VisitShare:
    """Whoever is inside. `booked`: units of the visit that were told; `touched`: scales.

    `doubted`: products whose count was open before the visit: an earlier one's, perhaps.
    `withheld`: of these, the last step that was told without the visit's share of it. `heard`:
    units of the sales since it began, whoever got them.
    `is_decided`: its sales have had their say. `is_over`: everybody has gone and it is judged.
    `emptied_s`: when the store became empty; None: not yet. `is_early`: it began before the one
    before it was judged. `found_g`: scale → level when it began. `mixed`: products of a step that
    began in an earlier visit and went on in this one: some may be either's.
    """

    started_s: float = 0.0
    doubted: frozenset[str] = frozenset()
    booked: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    heard: Counter[str] = field(default_factory=Counter)
    withheld: dict[str, StockChanged] = field(default_factory=dict)
    is_decided: bool = False
    is_over: bool = False
    emptied_s: float | None = None
    is_early: bool = False
    found_g: Mapping[str, float] = field(default_factory=dict)
    mixed: set[str] = field(default_factory=set)

    @property
    def is_inside(self) -> bool:
        """Is somebody of the visit inside still?"""
        return not self.is_over and self.emptied_s is None

    def may_have_begun(self, t_s: float) -> bool:
        """Is what began at that instant this visit's, if it is no earlier one's? As in the
        ledger; of a visit that is judged nothing is told any more."""
        return not self.is_over and (self.emptied_s is None or t_s <= self.emptied_s)

    def doubt(self, changes: Mapping[str, int], moved: Mapping[str, int]) -> None:
        """What the visit has moved by now, where that says that something else lay there when it
        began than was believed; `changes` are those of the books."""
        self.doubted |= {
            name
            for name in {*changes, *moved, *self.booked}
            if moved.get(name, 0) != self.booked[name] + changes.get(name, 0)
        }

    def unsaid(self, moves: Mapping[str, Count], told: Collection[str]) -> list[str]:
        """Products that have moved though no book has changed, besides those that are `told` now.

        What this visit took an earlier one was believed to have taken, and that took another.
        """
        return [
            name
            for name in sorted(self.doubted - {*told, *self.withheld})
            if name in moves and moves[name].count != self.booked[name]
        ]

    def book(self, event: StockChanged, move: Count | None) -> StockChanged:
        """The event with what has moved since the visit began; None where that is open.

        `move`: what has come and gone of the product in the whole visit.
        """
        name, units = event.product, event.after - event.before
        if name in self.doubted:
            if move is None or not move.is_certain:
                event = replace(event, moved=None)
                self.withheld[name] = event
                return event
            units = move.count - self.booked[name]
        self.withheld.pop(name, None)
        self.booked[name] += units
        return replace(event, moved=units)

    def caught_up(self, moves: Mapping[str, Count]) -> list[tuple[StockChanged, int]]:
        """Withheld steps whose shares are known by now, each with its units, which are booked."""
        known = [name for name in self.withheld if name in moves and moves[name].is_certain]
        found = []
        for name in known:
            step, units = self.withheld.pop(name), moves[name].count - self.booked[name]
            self.booked[name] += units
            found += [(step, units)] if units else []
        return found
