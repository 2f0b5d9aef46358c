"""docs/cloud.md: threats T12 to T17 have a row each, and the tests that it names exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| T\d", line)
]


def test_each_threat_has_a_row_that_names_tests_which_exist():
    assert [row[0] for row in ROWS] == [f"T{number}" for number in range(12, 18)]
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for row in ROWS:
        assert len(row) == 5
        named = re.findall(r"`(test_\w+)`", row[4])
        assert len(named) >= 4
        assert [name for name in named if f"def {name}(" not in sources] == []
