"""What every camera promises, and what OpenCV's adds: files, streams, devices that hang."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from storeguard.captures import Source, is_live, open_capture
from storeguard.clock import Clock, LoopClock, SimLoop, SystemClock, run_simulated
from storeguard.devices.opencv import OpenCvCamera, video_frames
from storeguard.devices.picamera import PiCamera
from storeguard.devices.sim.picamera2_module import SimPicamera2, installed
from storeguard.errors import CameraEnded, CameraFault, CameraTimeout
from storeguard.ports import Camera, Frame, Image

SIZE_WH = (64, 48)
TIMES_S = (0.0, 0.1, 0.2, 0.5, 0.6, 0.7, 1.5, 1.6)
"""Of the test's video: a camera does not deliver at a constant rate."""


def picture(number: int) -> Image:
    """Grey, by its number (0 to 8)."""
    return np.full((SIZE_WH[1], SIZE_WH[0], 3), 20 + 25 * (number % 9), np.uint8)


def picture_with_edges() -> Image:
    shown = picture(0)
    shown[:, : SIZE_WH[0] // 2] = 200
    return shown


def number_of(frame: Frame) -> int:
    assert frame.image is not None
    return round((float(frame.image.mean()) - 20) / 25)


def write_video(path: Path, times_s: tuple[float, ...] = TIMES_S) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"tune": "zerolatency"})
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, t_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts, frame.time_base = round(t_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_gif(path: Path) -> Path:
    animation = cv2.Animation()
    animation.frames = [picture(number) for number in range(3)]
    animation.durations = np.array([80, 80, 80])
    assert cv2.imwriteanimation(str(path), animation)
    return path


class FakeDevice:
    """A live device: delivers its pictures, then blocks in read() until it is `unplugged`."""

    def __init__(self, pictures: int = 0, *, opens: bool = True, then_fails: bool = False) -> None:
        self.unplugged = threading.Event()
        self.is_blocked = threading.Event()
        self.is_released = False
        self._left = iter(range(pictures))
        self._opens = opens
        self._then_fails = then_fails

    def open(self, source: Source, timeout_s: float) -> "FakeDevice":
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._opens

    def read(self) -> tuple[bool, Image | None]:
        number = next(self._left, None)
        if number is not None:
            return True, picture(number)
        if not self._then_fails:
            self.is_blocked.set()
            self.unplugged.wait()
        return False, None

    def grab(self) -> bool:
        return self.read()[0]

    def retrieve(self) -> tuple[bool, Image | None]:
        return True, picture(0)

    def get(self, prop: int) -> float:
        return 0.0

    def release(self) -> None:
        self.is_released = True

    async def blocked(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.is_blocked.wait)


class EndlessDevice(FakeDevice):
    """Delivers at 200 pictures a second until it is released."""

    def read(self) -> tuple[bool, Image | None]:
        self.unplugged.wait(0.005)
        return True, picture(1)


@dataclass(frozen=True, slots=True)
class Rig:
    """How the suite makes and runs one backend; every picture of it is `SIZE_WH`."""

    make: Callable[[Path, Clock], Camera]
    is_simulated: bool

    def run(self, folder: Path, law: Callable[[Camera], Awaitable[None]]) -> None:
        async def simulated(loop: SimLoop) -> None:
            with installed(SimPicamera2(loop)):
                await law(self.make(folder, LoopClock(loop, SystemClock().utc())))

        async def real() -> None:
            with installed(SimPicamera2(asyncio.get_running_loop())):
                await law(self.make(folder, SystemClock()))

        if self.is_simulated:
            run_simulated(simulated)
        else:
            asyncio.run(real())


def _file(folder: Path, clock: Clock) -> Camera:
    return OpenCvCamera("door", write_video(folder / "door.mp4"), clock)


def _fast_file(folder: Path, clock: Clock) -> Camera:
    return OpenCvCamera("door", str(write_video(folder / "door.mp4")), clock, pace="fast")


def _live(folder: Path, clock: Clock) -> Camera:
    return OpenCvCamera("door", 0, clock, open_capture=EndlessDevice().open)


def _picamera(folder: Path, clock: Clock) -> Camera:
    return PiCamera("door", 0, clock, record_size_px=SIZE_WH)


RIGS = {
    "opencv-file-on-the-clock": Rig(_file, is_simulated=True),
    "opencv-file-fast": Rig(_fast_file, is_simulated=False),
    "opencv-file-fast-replayed": Rig(_fast_file, is_simulated=True),
    "opencv-live": Rig(_live, is_simulated=False),
    "picamera": Rig(_picamera, is_simulated=False),
    "picamera-simulated": Rig(_picamera, is_simulated=True),
}


@pytest.fixture(params=RIGS.values(), ids=RIGS.keys())
def rig(request: pytest.FixtureRequest) -> Rig:
    return request.param


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    assert not left, f"threads left behind: {left}"


# --- the law of the port ---


def test_frames_are_pictures_with_times_that_grow(rig: Rig, tmp_path: Path) -> None:
    async def law(camera: Camera) -> None:
        await camera.open()
        frames = [await camera.frame() for _ in range(4)]
        await camera.close()
        times_s = [frame.t_s for frame in frames]
        assert times_s == sorted(set(times_s))
        for frame in frames:
            assert frame.image is not None
            assert frame.image.shape == (SIZE_WH[1], SIZE_WH[0], 3)
            assert frame.image.dtype == np.uint8

    rig.run(tmp_path, law)


def test_closing_twice_and_before_opening_does_nothing(rig: Rig, tmp_path: Path) -> None:
    async def law(camera: Camera) -> None:
        await camera.close()
        await camera.open()
        await camera.close()
        await camera.close()

    rig.run(tmp_path, law)


def test_a_closed_camera_says_so_and_can_be_opened_again(rig: Rig, tmp_path: Path) -> None:
    async def law(camera: Camera) -> None:
        with pytest.raises(CameraFault, match="camera 'door' is not open"):
            await camera.frame()
        for _ in range(2):
            await camera.open()
            await camera.frame()
            await camera.close()
        with pytest.raises(CameraFault, match="camera 'door' is not open"):
            await camera.frame()

    rig.run(tmp_path, law)


def test_opening_twice_begins_anew(rig: Rig, tmp_path: Path) -> None:
    async def law(camera: Camera) -> None:
        await camera.open()
        await camera.open()
        await camera.frame()
        await camera.close()

    rig.run(tmp_path, law)


# --- files ---


async def all_frames(camera: Camera) -> list[Frame]:
    frames = []
    await camera.open()
    try:
        while True:
            frames.append(await camera.frame())
    except CameraEnded:
        return frames
    finally:
        await camera.close()


def test_a_fast_file_gives_every_picture_with_the_files_own_time(tmp_path: Path) -> None:
    frames = asyncio.run(all_frames(_fast_file(tmp_path, SystemClock())))
    assert [number_of(frame) for frame in frames] == list(range(len(TIMES_S)))
    assert [frame.t_s for frame in frames] == pytest.approx(TIMES_S, abs=0.001)


def test_a_file_on_the_clock_gives_each_picture_when_it_is_due(tmp_path: Path) -> None:
    async def main(loop: SimLoop) -> None:
        await asyncio.sleep(40)
        camera = _file(tmp_path, LoopClock(loop, SystemClock().utc()))
        await camera.open()
        for number, t_s in enumerate(TIMES_S):
            frame = await camera.frame()
            assert number_of(frame) == number
            assert frame.t_s == pytest.approx(40 + t_s, abs=0.001)
            assert loop.time() == pytest.approx(40 + t_s, abs=0.001)
        await camera.close()

    run_simulated(main)


def test_a_file_on_the_clock_skips_what_is_late(tmp_path: Path) -> None:
    async def main(loop: SimLoop) -> None:
        camera = _file(tmp_path, LoopClock(loop, SystemClock().utc()))
        await camera.open()
        await asyncio.sleep(0.3)
        first = await camera.frame()
        await asyncio.sleep(0.35)
        second = await camera.frame()
        assert number_of(first) == 0  # the first is always shown
        assert number_of(second) == 4  # 0.6 s: at 0.65 s those before are over 0.1 s old
        await camera.close()

    run_simulated(main)


@pytest.mark.parametrize("pace", ["real", "fast"])
def test_a_file_ends_once_and_for_all(tmp_path: Path, pace: str) -> None:
    async def main(loop: SimLoop) -> None:
        video, clock = write_video(tmp_path / "door.mp4"), LoopClock(loop, SystemClock().utc())
        camera = OpenCvCamera("door", video, clock, pace=pace)  # type: ignore[arg-type]
        await camera.open()
        for _ in TIMES_S:
            await camera.frame()
        for _ in range(2):
            with pytest.raises(CameraEnded, match=r"camera 'door': .*door\.mp4 has been played"):
                await camera.frame()
        await camera.close()

    run_simulated(main)


def test_a_gif_plays_with_its_own_times(tmp_path: Path) -> None:
    camera = OpenCvCamera("door", write_gif(tmp_path / "a.gif"), SystemClock(), pace="fast")
    frames = asyncio.run(all_frames(camera))
    assert [frame.t_s for frame in frames] == pytest.approx([0.0, 0.08, 0.16])


def test_video_frames_gives_the_same_as_the_camera(tmp_path: Path) -> None:
    video = write_video(tmp_path / "door.mp4")
    frames = [Frame(t_s, image) for t_s, image in video_frames(video)]
    assert [number_of(frame) for frame in frames] == list(range(len(TIMES_S)))
    assert [frame.t_s for frame in frames] == pytest.approx(TIMES_S, abs=0.001)


def test_a_file_without_times_gets_nominal_ones(tmp_path: Path) -> None:
    class Timeless(FakeDevice):
        def __init__(self) -> None:
            super().__init__(pictures=4, then_fails=True)

        def get(self, prop: int) -> float:
            return 10.0 if prop == cv2.CAP_PROP_FPS else 0.0

    path = tmp_path / "raw.h264"
    path.touch()
    times_s = [t_s for t_s, _ in video_frames(path, Timeless().open)]
    assert times_s == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_leaving_video_frames_early_releases_the_file(tmp_path: Path) -> None:
    device = FakeDevice(pictures=3)
    frames = video_frames(write_video(tmp_path / "door.mp4"), device.open)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert device.is_released


# --- what goes wrong: one clear line, no noise, no thread left ---


MOST_PICTURES = 2_000


async def watch(camera: Camera) -> None:
    """Reads until something goes wrong, or seems never to."""
    await camera.open()
    for _ in range(MOST_PICTURES):
        await camera.frame()


def open_fault(camera: Camera) -> str:
    async def main() -> str:
        with pytest.raises(CameraFault) as caught:
            await camera.open()
        await camera.close()
        return str(caught.value)

    return asyncio.run(main())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    said = open_fault(OpenCvCamera("door", tmp_path / "no.mp4", SystemClock()))
    assert said == f"camera 'door': there is no file {tmp_path}/no.mp4; check the path"


def test_a_file_that_is_no_video_is_named_without_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(b"Dear sir or madam, " * 100)
    said = open_fault(OpenCvCamera("door", path, SystemClock()))
    assert f"{path} has no picture that can be read" in said
    assert capfd.readouterr() == ("", "")


def test_a_cut_off_file_plays_to_the_cut_without_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = _faststart(tmp_path)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    played = list(video_frames(cut))
    assert 0 < len(played) <= 50
    assert capfd.readouterr() == ("", "")


def _faststart(folder: Path) -> Path:
    source = write_video(folder / "source.mp4", tuple(i / 10 for i in range(50)))
    target = folder / "faststart.mp4"
    options = {"movflags": "faststart"}
    with av.open(str(source)) as reader, av.open(str(target), "w", options=options) as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for packet in reader.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                writer.mux(packet)
    return target


def test_an_unplugged_usb_camera_is_named_without_noise(capfd: pytest.CaptureFixture[str]) -> None:
    said = open_fault(OpenCvCamera("door", "63", SystemClock()))
    assert said == ("camera 'door': USB camera 63 cannot be opened; check the cable")
    assert capfd.readouterr() == ("", "")


def test_a_stream_that_nobody_serves_is_named_without_its_password(
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = "rtsp://owner:hunter2@127.0.0.1:9/door"  # port 9: discard, nobody listens
    said = open_fault(OpenCvCamera("door", source, SystemClock()))
    assert said == (
        "camera 'door': rtsp://***@127.0.0.1:9/door cannot be opened; "
        "check the address and the network"
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "source", [0, "0", "/dev/video0", "/dev/v4l/by-id/usb-cam", "rtsp://cam/1", "https://cam/mjpg"]
)
def test_a_camera_has_no_end(source: Source) -> None:
    assert is_live(source)


@pytest.mark.parametrize("source", ["night.mp4", Path("/srv/night.mp4"), "/dev/shm/night.mp4"])
def test_a_film_has_an_end(source: Source) -> None:
    assert not is_live(source)


def test_a_real_stream_is_read_over_http(tmp_path: Path) -> None:
    """A file served over HTTP is a stream that ends: its end is a fault, which is retried."""
    video = write_video(tmp_path / "door.mp4")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        content = video.read_bytes()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            camera = OpenCvCamera("door", f"http://127.0.0.1:{port}/door.mp4", SystemClock())
            with pytest.raises(CameraFault, match="has stopped delivering pictures"):
                await watch(camera)
            await camera.close()

    asyncio.run(main())


def test_a_device_that_never_delivers_times_out() -> None:
    device = FakeDevice()

    async def main() -> None:
        camera = OpenCvCamera("door", 0, SystemClock(), timeout_s=0.5, open_capture=device.open)
        await camera.open()
        with pytest.raises(CameraTimeout, match=r"camera 0 delivers no new picture for 0\.5 s"):
            await camera.frame()
        device.unplugged.set()
        await camera.close()

    asyncio.run(main())
    assert device.is_released


def test_a_device_that_hangs_in_opening_times_out() -> None:
    may_open, device = threading.Event(), EndlessDevice()

    def slow(source: Source, timeout_s: float) -> FakeDevice:
        may_open.wait()
        return device

    async def main() -> None:
        camera = OpenCvCamera("door", 0, SystemClock(), timeout_s=0.5, open_capture=slow)
        with pytest.raises(CameraTimeout, match=r"USB camera 0 does not open for 0\.5 s"):
            await camera.open()
        may_open.set()
        await camera.close()

    asyncio.run(main())
    assert device.is_released


def test_only_the_newest_picture_is_kept_and_given_once() -> None:
    device = FakeDevice(pictures=5)

    async def main() -> None:
        camera = OpenCvCamera("door", 0, SystemClock(), timeout_s=0.5, open_capture=device.open)
        await camera.open()
        await device.blocked()
        assert number_of(await camera.frame()) == 4
        with pytest.raises(CameraTimeout):
            await camera.frame()
        device.unplugged.set()
        await camera.close()

    asyncio.run(main())


class Sensor(FakeDevice):
    """Delivers a picture whenever it is asked, and says on its clock what that took."""

    def __init__(self, picture: Image, takes_s: float) -> None:
        super().__init__()
        self.clock = SystemClock()
        self.picture = picture
        self.takes_s = takes_s
        self.now_s = 0.0

    def read(self) -> tuple[bool, Image | None]:
        self.now_s += self.takes_s
        return True, self.picture

    def utc(self) -> datetime:
        return self.clock.utc()

    async def fault(self) -> CameraFault:
        clock = LoopClock(self, self.utc())  # type: ignore[arg-type]
        camera = OpenCvCamera("door", 0, clock, open_capture=self.open)
        with pytest.raises(CameraFault) as caught:
            await watch(camera)
        await camera.close()
        return caught.value

    def time(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("shown", "takes_s", "what"),
    [
        (picture_with_edges(), 0.1, "USB camera 0 is frozen: its pictures have been the same for"),
        (picture_with_edges(), 4.0, "USB camera 0 is too slow to watch: 8.0 s for 2 pictures"),
        (picture(1)[:, :, 0], 0.1, r"delivers garbage: shape \(48, 64\), expected"),
        (picture(1)[:0], 0.1, r"delivers garbage: shape \(0, 64, 3\), expected"),
    ],
    ids=["frozen", "slow", "grey", "nothing"],
)
def test_what_no_sensor_delivers_is_a_fault(shown: Image, takes_s: float, what: str) -> None:
    fault = asyncio.run(Sensor(shown, takes_s).fault())
    assert re.search(what, str(fault))


def test_an_unplugged_device_is_a_fault_until_it_is_opened_again() -> None:
    devices = iter([FakeDevice(pictures=1, then_fails=True), EndlessDevice()])

    async def main() -> None:
        camera = OpenCvCamera(
            "door", 0, SystemClock(), open_capture=lambda source, _: next(devices)
        )
        with pytest.raises(CameraFault, match="has stopped delivering pictures; check the cable"):
            await watch(camera)
        with pytest.raises(CameraFault, match="has stopped delivering pictures"):
            await camera.frame()
        await camera.open()
        await camera.frame()
        await camera.close()

    asyncio.run(main())


def test_a_device_that_blocks_is_left_behind_aloud_and_not_opened_a_second_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = FakeDevice(pictures=1)

    async def main() -> None:
        camera = OpenCvCamera(
            "door", 0, SystemClock(), close_timeout_s=0.5, open_capture=device.open
        )
        await camera.open()
        await device.blocked()
        await camera.close()
        assert "camera 'door': still blocked in the driver after 0.5 s" in caplog.text
        with pytest.raises(CameraTimeout, match="still blocked in the driver"):
            await camera.open()
        device.unplugged.set()
        await camera.close()

    asyncio.run(main())
    assert device.is_released
    assert len(caplog.records) == 1


def test_a_bug_in_the_reader_is_not_taken_for_a_fault() -> None:
    class Broken(FakeDevice):
        def read(self) -> tuple[bool, Image | None]:
            raise ZeroDivisionError

    async def main() -> None:
        camera = OpenCvCamera("door", 0, SystemClock(), open_capture=Broken().open)
        with pytest.raises(ZeroDivisionError):
            await watch(camera)
        with pytest.raises(ZeroDivisionError):
            await camera.close()

    asyncio.run(main())


def test_opencv_is_asked_to_give_up_before_we_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(cv2, "VideoCapture", lambda *given: asked.append(given))
    open_capture("rtsp://camera/1", 5.0)
    [(_, backend, limits)] = asked
    assert backend == cv2.CAP_FFMPEG
    assert dict(zip(limits[::2], limits[1::2], strict=True)) == {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 4000,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: 4000,
    }
