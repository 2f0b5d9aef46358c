"""What README, docs and the example store say is what the code does."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from storeguard import __version__, configdoc
from storeguard import config as cfg
from storeguard.cli import main
from storeguard.hardware import calibrations, unusable

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of the example store: its commands write."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "make_trace.py", tmp_path / "tests")
    return tmp_path


def _console_commands() -> list[list[str]]:
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), lines
    return [shlex.split(line[2:]) for line in lines]


def test_the_commands_in_the_readme_work_on_the_example_store(store: Path) -> None:
    programs = {
        "storeguard": [str(Path(sys.executable).with_name("storeguard"))],
        "python": [sys.executable],
    }
    commands = [words for words in _console_commands() if words[0] != "make"]
    assert len(commands) >= 8
    for words in commands:
        done = subprocess.run(
            programs[words[0]] + words[1:], cwd=store, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr}"


def test_the_make_targets_in_the_pages_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9.-]+):", makefile, re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)`", _text(page))}
    named |= {words[1] for words in _console_commands() if words[0] == "make"}
    later = {"install"}
    assert named - later <= targets


def test_every_command_stands_in_the_readme() -> None:
    table = README[README.index("| command | does |") :]
    missing = [verb for verb in _verbs(main, "") if not re.search(rf"`{verb}[ `]", table)]
    assert missing == []


def _verbs(group: click.Group, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _verbs(command, f"{prefix}{name} ")
        else:
            yield prefix + name


def test_the_reading_path_names_files_that_exist() -> None:
    rows = re.search(r"^\| flow \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert rows is not None
    names = re.findall(r"`([a-z0-9_/]+)`", rows[1])
    assert len(names) >= 15
    source = ROOT / "src" / "storeguard"
    missing = [n for n in names if not ((source / n).is_dir() or (source / f"{n}.py").is_file())]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", _text(page))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_the_page_of_the_configuration_is_current() -> None:
    assert _text(ROOT / "docs" / "config.md") == configdoc.page(), "run: make docs"


def test_every_key_says_what_it_means() -> None:
    silent = [line for line in configdoc.page().splitlines() if line.endswith("| see below |")]
    assert [line for line in silent if "section" not in line] == []


def test_the_real_devices_in_the_example_are_a_valid_configuration() -> None:
    """The comments of config.yaml, put in place of the simulated devices."""
    text = re.sub(r"^  - \{id: .*\n", "", _text(ROOT / "config.yaml"), flags=re.MULTILINE)
    text = re.sub(r"^#(  )", r"\1", text, flags=re.MULTILINE)
    config = cfg.parse(text)
    assert unusable(config) == ()
    assert calibrations(config.scales)["A"].counts_per_g == 429.0
    assert [scale.backend for scale in config.scales] == ["hx711"]
    assert [camera.backend for camera in config.cameras] == ["opencv"]


def test_the_lock_holds_every_package_in_its_range() -> None:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["demo"] + extras["test"] + extras["lint"]
    pins = dict(re.findall(r"^(\S+)==(\S+)$", _text(ROOT / "requirements" / "lock.txt"), re.M))
    versions = {_plain(name): version for name, version in pins.items()}
    for requirement in map(Requirement, wanted):
        if requirement.name != "storeguard":
            version = versions.get(_plain(requirement.name), "nothing")
            assert version in requirement.specifier, f"{requirement} is locked at {version}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{__version__}]" in _text(ROOT / "CHANGELOG.md")


def test_every_bench_is_explained() -> None:
    explained = _text(ROOT / "bench" / "README.md")
    benches = {path.name for path in (ROOT / "bench").glob("[!_]*.py")}
    assert {name for name in benches if f"`{name}`" not in explained} == set()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
