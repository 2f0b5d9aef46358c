"""How Hypothesis runs: the same examples every time, or many new ones when asked.

`STOREGUARD_HYPOTHESIS=3000` looks for counter-examples that nobody has thought of yet.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "exploring",
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("STOREGUARD_HYPOTHESIS", "100")),
)
settings.load_profile("exploring" if "STOREGUARD_HYPOTHESIS" in os.environ else "repeatable")
