"""Scales that show what cannot be, and what the owner reads of it on his page."""

import pytest

from storeguard import shopview
from storeguard.domain import events as ev
from storeguard.errors import FaultCode
from storeguard.services import remarking
from storeguard.shopview import ShopView

BANANA_G, BAR_G = 6 * 265.0, 12 * 52.0
PLATE_G = 600.0


def page(store):
    return ShopView(store.app).snapshot()


def faults(store):
    return {row.device: (row.code, row.title) for row in page(store).faults}


def remarks(store):
    return {(row.device, row.code): row for row in page(store).remarks}


def failed(store):
    return [(event.device, event.code) for event in store.told(ev.DeviceFailed)]


@pytest.fixture(autouse=True)
def synced(monkeypatch):
    monkeypatch.setattr(shopview, "is_clock_synced", lambda: True)


# --- a shelf that is off


def test_a_shelf_that_is_off_is_out_until_it_is_back(store):
    store.enter("cleaner")
    store.world.put_thing("A", "no shelf", -BANANA_G - PLATE_G)
    store.advance(15)
    assert failed(store) == [("A", FaultCode.SCALE_NEGATIVE)]
    assert faults(store) == {"A": ("W108", "저울 A")}
    [row] = [row for row in page(store).rows if row.scale == "A"]
    assert not row.is_verified
    store.world.lift_thing("A", "no shelf")
    store.advance(5)
    store.leave()
    store.be_judged()
    assert faults(store) == {}
    assert store.shelf["바나나우유"] == 6
    assert store.issues == ()


def test_what_was_taken_from_a_shelf_that_was_off_accuses_nobody_in_this_visit(store):
    store.enter("cleaner")
    store.world.put_thing("A", "no shelf", -BANANA_G - PLATE_G)
    store.advance(15)
    store.take("바나나우유")
    store.world.lift_thing("A", "no shelf")
    store.advance(5)
    store.leave()
    store.be_judged()
    assert store.issues == ()
    assert store.shelf["바나나우유"] == 5


# --- two that have changed places


def swap_while_off(store):
    store.stop()
    store.world.put_thing("A", "B's goods", BAR_G - BANANA_G)
    store.world.put_thing("B", "A's goods", BANANA_G - BAR_G)
    store.events.clear()
    store.start(settle=False)
    store.advance(15)


def test_two_scales_that_have_changed_places_are_out_and_nothing_is_missing(store, caplog):
    swap_while_off(store)
    assert set(failed(store)) == {(name, FaultCode.SCALES_SWAPPED) for name in ("A", "B")}
    assert faults(store) == {"A": ("W109", "저울 A"), "B": ("W109", "저울 B")}
    assert [record.message for record in caplog.records] == [
        "scales 'A' and 'B' have changed places; both are out until they are back"
    ]
    assert (store.shelf["바나나우유"], store.shelf["초코바"]) == (6, 12)
    assert store.issues == ()


def test_goods_that_are_put_back_are_counted_again(store):
    swap_while_off(store)
    store.world.lift_thing("A", "B's goods")
    store.world.lift_thing("B", "A's goods")
    store.advance(10)
    assert faults(store) == {}
    assert {event.device for event in store.told(ev.DeviceRecovered)} == {"A", "B"}
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}]


def test_swapped_scales_stay_out_over_another_restart(store):
    swap_while_off(store)
    store.stop()
    store.events.clear()
    store.start(settle=False)
    store.advance(15)
    assert {device for device, _ in failed(store)} == {"A", "B"}


def test_a_theft_while_it_was_off_is_no_swap(store):
    store.stop()
    store.world.take("바나나우유", 2)
    store.events.clear()
    store.start()
    store.advance(60)
    assert failed(store) == []
    assert store.missing == [{"바나나우유": 2}]


