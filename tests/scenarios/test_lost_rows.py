"""The owner renames or deletes a row by hand while a scale still carries the product."""

import pytest

from storeguard.recovery import KIOSK_CSV
from storeguard.services import comparing
from storeguard.shopview import ShopView

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"
SOON_S = 60.0


@pytest.fixture
def watched(make_store, monkeypatch):
    """It looks at its files, and compares the books every minute."""
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", SOON_S)
    store = make_store(outside=True)
    store.start()
    return store


def edit(store, name, change):
    path = store.folder / "inventory" / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    store.advance(3)


def without(product):
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(product)
    )


def book_faults(store):
    return [row.why for row in ShopView(store.app).snapshot().faults if row.device == "kiosk book"]


def is_guarded(store):
    """A theft of a product that has its row is told, and what went is off the shelf book."""
    store.enter()
    store.take(COLA)
    store.take(MILK)
    store.leave()
    store.be_judged()
    assert {MILK: 1}.items() <= store.missing[-1].items()
    assert (store.shelf[MILK], store.shelf[COLA]) == (5, 7)


@pytest.mark.parametrize(
    "change", [without(COLA), lambda text: text.replace(COLA, "콜라 제로")], ids=["gone", "renamed"]
)
def test_a_row_that_is_renamed_or_deleted_ends_nothing(watched, change):
    edit(watched, KIOSK_CSV, change)
    watched.advance(3 * SOON_S)
    is_guarded(watched)


def test_the_owner_reads_which_scale_still_carries_it_until_the_row_is_back(watched):
    path = watched.folder / "inventory" / KIOSK_CSV
    before = path.read_text(encoding="utf-8")
    edit(watched, KIOSK_CSV, without(COLA))
    [why] = book_faults(watched)
    assert "저울 C의 상품 '콜라'" in why
    edit(watched, KIOSK_CSV, lambda _: before)
    assert book_faults(watched) == []


@pytest.mark.parametrize("ends", ["stop", "cut_power"])
def test_after_a_restart_all_goods_are_guarded_and_the_owner_reads_it_again(watched, ends):
    """It was safe mode, with no scale and no camera, until he had found the row."""
    edit(watched, KIOSK_CSV, without(COLA))
    getattr(watched, ends)()
    watched.start()
    [why] = book_faults(watched)
    assert "저울 C의 상품 '콜라'" in why
    is_guarded(watched)
