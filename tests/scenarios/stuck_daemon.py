"""`storeguard run` with a Pi's camera whose driver hangs two seconds after it was opened."""

import asyncio
import sys
import threading

from storeguard.cli import main
from storeguard.devices.sim.picamera2_module import SimPicamera2, installed
from storeguard.services import eye


def hang(pi):
    pi.error = RuntimeError("Camera frontend has timed out")
    pi.returns.clear()


def run():
    eye.PROVEN_AFTER_S = 0.0
    loop = asyncio.new_event_loop()  # the camera's own thread, as picamera2 has one
    threading.Thread(target=loop.run_forever, daemon=True).start()
    pi = SimPicamera2(loop)

    def opened_then_hangs(size_px, t_s, shown=pi.picture):
        if not hung:
            hung.append(loop.call_later(2.0, hang, pi))
        return shown(size_px, t_s)

    hung = []
    pi.picture = opened_then_hangs
    with installed(pi):
        main(["run", "--config", sys.argv[1]])


if __name__ == "__main__":
    run()
