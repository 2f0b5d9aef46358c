"""What an answer that the weight leaves open would leave unpaid."""

import pytest

from storeguard.domain.ledger import SaleLine, Visit
from storeguard.domain.movement import Movement
from storeguard.domain.product import Product
from storeguard.domain.reconcile import unpaid_units
from storeguard.domain.supposing import supposed

MILK, GUM = Product("바나나우유", 1900, 140.0), Product("껌", 1900, 9.2)
COLA = Product("콜라", 1900, 426.0)


def visit_of(moved, paid, **also):
    return Visit(
        "v",
        10.0,
        last_seen_s=40.0,
        emptied_s=45.0,
        movements=tuple(
            Movement(12.0 + n, 14.0 + n, "A", name, units, 0.0, 1.0)
            for n, (name, units) in enumerate(moved)
        ),
        sales=tuple(
            SaleLine(30.0 + n, f"{n}", name, count) for n, (name, count) in enumerate(paid)
        ),
        shelf={MILK.name: 18, GUM.name: 50, COLA.name: 28},
        **also,
    )


@pytest.mark.parametrize(
    ("gums", "missing"), [(0, 0), (1, 1), (2, 2), (-1, 0)], ids=["none", "one", "two", "brought"]
)
def test_what_a_payment_covers_depends_on_what_has_left(gums, missing):
    """Two bottles have left; two other things were paid, one of them a gum."""
    visit = visit_of([(MILK.name, -2)], [(GUM.name, 1), (COLA.name, 1)])
    assert unpaid_units(supposed(visit, {GUM.name: gums}), [MILK, GUM, COLA]) == missing


def test_what_is_supposed_is_in_doubt_no_more():
    """The rest is: one of the bottles may have left."""
    bounds = {MILK.name: (0, 1), GUM.name: (0, 2)}
    visit = visit_of([(GUM.name, -1)], [], uncertain=bounds, overpaid={GUM.name: 1})
    found = supposed(visit, {GUM.name: 2})
    assert (found.uncertain, found.overpaid) == ({MILK.name: (0, 1)}, {})
    assert found.net_taken == {GUM.name: 2}
    assert unpaid_units(found, [MILK, GUM]) == 2
