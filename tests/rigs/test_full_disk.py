"""P8, P9: a full or failing disk breaks nothing, and gives space back where it can."""

import shutil

import pytest

MOST_FREE = {"bytes": 14, "inodes": 5}
"""Pages of 4 KiB or inodes: with that many left every protocol gets through."""


@pytest.fixture
def attempts(rig):
    """(said, found) on the full disk and (said, found) with space, for 0, 1, … free."""
    return lambda protocol, way, mib, what: rig(
        "full_disk.py", protocol, way, mib, what, MOST_FREE[what]
    )


@pytest.mark.parametrize("protocol", ["book", "issue", "delivery", "sale"])
@pytest.mark.parametrize(("mib", "what"), [(8, "bytes"), (16, "bytes"), (8, "inodes")])
def test_a_full_disk_is_told_in_one_line_and_breaks_nothing(attempts, protocol, mib, what):
    """Version 0 or 1 is found; the same call again, with space, leaves version 1."""
    made = attempts(protocol, "ours", mib, what)
    failed = [said for said, _, _, _ in made if said]
    assert failed, "the disk was never full"
    assert all("\n" not in said and ("No space" in said or "full" in said) for said in failed)
    assert all(found == (0 if said else 1) for said, found, _, _ in made)
    assert [again for again in made if again[2:] != [None, 1]] == []


def test_the_ancestors_folder_is_broken_by_a_full_disk(attempts):
    made = attempts("issue", "ancestor", 8, "bytes")
    assert None in [found for _, found, _, _ in made]


def test_the_ancestors_book_is_broken_by_a_full_disk(attempts):
    made = attempts("book", "ancestor", 8, "bytes")
    assert None in [found for _, found, _, _ in made]


# --- the whole store, on simulated time, while its disk fills up at random instants ----------


def _filled(rig, mib, rounds, ballast="ballast"):
    seen = rig("filled.py", mib, rounds, 20261120 + mib, ballast)
    print(f"{mib} MiB: {seen}")
    assert seen["rounds"] == rounds
    assert seen["broken_csv"] == seen["lost_issues"] == seen["broken_issues"] == 0
    assert seen["wrong_books"] == 0
    return seen


@pytest.mark.parametrize(("mib", "rounds"), [(8, 3), (16, 8), (64, 3)])
def test_a_store_whose_disk_fills_up_loses_nothing_and_seals_in_time(rig, mib, rounds):
    """Bytes or inodes, to the last one or nearly; each issue is sealed while it is full."""
    assert _filled(rig, mib, rounds)["late"] == 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mib", [8, 16, 64])
def test_a_store_whose_disk_fills_up_a_thousand_times_loses_nothing(rig, mib):
    assert _filled(rig, mib, 334)["late"] == 0


def test_without_the_ballast_issues_wait_for_space(rig):
    """The control: nothing is lost even so, but the owner would hear of it too late."""
    assert _filled(rig, 16, 8, "none")["late"] > 0


# --- the live daemon -------------------------------------------------------------------------


def test_an_issue_is_sealed_with_its_picture_when_no_byte_is_free(rig):
    seen = rig("sick_disk.py", "robbed_at_zero")
    print(seen)
    assert seen["had_ballast"]
    assert seen["has_picture"]
    assert seen["is_alive"]
    assert seen["times_said"] == 1
    assert seen["took_s"] <= 5


def test_a_start_on_a_full_disk_makes_room_and_guards(rig):
    seen = rig("sick_disk.py", "started_full")
    print(seen)
    assert seen["is_alive"]
    assert seen["ready_s"] <= 20
    assert seen["clips_left"] < 20


def test_a_start_on_a_full_disk_with_nothing_to_delete_says_so_and_catches_up(rig):
    """What is taken before the owner makes room is booked and told as soon as he has."""
    assert rig("sick_disk.py", "started_full_with_nothing_to_delete")["is_alive"]


@pytest.mark.parametrize("story", ["failing", "read_only"])
def test_a_failing_card_ends_nothing_and_the_next_start_finds_the_theft(rig, story):
    """EIO of every call, or read-only from one instant on, with a thief inside."""
    seen = rig("sick_disk.py", story)
    assert seen["was_alive"]
    assert seen["shown"] == 200
    assert seen["code"] == 0
    assert "Traceback" not in seen["log"]
    assert "failed: " in seen["log"]
    assert seen["books"] == {"바나나우유": 4, "초코바": 50}


def test_fsyncs_of_two_seconds_do_not_hold_up_the_loop(rig):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    seen = rig("sick_disk.py", "slow")
    print(seen)
    assert seen["is_alive"]
    assert seen["asked"] > 20
    assert seen["longest_s"] < 2
