"""What may be deleted to give disk space back, in which order, and what never.

Two reasons: age, which can wait and is refused whenever it looks like a mistake, and want of
space, which cannot. Neither ever takes evidence that is not in the bucket yet, that somebody
holds, or that belongs to a visit still to be judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

DAY_S = 86_400.0

KEPT_FOR_S = 30 * DAY_S
"""Evidence, by the Korean standard guideline for CCTV, 41(2): 30 days where nothing else holds."""

MOST_BY_AGE = 0.2
"""A cleanup by age that takes a larger part of all there is looks like a wrong clock."""

FEW = 10
"""So many may always go by age: a fifth of a handful is less than one."""


class Kind(IntEnum):
    """In the order in which they go for want of space; a whole issue goes by age only."""

    LOOSE = 0
    """Clip or picture in record/ of a visit that has been judged."""
    CLIP = 1
    """Video inside a sealed issue."""
    ISSUE = 2
    """The sealed folder with its text, picture and manifest."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on disk. `name` begins with its label, so that it sorts by time.

    `age_s` is what it has certainly spent here, `bytes` and `files` what deleting it gives
    back. `issue` is the folder that a CLIP lies in. A LOOSE item counts as sent: nobody sends it.
    """

    name: str
    kind: Kind
    age_s: float
    bytes: int
    files: int = 1
    issue: str | None = None
    is_sent: bool = True
    is_confirmed: bool = True
    is_held: bool = False
    is_pinned: bool = False

    @property
    def may_go(self) -> bool:
        return self.is_sent and not self.is_held and not self.is_pinned


@dataclass(frozen=True, slots=True)
class Space:
    """Free and needed bytes and files of one file system; a need of 0 is always met."""

    free_bytes: int
    needed_bytes: int
    free_files: int = 0
    needed_files: int = 0

    @property
    def is_enough(self) -> bool:
        return self.free_bytes >= self.needed_bytes and self.free_files >= self.needed_files

    def with_back(self, item: Item) -> "Space":
        """After the item has been deleted."""
        return Space(
            self.free_bytes + item.bytes,
            self.needed_bytes,
            self.free_files + item.files,
            self.needed_files,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What to delete, oldest first. `refused`: why nothing goes by age though some is due."""

    by_age: tuple[Item, ...] = ()
    for_space: tuple[Item, ...] = ()
    refused: str | None = None
    is_enough: bool = True
    """Will there be room afterwards?"""


def plan(
    items: Sequence[Item], space: Space, *, is_clock_trusted: bool, kept_for_s: float = KEPT_FOR_S
) -> Plan:
    """By age what is due and allowed to go; then, while there is no room, the oldest clips."""
    due = tuple(item for item in _oldest_first(items) if _is_due(item, kept_for_s))
    refused = _refusal(len(due), len(items), is_clock_trusted=is_clock_trusted)
    by_age = () if refused else due
    gone = {item.name for item in by_age}
    for item in by_age:
        space = space.with_back(item)
    left = [item for item in items if item.name not in gone and item.issue not in gone]
    for_space, space = _for_space(left, space)
    return Plan(by_age, for_space, refused, space.is_enough)


def _is_due(item: Item, kept_for_s: float) -> bool:
    """A clip goes with its issue, and that only once the notifier has confirmed it."""
    is_whole = item.kind is not Kind.CLIP and item.is_confirmed
    return is_whole and item.may_go and item.age_s >= kept_for_s


def _refusal(due: int, all_there: int, *, is_clock_trusted: bool) -> str | None:
    if due == 0:
        return None
    if not is_clock_trusted:
        return f"the clock is not set; {due} that seem to be old are kept"
    if due > FEW and due > MOST_BY_AGE * all_there:
        return (
            f"{due} of {all_there} would go at once, more than {MOST_BY_AGE:.0%}; "
            "look at them, and delete them yourself if they are old"
        )
    return None


def _for_space(items: Iterable[Item], space: Space) -> tuple[tuple[Item, ...], Space]:
    chosen = []
    candidates = (item for item in items if item.kind is not Kind.ISSUE and item.may_go)
    for item in sorted(candidates, key=lambda item: (not item.is_confirmed, item.kind, item.name)):
        if space.is_enough:
            break
        chosen.append(item)
        space = space.with_back(item)
    return tuple(chosen), space


def _oldest_first(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item.kind, item.name))
