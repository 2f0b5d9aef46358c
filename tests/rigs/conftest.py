"""Programs and rights that the rigs need; without them they are skipped, with the reason."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def protocols():
    """What is written, and how it is judged: tests/rigs/protocols.py."""
    spec = importlib.util.spec_from_file_location("protocols", HERE / "protocols.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_in_namespace(program, room, *arguments):
    """Runs a rig as its own mount namespace: whatever ends it, its mounts end with it."""
    python = [sys.executable, "-B", str(HERE / program), str(room), *map(str, arguments)]
    return subprocess.run(
        ["unshare", "--mount", *python], capture_output=True, text=True, timeout=3600, check=False
    )


def cannot_mount(program, room):
    """Why this machine cannot run the program, or None."""
    if os.geteuid() != 0:
        return "needs root, for mounts of its own"
    missing = [name for name in ("unshare", "mount", "mkfs.ext4") if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}: apt-get install util-linux e2fsprogs mount"
    tried = run_in_namespace(program, room, "--probe")
    return tried.stderr.strip().splitlines()[-1] if tried.returncode else None


@pytest.fixture(scope="session")
def _can_mount(tmp_path_factory):
    """Asks each program once whether this machine lets it do what it needs."""
    answers = {}

    def ask(program):
        if program not in answers:
            answers[program] = cannot_mount(program, tmp_path_factory.mktemp("probe"))
        return answers[program]

    return ask


@pytest.fixture
def rig(_can_mount, tmp_path):
    """Runs `power.py` or `full_disk.py` and returns what it says, as JSON."""

    def run(program, *arguments):
        reason = _can_mount(program)
        if reason:
            pytest.skip(f"{program}: {reason}")
        ended = run_in_namespace(program, tmp_path, *arguments)
        assert ended.returncode == 0, ended.stderr[-4000:]
        return json.loads(ended.stdout)

    return run
