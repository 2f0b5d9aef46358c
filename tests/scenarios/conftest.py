"""A whole store on simulated time with the verbs of a shop, and traces to be replayed."""

import asyncio
import json
import logging
import random
import shutil
from datetime import datetime
from math import cos, exp, pi, sin

import pytest
from click.testing import CliRunner

from storeguard import config as cfg
from storeguard import hardware
from storeguard.app import Store
from storeguard.cli import main
from storeguard.clock import LoopClock, SimLoop
from storeguard.devices.sim.world import World
from storeguard.domain import events as ev
from storeguard.mode import Mode
from storeguard.outbox.folder import read_manifest, sealed_issues
from storeguard.recovery import KIOSK_CSV

STARTED_AT = datetime.fromisoformat("2026-11-20T22:20:00+09:00")
INVENTORY = """\
상품명, 개수, 가격, 무게
바나나우유,6,1500,265
초코바,12,1200,52
콜라,8,1800,370
"""
SCALES = {"A": "바나나우유", "B": "초코바", "C": "콜라"}
QUICK = Mode(fsync=False, threads=False, outside=False)
WHOLE = Mode(fsync=False, threads=False, outside=True)


class SimStore:
    """The real app over the simulated world; each verb takes the time that the deed takes.

    `visits`, `kiosk`, `notices`: settings that differ from the defaults. `outside`: also look
    for edits and foreign folders. `camera`: its further settings; without one (False), only the
    scales see. `cameras`: what they are called, one where nothing is said.
    """

    def __init__(self, folder, *, outside=False, camera=True, started_at=STARTED_AT, **sections):
        self.folder = folder
        self.loop = SimLoop()
        self.clock = LoopClock(self.loop, started_at)
        self.events = []
        self.world = None
        self.app = None
        self._running = None
        self._sales = 0
        self._mode = WHOLE if outside else QUICK
        self.config = cfg.Config(
            store=cfg.Store(id="gangnam-1", name="강남 1호점"),
            scales=tuple(
                cfg.Scale(id=scale, products=(product,), backend="sim")
                for scale, product in SCALES.items()
            ),
            cameras=_cameras(camera, sections.get("cameras", ("door",))),
            detector=cfg.Detector(backend="sim"),
            visits=cfg.Visits(**sections.get("visits", {})),
            kiosk=cfg.Kiosk(**sections.get("kiosk", {})),
            notices=cfg.Notices(**sections.get("notices", {})),
            recording=cfg.Recording(**sections.get("recording", {})),
            contacts=sections.get("contacts", ()),
            pos=sections.get("pos", cfg.Pos()),
            tamper=cfg.Tamper(**sections.get("tamper", {})),
        )
        (folder / "inventory").mkdir(parents=True)
        (folder / "inventory" / KIOSK_CSV).write_text(INVENTORY, encoding="utf-8")

    # --- the daemon ----------------------------------------------------------------------

    def start(self, *, record_to=None, settle=True):
        """Starts the daemon; `settle`: waits until goods are counted and the store is empty."""
        self._run(self._start(record_to))
        if settle:
            self.advance(8)

    async def _start(self, record_to):
        self.app = Store(
            self.config,
            self.folder,
            self.clock,
            self._hardware,
            mode=self._mode,
            record_to=record_to,
        )
        self.app.bus.subscribe(self.events.append)
        try:
            await self.app.open()
        except BaseException:
            await self.app.close()
            raise
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(self.app.run(self._stop))

    def _hardware(self, config, products, counts, clock):
        if self.world is None:
            names = [camera.id for camera in config.cameras]
            self.world = World(products, counts, clock, cameras=names or ("door",))
        return hardware.from_config(
            config, products, counts, clock, base=self.folder, world=self.world
        )

    def stop(self):
        """SIGTERM."""
        if self._running is not None:
            self._run(self._end())

    async def _end(self):
        self._stop.set()
        running, self._running = self._running, None
        try:
            await running
        finally:
            await self.app.close()

    def cut_power(self):
        """From here on there is only what the disk holds at this instant."""
        image = self.folder.with_name(f"{self.folder.name}-after-the-cut")
        shutil.copytree(self.folder, image)
        self.stop()
        self.folder = image
        self.events.clear()

    def advance_to_the_cut(self, cut):
        """Goes on until `cut` ends the process in mid-work; the disk is as it was then."""
        with pytest.raises(BaseExceptionGroup) as caught:
            self.advance(60)
        assert caught.group_contains(cut)

    def advance(self, seconds):
        self._run(self._advance(seconds))

    async def _advance(self, seconds):
        if self._running is None:
            await asyncio.sleep(seconds)
            return
        await asyncio.wait([self._running], timeout=seconds)
        if self._running.done():
            running, self._running = self._running, None
            await self.app.close()
            running.result()

    def _run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def close(self):
        self.stop()
        self.loop.close()

    # --- the customers -------------------------------------------------------------------

    def enter(self, who="customer"):
        self.advance(self.world.enter(who))
        self.advance(1)

    def take(self, product, count=1, *, by=None):
        self.advance(self.world.take(product, count, by=by))
        self.advance(3)

    def put_back(self, product, count=1, *, by=None):
        self.advance(self.world.put_back(product, count, by=by))
        self.advance(3)

    def pay(self, product, count=1, *, key=None):
        self._sales += 1
        return self._run(
            self.app.desk.sell([(product, count)], key or f"sale-{self._sales}", "kiosk")
        )

    def leave(self, who=None):
        self.advance(self.world.leave(who))

    def be_judged(self):
        """The store stays empty until the grace is over and the visit has been judged."""
        visits = self.config.visits
        self.advance(max(visits.empty_for_s, visits.payment_grace_s) + 3)

    # --- what the owner finds ------------------------------------------------------------

    def told(self, kind):
        """The events of a kind, in their order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def visits(self):
        return self.told(ev.VisitReconciled)

    @property
    def issues(self):
        """The sealed folders, oldest first."""
        return sealed_issues(self.folder / "issue_data")

    def manifest(self, issue):
        return read_manifest(issue)

    @property
    def missing(self):
        """What each sealed issue says is missing: product → units."""
        return [
            {line["product"]: line["missing"] for line in read_manifest(issue)["lines"]}
            for issue in self.issues
        ]

    @property
    def shelf(self):
        return dict(self.app.shelf.counts)

    @property
    def kiosk(self):
        return dict(self.app.kiosk.counts)

    def csv(self, name):
        return (self.folder / "inventory" / name).read_text(encoding="utf-8")

    def records(self, suffix=""):
        """Files in `record/` with this suffix, but for the folder's own marker."""
        files = (path for path in (self.folder / "record").iterdir() if path.name[0] != ".")
        return sorted(path for path in files if path.name.endswith(suffix))


