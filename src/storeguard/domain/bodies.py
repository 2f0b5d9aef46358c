"""One box a person: a network sometimes takes a part of somebody for one more person.

Hands, arms and legs that come into the picture, the upper half of who is cut off by its edge.
"""

from collections.abc import Sequence

from storeguard.domain.occupancy import Box, Detection

WITHIN = 0.85
"""So much of the smaller box lies in the larger one."""

SAME_BORDER_SHARE = 0.06
"""Of the larger box: borders so close to each other are one border."""

EDGE_SHARE = 0.03
"""Of the picture: a border so close to its edge is cut off by it."""


def one_box_each(people: Sequence[Detection], size_wh: tuple[int, int]) -> tuple[Detection, ...]:
    """The people, each once, by the surest box; boxes in pixels of a picture of this size.

    Who stands before somebody lies within his box, too, but shares at most two of its borders, and
    seldom one that the picture's edge cuts off (bench/bodies.py).
    """
    surest_first = sorted(people, key=lambda one: -one.confidence)
    kept: list[Detection] = []
    for person in surest_first:
        if not any(_is_one(person.xyxy, other.xyxy, size_wh) for other in kept):
            kept.append(person)
    return tuple(person for person in people if person in kept)


def _is_one(one: Box, other: Box, size_wh: tuple[int, int]) -> bool:
    if not _is_within(one, other):
        return False
    shared = [edge for edge in range(4) if _is_same_border(one, other, edge)]
    return len(shared) >= 3 or (
        len(shared) == 2 and any(_is_cut_off(one[edge], size_wh, edge) for edge in shared)
    )


def _is_within(one: Box, other: Box) -> bool:
    """Either within the other."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    least = WITHIN * min(_area(one), _area(other))
    return across > 0 and down > 0 and across * down >= least


def _is_same_border(one: Box, other: Box, edge: int) -> bool:
    """`edge` 0..3: left, top, right, bottom."""
    start, end = edge % 2, edge % 2 + 2
    longest = max(one[end] - one[start], other[end] - other[start])
    return abs(one[edge] - other[edge]) <= SAME_BORDER_SHARE * longest


def _is_cut_off(border_px: float, size_wh: tuple[int, int], edge: int) -> bool:
    side_px = size_wh[edge % 2]
    at_px = 0 if edge < 2 else side_px
    return abs(border_px - at_px) <= EDGE_SHARE * side_px


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
