"""How a zero wanders by itself: what may hide that a unit went on a scale that is in doubt already.

What it follows of a jump is no part of it: that came when the level jumped, and was weighed then.
"""

from storeguard.domain.drift import Drift

MOST_NOTES = 256

Path = tuple[tuple[float, float], ...]
"""(t_s, grams since the beginning), oldest first; the last is of now."""

BEGINNING: Path = ((float("-inf"), 0.0),)


def wandered(path: Path, t_s: float, before: Drift, after: Drift, least_g: float) -> Path:
    """Later by one look. Notes are kept where it has moved by more than `least_g`."""
    now = (t_s, path[-1][1] + _moved_g(before, after))
    is_kept = len(path) < 2 or abs(path[-1][1] - path[-2][1]) > least_g
    return (*(path if is_kept else path[:-1])[-MOST_NOTES:], now)


def moved_g(path: Path, from_s: float, until_s: float) -> float:
    """Between then and then; of what is no longer remembered, since the oldest that is."""
    return _at_g(path, until_s) - _at_g(path, from_s)


def _at_g(path: Path, t_s: float) -> float:
    return next((g for noted_s, g in reversed(path) if noted_s <= t_s), path[0][1])


def _moved_g(before: Drift, after: Drift) -> float:
    if not after.past:
        return 0.0  # the owner has said what is there
    is_same = before.held and after.held and before.held.since_s == after.held.since_s
    eased_g = before.held_g - after.held_g if is_same else 0.0
    return after.total_g - before.total_g - eased_g
