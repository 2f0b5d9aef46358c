"""Traces that cannot be played: one line that says where, what was found, what is expected."""

import pytest

LATE = "t_s,product,count,told_t_s\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "scales.csv",
            "t_s,scale,raw\n0,A,84000\n0.1,A,heavy\n",
            "scales.csv:3: got '0.1,A,heavy'",
        ),
        ("scales.csv", "t_s,scale,raw\n1,A,84000\n0.5,A,84000\n", "scales.csv:3: got 0.5"),
        ("scales.csv", "t_s,scale\n1,A\n", "scales.csv:1: got 't_s,scale', expected the columns"),
        ("scales.csv", "t_s,scale,raw\n1,A\n", "scales.csv:2: got '1,A'"),
        ("scales.csv", "t_s,scale,raw\n1,Z,84000\n", "scale 'Z' is not in config.yaml"),
        ("people.csv", "t_s,people\n0,0\n3,many\n", "people.csv:3: got '3,many'"),
        ("people.csv", "t_s,people\n0,-1\n", "people.csv:2: got '0,-1'"),
        ("people.csv", "t_s,people\nnan,1\n", "people.csv:2: got 'nan,1'"),
        ("sales.csv", "t_s,product,count\n3,바나나우유,1.5\n", "sales.csv:2: got"),
        ("sales.csv", "t_s,product,count\n3,수박,1\n", "sales.csv: sale at 3 s"),
        ("edits.csv", "t_s,book,product,count\n3,cellar,바나나우유,1\n", "edits.csv:2: got"),
        ("edits.csv", "t_s,book,product,count\n3,shelf,수박,1\n", "edits.csv: product '수박'"),
        ("edits.csv", "t_s,book,product,count\n3,shelf,바나나우유,-1\n", "edits.csv:2: got"),
        ("scales.csv", "", "scales.csv: is empty, expected the columns t_s, scale, raw"),
        ("scales.csv", "t_s,scale,raw\n0,A,8388608\n", "counts (-8388608 to 8388607;"),
        ("scales.csv", "t_s,scale,raw\n0,A,1,2\n", "scales.csv:2: got '0,A,1,2'"),
        ("scales.csv", "t_s,scale,raw\n1.7e9,A,1\n", "seconds from the start (0 to 31622400)"),
        ("people.csv", "t_s,people\n1764230400000,1\n", "people.csv:2: got"),
        ("people.csv", f"t_s,people\n0,{'1' * 200_000}\n", "people.csv:2: is no CSV"),
        ("sales.csv", "t_s,product,count\n3,바나나우유,100000000\n", "units (1 to 999, or -1"),
        ("sales.csv", "t_s,product,count\n3,바나나우유,0\n", "sales.csv:2: got"),
        (
            "sales.csv",
            't_s,product,count\n3,"바나나우유,1\n4,바나나우유,1\n',
            "sales.csv:3: got '3,",
        ),
        ("late_sales.csv", LATE + "42,바나나우유,1,30\n", "not before it was sold"),
        ("restock.csv", "t_s,mode,who\n5,an,owner\n", "on or off, owner, cleaner, staff"),
    ],
)
def test_a_broken_table_is_named_with_file_and_line(trace, replay, name, text, said):
    folder = trace.of_a_thief()
    trace.put(name, text)
    result = replay(folder)
    assert result.exit_code == 1
    assert said in one_line(result)
    assert str(folder) in one_line(result)


@pytest.mark.parametrize("name", ["scales.csv", "sales.csv", "people.csv"])
def test_a_table_that_is_not_utf8_is_named(trace, replay, name):
    """As a Korean Excel saves it."""
    folder = trace.of_a_thief()
    (folder / name).write_bytes("t_s,품목\n0,바나나우유\n".encode("cp949"))
    result = replay(folder)
    assert result.exit_code == 1
    assert f"{folder / name}: is not UTF-8; save it as 'CSV UTF-8'" in one_line(result)


def test_empty_cells_that_a_spreadsheet_adds_are_none(trace, replay):
    folder = trace.of_a_thief()
    told = replay(folder).stdout
    rows = (folder / "people.csv").read_text(encoding="utf-8").splitlines()
    trace.put("people.csv", "\n".join([rows[0], *(f"{row},," for row in rows[1:]), ""]))
    assert replay(folder).stdout == told


def test_no_such_trace(replay, tmp_path):
    result = replay(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "no such folder; a trace is a folder with config.yaml in it" in one_line(result)


def test_a_trace_without_books(trace, replay):
    folder = trace.of_a_thief()
    (folder / "inventory" / "inventory_store.csv").unlink()
    result = replay(folder)
    assert result.exit_code == 1
    assert "inventory_store.csv: no such file" in one_line(result)


def test_a_trace_with_a_camera_but_neither_people_nor_video(trace, replay):
    folder = trace.of_a_thief()
    (folder / "people.csv").unlink()
    result = replay(folder)
    assert result.exit_code == 1
    assert "neither people.csv nor video.mp4" in one_line(result)


def test_a_trace_with_an_empty_video(trace, replay):
    folder = trace.of_a_thief()
    (folder / "people.csv").unlink()
    (folder / "video.mp4").touch()
    result = replay(folder)
    assert result.exit_code == 1
    assert "video.mp4" in one_line(result)


def test_a_trace_with_a_broken_configuration_is_used_wrongly(trace, replay):
    folder = trace.of_a_thief()
    trace.put("config.yaml", "scalse: []\n")
    result = replay(folder)
    assert result.exit_code == 2
    assert "did you mean 'scales'?" in one_line(result)


def one_line(result):
    """What stands on stderr: one line, and no traceback."""
    [line] = result.stderr.splitlines()
    assert line.startswith("storeguard: ")
    return line
