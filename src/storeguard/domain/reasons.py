"""Why a visit was judged as it was, as data; `messages.reasons` makes sentences of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from storeguard.domain.doubts import Doubt, OfCount, OfScale
from storeguard.domain.movement import Movement

Loss = Literal["taken", "unpaid", "named", "contested", "overdue"]
"""A step behind an issue, what was not paid, under which name, and what may have paid for it."""

Apart = Literal["bulk", "bulk_unsure", "standing", "standing_start", "interrupted"]
"""Of a freezer's grams, by how many of them (`count`) they may be wrong, of goods that went while
nobody was inside or nothing ran, and of a visit that a stop has cut short: its product is ''."""

Allowed = Literal["promoted", "proposed", "by_amount", "amount_over", "amount_unmatched"]
"""The last two are of the whole visit: their product is ''."""

Noted = Literal["mixed_up", "misplaced", "put_elsewhere", "brought", "overpaid", "written_off"]
"""Not missing. `put_elsewhere`: misplaced, and nobody saw it leave its own shelf."""

Open = OfCount | Literal["either", "unclear", "perhaps_paid", "refund"]
"""Why a count is uncertain. `either`: of one of several products; `unclear`: no step is known."""

Unchecked = OfScale | Literal["unverified"]
"""Why a product is unverified; the last one where nothing says why."""

Kind = Loss | Apart | Allowed | Noted | Open | Unchecked

HALF_A_MS = timedelta(microseconds=500)

KINDS = frozenset(kind for group in get_args(Kind) for kind in get_args(group))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line stands in the judgement.

    `movement` is the step behind it, where there is one, `origin` the one with which what is
    misplaced had left its shelf, `doubt` what a scale did not say. `until_s`: when waiting for a
    payment ended; of a contested payment or a refund, when it came. `promotion`: the name of what
    allows the units, `others`: what it may have been, or was paid as, instead; `bounds`: least
    and most units that may be unpaid.
    """

    kind: Kind
    product: str
    count: int
    movement: Movement | None = None
    until_s: float | None = None
    promotion: str | None = None
    won: int | None = None
    others: tuple[str, ...] = ()
    doubt: Doubt | None = None
    bounds: tuple[int, int] | None = None
    origin: Movement | None = None


def steps_behind(reasons: Iterable[Reason]) -> tuple[Movement, ...]:
    """Steps with which what is missing has left; not those that explain something else."""
    return tuple(one.movement for one in reasons if one.movement and one.kind in ("taken", "bulk"))


def stored(reasons: Sequence[Reason], at: Callable[[float], datetime]) -> list[dict[str, Any]]:
    """As issue.json and the journal keep them; `at`: monotonic seconds → an aware time.

    Each has `kind`, `product` and `count`; where known `scale`, `at` and `grams` (negative: left),
    `from_scale` and `from_at`, `until`, `promotion`, `won`, `others`, `low` and `high`. Times are
    ISO 8601 with their offset, in whole milliseconds. A new kind or field is no new schema: who
    reads passes over what he does not know.
    """
    return [dict(_fields(one, at)) for one in reasons]


def _fields(one: Reason, at: Callable[[float], datetime]) -> Iterator[tuple[str, Any]]:
    yield from (("kind", one.kind), ("product", one.product), ("count", one.count))
    if one.movement is not None:
        yield from _of_step(one.movement.scale, one.movement.started_s, one.movement.grams, at)
    elif one.doubt is not None:
        yield from _of_step(one.doubt.scale, one.doubt.at_s, one.doubt.grams, at)
    if one.origin is not None:
        yield from (("from_scale", one.origin.scale), ("from_at", _iso(one.origin.started_s, at)))
    if one.until_s is not None:
        yield "until", _iso(one.until_s, at)
    if one.bounds is not None:
        yield from zip(("low", "high"), one.bounds, strict=True)
    if one.promotion is not None:
        yield "promotion", one.promotion
    if one.won is not None:
        yield "won", one.won
    if one.others:
        yield "others", list(one.others)


def _of_step(
    scale: str, at_s: float | None, grams: float | None, at: Callable[[float], datetime]
) -> Iterator[tuple[str, Any]]:
    if scale:
        yield "scale", scale
    if at_s is not None:
        yield "at", _iso(at_s, at)
    if grams is not None:
        yield "grams", round(grams, 1)


def _iso(t_s: float, at: Callable[[float], datetime]) -> str:
    """To the nearest: who asks a moment later for the same instant is told the same second."""
    return (at(t_s) + HALF_A_MS).isoformat(timespec="milliseconds")
