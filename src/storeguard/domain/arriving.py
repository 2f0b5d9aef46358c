"""What came onto a shelf from outside: goods, or something that its owner takes along again.

In a visit of many customers, order tells a delivery of which some was stolen from goods that were
taken and put back. But a bag or a hand may weigh like whole units, and somebody may bring a thing
back and take another: what one hand puts down and one hand takes again, nobody has delivered and
nobody has stolen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from storeguard.domain.belief import SURE
from storeguard.domain.movement import Movement

AT_ONCE_S = 1.8
"""A hand is at a shelf for a second. Where weight moved for longer, several things were put there
one after the other."""

HANDFULS_WITHIN_S = 60.0
"""Goods are brought in handfuls, so soon one after the other; a bag is put down once."""

RESTS_FOR_S = 300.0
"""So long a customer has his bags on a shelf, or a hand, and takes things from it meanwhile, in any
order and in parts. What has lain there for longer in a visit of many is goods that were brought."""

LIES_FOR_S = 1800.0
"""So long somebody's bag may lie there while he is inside."""


@dataclass(slots=True)
class _Arrival:
    """Units of one movement that nobody has taken before; `at`: its place among the movements.
    `gone`: what has left again of the handfuls that it is one of: with which movement, how many."""

    at: int
    movement: Movement
    units: int
    is_loose: bool
    gone: list[tuple[int, int]]


class Parted(NamedTuple):
    """One product's movements in the order in which they count.

    `goods`: without what only came to go. `again`: of what was left out, the units that went while
    others that came with them stay. Nobody owes them, but they are goods where somebody pays.
    """

    goods: tuple[Movement, ...]
    again: tuple[Movement, ...]


def goods_moved(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """One product's movements in the order in which they count, without what only came to go."""
    return parted(movements).goods


def parted(movements: Iterable[Movement]) -> Parted:
    """The units of what is left out are missing in both movements; one without any is left out."""
    ordered = sorted(movements, key=lambda one: one.counts_s)
    units, here, out = [one.units for one in ordered], list[_Arrival](), 0
    for at, movement in enumerate(ordered):
        if movement.units > 0:
            back = min(out, movement.units)
            out -= back
            _arrive(here, at, movement, movement.units - back)
        else:
            out += -movement.units - _go_again(here, at, movement, units)
    kept = zip(ordered, units, strict=True)
    stay = {id(one.gone): one.gone for one in here}.values()  # one list for all handfuls
    again = (replace(ordered[at], units=-gone) for handfuls in stay for at, gone in handfuls)
    return Parted(tuple(replace(one, units=count) for one, count in kept if count), tuple(again))


def _arrive(here: list[_Arrival], at: int, movement: Movement, units: int) -> None:
    if not units:
        return
    since_s = movement.counts_s - HANDFULS_WITHIN_S
    others = [one for one in here if one.movement.counts_s >= since_s]
    is_loose = movement.moved_s < AT_ONCE_S and not others
    for one in others:
        one.is_loose = False
    here.append(_Arrival(at, movement, units, is_loose, others[-1].gone if others else []))


def _go_again(here: list[_Arrival], at: int, movement: Movement, units: list[int]) -> int:
    """Takes out of `here` what may leave again with this movement; returns its units."""
    left = -movement.units
    is_all = left == sum(one.units for one in here) and movement.moved_s < AT_ONCE_S
    for one in reversed(here):
        is_in_doubt = not (_is_sound(one.movement) and _is_sound(movement))
        lain_s = movement.started_s - one.movement.started_s
        may_be_bag = lain_s <= LIES_FOR_S and (is_all or one.is_loose)
        if is_in_doubt or lain_s <= RESTS_FOR_S or may_be_bag:
            gone = min(left, one.units)
            one.units -= gone
            one.gone += [(at, gone)] if gone else []
            units[one.at] -= gone
            left -= gone
    here[:] = [one for one in here if one.units]
    gone = -movement.units - left
    units[at] += gone
    return gone


def _is_sound(movement: Movement) -> bool:
    """Are these goods for certain, by their own weight? Else what was believed may have changed."""
    is_own = not movement.is_foreign and movement.units * movement.grams > 0
    return is_own and movement.certainty >= SURE
