"""What every test leaves as it found it."""

import logging

import pytest


@pytest.fixture(autouse=True)
def _log_level_is_put_back():
    """A verb sets the level for its process, which is the whole suite's here."""
    logger = logging.getLogger("storeguard")
    level = logger.level
    yield
    logger.setLevel(level)
