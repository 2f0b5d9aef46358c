"""`demo`: the same app on the simulated store, with AWS played on loopback.

The people are drawn, so the detector is `background`, the real way from picture to visit.
"""

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from storeguard import config as cfg
from storeguard import daemon, durable, hardware
from storeguard.app import Store
from storeguard.clock import LoopClock, ScaledLoop, SystemClock
from storeguard.demo_cloud import BUCKET, CREDENTIALS
from storeguard.devices.sim.actors import both_in_one_visit, honest_customer, thief
from storeguard.devices.sim.world import World
from storeguard.domain import events as ev
from storeguard.domain.occupancy import Presence
from storeguard.domain.product import OnScales
from storeguard.errors import MissingExtra, StoreguardError
from storeguard.messages import text
from storeguard.recovery import KIOSK_CSV
from storeguard.web.door import Door

INVENTORY = """\
상품명, 개수, 가격, 무게
바나나우유,6,1500,265
초코바,12,1200,52
콜라,8,1800,370
"""
SCALES = {"A": "바나나우유", "B": "초코바", "C": "콜라"}
CLOUD_WITHIN_S = 30.0
NOTICE_WITHIN_S = 90.0
"""Twelve on a desk; a machine with other work beside it needs more."""
OWNER = "owner"
SCRIPTS = ("honest", "thief", "both")

Counts = dict[str, int]


@dataclass(slots=True)
class Scene:
    """One visit of the demo and what has to come of it."""

    act: Callable[[], Awaitable[None]]
    missing: Counts


@dataclass(slots=True)
class Outcome:
    """What has come of all scenes. `notice_waits_s`: from the exit to the SMS, a notice each."""

    visits: list[ev.VisitReconciled] = field(default_factory=list)
    issues: list[ev.IssueSealed] = field(default_factory=list)
    delivered: int = 0
    notices: list[str] = field(default_factory=list)
    notice_waits_s: list[float] = field(default_factory=list)


def run_demo(script: str, *, once: bool, port: int, speed: float, out: Path | None) -> int:
    """Plays the script; without `once` serves the pages until Ctrl-C. Returns the exit code."""
    _require_moto()
    folder = Path(tempfile.mkdtemp(prefix="storeguard-demo-")) if out is None else out
    try:
        with asyncio.Runner(loop_factory=lambda: ScaledLoop(speed)) as runner:
            return runner.run(_Demo(folder, script, once=once, port=port).run())
    finally:
        if out is None:
            shutil.rmtree(folder, ignore_errors=True)


def _require_moto() -> None:
    try:
        import moto  # noqa: F401
    except ImportError:
        raise MissingExtra("storeguard demo", "moto", "demo") from None


def _config(port: int, endpoint_url: str) -> cfg.Config:
    return cfg.Config(
        store=cfg.Store(id="gangnam-1", name="강남 1호점"),
        scales=tuple(
            cfg.Scale(id=scale, products=(product,), backend="sim")
            for scale, product in SCALES.items()
        ),
        cameras=(cfg.Camera(id="door", backend="sim", watch_fps=5),),
        detector=cfg.Detector(backend="background"),
        upload=cfg.Upload(bucket=BUCKET, endpoint_url=endpoint_url),
        notices=cfg.Notices(weekly_test=False),
        web=cfg.Web(port=port),
    )


