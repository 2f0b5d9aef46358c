"""Scales that fail while visits go on: of which products nothing is known, and since when again."""

from collections.abc import Collection
from dataclasses import replace

from storeguard.domain.ledger import Ledger, Visit


def mark_unverified(ledger: Ledger, products: frozenset[str], since_s: float) -> Ledger:
    """A scale failed at `since_s`: every open visit that was not over by then is concerned."""
    visits = (
        _unverified(visit, products)
        if visit.emptied_s is None or visit.emptied_s >= since_s
        else visit
        for visit in ledger.visits
    )
    return replace(ledger, visits=tuple(visits))


def _unverified(visit: Visit, products: frozenset[str]) -> Visit:
    sound = {name: t_s for name, t_s in visit.sound_since.items() if name not in products}
    return replace(visit, unverified=visit.unverified | products, sound_since=sound)


def mark_recovered(ledger: Ledger, products: Collection[str], now_s: float) -> Ledger:
    """A scale weighs again: what it shows from now on in the visit of now is known."""
    now = ledger.current
    visits = (_sound(v, products, now_s) if v is now else v for v in ledger.visits)
    return replace(ledger, visits=tuple(visits))


def _sound(visit: Visit, products: Collection[str], now_s: float) -> Visit:
    sound = {name: now_s for name in products if name in visit.unverified}
    return replace(visit, sound_since={**visit.sound_since, **sound})
