"""Network cameras: RTSP by GStreamer's server and MJPEG over HTTP, cut off and brought back."""

import asyncio
import itertools
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from storeguard import config as cfg
from storeguard.clock import SystemClock
from storeguard.devices.opencv import OpenCvCamera
from storeguard.errors import CameraFault
from storeguard.observing import Watched, watch_lines

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).with_name("rtsp_server.py")
NEEDED = "gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')"
PATIENCE_S = 60.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RtspServer:
    """Runs in the system's Python, which has GStreamer's bindings."""

    def __init__(self):
        self.port = free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/shop"
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [PYTHON, SERVER, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert self._process.stdout.readline() == "ready\n"

    def cut(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


class MjpegServer:
    """Ten pictures a second to whoever asks, until it is cut off."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/shop.mjpg"
        self._server = None

    def start(self):
        self._ended = threading.Event()
        ended = self._ended

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not ended.wait(0.1):
                    number += 1
                    try:
                        self.wfile.write(part(number))
                    except OSError:
                        return

            def log_message(self, *_):
                """Quiet."""

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def cut(self):
        if self._server is not None:
            self._ended.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None


def part(number):
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[20:60, 10 + number % 100 : 30 + number % 100] = 220
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def has_gstreamer():
    if not PYTHON.exists():
        return False
    asked = [PYTHON, "-c", f"import gi; {NEEDED}; from gi.repository import GstRtspServer"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["mjpeg", "rtsp"])
def server(request):
    if request.param == "rtsp" and not has_gstreamer():
        pytest.skip("no GStreamer RTSP server: apt install gir1.2-gst-rtsp-server-1.0 python3-gi")
    server = RtspServer() if request.param == "rtsp" else MjpegServer()
    server.start()
    yield server
    server.cut()


async def pictures(camera, count):
    found = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            found.append((await camera.frame()).image)
    return found


async def until_fault(camera):
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await camera.frame()
            except CameraFault as fault:
                return fault


async def opened(camera):
    """As the daemon does: closed and opened again until it works."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await camera.open()
            except CameraFault:
                await camera.close()
                await asyncio.sleep(0.1)


def test_a_stream_that_is_cut_off_is_a_fault_and_goes_on_when_it_is_back(server):
    async def main():
        camera = OpenCvCamera("door", server.url, SystemClock(), timeout_s=10.0)
        await opened(camera)
        first = await pictures(camera, 3)
        server.cut()
        fault = await until_fault(camera)
        await camera.close()
        server.start()
        await opened(camera)
        second = await pictures(camera, 3)
        await camera.close()
        return first, fault, second

    first, fault, second = asyncio.run(main())
    assert {image.shape[2] for image in (*first, *second)} == {3}
    assert any((one != other).any() for one, other in itertools.pairwise(second))
    assert "door" in str(fault)


def test_watching_says_that_the_stream_is_gone_and_goes_on_when_it_is_back():
    server = MjpegServer()
    server.start()
    wanted = Watched(server.url, cfg.Detector(backend="background"), (), 5.0, 5.0)
    lines = watch_lines(wanted)
    try:
        assert next(lines)["occupied"] is False
        server.cut()
        lost = next(line for line in lines if line["occupied"] is None)
        assert lost["why"].startswith("C2")
        server.start()
        back = next(line for line in lines if line["occupied"] is not None)
        assert back["t_s"] > lost["t_s"]
    finally:
        lines.close()
        server.cut()
