"""How many people boxes are: a part of somebody is nobody else."""

import pytest

from storeguard.domain.bodies import one_box_each
from storeguard.domain.occupancy import Detection

SIZE_WH = (640, 360)


def people(*boxes):
    return tuple(Detection(box, confidence) for *box, confidence in boxes for box in [tuple(box)])


@pytest.mark.parametrize(
    ("what", "found", "count"),
    [
        ("nobody", (), 0),
        ("one", people((100, 50, 200, 350, 0.9)), 1),
        (
            "an upper body found a second time",
            people((0, 3, 132, 236, 0.82), (0, 2, 132, 136, 0.25)),
            1,
        ),
        (
            "a hand from above, and the arms it belongs to",
            people((204, 2, 400, 150, 0.5), (0, 2, 410, 300, 0.4)),
            1,
        ),
        (
            "both hands of somebody of whom the whole is found, too",
            people((1, 1, 357, 138, 0.6), (0, 1, 358, 232, 0.5), (0, 3, 100, 137, 0.5)),
            1,
        ),
        (
            "legs that the lower edge cuts off",
            people((300, 100, 400, 359, 0.8), (300, 240, 380, 358, 0.3)),
            1,
        ),
        ("two side by side", people((100, 50, 200, 350, 0.9), (180, 55, 280, 350, 0.9)), 2),
        (
            "a child before an adult, feet on one line",
            people((100, 50, 220, 300, 0.9), (140, 180, 190, 298, 0.8)),
            2,
        ),
        (
            "a child before an adult, both cut off below",
            people((100, 50, 220, 359, 0.9), (140, 180, 190, 358, 0.8)),
            2,
        ),
        (
            "who leans on the picture's right edge before somebody at another",
            people((0, 0, 640, 360, 0.5), (500, 100, 638, 250, 0.8)),
            2,
        ),
        (
            "as large, and side by side at the upper edge",
            people((100, 0, 200, 100, 0.9), (150, 0, 250, 100, 0.8)),
            2,
        ),
        (
            "above each other: a queue seen from above",
            people((100, 60, 200, 160, 0.9), (100, 170, 200, 270, 0.8)),
            2,
        ),
        (
            "two borders in common, away from the picture's edge",
            people((100, 60, 300, 260, 0.9), (100, 60, 180, 140, 0.8)),
            2,
        ),
    ],
)
def test_each_person_is_one_box(what, found, count):
    assert len(one_box_each(found, SIZE_WH)) == count, what


def test_the_surest_box_stays_and_the_order_does():
    part, whole, other = people(
        (0, 2, 132, 136, 0.5), (0, 3, 132, 236, 0.8), (400, 50, 500, 300, 0.9)
    )
    assert one_box_each((part, whole, other), SIZE_WH) == (whole, other)
