"""The share of the visit that goes on, and of those before it, of what has moved."""

from collections.abc import Mapping

from storeguard.domain import answers
from storeguard.domain.answers import Count
from storeguard.domain.belief import Belief, stayed
from storeguard.domain.ledger import Visit
from storeguard.services.visitshare import VisitShare

REMEMBERED_VISITS = 8

Moves = Mapping[str, Count]


class VisitShares:
    """`present`: of whoever is inside or, in an empty store, was last."""

    def __init__(self) -> None:
        self.present = VisitShare()
        self._earlier: dict[float, tuple[VisitShare, Moves]] = {}
        self._moves: tuple[Belief | None, frozenset[str], Moves] = None, frozenset(), {}

    def begin(self, t_s: float, belief: Belief, doubted: frozenset[str]) -> None:
        """Somebody comes in. `doubted`: products whose counts are open now."""
        moves = answers.moves(stayed(belief), self.present.touched)
        self._earlier[self.present.started_s] = self.present, moves
        while len(self._earlier) > REMEMBERED_VISITS:
            del self._earlier[next(iter(self._earlier))]
        self.present = VisitShare(t_s, doubted=doubted)

    @property
    def last(self) -> VisitShare:
        """Of the visit before the present one; there is one once a visit has begun."""
        share, _ = next(reversed(self._earlier.values()))
        return share

    def moves(self, belief: Belief, share: VisitShare) -> Moves:
        """What has moved in the visit; asked many times between two steps."""
        known, touched, moves = self._moves
        if known is not belief or touched != share.touched:
            moves = answers.moves(belief, share.touched)
            self._moves = belief, frozenset(share.touched), moves
        return moves

    def note(self, belief: Belief, share: VisitShare) -> None:
        """What an earlier visit has moved is known better by now."""
        if share is not self.present:
            self._earlier[share.started_s] = share, self.moves(belief, share)

    def of(self, belief: Belief, visit: Visit) -> tuple[VisitShare, Moves]:
        """Nothing of one so long ago that it is forgotten."""
        if visit.started_s >= self.present.started_s:
            return self.present, self.moves(belief, self.present)
        return self._earlier.get(visit.started_s, (VisitShare(), {}))
