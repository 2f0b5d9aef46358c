"""`storeguard replay`: what a trace says, line by line, and what it does when it is broken."""

import subprocess
import sys

import av
import cv2
import numpy as np
import pytest

from storeguard.outbox.folder import read_manifest, sealed_issues

BURST = ["249539", "761698", "328866", "1031335", "888297", "908632", "685652"]


def kinds(lines):
    return [line["event"] for line in lines]


def of(lines, kind):
    return [line for line in lines if line["event"] == kind]


def test_every_event_is_one_line_in_its_order(trace, replay):
    result = replay(trace.of_a_thief())
    assert result.exit_code == 0
    occupied, changed, emptied, reconciled, sealed = result.lines
    assert occupied == {"t_s": 10.0, "event": "StoreOccupied"}
    assert 16.5 <= changed.pop("t_s") <= 17.5
    assert changed == {
        "event": "StockChanged",
        "product": "바나나우유",
        "scale": "A",
        "before": 5,
        "after": 3,
        "certain": True,
    }
    assert emptied == {"t_s": 30.0, "event": "StoreEmptied"}
    assert 35.0 <= reconciled.pop("t_s") <= 35.5  # the grace, its last instant included
    assert reconciled == {
        "event": "VisitReconciled",
        "visit_started_t_s": 10.0,
        "visit_ended_t_s": 25.0,
        "taken": {"바나나우유": 2},
        "paid": {"바나나우유": 1},
        "unpaid": {"바나나우유": 1},
        "surplus": {},
        "misplaced": {},
        "mixed_up": {},
        "uncertain": {},
        "unverified": [],
    }
    assert 35.0 <= sealed.pop("t_s") <= 35.5
    assert sealed.pop("id").startswith("2026-11-20_22-20-35.")
    assert sealed == {
        "event": "IssueSealed",
        "visit_started_t_s": 10.0,
        "lines": [
            {
                "product": "바나나우유",
                "shelf": 3,
                "kiosk": 4,
                "missing": 1,
                "loss": 1500,
                "certainty": 1.0,
            }
        ],
    }


def test_replayed_twice_the_lines_are_the_same(trace, replay):
    folder = trace.of_a_thief()
    assert replay(folder).stdout == replay(folder).stdout != ""


def test_the_trace_is_never_written(trace, replay, tmp_path):
    folder = trace.of_a_thief()
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}
    replay(folder)
    replay(folder, "--out", tmp_path / "out")
    assert before == {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}


def test_a_read_only_trace_is_played(trace, replay):
    folder = trace.of_a_thief()
    folder.chmod(0o555)
    try:
        assert replay(folder).exit_code == 0
    finally:
        folder.chmod(0o755)


def test_results_are_kept_in_the_named_folder(trace, replay, tmp_path):
    out = tmp_path / "results" / "today"
    result = replay(trace.of_a_thief(), "--out", out)
    [sealed] = of(result.lines, "IssueSealed")
    [issue] = sealed_issues(out / "issue_data")
    assert issue.name == sealed["id"]
    assert read_manifest(issue)["visit"]["started_at"] == "2026-11-20T13:20:10+00:00"
    kiosk = (out / "inventory" / "inventory_store.csv").read_text(encoding="utf-8")
    assert "바나나우유,3,1500,95\n" in kiosk
    assert "개수 변경 ( 5 -> 4 )" in (out / "inventory" / "store_log.txt").read_text("utf-8")
    assert "바나나우유1개 도난 발생" in (out / "event.txt").read_text(encoding="utf-8")


def test_results_of_an_earlier_replay_are_replaced(trace, replay, tmp_path):
    folder, out = trace.of_a_thief(), tmp_path / "out"
    first = replay(folder, "--out", out)
    again = replay(folder, "--out", out)
    assert again.lines == first.lines
    assert len(sealed_issues(out / "issue_data")) == 1


def test_a_replay_never_touches_the_folder_of_a_guarded_store(trace, replay, tmp_path):
    folder, out = trace.of_a_thief(), tmp_path / "store"
    (out / "state").mkdir(parents=True)
    (out / "state" / "storeguard.db").write_bytes(b"a year of sales")
    refused = replay(folder, "--out", out)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"storeguard: {out}: holds a store that is no replay")
    assert (out / "state" / "storeguard.db").read_bytes() == b"a year of sales"