def test_an_odd_first_level_waits_for_a_dead_scale_no_longer_than_it_takes_to_know(store):
    store.stop()
    store.world.take("바나나우유", 2)
    store.world.unplug("C")
    store.events.clear()
    store.start(settle=False)
    store.advance(6)
    assert store.shelf["바나나우유"] == 4


# --- remarks


def test_all_is_well_has_no_remark(store):
    store.advance(120)
    assert (page(store).faults, page(store).remarks) == ((), ())


def test_a_weight_between_two_counts_is_shown_with_its_grams_and_since_when(store):
    store.enter()
    store.advance(5)
    store.world.put_thing("A", "a half-empty bottle", 132.0)
    store.advance(5)
    store.advance(60)
    [row] = remarks(store).values()
    assert (row.device, row.code, row.title) == ("A", FaultCode.WEIGHT_UNCLEAR, "저울 A")
    assert "1722 g" in row.why or "1721 g" in row.why or "1723 g" in row.why
    assert row.since is not None
    assert row.since.startswith("22:20:")
    store.world.lift_thing("A", "a half-empty bottle")
    store.advance(5)
    assert remarks(store) == {}


def test_a_zero_that_has_wandered_is_recommended_to_be_set(store):
    for n in range(100):
        store.world.put_thing("B", f"drift {n}", 0.25)
        store.advance(5)
    [row] = remarks(store).values()
    assert (row.device, row.code) == ("B", FaultCode.ZERO_MOVED)
    assert "+25 g" in row.why or "+24 g" in row.why
    assert store.shelf["초코바"] == 12


def test_a_zero_that_moved_further_than_cells_do_is_to_be_set_under_heavy_goods_too(make_store):
    """Of 370 g no third has gone."""
    store = make_store()
    store.start()
    store.stop()
    (store.folder / "state" / "drifts.json").write_text('{"drift_g": {"C": 101.0}}', "utf-8")
    store.start()
    store.advance(20)
    [row] = remarks(store).values()
    assert (row.device, row.code) == ("C", FaultCode.ZERO_MOVED)
    assert [(event.scale, event.is_certain) for event in store.told(ev.ZeroMoved)] == [("C", False)]


def test_a_product_without_a_weight_is_remarked_and_the_rest_runs(make_store):
    store = make_store()
    csv = store.folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text(encoding="utf-8").replace("1500,265", "1500,0"), encoding="utf-8")
    store.start()
    [row] = remarks(store).values()
    assert row.code is FaultCode.UNIT_WEIGHTLESS
    assert "'바나나우유'의 무게가 0" in row.why
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    assert store.missing == [{"콜라": 1}]


def test_a_scale_that_never_comes_to_rest_is_remarked(store):
    store.world.press("C", 200.0)
    store.advance(50)
    assert remarks(store) == {}
    store.advance(30)
    [row] = remarks(store).values()
    assert (row.device, row.code) == ("C", FaultCode.SCALE_NOISY)


def test_a_scale_whose_readings_often_fail_is_remarked(store):
    for _ in range(120):
        store.world.unplug("C")
        store.advance(0.3)
        store.world.plug("C")
        store.advance(0.7)
    assert page(store).faults == ()
    assert ("C", FaultCode.SCALE_NOISY) in remarks(store)
    store.advance(400)
    assert remarks(store) == {}


def test_somebody_who_never_leaves_may_be_a_poster(make_store, monkeypatch):
    monkeypatch.setattr(remarking, "OCCUPIED_S", 400.0)
    store = make_store()
    store.start()
    store.enter("poster")
    store.advance(390)
    assert remarks(store) == {}
    store.advance(60)
    [row] = remarks(store).values()
    assert (row.device, row.code, row.title) == ("store", FaultCode.OCCUPIED_LONG, "매장")
    assert "8분째" in row.why


def test_an_unsynced_clock_is_remarked(store, monkeypatch):
    monkeypatch.setattr(shopview, "is_clock_synced", lambda: False)
    [row] = remarks(store).values()
    assert (row.code, row.title, row.since) == (FaultCode.CLOCK_UNSYNCED, "시계", None)


