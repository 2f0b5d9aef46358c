"""Simulated time: it jumps, in order, and leaves nothing behind."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from storeguard.clock import (
    LoopClock,
    ScaledLoop,
    SimLoop,
    SystemClock,
    SystemPinClock,
    local_label,
    run_simulated,
    utc_at,
)

STARTED_AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def test_a_year_of_sleep_takes_no_time():
    async def main(loop: SimLoop) -> float:
        await asyncio.sleep(365 * 86_400)
        return loop.time()

    assert run_simulated(main) == pytest.approx(365 * 86_400)


def test_sleepers_wake_in_the_order_of_their_times_whoever_began_first():
    woken = []

    async def sleeper(name: str, *pauses_s: float) -> None:
        for pause_s in pauses_s:
            await asyncio.sleep(pause_s)
            woken.append((name, round(asyncio.get_running_loop().time(), 6)))

    async def main(loop: SimLoop) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("slow", 3.0, 3.0))
            group.create_task(sleeper("quick", 1.0, 1.5, 2.0))

    run_simulated(main)
    assert woken == [
        ("quick", 1.0),
        ("quick", 2.5),
        ("slow", 3.0),
        ("quick", 4.5),
        ("slow", 6.0),
    ]


def test_time_stands_still_while_something_is_ready():
    async def main(loop: SimLoop) -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return loop.time()

    assert run_simulated(main) == 0.0


def test_a_time_out_happens_on_simulated_time():
    async def main(loop: SimLoop) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return loop.time()

    assert run_simulated(main) == pytest.approx(3600)


def test_ten_thousand_short_sleeps_do_not_drift():
    async def main(loop: SimLoop) -> float:
        for _ in range(10_000):
            await asyncio.sleep(0.1)
        return loop.time()

    assert run_simulated(main) == pytest.approx(1000, abs=1e-3)


def test_worker_calls_run_inline_and_in_no_time():
    async def main(loop: SimLoop) -> tuple[str, str, float]:
        inline = await loop.run_in_executor(None, lambda: threading.current_thread().name)
        threaded = await asyncio.to_thread(lambda: threading.current_thread().name)
        return inline, threaded, loop.time()

    here = threading.current_thread().name
    assert run_simulated(main) == (here, here, 0.0)


def test_a_workers_error_reaches_whoever_awaits_it():
    async def main(loop: SimLoop) -> None:
        call = loop.run_in_executor(None, int, "zwei")
        await asyncio.sleep(1)
        with pytest.raises(ValueError, match="zwei"):
            await call

    run_simulated(main)


def test_the_result_and_the_error_of_a_run_are_its_callers():
    async def fails(loop: SimLoop) -> None:
        await asyncio.sleep(5)
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        run_simulated(fails)


def test_a_run_leaves_no_task():
    cancelled = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main(loop: SimLoop) -> tuple[SimLoop, "asyncio.Task[None]"]:
        task = asyncio.create_task(forever())
        await asyncio.sleep(1)
        return loop, task

    loop, task = run_simulated(main)
    assert (cancelled, task.cancelled(), loop.is_closed()) == ([True], True, True)


def test_a_real_socket_is_still_served():
    async def main(loop: SimLoop) -> bytes:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            text = await reader.read()
            writer.close()
            await writer.wait_closed()
        return text

    assert run_simulated(main) == b"hello"


def test_the_simulated_wall_clock_runs_with_the_loop():
    async def main(loop: SimLoop) -> None:
        clock = LoopClock(loop, STARTED_AT)
        assert (clock.now_s(), clock.utc()) == (0.0, STARTED_AT)
        await asyncio.sleep(90)
        assert clock.now_s() == pytest.approx(90)
        assert utc_at(clock, 30.0) == STARTED_AT + timedelta(seconds=30)

    run_simulated(main)


def test_the_machines_clock_is_monotonic_and_utc():
    clock = SystemClock()
    assert clock.now_s() <= clock.now_s()
    assert clock.utc().tzinfo is UTC


def test_a_label_is_local_sorts_and_fits_any_path():
    moment = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)
    assert local_label(moment, "Asia/Seoul") == "2026-11-20_22-21-04.123456"
    assert local_label(moment.replace(microsecond=0), "UTC") == "2026-11-20_13-21-04.000000"


def test_the_demos_seconds_pass_faster_than_the_walls():
    async def main() -> tuple[float, float]:
        loop, wall_s = asyncio.get_running_loop(), time.monotonic()
        began_s = loop.time()
        await asyncio.sleep(2.0)
        return loop.time() - began_s, time.monotonic() - wall_s

    with asyncio.Runner(loop_factory=lambda: ScaledLoop(100.0)) as runner:
        passed_s, wall_s = runner.run(main())
    assert passed_s >= 2.0
    assert passed_s / wall_s == pytest.approx(100, rel=0.05)


def test_a_pins_clock_counts_nanoseconds_and_sleeps():
    clock = SystemPinClock()
    began_ns = clock.now_ns()
    clock.sleep(0.001)
    assert clock.now_ns() - began_ns >= 1_000_000
