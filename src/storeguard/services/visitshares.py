"""The share of the visit that goes on, and of those before it, of what has moved."""

from collections import deque
from collections.abc import Mapping

from storeguard.domain import answers
from storeguard.domain.answers import Count
from storeguard.domain.belief import Belief, stayed
from storeguard.domain.ledger import Visit
from storeguard.services.visitshare import VisitShare

REMEMBERED_VISITS = 8

Moves = Mapping[str, Count]


class VisitShares:
    """`known`: of the visit since whose beginning the belief says what has moved; `coming`: of
    those after it, of which no step has been counted yet."""

    def __init__(self) -> None:
        self.known = VisitShare(is_over=True)  # before the first visit: nobody's
        self.coming: deque[VisitShare] = deque()
        self._earlier: dict[float, tuple[VisitShare, Moves]] = {}
        self._moves: tuple[Belief | None, frozenset[str], Moves] = None, frozenset(), {}

    @property
    def present(self) -> VisitShare:
        """Of whoever is inside or, in an empty store, was last."""
        return self.coming[-1] if self.coming else self.known

    def come(self, t_s: float, found_g: Mapping[str, float]) -> None:
        """Somebody comes in. `found_g`: scale → level now."""
        is_early = not self.present.is_over
        self.coming.append(VisitShare(t_s, is_early=is_early, found_g=found_g))

    def owner(self, began_s: float) -> VisitShare:
        """Whose it is what began at that instant, as in the ledger."""
        shares = (self.known, *self.coming)
        return next((one for one in shares if one.may_have_begun(began_s)), self.present)

    def begin(self, belief: Belief, doubted: frozenset[str]) -> None:
        """The first that is coming is known from now on: all steps before it are counted.

        `doubted`: products whose counts are open now.
        """
        moves = answers.moves(stayed(belief), self.known.touched)
        self._earlier[self.known.started_s] = self.known, moves
        while len(self._earlier) > REMEMBERED_VISITS:
            del self._earlier[next(iter(self._earlier))]
        self.known = self.coming.popleft()
        self.known.doubted |= doubted

    def has_to_wait(self, belief: Belief, began_s: float) -> bool:
        """Is it a later visit's, and the sales of the one that is known may still decide what that
        has moved? They have their say when it is judged.

        Only for a count that is in doubt: while a step waits, a payment does not find it.
        """
        if self.known.is_over or self.owner(began_s) is self.known:
            return False
        return any(not one.is_certain for one in self.moves(belief, self.known).values())

    def moves(self, belief: Belief, share: VisitShare) -> Moves:
        """What has moved in the visit; asked many times between two steps."""
        known, touched, moves = self._moves
        if known is not belief or touched != share.touched:
            moves = answers.moves(belief, share.touched)
            self._moves = belief, frozenset(share.touched), moves
        return moves

    def of(self, belief: Belief, visit: Visit) -> tuple[VisitShare, Moves]:
        """Nothing of one so long ago that it is forgotten, nor yet of one that is coming."""
        if visit.started_s == self.known.started_s:
            return self.known, self.moves(belief, self.known)
        coming = next((one for one in self.coming if one.started_s == visit.started_s), None)
        return (coming, {}) if coming else self._earlier.get(visit.started_s, (VisitShare(), {}))
