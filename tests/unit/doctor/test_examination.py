"""How the checks are run, and how what they say looks."""

import errno
import functools
import re
import threading
from pathlib import Path

import pytest

import storeguard
from storeguard import config as cfg
from storeguard.clock import SystemClock
from storeguard.errors import ScaleFault
from storeguard.messages import CATALOGUES, text
from storeguard.printing import width
from storeguard.upkeep import doctor, report
from storeguard.upkeep.checks import finding, storage
from storeguard.upkeep.checks.finding import Check, Finding, State, Topic

OK, WARN, FAIL, SKIP = State.OK, State.WARN, State.FAIL, State.SKIP


def one(findings):
    [found] = findings
    return found


# --- running the checks ---

SAY = functools.partial(text, "ko")
FIRST, SECOND = Topic("first", "첫째"), Topic("second", "둘째")


def examined(*checks):
    return doctor.Examination(checks, SystemClock(), SAY)


def test_a_check_that_hangs_is_given_up_and_the_next_has_its_turn():
    release = threading.Event()

    def hang():
        yield FIRST.ok("so far")
        release.wait(10)

    run = examined(Check((FIRST, SECOND), hang, 0.05), Check((SECOND,), lambda: [SECOND.ok("")]))
    found = list(run.findings())
    release.set()
    assert [(f.check, f.state) for f in found] == [
        ("first", OK),
        ("second", FAIL),
        ("second", OK),
    ]
    assert run.has_leftovers


@pytest.mark.parametrize("error", [ScaleFault("x\ny"), OSError(errno.EIO, "x y")])
def test_a_fault_in_a_check_becomes_its_line(error):
    def fail():
        raise error

    run = examined(Check((FIRST,), fail), Check((SECOND,), lambda: [SECOND.ok("")]))
    found = list(run.findings())
    assert [f.state for f in found] == [FAIL, OK]
    assert found[0].measured.endswith("x y")
    assert not run.has_leftovers


def test_a_bug_in_a_check_is_raised_after_the_others():
    found = []
    run = examined(Check((FIRST,), lambda: 1 / 0), Check((SECOND,), lambda: [SECOND.ok("")]))
    with pytest.raises(ZeroDivisionError):
        found.extend(iter_into(run.findings(), found))
    assert [f.state for f in found] == [FAIL, OK]


def iter_into(findings, found):
    for each in findings:
        found.append(each)
    return ()


# --- the lines ---


def plain(found, columns=None):
    layout = report.layout_for(["저울 A", "storeguard"], columns)
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in report.lines(found, layout)]


def test_what_was_measured_stands_in_one_column_whatever_the_script():
    korean = one(plain(Finding("a", OK, "저울 A", "값")))
    latin = one(plain(Finding("b", SKIP, "storeguard", "값")))
    assert width(korean[: korean.index("값")]) == width(latin[: latin.index("값")])


def test_the_next_step_stands_on_the_line_where_nobody_folds_it():
    found = Finding("a", FAIL, "저울 A", "값 " * 100, "하세요 " * 30)
    line = one(plain(found))
    assert "→ 하세요" in line


def test_a_narrow_terminal_folds_under_what_was_measured():
    found = Finding("a", FAIL, "저울 A", "가나다 " * 12, "하세요 " * 12)
    lines = plain(found, 60)
    assert all(width(line) <= 60 for line in lines)
    assert len(lines) > 3
    assert all(line.startswith(" " * 14) for line in lines[1:])
    assert any(line.strip().startswith("→ ") for line in lines)


def test_a_short_finding_is_one_line_in_a_terminal():
    assert plain(Finding("a", WARN, "저울 A", "값", "하세요"), 60) == ["! 저울 A      값  → 하세요"]


def test_the_summary_counts():
    found = [Finding("a", state, "", "") for state in (OK, OK, SKIP, FAIL)]
    said = re.sub(r"\x1b\[[0-9;]*m", "", report.summary(found, SAY))
    assert said == "정상 2, 건너뜀 1, 이상 1"


# --- texts ---


def test_every_text_of_doctor_is_used_and_every_used_one_exists():
    upkeep = Path(storeguard.__file__).parent / "upkeep"
    sources = [upkeep / "doctor.py", upkeep / "report.py", *(upkeep / "checks").glob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    said = set(re.findall(r"""["'](doctor\.[a-z_.]+)["']""", source))
    assert said
    assert said <= CATALOGUES["ko"].keys()
    patterns = [
        re.sub(r"\\\{[^}]*\\\}", "[a-z_]+", re.escape(one))
        for one in re.findall(r'f"((?:doctor\.|\{key\})[^"]*)"', source)
    ]
    topics = {f"doctor.{name}" for name in re.findall(r'"([a-z]+)"', source)}
    unused = {
        key
        for key in CATALOGUES["ko"]
        if key.startswith("doctor.")
        and key not in said | topics
        and not any(re.fullmatch(pattern, key) for pattern in patterns)
    }
    assert unused == set()


def test_an_error_is_taken_apart_at_the_command_to_run():
    assert finding.taken_apart("a: broken; run: x y") == ("a: broken", "x y")
    assert finding.taken_apart("a: broken; check it") == ("a: broken", "")
    assert finding.taken_apart("plain") == ("plain", "")


def test_scales_and_words_of_the_configuration_are_known():
    assert set(storage.FOLDERS) <= set(cfg.Folders.model_fields)
