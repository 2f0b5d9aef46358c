"""What may be deleted to give disk space back, in which order, and what never.

Three reasons: age, which can wait and is refused whenever it looks like a mistake, a kind that
has outgrown its share, and want of space, which cannot wait. None ever takes evidence that is
not in the bucket yet, that somebody holds, or that belongs to a visit still to be judged.
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
class Keeping:
    """How long and how much of each kind; a share of None is the disk. Clips are LOOSE items."""

    clips_for_s: float = KEPT_FOR_S
    issues_for_s: float = KEPT_FOR_S
    clips_bytes: int | None = None
    issues_bytes: int | None = None

    def for_s(self, kind: Kind) -> float:
        return self.clips_for_s if kind is Kind.LOOSE else self.issues_for_s


AS_THE_LAW = Keeping()


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
    over_share: tuple[Item, ...] = ()
    for_space: tuple[Item, ...] = ()
    refused: str | None = None
    is_enough: bool = True
    """Will there be room afterwards?"""


def plan(
    items: Sequence[Item],
    space: Space,
    *,
    is_clock_trusted: bool,
    keeping: Keeping = AS_THE_LAW,
) -> Plan:
    """By age what is due and allowed to go; then what is over its kind's share, the oldest first;
    then, while there is no room, the oldest clips."""
    due = tuple(i for i in _oldest_first(items) if _is_due(i, keeping.for_s(i.kind)))
    refused = _refusal(len(due), len(items), is_clock_trusted=is_clock_trusted)
    by_age = () if refused else due
    left = _without(items, by_age)
    over_share = (
        *_over(left, Kind.LOOSE, keeping.clips_bytes),
        *_over(left, Kind.ISSUE, keeping.issues_bytes),
    )
    left = _without(left, over_share)
    for item in (*by_age, *over_share):
        space = space.with_back(item)
    for_space, space = _for_space(left, space)
    return Plan(by_age, over_share, for_space, refused, space.is_enough)


def _without(items: Iterable[Item], leaving: Iterable[Item]) -> list[Item]:
    """A clip leaves with its issue."""
    gone = {item.name for item in leaving}
    return [item for item in items if item.name not in gone and item.issue not in gone]


def _over(items: Sequence[Item], kind: Kind, share_bytes: int | None) -> tuple[Item, ...]:
    """The oldest of a kind that may go, until the rest is within its share."""
    if share_bytes is None:
        return ()
    of_kind = [item for item in _oldest_first(items) if item.kind is kind]
    over_bytes, chosen = sum(item.bytes for item in of_kind) - share_bytes, []
    for item in of_kind:
        if over_bytes > 0 and _may_go_whole(item):
            chosen.append(item)
            over_bytes -= item.bytes
    return tuple(chosen)


def _is_due(item: Item, kept_for_s: float) -> bool:
    return _may_go_whole(item) and item.age_s >= kept_for_s


def _may_go_whole(item: Item) -> bool:
    """A clip goes with its issue, and that only once the notifier has confirmed it."""
    return item.kind is not Kind.CLIP and item.is_confirmed and item.may_go


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
