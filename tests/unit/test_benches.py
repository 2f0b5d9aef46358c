"""Every program under bench/ still goes with the code that it measures."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
IMPORT = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])"


@pytest.mark.parametrize("program", sorted(BENCH.glob("[!_]*.py")), ids=lambda path: path.name)
def test_all_that_a_bench_asks_of_the_code_is_there(program):
    command = [sys.executable, "-c", IMPORT, str(BENCH), str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
