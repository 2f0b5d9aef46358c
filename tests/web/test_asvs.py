"""docs/asvs.md: every requirement of level 1 has its row, and every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d", line)
]


def test_all_seventy_requirements_have_a_row_that_says_how():
    assert len({row[0] for row in ROWS}) == len(ROWS) == 70
    assert all(row[1] and row[2] for row in ROWS)


def test_the_tests_that_it_names_exist():
    sources = "".join(path.read_text() for path in (ROOT / "tests" / "web").glob("test_*.py"))
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row[3])}
    assert named
    assert {name for name in named if f"def {name}(" not in sources} == set()
