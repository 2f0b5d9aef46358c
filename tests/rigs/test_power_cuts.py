"""P2: the power goes away while a file is written; what lay there or was acknowledged stays.

Each rig is shown to fail on the ancestor's way, and on ours without its fsyncs.
"""

import os

import pytest

CUTS = int(os.environ.get("STOREGUARD_CUTS", "300"))
"""Of all protocols and mount options together."""

MANY_CUTS = max(CUTS, 2_000)
CONTROL_CUTS = 16
"""The weakest control fails at 6 of 16 cuts: 16 in a row without one are 1 in 2,000."""

SEED = int(os.environ.get("STOREGUARD_SEED", "1"))

OPTIONS = ("defaults", "noauto_da_alloc")
PROTOCOLS = ("book", "issue", "delivery", "sale")
CASES = [(protocol, option) for protocol in PROTOCOLS for option in OPTIONS]


def share(cuts):
    return -(-cuts // len(CASES))


@pytest.fixture
def cut(rig):
    """Cuts the power that often while one protocol writes; what comes of it, with the seed."""

    def run(protocol, way, option, cuts):
        made = rig("power.py", protocol, way, option, cuts, SEED)
        print(protocol, way, option, made)
        assert made["acknowledged"] >= cuts
        return made

    return run


@pytest.mark.parametrize(("protocol", "option"), CASES)
def test_a_power_cut_breaks_no_file_and_loses_nothing_acknowledged(cut, protocol, option):
    made = cut(protocol, "ours", option, share(CUTS))
    assert (made["broken"], made["lost"]) == (0, 0), made


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "option"), CASES)
def test_two_thousand_power_cuts_break_and_lose_nothing(cut, protocol, option):
    made = cut(protocol, "ours", option, share(MANY_CUTS))
    assert (made["broken"], made["lost"]) == (0, 0), made


@pytest.mark.parametrize("protocol", ["book", "issue", "delivery"])
def test_the_ancestors_way_is_broken_and_loses(cut, protocol):
    made = cut(protocol, "ancestor", "noauto_da_alloc", CONTROL_CUTS)
    assert made["broken"] > 0
    assert made["lost"] > 0


@pytest.mark.parametrize("protocol", ["book", "issue", "delivery"])
def test_without_the_folders_fsync_acknowledged_writes_are_lost(cut, protocol):
    assert cut(protocol, "no-folder-fsync", "defaults", CONTROL_CUTS)["lost"] > 0


def test_without_any_fsync_files_are_broken(cut):
    assert cut("issue", "no-fsync", "noauto_da_alloc", CONTROL_CUTS)["broken"] > 0
