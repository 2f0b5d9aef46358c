"""Install, update and uninstall in a tree of their own: the real scripts, a played systemd.

What Python, pip and systemctl would do is played by small scripts; a release's behaviour is a
word in its source. A cut is SIGKILL at one of the script's own commands, then a start of the
service, as after the power has come back.
"""

import fcntl
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import click
import pytest

from storeguard.cli import main

CHECKOUT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "config.yaml", "inventory", "requirements")
CUTS = int(os.environ.get("STOREGUARD_UPDATE_CUTS", "30"))
MANY_CUTS = 1_000
"""More than the script has commands: each of them."""

PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m venv")
        mkdir -p "$4/bin"
        cp "$PLAYED/python" "$4/bin/python"
        cp "$PLAYED/storeguard" "$4/bin/storeguard" ;;
    "-m pip") echo "$*" >>"$PLAYED/pip.log" ;;
    "- "*) cat "$2.schema" 2>/dev/null ;;
    "--version ") echo Python 3.11.2 ;;
esac
exit 0
"""

STOREGUARD = """#!/bin/sh
release=$(dirname "$(dirname "$0")")
state=$ROOT/var/lib/storeguard/state/storeguard.db.schema
case "$1" in
    check-config) ! grep -q unfit "$release/source/src/character" ;;
    models) echo "$3" >>"$PLAYED/pulled"; [ "$3" != "$NO_NETWORK" ] && [ -z "$OFFLINE" ] ;;
    backup) [ "$2" = --help ] || [ ! -e "$state" ] || cp "$state" "$2" ;;
    restore) cp "$2" "$state"; touch "$PLAYED/restored" ;;
    doctor) [ "$2" = --help ] || { echo "doctor: examined"; exit 1; } ;;
esac
"""

SYSTEMCTL = """#!/bin/sh
now=$PLAYED/now
case "$1" in
    show) cat "$now" ;;
    is-active) grep -q running "$now" ;;
    stop) echo dead >"$now" ;;
    enable) echo enabled >"$PLAYED/enabled" ;;
    disable) echo dead >"$now"; rm -f "$PLAYED/enabled" ;;
    start)
        "$ROOT/opt/storeguard/bin/settle.sh" || true
        current=$ROOT/opt/storeguard/current
        [ -x "$current/bin/storeguard" ] || { echo failed >"$now"; exit 0; }
        case $(cat "$current/source/src/character") in
            good*) echo running >"$now" ;;
            mute) echo start >"$now" ;;
            crashing) echo auto-restart >"$now" ;;
            migrating*)
                echo 2 >"$ROOT/var/lib/storeguard/state/storeguard.db.schema"
                grep -q crashing "$current/source/src/character" &&
                    echo auto-restart >"$now" || echo running >"$now" ;;
        esac ;;
esac
"""

CUTTER = """
if [[ -z ${CUTTING:-} ]]; then  # the first bash is the script, the next ones are settle
    export CUTTING=yes
    set -o functrace
    point=0
    trap '[[ $((++point)) != "${CUT_AT:-}" && $BASH_COMMAND != ${CUT_ON:-} ]] || kill -KILL $$
        [[ -z ${POINTS:-} ]] || echo >>"$POINTS"' DEBUG
