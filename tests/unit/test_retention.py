"""What is deleted for age and for space, in which order, and what never."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.retention import (
    DAY_S,
    FEW,
    KEPT_FOR_S,
    Item,
    Keeping,
    Kind,
    Plan,
    Space,
    plan,
)

ROOM = Space(free_bytes=100, needed_bytes=10)
OLD, YOUNG = KEPT_FOR_S, KEPT_FOR_S - 1


def full(needed_bytes, needed_files=0):
    return Space(0, needed_bytes, 0, needed_files)


def loose(name, age_s=YOUNG, **facts):
    return Item(name, Kind.LOOSE, age_s, bytes=10, **facts)


def issue(name, age_s=YOUNG, **facts):
    return Item(name, Kind.ISSUE, age_s, bytes=30, files=4, **facts)


def clip(name, inside, **facts):
    return Item(f"{inside}/{name}", Kind.CLIP, OLD, bytes=20, issue=inside, **facts)


def names(items):
    return [item.name for item in items]


def test_nothing_there_is_nothing_to_do():
    assert plan((), ROOM, is_clock_trusted=True) == Plan()
    assert not plan((), full(1), is_clock_trusted=True).is_enough


def test_thirty_days_are_the_limit():
    kept = plan((loose("a"), issue("b")), ROOM, is_clock_trusted=True)
    assert kept == Plan()
    gone = plan((issue("b", OLD), loose("a", OLD)), ROOM, is_clock_trusted=True)
    assert names(gone.by_age) == ["a", "b"]
    assert KEPT_FOR_S == 30 * DAY_S


@pytest.mark.parametrize(
    "why_not",
    [{"is_sent": False, "is_confirmed": False}, {"is_held": True}, {"is_pinned": True}],
)
def test_unsent_held_and_open_evidence_never_goes(why_not):
    items = (loose("a", OLD, **why_not), issue("b", OLD, **why_not), clip("c", "b", **why_not))
    made = plan(items, full(1000, 1000), is_clock_trusted=True)
    assert (made.by_age, made.for_space, made.is_enough) == ((), (), False)


def test_an_issue_waits_for_the_receipt_however_old_it_is():
    assert plan((issue("b", OLD, is_confirmed=False),), ROOM, is_clock_trusted=True) == Plan()


def test_each_kind_has_its_own_days():
    keeping = Keeping(clips_for_s=DAY_S, issues_for_s=90 * DAY_S)
    items = (loose("a", DAY_S), loose("b", DAY_S - 1), issue("c", OLD), issue("d", 90 * DAY_S))
    made = plan(items, ROOM, is_clock_trusted=True, keeping=keeping)
    assert names(made.by_age) == ["a", "d"]


def test_a_kind_over_its_share_loses_its_oldest_whatever_the_clock_says():
    items = (loose("c"), loose("a"), loose("b"), issue("e"), issue("d"), clip("x", "d"))
    clips = plan(items, ROOM, is_clock_trusted=False, keeping=Keeping(clips_bytes=20))
    assert (names(clips.over_share), clips.for_space) == (["a"], ())
    issues = plan(items, full(25), is_clock_trusted=False, keeping=Keeping(issues_bytes=59))
    assert names(issues.over_share) == ["d"]
    assert issues.for_space == ()  # what that gave back is enough, and its clip is gone with it
    within = Keeping(clips_bytes=30, issues_bytes=60)
    assert plan(items, ROOM, is_clock_trusted=False, keeping=within) == Plan()


@pytest.mark.parametrize(
    "why_not", [{"is_sent": False, "is_confirmed": False}, {"is_held": True}, {"is_pinned": True}]
)
def test_what_must_stay_stays_over_any_share_and_the_next_goes(why_not):
    items = (issue("a", **why_not), issue("b"), loose("c", is_pinned=True), loose("d"))
    keeping = Keeping(clips_bytes=0, issues_bytes=0)
    made = plan(items, ROOM, is_clock_trusted=True, keeping=keeping)
    assert names(made.over_share) == ["d", "b"]


def test_an_unset_clock_keeps_what_is_old_but_gives_space_back():
    items = (loose("b", OLD), loose("a", OLD))
    assert names(plan(items, ROOM, is_clock_trusted=False).by_age) == []
    assert "clock" in plan(items, ROOM, is_clock_trusted=False).refused
    made = plan(items, full(10), is_clock_trusted=False)
    assert names(made.for_space) == ["a"]


def test_more_than_a_fifth_at_once_is_refused():
    old = [loose(f"{n:02}", OLD) for n in range(FEW + 1)]
    young = [loose(f"y{n:02}") for n in range(4 * len(old))]
    assert len(plan(old + young, ROOM, is_clock_trusted=True).by_age) == len(old)
    refused = plan(old + young[1:], ROOM, is_clock_trusted=True)
    assert refused.by_age == ()
    assert "11 of 54" in refused.refused
    assert names(plan(old, full(15), is_clock_trusted=True).for_space) == ["00", "01"]


def test_a_handful_may_always_go():
    old = [loose(f"{n:02}", OLD) for n in range(FEW)]
    assert len(plan(old, ROOM, is_clock_trusted=True).by_age) == FEW


def test_for_space_loose_clips_go_first_then_confirmed_issues_then_sent_ones():
    items = (
        clip("clip-1.mp4", "a-sent", is_confirmed=False),
        clip("clip-1.mp4", "b-confirmed"),
        loose("z.mp4"),
        loose("y.mp4"),
        issue("b-confirmed"),
    )
    made = plan(items, full(1000), is_clock_trusted=True)
    assert names(made.for_space) == [
        "y.mp4",
        "z.mp4",
        "b-confirmed/clip-1.mp4",
        "a-sent/clip-1.mp4",
    ]
    assert not made.is_enough


def test_no_more_goes_than_makes_room():
    items = [loose(f"{n}") for n in range(9)]
    made = plan(items, replace(full(25), free_bytes=1), is_clock_trusted=True)
    assert names(made.for_space) == ["0", "1", "2"]
    assert made.is_enough


def test_what_has_gone_by_age_is_not_counted_twice():
    items = (issue("b", OLD), clip("c", "b"), loose("z"))
    made = plan(items, full(30), is_clock_trusted=True)
    assert (names(made.by_age), made.for_space, made.is_enough) == (["b"], (), True)


def test_a_lack_of_files_is_a_lack_of_space():
    made = plan([loose("a"), loose("b"), loose("c")], full(0, 2), is_clock_trusted=True)
    assert names(made.for_space) == ["a", "b"]


ITEMS = st.builds(
    Item,
    name=st.uuids().map(str),
    kind=st.sampled_from(Kind),
    age_s=st.floats(0, 2 * KEPT_FOR_S),
    bytes=st.integers(0, 50),
    is_sent=st.booleans(),
    is_confirmed=st.booleans(),
    is_held=st.booleans(),
    is_pinned=st.booleans(),
)


@given(st.lists(ITEMS, max_size=30), st.integers(0, 500), st.booleans())
def test_whatever_there_is_evidence_that_must_stay_stays(items, needed_bytes, is_clock_trusted):
    made = plan(items, full(needed_bytes), is_clock_trusted=is_clock_trusted)
    gone = (*made.by_age, *made.for_space)
    assert all(item.is_sent and not item.is_held and not item.is_pinned for item in gone)
    assert all(item.kind is not Kind.ISSUE for item in made.for_space)
    assert len(set(names(gone))) == len(gone)
    if made.is_enough and needed_bytes:
        assert sum(item.bytes for item in gone) >= needed_bytes
