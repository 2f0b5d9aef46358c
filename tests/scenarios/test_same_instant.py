"""The clock jumps back to an instant that has been: two visits with one label stay two."""

LABEL = "2026-11-20_22-20-09.000000"


def rob(store, product):
    store.enter()
    store.take(product)
    store.leave()
    store.be_judged()


def at_one_instant(store):
    store.app.reconciling._keeper._new_visit_id = lambda _: LABEL


def test_two_visits_of_one_instant_are_both_judged_and_booked(store):
    at_one_instant(store)
    rob(store, "바나나우유")
    rob(store, "초코바")
    assert store.missing == [{"바나나우유": 1}, {"초코바": 1}]
    noted = [visit.id for visit in store.app.journal.recent_visits()]
    assert sorted(noted) == [LABEL, f"{LABEL}-2"]
    assert store.kiosk == store.shelf


def test_a_visit_of_an_earlier_run_keeps_its_id_too(store):
    at_one_instant(store)
    rob(store, "바나나우유")
    store.stop()
    store.start()
    at_one_instant(store)
    rob(store, "초코바")
    assert [visit.visit_id for visit in store.visits] == [LABEL, f"{LABEL}-2"]


def test_a_surplus_of_each_of_two_visits_of_one_instant_raises_the_kiosk_book(store):
    """The books know a correction by its visit's id: it must not be taken for the first one's."""
    at_one_instant(store)
    for _ in range(2):
        store.enter()
        store.pay("콜라")
        store.leave()
        store.be_judged()
    assert store.kiosk == store.shelf


def test_visits_that_are_pending_at_once_are_told_apart(make_store):
    store = make_store(visits={"payment_grace_s": 60})
    store.start()
    at_one_instant(store)
    for product in ("바나나우유", "초코바"):
        store.enter()
        store.take(product)
        store.leave()
        store.advance(8)
    assert [visit.id for visit in store.app.reconciling.ledger.visits] == [LABEL, f"{LABEL}-2"]
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}, {"초코바": 1}]