def test_stdout_holds_lines_only_and_the_process_ends_with_0(trace):
    done = run_apart(trace.of_a_thief(), "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 5
    assert all(line.startswith('{"t_s": ') for line in done.stdout.splitlines())


def test_without_json_people_can_read_it(trace):
    done = run_apart(trace.of_a_thief())
    assert done.returncode == 0
    assert "StockChanged" in done.stdout
    assert not done.stdout.startswith("{")


def test_the_first_count_is_a_change_if_it_differs_from_the_csv(trace, replay):
    trace.take(-1, "초코바", 2)
    lines = replay(trace.write()).lines
    changed, sealed = lines
    assert (changed["product"], changed["before"], changed["after"]) == ("초코바", 12, 10)
    assert changed["t_s"] < 3
    assert "visit_started_t_s" not in sealed
    assert [(n["product"], n["missing"]) for n in sealed["lines"]] == [("초코바", 2)]


def test_a_hand_on_the_shelf_is_no_event(trace, replay):
    trace.enter(10)
    trace.press(12, 20, "A", 190.0)
    trace.leave(25)
    assert "StockChanged" not in kinds(replay(trace.write()).lines)


def test_a_failing_scale_is_heard_of_at_both_ends(trace, replay):
    trace.enter(10)
    trace.fail(12, 40, "A")
    trace.take(14, "초코바")
    trace.leave(20)
    lines = replay(trace.write()).lines
    [failed] = of(lines, "DeviceFailed")
    assert set(failed) == {"t_s", "event", "device", "why"}
    assert failed["device"] == "A"
    assert failed["t_s"] == pytest.approx(13.5, abs=0.3)
    [recovered] = of(lines, "DeviceRecovered")
    assert recovered["device"] == "A"
    [visit] = of(lines, "VisitReconciled")
    assert visit["unverified"] == ["바나나우유"]
    assert visit["unpaid"] == {"초코바": 1}


def test_what_went_from_a_faulty_scale_is_found_within_the_hour_without_a_visit(trace, replay):
    trace.enter(10)
    trace.fail(12, 40, "A")
    trace.take(20, "바나나우유", 2)
    trace.leave(30)
    lines = replay(trace.write(ends_s=3700)).lines
    assert of(lines, "VisitReconciled")[0]["unpaid"] == {}
    [sealed] = of(lines, "IssueSealed")
    assert "visit_started_t_s" not in sealed
    assert 3600 <= sealed["t_s"] <= 3610
    assert [(n["product"], n["missing"]) for n in sealed["lines"]] == [("바나나우유", 2)]


def test_single_failed_readings_change_nothing(trace, replay):
    for at_s in range(5, 50, 3):
        trace.fail(at_s, at_s + 0.1, "A")
    lines = replay(trace.of_a_thief()).lines
    assert of(lines, "DeviceFailed") == []
    assert of(lines, "VisitReconciled")[0]["unpaid"] == {"바나나우유": 1}


def test_a_refund_is_counted(trace, replay):
    trace.enter(10)
    trace.take(15, "바나나우유", 2)
    trace.sell(18, "바나나우유", 2)
    trace.take(20, "바나나우유", -1)
    trace.sell(22, "바나나우유", -1)
    trace.leave(25)
    [visit] = of(replay(trace.write()).lines, "VisitReconciled")
    assert visit["taken"] == visit["paid"] == {"바나나우유": 1}
    assert visit["unpaid"] == {}


def test_a_sale_is_never_refused_for_want_of_stock(trace, replay):
    trace.config += "kiosk: {oversell: refuse}\n"
    trace.take(3, "바나나우유", -3)
    trace.enter(10)
    trace.take(15, "바나나우유", 8)
    trace.sell(20, "바나나우유", 8)
    trace.leave(25)
    result = replay(trace.write())
    assert result.exit_code == 0
    assert of(result.lines, "IssueSealed") == []


def test_owner_edits_of_both_books_are_taken(trace, replay, tmp_path):
    trace.edit(5, "kiosk", "초코바", 15)
    trace.edit(6, "weight", "바나나우유", 4)
    trace.edit(7, "store", "바나나우유", 4)
    trace.enter(10)
    trace.take(12, "초코바", -3)
    trace.take(16, "바나나우유", 1)
    trace.sell(20, "바나나우유")
    trace.leave(25)
    result = replay(trace.write(), "--out", tmp_path / "out")
    assert of(result.lines, "IssueSealed") == []
    for csv in ("inventory_store.csv", "inventory_weight.csv"):
        text = (tmp_path / "out" / "inventory" / csv).read_text(encoding="utf-8")
        assert "바나나우유,3," in text
        assert "초코바,15," in text


def test_a_payment_after_the_visit_amends_nothing_in_the_lines(trace, replay):
    trace.enter(10)
    trace.take(15, "바나나우유")
    trace.leave(25)
    trace.sell(31, "바나나우유")
    result = replay(trace.write())
    assert of(result.lines, "VisitReconciled")[0]["paid"] == {"바나나우유": 1}
    assert of(result.lines, "IssueSealed") == []


def test_a_trace_without_started_at_is_played(trace, replay):
    trace.config = trace.config.replace('started_at: "2026-11-20T22:20:00+09:00"\n', "")
    result = replay(trace.of_a_thief())
    assert result.exit_code == 0
    assert of(result.lines, "IssueSealed")[0]["id"].startswith("2026-01-01_09-00-35")


def test_darkness_in_the_trace_is_not_empty(trace, replay):
    trace.enter(10)
    trace.people += ["20,", "50,0"]
    [emptied] = of(replay(trace.write()).lines, "StoreEmptied")
    assert emptied["t_s"] == 55.0


def test_it_runs_on_until_no_visit_is_pending(trace, replay):
    trace.enter(10)
    trace.take(15, "바나나우유")
    trace.leave(25)
    lines = replay(trace.write(ends_s=26)).lines
    assert kinds(lines)[-2:] == ["VisitReconciled", "IssueSealed"]


def test_a_trace_that_ends_occupied_ends_with_0_and_judges_nobody(trace, replay):
    trace.enter(10)
    trace.take(15, "바나나우유")
    result = replay(trace.write(ends_s=30))
    assert result.exit_code == 0
    assert kinds(result.lines) == ["StoreOccupied", "StockChanged"]
    assert result.stderr == "storeguard: the trace ends with somebody inside; not judged\n"


@pytest.mark.parametrize("words", [["114663"], ["114663", "", "231039"], [""], BURST])
def test_a_trace_that_is_cut_off_in_garbage_ends_with_what_lay_there(trace, replay, words):
    folder = trace.of_a_thief()
    rows = (folder / "scales.csv").read_text("utf-8").splitlines()
    last_s = float(rows[-1].split(",")[0])
    rows += [f"{last_s + n / 10:.1f},A,{word}" for n, word in enumerate(words, 1)]
    trace.put("scales.csv", "\n".join([*rows, ""]))
    lines = replay(folder).lines
    assert [line["after"] for line in of(lines, "StockChanged")] == [3]
    assert of(lines, "DeviceFailed") == []
    assert kinds(lines).count("StoreOccupied") == 1


def test_what_is_put_down_with_the_last_moment_of_a_trace_is_counted(trace, replay):
    trace.enter(55)
    trace.take(59, "초코바")
    assert [line["after"] for line in of(replay(trace.write()).lines, "StockChanged")] == [11]


def test_a_trace_that_ends_in_the_dark_ends(trace, replay):
    trace.people.append("20,")
    result = replay(trace.write(ends_s=30))
    assert result.exit_code == 0


def test_a_scale_without_a_single_row_is_faulty_and_the_replay_ends(trace, replay):
    folder = trace.of_a_thief()
    rows = (folder / "scales.csv").read_text().splitlines()
    trace.put("scales.csv", "\n".join(row for row in rows if ",B," not in row) + "\n")
    result = replay(folder)
    assert result.exit_code == 0
    assert [line["device"] for line in of(result.lines, "DeviceFailed")] == ["B"]
    [visit] = of(result.lines, "VisitReconciled")
    assert (visit["unverified"], visit["unpaid"]) == (["초코바"], {"바나나우유": 1})


def test_a_product_without_a_weight_is_not_waited_for(trace, replay):
    folder = trace.of_a_thief()
    csv = folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text("utf-8").replace("1200,52", "1200,0"), encoding="utf-8")
    result = replay(folder)
    assert result.exit_code == 0
    assert of(result.lines, "VisitReconciled")[0]["unpaid"] == {"바나나우유": 1}


