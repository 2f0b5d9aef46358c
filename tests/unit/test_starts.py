"""Five failed starts lead to safe mode, and out of it again; never round in circles."""

import json

import pytest

from storeguard.upkeep import starts
from storeguard.upkeep.starts import (
    DEEPEST,
    LIMIT,
    LONGEST_WHY,
    WINDOW_S,
    Failure,
    Stage,
    Starts,
    StartsFile,
    begun,
    ended,
    failed,
    grown_good,
)


def failing(state, times, at_s=0.0, boot="b"):
    """So many starts, each ended by an error a second after it began."""
    for i in range(times):
        state = failed(begun(state, boot, at_s + 10 * i), at_s + 10 * i + 1, f"error {i}")
    return state


def test_the_fifth_failed_start_in_a_row_leads_to_safe_mode():
    state = Starts("b")
    for i in range(LIMIT):
        state = begun(state, "b", float(i))
        assert state.stage is Stage.NORMAL
        state = failed(state, float(i), "error")
    assert begun(state, "b", 10.0).stage is Stage.SAFE


def test_a_start_that_ended_without_a_word_is_a_failed_one():
    state = Starts("b")
    for i in range(LIMIT):
        state = begun(state, "b", float(i))
    state = begun(state, "b", 9.0)
    assert state.stage is Stage.SAFE
    assert [failure.why for failure in state.failures] == [starts.KILLED] * LIMIT


def test_a_clean_stop_is_no_failure():
    state = Starts("b")
    for i in range(2 * LIMIT):
        state = ended(begun(state, "b", float(i)))
    assert begun(state, "b", 99.0).stage is Stage.NORMAL
    assert state.failures == ()


def test_a_start_that_ran_well_forgives_what_was_before_and_is_no_failed_one():
    state = grown_good(begun(failing(Starts("b"), LIMIT - 1), "b", 100.0))
    assert failed(state, 500.0, "an error after days") == state
    assert begun(state, "b", 501.0).failures == ()


def test_old_failures_are_forgotten():
    state = failing(Starts("b"), LIMIT - 1)
    state = failing(state, 1, at_s=WINDOW_S + 100.0)
    assert begun(state, "b", WINDOW_S + 102.0).stage is Stage.NORMAL


def test_five_starts_that_hang_until_the_watchdog_ends_them_are_within_the_window():
    assert LIMIT * (180 + 60 + 30 + 5) < WINDOW_S


def test_another_boot_begins_anew_whatever_its_clock_says():
    state = failing(Starts("b"), LIMIT, at_s=1e6)
    after = begun(state, "another", 3.0)
    assert (after.stage, after.failures) == (Stage.NORMAL, ())


def test_after_safe_mode_one_normal_start_is_tried_and_its_failure_is_safe_again():
    state = begun(failing(Starts("b"), LIMIT), "b", 100.0)
    state = begun(ended(state), "b", 400.0)
    assert state.stage is Stage.TRIED
    state = begun(failed(state, 401.0, "still"), "b", 406.0)
    assert state.stage is Stage.SAFE
    assert state.failures[-1] == Failure(401.0, "still")


def test_a_normal_start_after_safe_mode_that_is_killed_is_safe_again():
    state = begun(ended(begun(failing(Starts("b"), LIMIT), "b", 100.0)), "b", 400.0)
    assert begun(state, "b", 410.0).stage is Stage.SAFE


def test_a_normal_start_after_safe_mode_that_is_stopped_is_tried_again():
    state = begun(ended(begun(failing(Starts("b"), LIMIT), "b", 100.0)), "b", 400.0)
    assert begun(ended(state), "b", 410.0).stage is Stage.TRIED


def test_a_normal_start_after_safe_mode_that_runs_well_ends_it_for_good():
    state = begun(ended(begun(failing(Starts("b"), LIMIT), "b", 100.0)), "b", 400.0)
    assert begun(grown_good(state), "b", 600.0).stage is Stage.NORMAL


def test_safe_mode_that_is_killed_does_with_less_and_less():
    state = begun(failing(Starts("b"), LIMIT), "b", 100.0)
    depths = [state.depth]
    for i in range(4):
        state = begun(state, "b", 101.0 + i)
        depths.append(state.depth)
    assert depths == [0, 1, 2, DEEPEST, DEEPEST]
    assert ended(state).depth == 0


def test_only_the_last_failures_are_kept_and_their_text_is_bounded():
    state = failing(Starts("b"), 3 * LIMIT)
    assert len(state.failures) == LIMIT
    long = failed(begun(Starts("b"), "b", 0.0), 1.0, "x" * 10_000)
    assert len(long.failures[0].why) == LONGEST_WHY


# --- the file ----------------------------------------------------------------------------------


class Clock:
    def now_s(self):
        return 7.0


def start(folder, boot="b"):
    return StartsFile(folder / "state" / "starts.json", Clock(), boot)


def fail(folder, error=None):
    one = start(folder)
    assert not one.begin()
    with pytest.raises(type(error)), one.counted():
        raise error


def test_five_errors_are_counted_across_processes_and_shown(tmp_path):
    for i in range(LIMIT):
        fail(tmp_path, ValueError(f"error {i} at rtsp://owner:secret@door"))
    last = start(tmp_path)
    assert last.begin()
    assert [failure.why[:7] for failure in last.failures] == [f"error {i}" for i in range(LIMIT)]
    assert "secret" not in (tmp_path / "state" / "starts.json").read_text()


def test_an_error_without_words_has_its_name(tmp_path):
    fail(tmp_path, KeyboardInterrupt())
    said = json.loads((tmp_path / "state" / "starts.json").read_text())
    assert said["failures"][0]["why"] == "KeyboardInterrupt"


def test_good_and_clean_ends_are_written(tmp_path):
    fail(tmp_path, ValueError("once"))
    one = start(tmp_path)
    assert not one.begin()
    with one.counted():
        one.grow_good()
    again = start(tmp_path)
    assert not again.begin()
    assert again.failures == ()
    assert again.depth == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"boot": "b"}', '{"boot": 1, "stage": "x"}'])
def test_a_damaged_file_begins_anew(tmp_path, text):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "starts.json").write_text(text)
    assert not start(tmp_path).begin()


def test_where_nothing_can_be_counted_the_start_is_safe_and_says_why(tmp_path):
    (tmp_path / "state").write_text("in the way")
    one = start(tmp_path)
    assert one.begin()
    assert "cannot be written" in one.failures[0].why


def test_a_disk_that_refuses_later_is_found_by_the_next_start(tmp_path, monkeypatch):
    one = start(tmp_path)
    one.begin()
    monkeypatch.setattr(one._file, "save", _refuse)
    with one.counted():
        pass
    after = start(tmp_path)
    after.begin()
    assert [failure.why for failure in after.failures] == [starts.KILLED]


def _refuse(_):
    raise OSError(28, "No space left on device")


def test_the_boot_has_a_name_also_where_the_kernel_gives_none(monkeypatch, tmp_path):
    assert starts.boot_id()
    monkeypatch.setattr(starts, "BOOT_ID", tmp_path / "none")
    assert starts.boot_id() == "unknown"
