"""Traces that cannot be played: one line that says where, what was found, what is expected."""

import pytest


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
    ],
)
def test_a_broken_table_is_named_with_file_and_line(trace, replay, name, text, said):
    folder = trace.of_a_thief()
    trace.put(name, text)
    result = replay(folder)
    assert result.exit_code == 1
    assert said in one_line(result)
    assert str(folder) in one_line(result)


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