def test_a_scale_that_never_comes_to_rest_does_not_keep_the_replay_for_ever(trace, replay):
    for at_s in range(60):
        trace.press(at_s, at_s + 0.5, "B", 300.0)
    result = replay(trace.of_a_thief())
    assert result.exit_code == 0
    [visit] = of(result.lines, "VisitReconciled")
    assert visit["unpaid"] == {"바나나우유": 1}


def test_a_trace_without_cameras_and_people_is_played_by_the_scales_alone(trace, replay):
    trace.config = trace.config.replace("cameras:\n  - {id: door}\n", "")
    trace.take(70, "바나나우유")
    folder = trace.write(ends_s=80)
    (folder / "people.csv").unlink()
    lines = replay(folder).lines
    assert kinds(lines)[-2:] == ["VisitReconciled", "IssueSealed"]
    assert of(lines, "IssueSealed")[0]["lines"][0]["missing"] == 1


# --- a video instead of people.csv ---------------------------------------------------------


def test_people_are_found_in_the_video_where_there_is_no_people_csv(trace, replay, tmp_path):
    folder = with_video(trace, figure_from_s=10, figure_until_s=24)
    result = replay(folder, "--out", tmp_path / "out")
    assert result.exit_code == 0
    [occupied] = of(result.lines, "StoreOccupied")
    assert 9.5 <= occupied["t_s"] <= 11.5
    [visit] = of(result.lines, "VisitReconciled")
    assert 22.5 <= visit["visit_ended_t_s"] <= 24.5
    assert visit["unpaid"] == {"바나나우유": 1}
    [issue] = sealed_issues(tmp_path / "out" / "issue_data")
    [picture] = issue.glob("*.jpg")
    assert (cv2.imread(str(picture)) < 60).all(axis=2).sum() > 2000
    [clip] = issue.glob("clip-*.mp4")
    with av.open(str(clip)) as video:
        # From 5 s before the visit (the pre-roll) until the store was empty.
        assert float(video.duration / av.time_base) == pytest.approx(24, abs=2)