class _Demo:
    """One store, its customers, and the story that is told meanwhile."""

    def __init__(self, folder: Path, script: str, *, once: bool, port: int) -> None:
        self._folder = folder
        self._scripts = SCRIPTS if script == "all" else (script,)
        self._once = once
        self._port = port
        self._outcome = Outcome()
        self._exits: dict[str, float] = {}
        self._news = asyncio.Event()
        self._missing: Counts = {}
        self._is_told = False

    async def run(self) -> int:
        os.environ.update(CREDENTIALS)
        inventory = self._folder / "inventory"
        inventory.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(durable.publish, inventory / KIOSK_CSV, INVENTORY.encode())
        self._cloud = Cloud(self._on_sms)
        async with self._cloud as endpoint_url:
            self._clock = LoopClock(asyncio.get_running_loop(), SystemClock().utc())
            return await self._run_store(_config(self._port, endpoint_url))

    async def _run_store(self, config: cfg.Config) -> int:
        self._store = Store(config, self._folder, self._clock, self._hardware)
        self._store.bus.subscribe(self._on_event)
        self._stop = daemon.stop_on_signals()
        try:
            await self._store.open()
            view, web = daemon.serve(self._store)
            if web is None and not self._once:
                raise StoreguardError(f"port {self._port} is taken; try: storeguard demo --port 0")
            self._url = web.url or "" if web else ""
            self._door = web.door if web else None
            if self._door is not None:
                await self._open_door(self._door)
            loops = daemon.page_loops(self._store, view, web)
            await self._store.run(self._stop, loops | {"script": self._play})
        finally:
            await self._store.close()
        return 0 if self._is_as_written() else 1

    def _hardware(
        self,
        config: cfg.Config,
        products: OnScales,
        counts: Mapping[str, int],
        clock: Any,
    ) -> hardware.Hardware:
        self._world = World(products, counts, clock)
        return hardware.from_config(
            config, products, counts, clock, base=self._folder, world=self._world
        )

    # --- the play ------------------------------------------------------------------------

    async def _play(self) -> None:
        scenes = self._scenes()
        self._tell("opens" if self._url else "opens_without_pages", url=self._url)
        self._show_door()
        self._tell("cloud_page", link=self._cloud.page, name=OWNER, password=self._cloud.password)
        await self._until(lambda: self._store.watching.occupancy.presence is Presence.EMPTY)
        for name in self._scripts:
            scene = scenes[name]
            self._tell(f"scene_{name}")
            await scene.act()
            self._missing = _sum(self._missing, scene.missing)
            await self._until(lambda: self._store.watching.occupancy.presence is Presence.EMPTY)
        await self._settle()
        self._sum_up()
        if self._once:
            self._stop.set()
        else:
            self._tell("stays_open", url=self._url)

    async def _open_door(self, door: Door) -> None:
        """An owner of this demo alone: a link for the first look, a password to come back."""
        self._password = secrets.token_urlsafe(9)
        await door.set_account(OWNER, self._password, "owner")

    def _show_door(self) -> None:
        if self._door is not None:
            link = f"{self._url}{self._door.link_once(OWNER)}"
            self._tell("door", link=link, name=OWNER, password=self._password)

    def _scenes(self) -> dict[str, Scene]:
        world, sell, say = self._world, self._sell, self._tell
        return {
            "honest": Scene(lambda: honest_customer(world, sell, {"바나나우유": 1}, say=say), {}),
            "thief": Scene(lambda: thief(world, {"초코바": 2}, say=say), {"초코바": 2}),
            "both": Scene(
                lambda: both_in_one_visit(
                    world, sell, {"콜라": 1, "바나나우유": 1}, paid={"콜라": 1}, say=say
                ),
                {"바나나우유": 1},
            ),
        }

    async def _sell(self, product: str, count: int) -> None:
        key = f"demo-{self._clock.now_s():.6f}"
        await self._store.desk.sell([(product, count)], key, "demo")

    async def _settle(self) -> None:
        """Until every visit is judged and every notice has come, or nothing comes any more."""
        give_up_s = self._clock.now_s() + NOTICE_WITHIN_S
        await self._until(lambda: self._is_quiet() or self._clock.now_s() > give_up_s)

    def _is_quiet(self) -> bool:
        outcome = self._outcome
        is_judged = len(outcome.visits) >= len(self._scripts)
        return is_judged and min(len(outcome.notices), outcome.delivered) >= len(outcome.issues)

    async def _until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            try:
                async with asyncio.timeout(0.2):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()

    # --- what happens --------------------------------------------------------------------

    def _on_event(self, event: ev.Event) -> None:
        self._news.set()
        match event:
            case ev.StoreEmptied():
                self._tell("empty")
            case ev.VisitReconciled():
                self._outcome.visits.append(event)
                self._exits[str(event.visit_started_s)] = event.visit_ended_s
                said = "unpaid" if event.unpaid else "clean"
                number = len(self._outcome.visits)
                self._tell(said, number=number, goods=_goods(event.unpaid))
            case ev.IssueSealed():
                self._outcome.issues.append(event)
                self._tell("sealed", id=event.id)
            case ev.IssueDelivered():
                self._outcome.delivered += 1
                self._tell("delivered")
            case _:
                pass

    def _on_sms(self, message: str) -> None:
        """The notifier has spoken to the phone: the n-th message is the n-th issue's."""
        self._news.set()
        number = len(self._outcome.notices)
        self._outcome.notices.append(message)
        if number < len(self._outcome.issues):
            exit_s = self._exits[str(self._outcome.issues[number].visit_started_s)]
            self._outcome.notice_waits_s.append(self._clock.now_s() - exit_s)
        self._tell("sms", message=message)

    def _tell(self, key: str, /, **facts: object) -> None:
        if self._is_told:  # the summary is the last line
            return
        seconds = self._clock.now_s()
        line = text("ko", f"demo.{key}", **facts)
        click.echo(f"{int(seconds // 60):02d}:{seconds % 60:04.1f}  {line}")

    # --- the end -------------------------------------------------------------------------

    def _sum_up(self) -> None:
        outcome = self._outcome
        waits = ", ".join(f"{wait_s:.1f}" for wait_s in outcome.notice_waits_s)
        if waits:
            grace_s = self._store.config.visits.payment_grace_s
            self._tell("exit_to_sms", waits=waits, grace=f"{grace_s:g}")
        for message in outcome.notices:
            click.echo(_phone(message))
        if not self._once:
            return
        summary = {
            "visits": len(outcome.visits),
            "issues": len(outcome.issues),
            "sms": len(outcome.notices),
            "clips_kept": self._store.evidence.clips_kept,
            "clips_deleted": self._store.evidence.clips_deleted,
            "exit_to_sms_s": [round(wait_s, 2) for wait_s in outcome.notice_waits_s],
        }
        self._is_told = True
        click.echo(json.dumps(summary))

    def _is_as_written(self) -> bool:
        outcome = self._outcome
        found: Counts = {}
        for issue in outcome.issues:
            found = _sum(found, {line.product: line.missing for line in issue.lines})
        return (
            len(outcome.visits) == len(self._scripts)
            and found == self._missing
            and len(outcome.notices) == len(outcome.issues)
        )


