"""Clips: whole, in their true times, playable after a kill, and never in the caller's way."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from storeguard import durable
from storeguard.clock import SimLoop, run_simulated
from storeguard.ports import Frame, Image
from storeguard.vision import clipfile, encoding
from storeguard.vision.clipfile import Clip, begin_clip, drop_clips, repair
from storeguard.vision.encoding import Encoder, fitted_px, letterboxed
from storeguard.vision.recorder import ClipRecorder, Recording

SIZE_WH = (160, 96)
FPS = 10.0


def numbered(number: int, size_wh: tuple[int, int] = SIZE_WH) -> Image:
    """Eight vertical bars, black or white: the number's bits, most significant first."""
    bits = np.array([255 * (number >> bit & 1) for bit in range(7, -1, -1)], np.uint8)
    row = np.repeat(bits, size_wh[0] // 8)
    return np.repeat(np.broadcast_to(row, (size_wh[1], size_wh[0]))[..., None], 3, axis=2).copy()


def number_on(image: Image) -> int:
    width = image.shape[1] // 8
    middles = [image[image.shape[0] // 2, width * bar + width // 2].mean() for bar in range(8)]
    return sum((mean > 128) << (7 - bar) for bar, mean in enumerate(middles))


def frames_of(times_s: list[float]) -> list[Frame]:
    return [Frame(t_s, numbered(number)) for number, t_s in enumerate(times_s)]


def label(t_s: float) -> str:
    return f"2026-11-20_22-21-{t_s:09.6f}"


def recorder_in(folder: Path, clip_s: float = 30.0, **given: object) -> ClipRecorder:
    given = {"queued_frames": 1000, **given}  # no test waits for the encoder
    return ClipRecorder(folder, SIZE_WH, FPS, clip_s, label, **given)  # type: ignore[arg-type]


def record(clips: ClipRecorder, frames: list[Frame], ended_s: float | None = None) -> Recording:
    """One visit, from the first picture to a moment after the last."""

    async def main() -> Recording:
        clips.start(frames[0].t_s)
        for frame in frames:
            clips.add(frame)
        recording = await clips.stop(frames[-1].t_s + 0.1 if ended_s is None else ended_s)
        await clips.close(0.0)
        return recording

    return asyncio.run(main())


def encoded(encoder: Encoder, frame: Frame) -> encoding.Encoded:
    packet = encoder.encode(frame)
    assert packet is not None
    return packet


def played(path: Path) -> list[tuple[float, int]]:
    """Time and number of each picture in the clip, from its own start."""
    with av.open(str(path)) as container:
        return [
            (float(frame.time), number_on(frame.to_ndarray(format="bgr24")))
            for frame in container.decode(video=0)
        ]


def boxes(path: Path) -> list[str]:
    """The names of the outer boxes of an mp4, in order."""
    content, names, at = path.read_bytes(), [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8].decode())
        at += int.from_bytes(content[at : at + 4], "big")
    return names


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    threads, files = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    yield
    assert set(threading.enumerate()) - threads == set()
    assert len(set(os.listdir("/proc/self/fd")) - files) == 0


# --- what is on the disk ---


def test_a_clip_is_h264_for_browsers_without_sound_and_with_its_index_first(
    tmp_path: Path,
) -> None:
    recording = record(recorder_in(tmp_path), frames_of([i / 10 for i in range(25)]))
    [clip] = recording.clips
    assert clip.path == tmp_path / "2026-11-20_22-21-00.000000.mp4"
    assert os.listdir(tmp_path) == [clip.path.name]
    with av.open(str(clip.path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == SIZE_WH
    names = boxes(clip.path)
    assert names.index("moov") < names.index("mdat")
    assert "moof" not in names


def test_pictures_keep_their_own_times_however_uneven(tmp_path: Path) -> None:
    times_s = [50.0, 50.1, 50.3, 51.0, 51.1, 54.0, 54.15]
    recording = record(recorder_in(tmp_path), frames_of(times_s), ended_s=54.4)
    [clip] = recording.clips
    assert [number for _, number in played(clip.path)] == list(range(7))
    assert [t_s for t_s, _ in played(clip.path)] == pytest.approx([t - 50 for t in times_s])
    assert (clip.started_s, clip.ended_s, clip.frames) == (50.0, pytest.approx(54.4), 7)
    with av.open(str(clip.path)) as container:
        assert container.duration == pytest.approx(4.4 * av.time_base, rel=0.001)


def test_the_last_picture_stands_for_a_second_at_most(tmp_path: Path) -> None:
    """A camera that failed long before the visit ended does not make an endless clip."""
    [clip] = record(recorder_in(tmp_path), frames_of([0.0, 0.1]), ended_s=900.0).clips
    assert clip.ended_s == pytest.approx(1.1)


def test_joints_of_clips_lose_no_picture_and_no_time(tmp_path: Path) -> None:
    times_s = [7 + i / 10 for i in range(75)]
    recording = record(recorder_in(tmp_path, clip_s=2.0), frames_of(times_s))
    assert (recording.dropped, recording.fault) == (0, None)
    assert [clip.frames for clip in recording.clips] == [20, 20, 20, 15]
    seen = [number for clip in recording.clips for _, number in played(clip.path)]
    assert seen == list(range(75))
    ends_s = [clip.ended_s for clip in recording.clips]
    assert ends_s == pytest.approx([9.0, 11.0, 13.0, 14.5])
    assert [clip.started_s for clip in recording.clips[1:]] == pytest.approx(ends_s[:-1])


def test_no_more_pictures_than_fps_are_recorded(tmp_path: Path) -> None:
    recording = record(recorder_in(tmp_path), frames_of([i / 30 for i in range(90)]))
    [clip] = recording.clips
    assert 29 <= clip.frames <= 31
    assert recording.dropped == 0


def test_a_jittering_camera_at_its_nominal_rate_loses_nothing(tmp_path: Path) -> None:
    jitter = np.random.default_rng(1).uniform(-0.024, 0.024, 60)
    times_s = [1 + i / FPS + j for i, j in enumerate(jitter.tolist())]
    [clip] = record(recorder_in(tmp_path), frames_of(times_s)).clips
    assert clip.frames == 60


def test_the_same_instant_and_the_past_are_left_out() -> None:
    frames = frames_of([1.0, 1.1, 1.2])
    encoder = Encoder(SIZE_WH, FPS)
    packets = [encoder.encode(frame) for frame in (*frames, frames[1], frames[2])]
    encoder.close()
    assert [packet and packet.t_s for packet in packets] == [1.0, 1.1, 1.2, None, None]


def test_clips_of_the_same_instant_get_names_of_their_own(tmp_path: Path) -> None:
    for _ in range(3):
        record(recorder_in(tmp_path), frames_of([0.0, 0.1]))
    stem = "2026-11-20_22-21-00.000000"
    assert sorted(os.listdir(tmp_path)) == [f"{stem}-2.mp4", f"{stem}-3.mp4", f"{stem}.mp4"]


# --- sizes ---


@pytest.mark.parametrize(
    ("source_px", "room_px", "fitted"),
    [
        ((1280, 720), (1280, 720), (1280, 720)),
        ((640, 360), (1280, 720), (640, 360)),  # never enlarged
        ((1920, 1080), (1280, 720), (1280, 720)),
        ((640, 480), (1280, 720), (640, 480)),
        ((1600, 1200), (1280, 720), (960, 720)),
        ((960, 1088), (1280, 720), (636, 720)),
        ((641, 361), (1280, 720), (640, 360)),  # H.264 wants even sides
        ((3, 3), (1280, 720), (4, 4)),
        ((5000, 10), (1280, 720), (1280, 2)),
        ((640, 360), (33, 33), (32, 18)),
    ],
)
def test_a_picture_is_fitted_in_its_own_shape_with_even_sides(
    source_px: tuple[int, int], room_px: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert fitted_px(source_px, room_px) == fitted


def test_a_picture_of_another_shape_gets_bars() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    boxed = letterboxed(white, (160, 90))
    assert boxed.shape == (90, 160, 3)
    assert boxed[:, :35].max() == 0
    assert boxed[:, 125:].max() == 0
    assert boxed[:, 35:125].min() == 255


def test_rounding_leaves_no_thin_bar() -> None:
    white = np.full((361, 641, 3), 255, np.uint8)
    assert letterboxed(white, (640, 360)).min() == 255


def test_a_camera_that_comes_back_with_another_size_goes_into_the_same_clip(
    tmp_path: Path,
) -> None:
    frames = [Frame(i / 10, numbered(i, SIZE_WH if i < 3 else (320, 192))) for i in range(6)]
    [clip] = record(recorder_in(tmp_path), frames).clips
    assert [number for _, number in played(clip.path)] == list(range(6))


# --- the visit ---


def test_between_visits_nothing_is_recorded(tmp_path: Path) -> None:
    async def main() -> Recording:
        clips = recorder_in(tmp_path)
        clips.add(Frame(0.0, numbered(1)))
        assert not clips.is_recording
        recording = await clips.stop(1.0)
        assert await clips.close(1.0) == await clips.close(1.0) == Recording()
        return recording

    assert asyncio.run(main()) == Recording()
    assert os.listdir(tmp_path) == []


def test_a_visit_without_pictures_has_no_clip(tmp_path: Path) -> None:
    recording = record(recorder_in(tmp_path), [Frame(0.0, None), Frame(1.0, None)])
    assert recording == Recording()
    assert os.listdir(tmp_path) == []


# --- before and after the visit ---


def test_a_clip_begins_with_the_seconds_before_the_visit_without_losing_a_picture(
    tmp_path: Path,
) -> None:
    frames = frames_of([i / 10 for i in range(120)])

    async def main() -> Recording:
        clips = recorder_in(tmp_path, pre_roll_s=3.0)
        for frame in frames[:80]:
            clips.add(frame)
        clips.start(7.5)
        for frame in frames[80:]:
            clips.add(frame)
        recording = await clips.stop(12.0)
        await clips.close(12.0)
        return recording

    [clip] = asyncio.run(main()).clips
    assert 3.0 <= 7.5 - clip.started_s < 4.0  # to the key picture before
    assert clip.path.name == f"{label(clip.started_s)}.mp4"
    first = round(clip.started_s * 10)
    assert [number for _, number in played(clip.path)] == list(range(first, 120))


def test_pictures_that_came_while_a_person_was_looked_for_are_in_the_clip(tmp_path: Path) -> None:
    """The verdict on a picture comes later than the next pictures."""

    async def main() -> Recording:
        clips = recorder_in(tmp_path, pre_roll_s=1.0)
        for frame in frames_of([i / 10 for i in range(30)]):
            clips.add(frame)
        clips.start(2.4)
        recording = await clips.stop(3.0)
        await clips.close(3.0)
        return recording

    [clip] = asyncio.run(main()).clips
    assert [number for _, number in played(clip.path)][-5:] == [25, 26, 27, 28, 29]


def test_the_pre_roll_holds_no_more_than_it_must() -> None:
    ring = encoding.PreRoll(5.0)
    for i in range(10_000):
        ring.add(encoding.Encoded(i / 10, b"x" * 100, is_key=i % 10 == 0))
    assert ring.bytes <= 100 * 10 * (5 + 1 + 1)
    held = ring.since(994.0)
    assert (held[0].t_s, held[-1].t_s) == (994.0, 999.9)
    assert ring.since(0.0)[0].is_key


def test_the_post_roll_goes_on_after_the_last_person_and_into_the_next_visit(
    tmp_path: Path,
) -> None:
    frames = frames_of([i / 10 for i in range(100)])

    async def main(loop: SimLoop) -> list[Recording]:
        clips = recorder_in(tmp_path, threaded=False, pre_roll_s=1.0, post_roll_s=4.0)
        ended = []
        for frame in frames:
            await asyncio.sleep(frame.t_s - loop.time())
            if frame.t_s == 0.0:
                clips.start(0.0)
            if frame.t_s == 5.0:
                ended.append(clips.stop(5.0, last_seen_s=3.05))
            if frame.t_s == 6.0:
                clips.start(6.0)
            clips.add(frame)
        ended.append(clips.stop(10.0, last_seen_s=9.9))
        await clips.close(10.0)  # the process ends: no post-roll is waited for
        return [await recording for recording in ended]

    recordings = run_simulated(main)
    numbers = [[n for clip in one.clips for _, n in played(clip.path)] for one in recordings]
    assert numbers[0] == list(range(71))
    assert numbers[1] == list(range(50, 100))


def test_a_visit_whose_camera_died_still_gets_its_end(tmp_path: Path) -> None:
    async def main(_: SimLoop) -> Recording:
        clips = recorder_in(tmp_path, threaded=False, post_roll_s=8.0)
        clips.start(0.0)
        clips.add(Frame(0.0, numbered(7)))
        recording = await clips.stop(1.0, last_seen_s=0.5)
        await clips.close(9.0)
        return recording

    [clip] = run_simulated(main).clips
    assert [number for _, number in played(clip.path)] == [7]


# --- what is burnt in ---


def test_masked_pixels_never_change_whatever_happens_behind_them(tmp_path: Path) -> None:
    mask = ((0.5, 0.25), (1.0, 0.25), (1.0, 0.75), (0.5, 0.75))
    noise = np.random.default_rng(3)
    frames = [
        Frame(i / 10, noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)) for i in range(25)
    ]
    overlay = encoding.Overlay(masks=(mask,))
    [clip] = record(recorder_in(tmp_path, overlay=overlay, pre_roll_s=1.0), frames).clips
    with av.open(str(clip.path)) as container:
        shown = np.stack([f.to_ndarray(format="bgr24") for f in container.decode(video=0)])
    inside = shown[:, 32:64, 96:160]  # whole blocks of the encoder
    assert inside.max() <= 6
    assert np.ptp(inside, axis=0).max() <= 4
    assert shown[:, :16].std() > 20
    assert all(frame.image is not None and frame.image[48, 120].any() for frame in frames)


def test_the_time_is_burnt_into_every_picture_and_can_be_left_out(tmp_path: Path) -> None:
    grey = np.full((360, 640, 3), 128, np.uint8)
    stamps = iter(["2026-11-20 22:21:04.1", "2026-11-20 22:21:58.7"])
    overlay = encoding.Overlay(stamp=lambda _: next(stamps))
    pictures = []
    for burnt_in in (overlay, encoding.NOTHING):
        encoder = Encoder((640, 360), FPS, burnt_in)
        writer = begin_clip(tmp_path / "a.mp4.part", encoder.template, 0.0)
        for i in range(2):
            writer.write(encoded(encoder, Frame(i / 10, grey)))
        writer.close(0.2)
        encoder.close()
        with av.open(str(tmp_path / "a.mp4.part"), format="mp4") as container:
            pictures += [f.to_ndarray(format="gray") for f in container.decode(video=0)]
    corner = [picture[-12:, -180:].astype(int) for picture in pictures]
    assert corner[0].max() > 180
    assert np.abs(corner[0] - corner[1]).max() > 80  # other figures
    assert np.ptp(corner[2]) <= 4
    assert np.ptp(pictures[0][:300]) <= 4


def test_each_pictures_wall_clock_time_is_in_the_clip_also_of_a_killed_one(
    tmp_path: Path,
) -> None:
    opened = datetime.fromisoformat("2026-11-20T22:21:00.250000+09:00")

    def about(t_s: float) -> dict[str, str]:
        at = opened + timedelta(seconds=t_s)
        return clipfile.about_clip(at, "door", is_clock_synced=True)

    times_s = [50.0, 50.1, 50.3, 51.05]
    [clip] = record(recorder_in(tmp_path, about=about), frames_of(times_s)).clips
    found = clipfile.picture_times(clip.path)
    assert [(at - opened).total_seconds() for at in found] == pytest.approx(times_s, abs=1e-4)
    with av.open(str(clip.path)) as container:
        assert container.metadata["creation_time"].startswith("2026-11-20T13:21:50")
    encoder = Encoder(SIZE_WH, FPS)
    writer = begin_clip(tmp_path / "k.mp4.part", encoder.template, 1.0, about(1.0))
    for frame in frames_of([1.0, 2.0, 3.0]):
        writer.write(encoded(encoder, frame))
    encoder.close()
    (tmp_path / "killed.mp4.part").write_bytes((tmp_path / "k.mp4.part").read_bytes())
    writer.abandon()
    (tmp_path / "k.mp4.part").unlink()
    [repaired] = repair(tmp_path).clips
    assert (clipfile.picture_times(repaired.path)[0] - opened).total_seconds() == 1.0


def test_a_clip_of_somebody_else_has_no_times(tmp_path: Path) -> None:
    [clip] = record(recorder_in(tmp_path), frames_of([0.0, 0.1])).clips
    with pytest.raises(clipfile.ClipUnplayable, match="does not say when"):
        clipfile.picture_times(clip.path)


def test_the_next_visit_starts_while_the_last_is_still_published(tmp_path: Path) -> None:
    async def main() -> list[Recording]:
        clips = recorder_in(tmp_path)
        clips.start(0.0)
        clips.add(Frame(0.0, numbered(1)))
        first = clips.stop(0.1)
        clips.start(0.2)
        clips.add(Frame(0.2, numbered(2)))
        recordings = [await first, await clips.stop(0.3)]
        await clips.close(0.3)
        return recordings

    first, second = asyncio.run(main())
    assert [[n for _, n in played(c.path)] for c in (*first.clips, *second.clips)] == [[1], [2]]


def test_closing_in_mid_visit_publishes_the_clip(tmp_path: Path) -> None:
    async def main() -> Recording:
        clips = recorder_in(tmp_path)
        clips.start(0.0)
        clips.add(Frame(0.0, numbered(5)))
        return await clips.close(0.1)

    [clip] = asyncio.run(main()).clips
    assert [number for _, number in played(clip.path)] == [5]


def test_replay_records_inline_on_simulated_time(tmp_path: Path) -> None:
    async def main(loop: SimLoop) -> Recording:
        clips = recorder_in(tmp_path, clip_s=2.0, threaded=False)
        clips.start(0.0)
        for frame in frames_of([i / 10 for i in range(50)]):
            clips.add(frame)
            await asyncio.sleep(0.1)
        assert threading.active_count() == before
        recording = await clips.stop(loop.time())
        assert loop.time() == pytest.approx(5.0)
        await clips.close(loop.time())
        return recording

    before = threading.active_count()
    recording = run_simulated(main)
    assert [clip.frames for clip in recording.clips] == [20, 20, 10]
    assert recording.dropped == 0


def test_a_slow_encoder_costs_pictures_not_the_callers_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = threading.Event()
    encode = Encoder.encode

    def stuck(encoder: Encoder, frame: Frame, **given: bool) -> encoding.Encoded | None:
        may_write.wait()
        return encode(encoder, frame, **given)

    monkeypatch.setattr(Encoder, "encode", stuck)

    async def main() -> Recording:
        clips = recorder_in(tmp_path, queued_frames=16)
        clips.start(0.0)
        for frame in frames_of([i / 10 for i in range(100)]):
            clips.add(frame)  # would never return if it waited
        may_write.set()
        recording = await clips.stop(10.0)
        await clips.close(10.0)
        return recording

    recording = asyncio.run(main())
    assert recording.dropped == 100 - 16
    assert recording.clips[0].frames == 16


def test_a_bug_in_the_encoder_is_not_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(clipfile.ClipWriter, "write", broken)

    async def main() -> None:
        clips = recorder_in(tmp_path)
        clips.start(0.0)
        clips.add(Frame(0.0, numbered(1)))
        with pytest.raises(ZeroDivisionError):
            await clips.stop(1.0)
        await clips.close(1.0)

    asyncio.run(main())


def test_starting_twice_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    clips = recorder_in(tmp_path, threaded=False)
    clips.start(0.0)
    with pytest.raises(RuntimeError, match="recording already"):
        clips.start(1.0)


def test_clean_visits_clips_are_deleted(tmp_path: Path) -> None:
    clips = record(recorder_in(tmp_path, clip_s=1.0), frames_of([i / 10 for i in range(30)])).clips
    clips[1].path.unlink()  # somebody was quicker
    assert drop_clips(clips) == 2
    assert os.listdir(tmp_path) == []


# --- kills ---

KILLED = """
    import sys
    from pathlib import Path
    import numpy as np
    from storeguard.ports import Frame
    from storeguard.vision.recorder import ClipRecorder

    clips = ClipRecorder(Path(sys.argv[1]), (160, 96), 10, 30, lambda t_s: "visit", threaded=False)
    clips.start(0.0)
    for number in range(47):
        clips.add(Frame(number / 10, np.full((96, 160, 3), 4 * number, np.uint8)))
    print("recording", flush=True)
    sys.stdin.read()
"""


def test_a_recording_killed_with_9_plays_up_to_its_last_fragment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "recording\n"
        child.send_signal(signal.SIGKILL)
    assert os.listdir(tmp_path) == ["visit.mp4.part"]

    repaired = repair(tmp_path)

    # 47 pictures, a key one each 10: four whole fragments.
    assert repaired.clips == (Clip(tmp_path / "visit.mp4", 0.0, pytest.approx(4.0), 40),)
    assert (repaired.removed, repaired.faults) == ((), ())
    assert os.listdir(tmp_path) == ["visit.mp4"]
    assert len(played(tmp_path / "visit.mp4")) == 40
    assert boxes(tmp_path / "visit.mp4").index("moov") < boxes(tmp_path / "visit.mp4").index("mdat")


@pytest.fixture(scope="module")
def recorded_part(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Five seconds as they lie on the disk while they are recorded."""
    part = tmp_path_factory.mktemp("part") / "a.mp4.part"
    frames = frames_of([i / 10 for i in range(50)])
    encoder = Encoder(SIZE_WH, FPS)
    writer = begin_clip(part, encoder.template, 0.0)
    for frame in frames:
        writer.write(encoded(encoder, frame))
    writer.close(5.0)
    encoder.close()
    return part.read_bytes()


def test_a_recording_cut_at_any_byte_plays_in_order_or_is_removed(
    recorded_part: bytes, tmp_path: Path
) -> None:
    cuts = sorted({*range(0, len(recorded_part), max(1, len(recorded_part) // 150))})
    counts = []
    for cut in cuts:
        part = tmp_path / "a.mp4.part"
        part.write_bytes(recorded_part[:cut])
        repaired = repair(tmp_path)
        assert len(repaired.clips) + len(repaired.removed) == 1
        assert not part.exists()
        numbers = [n for clip in repaired.clips for _, n in played(clip.path)]
        assert numbers == list(range(len(numbers)))
        counts.append(len(numbers))
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= 40


def test_zeros_that_a_power_cut_left_at_the_end_do_not_cost_the_clip(
    recorded_part: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4.part").write_bytes(recorded_part[:-500] + bytes(4096))
    [clip] = repair(tmp_path).clips
    assert clip.frames == len(played(clip.path)) > 40


def test_what_is_no_recording_is_removed(tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("noise", os.urandom(5000)), ("text", b"x" * 100)):
        (tmp_path / f"{name}.mp4.part").write_bytes(content)
    repaired = repair(tmp_path)
    assert (repaired.clips, repaired.faults) == ((), ())
    assert len(repaired.removed) == 3
    assert os.listdir(tmp_path) == []


def test_repairing_leaves_finished_clips_alone(recorded_part: bytes, tmp_path: Path) -> None:
    [clip] = record(recorder_in(tmp_path), frames_of([0.0, 0.1])).clips
    before = clip.path.read_bytes()
    (tmp_path / "b.mp4.part").write_bytes(recorded_part)
    assert [repaired.path.name for repaired in repair(tmp_path).clips] == ["b.mp4"]
    assert repair(tmp_path) == clipfile.Repaired()
    assert clip.path.read_bytes() == before


def test_a_disk_that_fails_while_repairing_leaves_the_recording_for_the_next_start(
    recorded_part: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / "a.mp4.part"
    part.write_bytes(recorded_part)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "fsync_file", _disk_full)
        [fault] = repair(tmp_path).faults
    assert str(part) in fault
    assert "No space left on device" in fault
    assert os.listdir(tmp_path) == [part.name]
    assert len(repair(tmp_path).clips) == 1


# --- a disk that fails ---


def _disk_full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_clip_that_cannot_be_published_is_a_fault_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "fsync_file", _disk_full)
    recording = record(recorder_in(tmp_path), frames_of([0.0, 0.1]))
    assert recording.clips == ()
    assert recording.fault is not None
    assert "No space left on device" in recording.fault
    assert os.listdir(tmp_path) == []  # the space goes back to the books


def test_closing_does_not_wait_for_a_disk_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_answers = threading.Event()
    monkeypatch.setattr(durable, "fsync_file", lambda _: disk_answers.wait())

    async def main() -> Recording:
        clips = recorder_in(tmp_path)
        clips.start(0.0)
        clips.add(Frame(0.0, numbered(1)))
        return await clips.close(0.1, timeout_s=0.05)

    recording = asyncio.run(main())
    assert recording.fault == f"{tmp_path}: no answer for 0.05 s; see the disk"
    disk_answers.set()
    for thread in threading.enumerate():
        if thread.name.startswith("clip-"):
            thread.join()
    assert len(list(tmp_path.glob("*.mp4"))) == 1


def test_a_missing_folder_is_a_fault_as_data(tmp_path: Path) -> None:
    recording = record(recorder_in(tmp_path / "gone"), frames_of([0.0, 0.1, 0.2]))
    assert recording.clips == ()
    assert recording.fault is not None
    assert f"{tmp_path}/gone: recording failed: " in recording.fault


LIMITED = """
    import asyncio, os, resource, sys
    from pathlib import Path
    import numpy as np
    from storeguard.ports import Frame
    from storeguard.vision.recorder import ClipRecorder

    async def main():
        clips = ClipRecorder(Path(sys.argv[1]), (640, 360), 10, 30, str, threaded=False)
        noise = np.random.default_rng(1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        files = len(os.listdir("/proc/self/fd"))
        clips.start(0.0)
        for number in range(40):
            clips.add(Frame(number / 10, noise.integers(0, 255, (360, 640, 3), dtype=np.uint8)))
        first = await clips.stop(4.0)
        clips.start(5.0)
        clips.add(Frame(5.0, np.zeros((360, 640, 3), np.uint8)))
        second = await clips.stop(5.1)
        left_open = len(os.listdir("/proc/self/fd")) - files
        print(first.fault, len(second.clips), second.fault, left_open, sep="|")

    asyncio.run(main())
"""


def test_a_full_disk_ends_the_clip_and_not_the_visit_nor_the_next_one(tmp_path: Path) -> None:
    """A real write error in the middle of a file, made by the limit on a file's size."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(LIMITED), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    fault, *next_visit, left_open = done.stdout.strip().split("|")
    assert f"{tmp_path}: recording failed" in fault
    assert (next_visit, left_open) == (["1", "None"], "0")
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "5.0.mp4").exists()
