"""tests/faults.toml is complete, and every test that it names is there."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

from storeguard.errors import FaultCode

ROOT = Path(__file__).parents[2]
TABLE = tomllib.loads((ROOT / "tests" / "faults.toml").read_text(encoding="utf-8"))["fault"]
NUMBERS = [*range(1, 69), *range(104, 115)]


@cache
def functions(path: Path) -> frozenset[str]:
    """Names of a file's top-level functions; a parametrised test is one of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_every_fault_is_there_once_and_in_order():
    assert [row["number"] for row in TABLE] == NUMBERS


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["number"]))
def test_every_fault_is_proven_or_left_out_with_a_reason(row):
    assert row["fault"]
    assert row["expected"]
    assert ("tests" in row) != ("left_out" in row)
    assert row.get("tests") or row.get("left_out")
    assert row.keys() <= {"number", "fault", "expected", "message", "tests", "left_out"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["number"]))
def test_every_named_test_exists(row):
    named = [name.split("::") for name in row.get("tests", ())]
    missing = [name for file, name in named if name not in functions(ROOT / file)]
    assert missing == []


def test_every_code_of_a_scale_or_camera_stands_in_the_table():
    said = {row["message"].split(" ")[0] for row in TABLE}
    # reliability.md has no row for them
    apart = {FaultCode.CAMERA_SLOW, FaultCode.CAMERA_ENDED, FaultCode.CAMERA_MOVED}
    apart |= {FaultCode.VISIT_UNSEEN, FaultCode.CAMERA_DOUBTFUL, FaultCode.SCALE_IN_HAND}
    apart.add(FaultCode.SCALE_SHIFTS)
    codes = {code for code in FaultCode if code[:1] in ("W", "C")}
    assert codes - apart <= said
