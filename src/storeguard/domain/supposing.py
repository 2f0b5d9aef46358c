"""A visit as if so much had left: what each answer that the weight leaves open would cost."""

from collections.abc import Mapping
from dataclasses import replace

from storeguard.domain.ledger import Visit
from storeguard.domain.movement import Movement


def supposed(visit: Visit, taken: Mapping[str, int]) -> Visit:
    """The visit with exactly these units gone of these products, for certain.

    `taken`: product → units; negative were put down.
    """
    known = tuple(one for one in visit.movements if one.product not in taken)
    at_s = visit.started_s
    as_if = (Movement(at_s, at_s, "", name, -n, 0.0, 1.0) for name, n in taken.items() if n)
    return replace(
        visit,
        movements=(*known, *as_if),
        uncertain={name: bounds for name, bounds in visit.uncertain.items() if name not in taken},
        overpaid={name: units for name, units in visit.overpaid.items() if name not in taken},
    )