def _cameras(settings, names):
    """`settings`: of each camera, False for none. Few and small pictures: each is encoded."""
    more = settings if isinstance(settings, dict) else {}
    small = {"record_size_px": (160, 90), "record_fps": 5.0, "watch_fps": 5.0} | more
    cameras = tuple(cfg.Camera(id=name, backend="sim", **small) for name in names)
    return cameras if settings is not False else ()


TRACE_CONFIG = """\
store: {id: gangnam-1, name: 강남 1호점}
scales:
  - {id: A, products: [바나나우유], calibration: {tare_raw: 84000, counts_per_g: 429.0}}
  - {id: B, products: [초코바], calibration: {tare_raw: -1200, counts_per_g: -380.5}}
cameras:
  - {id: door}
started_at: "2026-11-20T22:20:00+09:00"
"""
TRACE_GOODS = {"바나나우유": ("A", 5, 1500, 95.0), "초코바": ("B", 12, 1200, 52.0)}
"""Product → scale, count, won, grams."""
TRACE_CELLS = {"A": (84_000, 429.0), "B": (-1200, -380.5)}
"""Scale → tare, counts per gram. B hangs upside down."""
TRACE_RATE_HZ = 10


class Trace:
    """A trace folder in the making; `write()` puts it on disk. Times are seconds."""

    def __init__(self, folder):
        self.folder = folder
        self.config = TRACE_CONFIG
        self.people = ["0,0"]
        self._tables = {"sales.csv": [], "edits.csv": []}
        self._late = {"late_sales.csv": [], "sales_complete.csv": []}
        self._cells = dict(TRACE_CELLS)
        self._grams = {"A": [], "B": []}
        self._failures = []
        self._sticks = []
        self._presses = []
        self._swings = []
        self._sets = []
        self._promotions = []
        self._noise = random.Random(7)

    def add_scale(self, scale, product):
        """One more, for a product that is in TRACE_GOODS by now."""
        self._cells[scale], self._grams[scale] = TRACE_CELLS["A"], []
        known = TRACE_CONFIG.splitlines()[2]
        added = known.replace("id: A", f"id: {scale}").replace("바나나우유", product)
        self.config = self.config.replace(known, f"{known}\n{added}")

    def enter(self, t_s, people=1):
        self.people.append(f"{t_s},{people}")

    def leave(self, t_s):
        self.people.append(f"{t_s},0")

    def take(self, t_s, product, count=1):
        """A negative count is put onto the shelf."""
        scale, _, _, unit_g = TRACE_GOODS[product]
        self._grams[scale].append((t_s, -count * unit_g))

    def put_on(self, t_s, scale, product, count=1):
        """Puts units down on a scale that may not be theirs; a negative count takes them."""
        self.lay(t_s, scale, count * TRACE_GOODS[product][3])

    def leave_one_of_two(self, monkeypatch):
        """From 10 s on: of two products of one weight one each is taken, and one of these, nobody
        can say which, is left among the bars by 26 s."""
        monkeypatch.setitem(TRACE_GOODS, "메로나", ("C", 6, 1000, 95.0))
        self.add_scale("C", "메로나")
        self.enter(10)
        self.take(15, "바나나우유")
        self.take(20, "메로나")
        self.put_on(26, "B", "바나나우유")

    def lay(self, t_s, scale, grams):
        """Lays anything down; negative grams take it away."""
        self._grams[scale].append((t_s, grams))

    def press(self, from_s, until_s, scale, grams):
        """A trembling hand."""
        self._presses.append((from_s, until_s, scale, grams))

    def swing(self, from_s, scale, *, share=0.1, hz=2.3, fades_s=3.0):
        """What hangs there swings after a touch: it weighs more and less by that share at first."""
        self._swings.append((from_s, scale, share, hz, fades_s))

    def fail(self, from_s, until_s, scale):
        """The scale delivers no good reading."""
        self._failures.append((from_s, until_s, scale))

    def stick(self, from_s, until_s, scale, grams):
        """The cell says one and the same word, whatever lies on it."""
        self._sticks.append((from_s, until_s, scale, grams))

    def sell(self, t_s, product, count=1):
        self._tables["sales.csv"].append(f"{t_s},{product},{count}")

    def sell_late(self, t_s, product, count=1, *, told_s):
        self._late["late_sales.csv"].append(f"{t_s},{product},{count},{told_s}")

    def complete(self, t_s, until_s=""):
        """From now on all sales before `until_s` are told; without it each at once."""
        self._late["sales_complete.csv"].append(f"{t_s},{until_s}")

    def declare(self, name, promotion, products, starts="", ends="", *, won=None):
        """A line of promotions.csv; with `won` the kiosk also sells it by its name."""
        self._promotions.append(f'{name},"{promotion}","{products}",{starts},{ends}')
        if won is not None:
            self._sets.append(f"{name},99,{won},0")

    def edit(self, t_s, book, product, count):
        self._tables["edits.csv"].append(f"{t_s},{book},{product},{count}")

    def of_a_thief(self):
        """Written: one visit from 10 to 25 s, two bottles taken, one paid."""
        self.enter(10)
        self.take(15, "바나나우유", 2)
        self.sell(20, "바나나우유")
        self.leave(25)
        return self.write()

    def write(self, ends_s=60):
        (self.folder / "inventory").mkdir(parents=True)
        self.put("config.yaml", self.config)
        rows = [f"{n},{count},{won},{g:g}" for n, (_, count, won, g) in TRACE_GOODS.items()]
        rows += self._sets
        self._table("inventory/inventory_store.csv", "상품명, 개수, 가격, 무게", rows)
        if self._promotions:
            header = "행사명,행사,상품,시작,끝"
            self._table("inventory/promotions.csv", header, self._promotions)
        self._table("scales.csv", "t_s,scale,raw", self._readings(ends_s))
        self._table("people.csv", "t_s,people", self.people)
        self._table("sales.csv", "t_s,product,count", self._tables["sales.csv"])
        headers = ("t_s,product,count,told_t_s", "t_s,until_t_s")
        for (name, rows), header in zip(self._late.items(), headers, strict=True):
            if rows:
                self._table(name, header, rows)
        if self._tables["edits.csv"]:
            self._table("edits.csv", "t_s,book,product,count", self._tables["edits.csv"])
        return self.folder

    def put(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def _table(self, name, header, rows):
        self.put(name, "\n".join([header, *rows, ""]))

    def _readings(self, ends_s):
        for sample in range(round(ends_s * TRACE_RATE_HZ)):
            for scale in self._grams:
                yield f"{sample / TRACE_RATE_HZ},{scale},{self._raw(scale, sample / TRACE_RATE_HZ)}"

    def _raw(self, scale, t_s):
        if any(name == scale and a <= t_s < b for a, b, name in self._failures):
            return ""
        grams = sum(g for at_s, g in self._grams[scale] if at_s <= t_s) + self._noise.gauss(0, 0.25)
        tremor = 1 + 0.08 * sin(2 * pi * 3.1 * t_s)
        grams += sum(g * tremor for a, b, on, g in self._presses if on == scale and a <= t_s < b)
        grams += sum(n * g for home, n, _, g in TRACE_GOODS.values() if home == scale)
        for from_s, on, share, hz, fades_s in self._swings:
            if on == scale and t_s >= from_s:
                fade = exp(-(t_s - from_s) / fades_s)
                grams *= 1 - share * fade * cos(2 * pi * hz * (t_s - from_s))
        stuck = (g for a, b, on, g in self._sticks if on == scale and a <= t_s < b)
        tare_raw, counts_per_g = self._cells[scale]
        return tare_raw + round(counts_per_g * next(stuck, grams))


@pytest.fixture
def trace(tmp_path):
    """An empty shop of two scales: put something in, `write()` it, `replay` it."""
    return Trace(tmp_path / "trace")


@pytest.fixture
def replay():
    """`storeguard replay --json …`: the result, with its `lines` parsed."""
    logger = logging.getLogger("storeguard")
    level = logger.level

    def run(folder, *options):
        result = CliRunner().invoke(main, ["replay", str(folder), "--json", *map(str, options)])
        result.lines = [json.loads(line) for line in result.stdout.splitlines()]
        return result

    yield run
    logger.setLevel(level)


@pytest.fixture
def make_store(tmp_path, monkeypatch):
    """Makes stores that have not been started yet, and ends them."""
    monkeypatch.setattr("storeguard.app.is_clock_synced", lambda: True)
    made = []

    def make(**settings):
        made.append(SimStore(tmp_path / f"store-{len(made)}", **settings))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store):
    """A store that is open, counted and empty."""
    opened = make_store()
    opened.start()
    return opened


@pytest.fixture
def told(replay):
    """Replays a trace; answers its visits and what each sealed issue says is missing."""

    def run(folder):
        lines = replay(folder).lines
        visits = [line for line in lines if line["event"] == "VisitReconciled"]
        issues = [line for line in lines if line["event"] == "IssueSealed"]
        missing = [{n["product"]: n["missing"] for n in issue["lines"]} for issue in issues]
        return visits, missing

    return run