# --- faults in the owner's words


def test_each_fault_has_a_title_and_a_sentence_and_the_log_has_the_devices_own(store, caplog):
    store.world.unplug("A")
    store.world.saturate("B")
    store.advance(5)
    shown = {row.device: row for row in page(store).faults}
    assert (shown["A"].code, shown["B"].code) == ("W101", "W103")
    assert shown["A"].why.startswith("응답이 없습니다.")
    assert shown["B"].why.startswith("값이 끝에 닿았습니다.")
    assert "A failed: W101 scale 'A': no data from the simulated cell" in caplog.text
    scales = {row.id: row for row in page(store).scales}
    assert scales["A"].text == shown["A"].why


def test_two_full_shelves_of_nearly_one_weight_are_both_guarded_from_the_first_start(
    tmp_path, replay
):
    """D shows what E's goods weigh by the book, and E what D's do, to a few grams, by chance."""
    trace = tmp_path / "trace"
    (trace / "inventory").mkdir(parents=True)
    cell = "capacity_g: 10000, calibration: {tare_raw: 0, counts_per_g: 100.0}"
    texts = {
        "config.yaml": "store: {id: full, name: 가득}\nscales:\n"
        f"  - {{id: D, products: [땅콩], {cell}}}\n  - {{id: E, products: [껌], {cell}}}\n",
        "inventory/inventory_store.csv": "상품명, 개수, 가격, 무게\n"
        "땅콩,300,2000,26.6\n껌,377,500,21.2\n",
        "people.csv": "t_s,people\n0,0\n",
        "sales.csv": "t_s,product,count\n",
        "scales.csv": "t_s,scale,raw\n"
        + "".join(
            f"{n / 10},D,{799290 + n % 3 * 20}\n{n / 10},E,{798360 + n % 4 * 15}\n"
            for n in range(200)
        ),
    }
    for name, text in texts.items():
        (trace / name).write_text(text, encoding="utf-8")
    result = replay(trace)
    assert result.exit_code == 0, result.output
    assert [line for line in result.lines if line["event"] == "DeviceFailed"] == []


def test_a_key_ring_beside_the_bottles_hides_no_theft(store):
    store.enter("thief")
    store.take("콜라")
    store.world.put_thing("C", "a key ring", 45.0)
    store.advance(5)
    store.leave()
    store.be_judged()
    assert store.missing == [{"콜라": 1}]
    assert [visit.uncertain for visit in store.visits] == [{}]


@pytest.mark.parametrize("grams", [184.0, 150.0, 100.0])
def test_who_puts_it_back_leaning_on_the_frame_is_accused_of_nothing(store, grams):
    store.enter()
    store.take("콜라")
    store.world.put_thing("C", "a cola that leans on the frame", grams)
    store.advance(5)
    store.leave()
    store.be_judged()
    assert store.issues == ()


def rub(store, times):
    """The plate of C touches its frame, and lets it go."""
    for at in range(times):
        if at % 2:
            store.world.lift_thing("C", "frame")
        else:
            store.world.put_thing("C", "frame", 8.0)
        store.advance(10)


def test_a_scale_whose_level_changes_again_and_again_by_itself_is_remarked(store):
    rub(store, 5)
    assert remarks(store) == {}
    rub(store, 1)
    [row] = remarks(store).values()
    assert (row.device, row.code) == ("C", FaultCode.SCALE_SHIFTS)
    assert "바람" in row.why
    store.advance(3600)
    assert remarks(store) == {}
    assert store.told(ev.StoreOccupied) == []


def test_goods_that_come_and_go_are_no_shifts(store):
    store.enter("cleaner")
    for _ in range(4):
        store.take("콜라")
        store.put_back("콜라")
    assert remarks(store) == {}