fi
"""


class Tree:
    """A machine's file tree with a checkout beside it, and the scripts run on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.checkout = folder / "checkout"
        self.played = folder / "played"
        self.prefix = self.root / "opt/storeguard"
        self.data = self.root / "var/lib/storeguard"

    def prepare(self) -> None:
        for part in PARTS:
            copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
            self.checkout.mkdir(exist_ok=True)
            copy(CHECKOUT / part, self.checkout / part)
        shutil.copytree(CHECKOUT / "systemd", self.checkout / "systemd")
        (self.checkout / "src").mkdir()
        for folder in ("run/systemd/system", "etc/samba"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
        (self.root / "etc/samba/smb.conf").write_text("[global]\nworkgroup = SHOP\n")
        self.played.mkdir()
        self._play("python", PYTHON)
        self._play("storeguard", STOREGUARD)
        self._play("systemctl", SYSTEMCTL)
        self._play("dpkg", "#!/bin/sh\necho ${ARCHITECTURE:-arm64}\n")
        self._play("df", "#!/bin/sh\necho 9000M\n")
        self._play("sync", "#!/bin/sh\n")  # a thousand of them would wait for the whole disk
        (self.played / "cutter").write_text(CUTTER)

    def _play(self, name: str, script: str) -> None:
        path = self.played / name
        path.write_text(script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, script: str, **variables: object) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.played}:{os.environ['PATH']}",
            "ROOT": str(self.root),
            "PLAYED": str(self.played),
            "PYTHON": str(self.played / "python"),
            "GOOD_WITHIN_S": "2",
            "HOLD_TICKS": "2",
            "TICK_S": "0.01",
            **{name: str(value) for name, value in variables.items()},
        }
        command = ["bash", str(self.checkout / "systemd" / script)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def becomes(self, character: str) -> None:
        (self.checkout / "src" / "character").write_text(character)

    def install(self, character: str = "good", **variables: object) -> str:
        self.becomes(character)
        done = self.run("install.sh", **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def update_to(self, character: str, **variables: object) -> subprocess.CompletedProcess[str]:
        self.becomes(character)
        return self.run("update.sh", **variables)

    def boot(self) -> None:
        """The power is back: systemd starts the service."""
        subprocess.run(
            [self.played / "systemctl", "start"],
            env={**os.environ, "ROOT": str(self.root), "PLAYED": str(self.played)}
            | {"PATH": f"{self.played}:{os.environ['PATH']}"},
            check=True,
            timeout=60,
            capture_output=True,
        )

    def running(self) -> str:
        """What runs: the character of the current release, if the service has it up."""
        assert (self.played / "now").read_text().strip() == "running"
        assert (self.prefix / "current" / "complete").exists()
        return (self.prefix / "current/source/src/character").read_text()

    def schema(self) -> str:
        return (self.data / "state/storeguard.db.schema").read_text().strip()

    def releases(self) -> set[str]:
        return {path.name for path in (self.prefix / "releases").iterdir()}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.prepare()
    return made


def with_state(tree: Tree) -> None:
    (tree.data / "state").mkdir()
    (tree.data / "state/storeguard.db.schema").write_text("1\n")


def test_an_installed_tree_has_release_unit_data_networks_and_a_running_service(tree):
    said = tree.install()
    assert tree.running() == "good"
    unit = tree.root / "etc/systemd/system/storeguard.service"
    assert unit.read_bytes() == (CHECKOUT / "systemd/storeguard.service").read_bytes()
    assert (tree.data / "config.yaml").exists()
    assert (tree.data / "inventory/inventory_store.csv").exists()
    assert (tree.played / "pulled").read_text().split() == ["yolo11n", "yolox-nano"]
    assert (tree.played / "enabled").exists()
    assert "doctor: examined" in said
    assert said.splitlines()[-1].startswith("storeguard: 다음:")


def test_every_package_is_installed_with_its_hash_from_the_lock(tree):
    tree.install()
    *locked, own = (tree.played / "pip.log").read_text().splitlines()
    assert locked
    assert all("--require-hashes" in line and "--no-deps" in line for line in locked)
    assert any("requirements/pi-yolo.txt" in line for line in locked)
    assert "--no-index" in own


def test_installing_again_builds_nothing_and_touches_nothing_of_the_owner(tree):
    tree.install()
    (tree.data / "config.yaml").write_text("# the owner's")
    (tree.data / "inventory/inventory_store.csv").write_text("상품명, 개수, 가격, 무게\n")
    built = tree.releases()
    pip = (tree.played / "pip.log").read_text()
    tree.install()
    assert tree.releases() == built
    assert (tree.played / "pip.log").read_text() == pip
    assert (tree.data / "config.yaml").read_text() == "# the owner's"
    assert "바나나" not in (tree.data / "inventory/inventory_store.csv").read_text()


def test_a_32_bit_system_of_another_release_is_told_both_at_once(tree):
    (tree.root / "etc/os-release").write_text("VERSION_CODENAME=bullseye\n")
    tree.becomes("good")
    refused = tree.run("install.sh", ARCHITECTURE="armhf")
    assert refused.returncode == 1
    assert "bullseye" in refused.stderr
    assert "armhf" in refused.stderr
    assert not tree.prefix.exists()


def test_one_network_is_enough_and_none_fails_loudly(tree):
    tree.install(NO_NETWORK="yolo11n")
    failed = tree.run("install.sh", OFFLINE="yes")
    assert failed.returncode == 1
    assert "신경망" in failed.stderr


def test_without_yolo_only_the_small_lock_and_network_are_taken(tree):
    tree.install(YOLO="no")
    assert "pi-yolo" not in (tree.played / "pip.log").read_text()
    assert (tree.played / "pulled").read_text().split() == ["yolox-nano"]


def test_an_update_runs_the_new_release_and_keeps_the_last_two(tree):
    tree.install("good 1")
    for version in ("good 2", "good 3"):
        assert tree.update_to(version).returncode == 0
    assert tree.running() == "good 3"
    kept = {
        (tree.prefix / "releases" / name / "source/src/character").read_text()
        for name in tree.releases()
    }
    assert kept == {"good 2", "good 3"}


@pytest.mark.parametrize("character", ["mute", "crashing"])
def test_a_release_that_is_not_good_in_time_is_taken_back(tree, character):
    tree.install("good 1")
    failed = tree.update_to(character)
    assert failed.returncode == 1
    assert "S107" in failed.stderr
    assert tree.running() == "good 1"
    assert not (tree.prefix / "trial").exists()
    assert len(tree.releases()) == 1


def test_a_release_that_fails_its_self_test_is_never_switched_to(tree):
    tree.install("good 1")
    failed = tree.update_to("unfit")
    assert failed.returncode == 1
    assert "자체 점검" in failed.stderr
    assert tree.running() == "good 1"


def test_a_migrated_state_is_restored_at_roll_back(tree):
    tree.install("good 1")
    with_state(tree)
    assert tree.update_to("migrating crashing").returncode == 1
    assert tree.running() == "good 1"
    assert (tree.played / "restored").exists()
    assert tree.schema() == "1"


def test_a_state_that_was_not_migrated_keeps_what_was_sold_during_the_trial(tree):
    tree.install("good 1")
    with_state(tree)
    assert tree.update_to("crashing").returncode == 1
    assert not (tree.played / "restored").exists()


def cut_on(tree, command, character):
    """Cuts the update just before a command that fits the pattern."""
    cut = tree.update_to(character, BASH_ENV=tree.played / "cutter", CUT_ON=command)
    assert cut.returncode == -signal.SIGKILL


def test_a_cut_update_is_taken_back_at_the_next_start_and_can_be_repeated(tree):
    tree.install("good 1")
    cut_on(tree, "systemctl start *", "good 2")
    assert (tree.prefix / "current/source/src/character").read_text() == "good 2"
    tree.boot()
    assert tree.running() == "good 1"
    assert tree.update_to("good 2").returncode == 0
    assert tree.running() == "good 2"


def test_after_a_cut_the_next_update_starts_from_the_old_release(tree):
    tree.install("good 1")
    cut_on(tree, "systemctl start *", "good 2")
    done = tree.update_to("good 3")
    assert "S106" in done.stdout
    assert tree.running() == "good 3"
    assert os.readlink(tree.prefix / "previous") != os.readlink(tree.prefix / "current")


def test_a_second_update_beside_one_at_work_is_refused(tree):
    tree.install("good 1")
    with (tree.prefix / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = tree.update_to("good 2")
    assert refused.returncode == 1
    assert "진행 중" in refused.stderr


def test_a_link_that_is_removed_and_made_anew_would_leave_neither_release(tree):
    script = tree.checkout / "systemd/releases.sh"
    careful = 'mv --no-target-directory "$PREFIX/current.new" "$PREFIX/current"'
    careless = 'rm -f "$PREFIX/current"; mv "$PREFIX/current.new" "$PREFIX/current"'
    assert careful in script.read_text()
    script.write_text(script.read_text().replace(careful, careless))
    tree.install("good 1")
    cut_on(tree, "mv *current.new*", "good 2")
    assert not (tree.prefix / "current").exists()


def _commands(tree, character):
    """How many commands an update runs; on a copy, so that the tree stays as it is."""
    spare = Tree(tree.root.parent / "spare")
    shutil.copytree(tree.root.parent, spare.root.parent, symlinks=True, ignore=lambda *_: ["spare"])
    points = spare.played / "points"
    done = spare.update_to(character, BASH_ENV=spare.played / "cutter", POINTS=points)
    assert done.returncode == 0, done.stderr
    counted = points.read_text().count("\n")
    shutil.rmtree(spare.root.parent)
    return counted


def _cut_everywhere(tree, cuts):
    tree.install("good 1")
    with_state(tree)
    shutil.copytree(tree.root, tree.root.with_name("before"), symlinks=True)
    total = _commands(tree, "migrating")
    outcomes = {"good 1": 0, "migrating": 0}
    for point in range(1, total + 1, max(1, total // cuts)):
        shutil.rmtree(tree.root)
        shutil.copytree(tree.root.with_name("before"), tree.root, symlinks=True)
        tree.update_to("migrating", BASH_ENV=tree.played / "cutter", CUT_AT=point)
        tree.boot()
        outcomes[tree.running()] += 1
        assert tree.schema() == {"good 1": "1", "migrating": "2"}[tree.running()], point
        assert not (tree.prefix / "trial").exists(), point
    print(f"{sum(outcomes.values())} cuts at {total} commands: {outcomes}")
    assert outcomes["good 1"] > 0
    assert outcomes["migrating"] > 0


def test_cut_at_many_commands_an_update_leaves_the_old_or_the_new_and_a_state_it_can_read(tree):
    _cut_everywhere(tree, CUTS)


@pytest.mark.slow
def test_cut_at_every_command_an_update_leaves_the_old_or_the_new(tree):
    _cut_everywhere(tree, MANY_CUTS)


def test_uninstall_leaves_the_data_and_nothing_else(tree):
    tree.install()
    done = tree.run("uninstall.sh")
    assert done.returncode == 0, done.stderr
    left = {str(path.relative_to(tree.root)) for path in tree.root.rglob("*storeguard*")}
    assert left == {"var/lib/storeguard"}
    assert (tree.data / "config.yaml").exists()
    assert tree.run("uninstall.sh", PURGE="yes").returncode == 0
    assert not tree.data.exists()


def test_the_page_for_installers_names_commands_and_variables_that_exist():
    page = (CHECKOUT / "docs/install.md").read_text(encoding="utf-8")
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    scripts = "".join(path.read_text() for path in (CHECKOUT / "systemd").glob("*.sh"))
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    targets = re.findall(r"sudo make ([a-z]+)", blocks)
    assert {"install", "update", "uninstall"} <= set(targets)
    assert all(f"\n{target}:" in makefile for target in targets)
    variables = set(re.findall(r"\b([A-Z]+)=(?:yes|no)\b", page))
    assert {"YOLO", "SHARE", "ANYWAY", "PURGE"} <= variables
    assert all(f"{name}:-" in scripts for name in variables)
    for verb, *rest in (
        line.split()[2:] for line in blocks.splitlines() if "sudo storeguard" in line
    ):
        command = main.commands[verb]
        if isinstance(command, click.Group):
            assert rest[0] in command.commands
