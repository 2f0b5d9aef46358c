"""The suite's order, and what every test leaves as it found it."""

import gc
import logging

import pytest

LONGEST_FIRST = ("rigs", "scenarios", "cloud", "web", "contract", "notify", "unit")
"""Folders by the time that their files take: a long file that begins last is waited for alone."""


def pytest_collection_modifyitems(config, items):
    """A worker takes whole files, in this order."""
    rank = {config.rootpath / "tests" / name: n for n, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(_folder(config, item), len(rank)))


def pytest_collection_finish():
    """Thousands of tests stay to the end: garbage is looked for among what comes after them."""
    gc.collect()
    gc.freeze()


def _folder(config, item):
    """The part of the suite that it belongs to, `tests/web`."""
    tests = config.rootpath / "tests"
    return tests / item.path.relative_to(tests).parts[0]


@pytest.fixture(autouse=True)
def _log_level_is_put_back():
    """A verb sets the level for its process, which is the whole suite's here."""
    logger = logging.getLogger("storeguard")
    level = logger.level
    yield
    logger.setLevel(level)
