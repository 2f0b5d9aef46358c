"""The live daemon of the scenarios, for rigs: its process, its log, its people."""

import importlib.util
import sys
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def _scenario(name: str):
    spec = importlib.util.spec_from_file_location(f"scenarios_{name}", SCENARIOS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_daemons = _scenario("test_daemon")
ACTED, Daemon = _daemons.ACTED, _daemons.Daemon
counts, environment, lay_out, wait_for = (
    _daemons.counts,
    _daemons.environment,
    _daemons.lay_out,
    _daemons.wait_for,
)


def acted(folder: Path, *before: str, **more: str):
    """A daemon with people in its store; `before` runs it: strace, faketime."""
    command = (*before, sys.executable, ACTED, str(folder / "config.yaml"))
    return Daemon(folder, *command, env=environment(**more))