def test_people_csv_beats_the_video(trace, replay):
    folder = with_video(trace, figure_from_s=10, figure_until_s=24)
    trace.put("people.csv", "t_s,people\n0,0\n12,1\n20,0\n")
    [occupied] = of(replay(folder).lines, "StoreOccupied")
    assert occupied["t_s"] == 12.0


def with_video(trace, figure_from_s, figure_until_s):
    trace.config += "detector: {backend: background}\n"
    trace.take(15, "바나나우유")
    folder = trace.write(ends_s=40)
    (folder / "people.csv").unlink()
    draw_video(folder / "video.mp4", 40, figure_from_s, figure_until_s)
    return folder


def draw_video(path, ends_s, figure_from_s, figure_until_s, fps=10):
    """A shop with shelves, through which a dark figure walks."""
    noise = np.random.default_rng(3)
    room = np.full((180, 320, 3), 170, np.uint8)
    for y in range(30, 120, 22):
        cv2.line(room, (20, y), (300, y), (120, 110, 100), 3)
    with av.open(str(path), "w") as video:
        stream = video.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(ends_s * fps):
            picture = room + noise.integers(0, 4, room.shape, dtype=np.uint8)
            t_s = number / fps
            if figure_from_s <= t_s < figure_until_s:
                draw_figure(picture, x=40 + round((t_s - figure_from_s) * 15))
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")):
                video.mux(packet)
        for packet in stream.encode(None):
            video.mux(packet)


def draw_figure(picture, x):
    cv2.circle(picture, (x, 62), 12, (30, 30, 40), -1)
    cv2.rectangle(picture, (x - 20, 74), (x + 20, 168), (40, 30, 30), -1)


def run_apart(folder, *options):
    code = "from storeguard.cli import main; main()"
    command = [sys.executable, "-c", code, "replay", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
