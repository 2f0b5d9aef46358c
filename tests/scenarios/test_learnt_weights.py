"""What single units weigh is learnt while customers take them, and written by the owner's word."""

from storeguard.domain import events as ev
from storeguard.services import learning
from storeguard.weightdesk import WeightDesk

WRITTEN = "바나나우유,30,1500,262,냉장 "


def test_a_weight_that_the_owner_got_wrong_is_learnt_offered_and_taken_amid_the_sales(
    make_store, monkeypatch
):
    """The bottles weigh 265 g. His own column, and the sale of the same second, stay."""
    monkeypatch.setattr(learning, "WRITTEN_EVERY_S", 240.0)
    store = make_store(outside=True)
    csv = store.folder / "inventory" / "inventory_store.csv"
    csv.write_text(csv.read_text("utf-8").replace("우유,6", "우유,30"), encoding="utf-8")
    store.start()
    text = csv.read_text("utf-8").replace("무게", "무게, 비고").replace("0,52", "0,52,")
    text = text.replace("0,370", "0,370,").replace("바나나우유,30,1500,265", WRITTEN)
    csv.write_text(text, encoding="utf-8")
    store.advance(5)
    store.enter()
    for _ in range(24):
        store.take("바나나우유")
        store.advance(5)
    store.pay("바나나우유", 24)
    store.leave()
    store.be_judged()
    desk = WeightDesk(store.folder / "inventory", store.folder / "state")
    assert not desk.offers(), "it is written down now and then"
    store.advance(120)
    [found] = desk.offers()
    assert (found.product, found.written_g) == ("바나나우유", 262.0)
    assert 264 < found.unit_g < 266
    assert found.weighings >= 20
    sold = text.replace("우유,30", "우유,6")
    assert csv.read_text("utf-8") == sold, "no weight is written without being asked for"

    assert desk.take("바나나우유", found.unit_g)
    store.pay("바나나우유")
    store.advance(5)
    weights = {one.name: one.unit_weight_g for one in store.app.kiosk.products}
    assert weights == {"바나나우유": found.unit_g, "초코바": 52.0, "콜라": 370.0}
    assert store.kiosk["바나나우유"] == 5
    rows = csv.read_text("utf-8").splitlines()
    assert rows[1].startswith(f"바나나우유,5,1500,{found.unit_g:g},냉장 ,")
    assert not desk.offers()


def test_a_unit_that_left_in_two_parts_weighs_what_both_took(store):
    """A hand lifts 30 of a bar's 52 g, waits, and goes with it: no bar weighs 22 g."""
    store.enter()
    store.world.put_thing("B", "a hand", -30.0)
    store.advance(5)
    store.world.lift_thing("B", "a hand")
    store.take("초코바")
    store.advance(5)
    [weighed] = store.told(ev.UnitWeighed)
    assert (weighed.product, weighed.scale) == ("초코바", "B")
    assert 49 < weighed.grams < 55
