"""Scales that fail while visits go on: of which products nothing is known, and since when again."""

from collections.abc import Collection
from dataclasses import replace

from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Ledger, Visit


def mark_unverified(ledger: Ledger, doubts: Collection[Doubt], since_s: float) -> Ledger:
    """A scale failed at `since_s`: every open visit that was not over by then is concerned.

    `doubts`: one of each product that it carries.
    """
    visits = (
        _unverified(visit, doubts)
        if visit.emptied_s is None or visit.emptied_s >= since_s
        else visit
        for visit in ledger.visits
    )
    return replace(ledger, visits=tuple(visits))


def _unverified(visit: Visit, doubts: Collection[Doubt]) -> Visit:
    failed = frozenset(doubt.product for doubt in doubts)
    sound = {name: t_s for name, t_s in visit.sound_since.items() if name not in failed}
    unverified, doubts = visit.unverified | failed, (*visit.doubts, *doubts)
    return replace(visit, unverified=unverified, sound_since=sound, doubts=doubts)


def mark_recovered(ledger: Ledger, products: Collection[str], now_s: float) -> Ledger:
    """A scale weighs again: what it shows from now on in the visit of now is known."""
    now = ledger.current
    visits = (_sound(v, products, now_s) if v is now else v for v in ledger.visits)
    return replace(ledger, visits=tuple(visits))


def _sound(visit: Visit, products: Collection[str], now_s: float) -> Visit:
    sound = {name: now_s for name in products if name in visit.unverified}
    return replace(visit, sound_since={**visit.sound_since, **sound})
