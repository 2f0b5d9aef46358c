"""What a step teaches of a unit's weight, and when it teaches nothing."""

import math
from dataclasses import replace

import pytest
from tests.unit.test_counting import CHOC, MILK, Shelves

from storeguard.domain.answers import changes, counts
from storeguard.domain.events import StepSettled, UnitWeighed
from storeguard.domain.teaching import taught


def lesson(*moves, leant_g=0.0, unsure_of=None):
    """What the last of the steps teaches; `unsure_of`: a product whose count is not sure."""
    shelves = Shelves({MILK.name: 5, CHOC.name: 12}, A=[MILK], B=[CHOC])
    had = shelves.belief
    for scale, grams in moves:
        had = shelves.belief
        shelves.step(scale, grams)
    known = counts(shelves.belief)
    if unsure_of is not None:
        known[unsure_of] = replace(known[unsure_of], certainty=0.9)
    scale, grams = moves[-1]
    step = StepSettled(
        shelves.now_s, scale, shelves.now_s - 2, grams, shelves.level[scale], 0.3, leant_g=leant_g
    )
    return taught(step, had, shelves.belief, changes(had, shelves.belief), known)


@pytest.mark.parametrize("grams", [-94.2, 95.7])
def test_one_unit_that_comes_or_goes_teaches_what_it_weighs(grams):
    found = lesson(("A", grams))
    assert isinstance(found, UnitWeighed)
    assert (found.product, found.scale) == (MILK.name, "A")
    assert math.isclose(found.grams, abs(grams))


@pytest.mark.parametrize(
    ("moves", "more"),
    [
        ([("A", -190.3)], {}),
        ([("A", -40.0)], {}),
        ([("A", -95.2)], {"leant_g": 20.0}),
        ([("A", -95.2)], {"unsure_of": MILK.name}),
        ([("A", -95.2), ("B", 95.2)], {}),
    ],
    ids=["two", "no unit", "with a hand", "perhaps", "on another scale"],
)
def test_what_is_not_one_unit_for_certain_teaches_nothing(moves, more):
    assert lesson(*moves, **more) is None