class Cloud:
    """The child process that plays AWS; `async with` gives its endpoint.

    Then `page` is the address of the page behind the SMS, `password` the owner's for it.
    """

    def __init__(self, on_sms: Callable[[str], None]) -> None:
        self._on_sms = on_sms
        self.page = self.password = ""

    async def __aenter__(self) -> str:
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "storeguard.demo_cloud",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._child.stdout is not None
        async with asyncio.timeout(CLOUD_WITHIN_S * 10):
            first = await self._child.stdout.readline()
        if not first:
            raise StoreguardError("the demo's cloud did not start; run again with --debug")
        self._listening = asyncio.create_task(self._listen(), name="listening to the phone")
        said = json.loads(first)
        self.page, self.password = said["page"], said["password"]
        return str(said["endpoint"])

    async def _listen(self) -> None:
        assert self._child.stdout is not None
        async for line in self._child.stdout:
            self._on_sms(json.loads(line)["sms"])

    async def __aexit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._listening.cancel()
        await asyncio.wait([self._listening])
        try:
            async with asyncio.timeout(CLOUD_WITHIN_S):
                await self._child.wait()
        except TimeoutError:
            self._child.kill()
            await self._child.wait()


def _sum(one: Counts, other: Counts) -> Counts:
    return {name: one.get(name, 0) + other.get(name, 0) for name in one | other}


def _goods(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{product} {count}개" for product, count in counts.items())


def _phone(message: str) -> str:
    """The SMS as it stands on the owner's phone."""
    width = sum(2 if ord(sign) > 0x2E80 else 1 for sign in message) + 2
    return "\n".join(("  ┌" + "─" * width + "┐", f"  │ {message} │", "  └" + "─" * width + "┘"))
