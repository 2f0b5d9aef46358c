"""Products that weigh as much as others when several are taken at once: few and many of them."""

import math
import random
from collections import Counter
from itertools import combinations, combinations_with_replacement

import pytest

from storeguard import budgeting
from storeguard.domain.budget import MOST_SUMS, Z_999, Cell, budget
from storeguard.domain.product import Product
from storeguard.domain.spread import bias_g

CELL = Cell("A", 10_000.0, 2.0, 10.0)
THREE = [Product(f"{g}", 1, float(g), tolerance_g=1.0) for g in (200, 330, 530)]
FOUR = [Product(f"{g}", 1, float(g)) for g in (24, 26, 95, 510)]


def drawn(products, *, seed=1, spread=0.01):
    """Unit weights as they come, 20 to 600 g."""
    rnd = random.Random(seed)
    grams = [round(math.exp(rnd.uniform(3.0, 6.4)), 1) for _ in range(products)]
    return [Product(f"{i}", 1, g, tolerance_g=spread * g) for i, g in enumerate(grams)]


def every_sum(products):
    """(units, how near, the two handfuls) of all pairs of handfuls, looked at one by one."""
    chosen = [
        Counter(one)
        for units in (1, 2, 3)
        for one in combinations_with_replacement(products, units)
    ]
    for one, other in combinations(chosen, 2):
        (a_g, a_off), (b_g, b_off) = map(weight_of, (one, other))
        if abs(a_g - b_g) < a_off + b_off and not one & other and max(len(one), len(other)) > 1:
            near = abs(a_g - b_g) / (a_off + b_off)
            yield (
                one.total() + other.total(),
                near,
                {frozenset(one.items()), frozenset(other.items())},
            )


def weight_of(handful):
    grams = sum(one.unit_weight_g * n for one, n in handful.items())
    spread_g = math.sqrt(sum(one.spread_g**2 * n for one, n in handful.items()))
    bias = sum(bias_g(one) * n for one, n in handful.items())
    return grams, Z_999 * math.hypot(CELL.step_sigma_g, spread_g) + bias


@pytest.mark.parametrize("goods", [THREE, FOUR, drawn(6)])
def test_of_a_few_products_every_sum_is_found_the_likeliest_first(goods):
    found = [{frozenset(s.one), frozenset(s.other)} for s in budget(CELL, goods, {}).sums]
    wanted = sorted(every_sum(goods), key=lambda one: one[:2])
    assert found == [sides for _, _, sides in wanted]


@pytest.mark.parametrize("spread", [0.01, 0.0005])
def test_of_many_products_the_likeliest_thousand_sums_are_kept(spread):
    """Twenty have 200,000 of them. The rest is neither built nor told as if it were not there."""
    goods = drawn(20, spread=spread)
    found = budget(CELL, goods, {})
    units = [sum(n for _, n in (*one.one, *one.other)) for one in found.sums]
    assert len(found.sums) == MOST_SUMS
    assert units == sorted(units)
    threes = [sides for units, _, sides in every_sum(goods[:8]) if units == 3]
    assert threes
    assert all(
        one in [{frozenset(s.one), frozenset(s.other)} for s in found.sums] for one in threes
    )
    [line] = [one for one in budgeting.remarks([found]) if "taken at once" in one]
    assert line.endswith("; at least 999 more such sums: check-config --json")
