"""P8: with almost nothing free a write is done or fails cleanly, and succeeds with space."""

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
