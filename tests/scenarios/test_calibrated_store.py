"""A scale that the installer has calibrated counts right in the daemon's next start."""

from datetime import UTC, datetime

from storeguard.books.calibrations import CalibrationFile, Kept
from storeguard.books.records import ZeroFile
from storeguard.devices.sim.scale import SimScale
from storeguard.upkeep.calibrating import plan_mass, plan_product, run_calibration, tare
from storeguard.upkeep.scales import Shop, taken

BOTTLES = "바나나우유"


class StoreClock:
    """The store's own time; the command waits by letting it pass."""

    def __init__(self, store):
        self.now_s, self.utc, self.sleep = store.clock.now_s, store.clock.utc, store.advance


def with_scale(store, work):
    """`work(shop, device, clock)` on scale A of a store whose daemon is stopped."""
    clock, shop = StoreClock(store), Shop.of(store.config, store.folder)

    def make(_shop, scale, _clock):
        return SimScale(scale, store.world, store.clock)

    with taken(shop, [shop.scale("A")], clock, make) as [device]:
        return work(shop, device, clock)


def emptied(store):
    store.advance(store.world.take(BOTTLES, store.world.count(BOTTLES)))


def hands(*deeds):
    left = list(deeds)

    def ask(_question):
        left.pop(0)()
        return ""

    return ask


def put(store, grams):
    return lambda: store.world.put_thing("A", f"weight {len(store.world.things())}", grams)


def lift(store):
    """Everything that is no goods."""

    def deed():
        for scale, thing in list(store.world.things()):
            store.world.lift_thing(scale, thing)

    return deed


def miscalibrate(store):
    """Six bottles look like eight."""
    state = store.folder / "state"
    made = Kept(
        tare_raw=84_000,
        counts_per_g=429.0 * 6 / 8,
        gain=128,
        made_at=datetime(2026, 11, 1, tzinfo=UTC),
        how="scale calibrate, 1 g",
    )
    CalibrationFile(state).keep("A", made)


def test_the_daemon_counts_by_what_the_command_has_kept(make_store):
    store = make_store()
    (store.folder / "state").mkdir()
    miscalibrate(store)
    store.start()
    assert store.shelf[BOTTLES] == 8


def test_a_calibrated_scale_counts_right(make_store):
    store = make_store()
    store.start()
    store.stop()
    miscalibrate(store)
    emptied(store)
    ask = hands(lambda: None, put(store, 500), lift(store))
    with_scale(
        store,
        lambda shop, device, clock: run_calibration(
            shop, device, clock, plan_mass(500, 10_000), ask
        ),
    )
    store.advance(store.world.restock(BOTTLES, 6))
    store.start()
    assert store.shelf[BOTTLES] == 6
    assert store.issues == ()
    store.enter()
    store.take(BOTTLES, 2)
    store.leave()
    store.be_judged()
    assert store.shelf[BOTTLES] == 4
    assert store.missing == [{BOTTLES: 2}]


def test_a_tare_is_not_undone_by_the_zero_that_was_remembered(make_store):
    """A tray of one bottle's weight: the daemon had made it its zero."""
    store = make_store()
    store.start()
    store.stop()
    zeros = ZeroFile(store.folder / "state" / "scales.json")
    zeros.save({**zeros.load(), "A": 265.0})
    store.world.put_thing("A", "tray", 265.0)
    store.start()
    assert store.shelf[BOTTLES] == 6
    store.stop()
    emptied(store)
    with_scale(store, tare)
    store.advance(store.world.restock(BOTTLES, 6))
    store.start()
    assert store.shelf[BOTTLES] == 6
    assert store.issues == ()


def test_a_trace_that_is_recorded_holds_the_calibration_in_force(make_store, tmp_path, replay):
    store = make_store()
    store.start()
    store.stop()
    emptied(store)
    plan = plan_product(Shop.of(store.config, store.folder), BOTTLES, (1, 5))
    ask = hands(lambda: None, put(store, 265), put(store, 1060), lift(store))
    with_scale(store, lambda shop, device, clock: run_calibration(shop, device, clock, plan, ask))
    counts_per_g = CalibrationFile(store.folder / "state").load()["A"].counts_per_g
    store.advance(store.world.restock(BOTTLES, 6))
    store.start(record_to=tmp_path / "trace")
    store.advance(5)
    store.stop()
    text = (tmp_path / "trace" / "config.yaml").read_text(encoding="utf-8")
    assert str(counts_per_g) in text
    played = replay(tmp_path / "trace")
    assert played.exit_code == 0
    assert [line for line in played.lines if line["event"] == "StockChanged"] == []
