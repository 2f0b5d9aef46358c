"""Several products on one scale, from the owner's files to the judgement of a visit."""

import random

import pytest

from storeguard.domain import testimony
from storeguard.domain.belief import SURE
from storeguard.domain.naming import LEAST_NAMED
from storeguard.errors import JournalFault, OutboxFault
from storeguard.outbox import folder as outbox
from storeguard.recovery import KIOSK_CSV, SHELF_CSV
from storeguard.services import comparing

GOODS = {
    "바나나우유": ("A", 9, 1500, 95.0),
    "초코바": ("A", 12, 1200, 52.0),
    "메로나": ("B", 8, 1000, 80.0),
    "쌍쌍바": ("B", 8, 1000, 80.0),
}
"""Product → scale, count, won, grams: bars of one weight on B."""

TWO_BARS = """\
상품명,개수,가격,무게,선반
바나나우유,6,1500,265,A
초코바,12,1200,52,B
콜라,8,1800,370,C
메로나,8,1000,80,C
쌍쌍바,8,1000,86,C
"""

ONE_AND_ONE = "행사명,행사,상품,시작,끝\n쌍쌍바 하나 더,1+1,쌍쌍바,,\n"


class Mixed:
    """A trace in the making: one visit from 10 to 40 s."""

    def __init__(self, folder, replay):
        self._folder, self._replay = folder, replay
        self._moves, self._sales = [], ["t_s,product,count"]
        self._noise = random.Random(3)

    def move(self, t_s, scale, grams):
        self._moves.append((t_s, scale, grams))
        return self

    def sell(self, t_s, product, count=1):
        self._sales.append(f"{t_s},{product},{count}")
        return self

    def told(self):
        result = self._replay(self._write())
        assert result.exit_code == 0, result.output
        [visit] = [line for line in result.lines if line["event"] == "VisitReconciled"]
        return visit, result.lines

    def _write(self):
        (self._folder / "inventory").mkdir(parents=True)
        cells = "calibration: {tare_raw: 0, counts_per_g: 400.0}"
        rows = [f"{n},{k},{won},{g:g},{s}" for n, (s, k, won, g) in GOODS.items()]
        texts = {
            "config.yaml": f"store: {{id: m, name: 매장}}\nscales:\n  - {{id: A, "
            f"products: [바나나우유], {cells}}}\n  - {{id: B, {cells}}}\n",
            "inventory/inventory_store.csv": "\n".join(["상품명, 개수, 가격, 무게, 선반", *rows]),
            "people.csv": "t_s,people\n0,0\n10,1\n40,0",
            "sales.csv": "\n".join(self._sales),
            "scales.csv": "\n".join(["t_s,scale,raw", *self._readings()]),
        }
        for name, text in texts.items():
            (self._folder / name).write_text(text + "\n", encoding="utf-8")
        return self._folder

    def _readings(self):
        start_g = {s: sum(n * g for home, n, _, g in GOODS.values() if home == s) for s in "AB"}
        for sample in range(600):
            t_s = sample / 10
            for scale, grams in start_g.items():
                moved_g = sum(g for at_s, on, g in self._moves if on == scale and at_s <= t_s)
                raw = round(400 * (grams + moved_g + self._noise.gauss(0, 0.3)))
                yield f"{t_s},{scale},{raw}"


@pytest.fixture
def mixed(tmp_path, replay):
    return Mixed(tmp_path / "trace", replay)


def changes(lines):
    return [
        (line["product"], line["scale"], line["before"], line["after"], line["certain"])
        for line in lines
        if line["event"] == "StockChanged"
    ]


def test_two_products_on_a_scale_are_told_apart_by_their_weight(mixed):
    """One is written in config.yaml, both in the CSV's 선반."""
    mixed.move(15, "A", -95.6).move(20, "A", -51.3).move(25, "A", -95.0 - 52.4)
    visit, lines = mixed.sell(30, "초코바", 2).told()
    assert visit["taken"] == {"바나나우유": 2, "초코바": 2}
    assert (visit["unpaid"], visit["uncertain"]) == ({"바나나우유": 2}, {})
    assert changes(lines) == [
        ("바나나우유", "A", 9, 8, True),
        ("초코바", "A", 12, 11, True),
        ("바나나우유", "A", 8, 7, True),
        ("초코바", "A", 11, 10, True),
    ]
    [issue] = [line for line in lines if line["event"] == "IssueSealed"]
    [line] = issue["lines"]
    assert (line["product"], line["shelf"], line["kiosk"]) == ("바나나우유", 7, 9)


def test_of_two_bars_of_one_weight_the_sale_says_which_it_was(mixed):
    visit, lines = mixed.move(15, "B", -80.7).sell(30, "쌍쌍바").told()
    assert (visit["taken"], visit["paid"]) == ({"쌍쌍바": 1}, {"쌍쌍바": 1})
    assert visit["unpaid"] == visit["surplus"] == visit["uncertain"] == {}
    shelf = {name: after for name, _, _, after, _ in changes(lines)}
    assert (shelf.get("메로나", 8), shelf["쌍쌍바"]) == (8, 7)


@pytest.mark.parametrize(("grams", "taken"), [(-81.0, "쌍쌍바"), (-79.5, "메로나")])
def test_a_count_that_is_fairly_certain_is_open_to_the_sales_and_a_surer_one_is_not(
    mixed, monkeypatch, grams, taken
):
    """By weight alone one bar is 9 in 10, or more; the other is paid for."""
    monkeypatch.setitem(GOODS, "쌍쌍바", ("B", 8, 1000, 86.0))
    visit, _ = mixed.move(15, "B", grams).sell(30, "쌍쌍바").told()
    assert visit["taken"] == {taken: 1}
    assert (visit["unpaid"], visit["uncertain"]) == ({}, {})


def test_who_paid_for_what_seems_not_to_have_moved_took_that_perhaps(mixed):
    """A bottle has left by the weight, 97 in 100, or two bars, which were paid."""
    visit, lines = mixed.move(15, "A", -98.3).sell(30, "초코바", 2).told()
    assert visit["unpaid"] == {}
    assert [line for line in lines if line["event"] == "IssueSealed"] == []


def test_of_two_bars_of_one_weight_nobody_is_accused_of_either(mixed):
    visit, lines = mixed.move(15, "B", -80.7).told()
    assert visit["unpaid"] == {}
    assert visit["uncertain"] == {"메로나": [0, 1], "쌍쌍바": [0, 1]}
    assert [line for line in lines if line["event"] == "IssueSealed"] == []
    assert not changes(lines)[-1][4]


def test_a_sale_explains_away_no_more_than_it_pays(mixed):
    """Two bars of one weight are gone and one is paid: one is missing, whichever it is."""
    visit, lines = mixed.move(15, "B", -160.9).sell(30, "쌍쌍바").told()
    assert visit["unpaid"] == {}
    assert max(most for _, most in visit["uncertain"].values()) >= 1
    assert [line for line in lines if line["event"] == "IssueSealed"] == []


def test_a_judgement_that_is_tried_again_hears_the_sales_once(mixed, monkeypatch):
    """Heard again and again, they would make certain what they only make likelier."""
    seal, decided, tries, heard = outbox.seal, testimony.decided, [], []

    def refuses_twice(*args, **kwargs):
        tries.append(args)
        if len(tries) <= 2:
            raise OutboxFault("issue_data: cannot be written: Read-only file system")
        return seal(*args, **kwargs)

    monkeypatch.setattr(outbox, "seal", refuses_twice)
    monkeypatch.setattr(
        testimony, "decided", lambda *of, **how: heard.append(of) or decided(*of, **how)
    )
    mixed.move(14, "A", -95.6).move(19, "B", -80.7).move(24, "B", -80.2).sell(30, "쌍쌍바")
    visit, _ = mixed.told()
    assert visit["unpaid"] == {"바나나우유": 1, "메로나": 1}
    assert (len(tries), len(heard)) == (3, 1)


def test_a_unit_is_put_down_on_a_mixed_scale_that_is_not_its_own(mixed):
    mixed.move(15, "A", -95.6).move(22, "B", 95.5)
    visit, lines = mixed.told()
    assert (visit["misplaced"], visit["unpaid"], visit["uncertain"]) == ({"바나나우유": 1}, {}, {})
    assert changes(lines)[-1] == ("바나나우유", "B", 8, 9, True)


# --- one of two, and nobody knows which ------------------------------------------------------


def test_a_loss_that_is_certain_is_told_under_the_likelier_name(mixed, monkeypatch):
    monkeypatch.setitem(GOODS, "쌍쌍바", ("B", 8, 1000, 86.0))
    visit, lines = mixed.move(15, "B", -82.0).told()
    assert (visit["unpaid"], visit["uncertain"]["쌍쌍바"]) == ({"메로나": 1}, [0, 1])
    [issue] = [line for line in lines if line["event"] == "IssueSealed"]
    [line] = issue["lines"]
    assert (line["product"], line["missing"]) == ("메로나", 1)
    assert LEAST_NAMED < line["certainty"] < SURE


def test_where_one_of_the_two_is_paid_nobody_is_accused(mixed, monkeypatch):
    """Even of the less likely one: somebody may have scanned what he took."""
    monkeypatch.setitem(GOODS, "쌍쌍바", ("B", 8, 1000, 86.0))
    visit, lines = mixed.move(15, "B", -82.0).sell(30, "쌍쌍바").told()
    assert visit["unpaid"] == {}
    assert [line for line in lines if line["event"] == "IssueSealed"] == []


@pytest.fixture
def shop(make_store, monkeypatch):
    """A store with bars of 80 and 86 g on one scale, whose books are compared often."""
    monkeypatch.setattr(comparing, "COMPARED_EVERY_S", 20.0)

    def opened(csv=TWO_BARS, **settings):
        store = make_store(outside=True, **settings)
        (store.folder / "inventory" / KIOSK_CSV).write_text(csv, encoding="utf-8")
        store.start()
        return store

    return opened


def take_one_of_two(store):
    """One that weighs 82 g."""
    store.world.put_thing("C", f"what is taken at {store.clock.now_s()}", -82.0)
    store.advance(5)


@pytest.fixture
def two_bars(shop):
    """A store of which one bar of two kinds has been stolen."""
    store = shop()
    store.enter()
    take_one_of_two(store)
    store.leave()
    store.be_judged()
    assert store.missing == [{"메로나": 1}]
    return store


def test_the_issue_says_what_it_may_have_been_instead(two_bars):
    [issue] = two_bars.issues
    manifest = two_bars.manifest(issue)
    assert "쌍쌍바" in "".join(manifest["why"]["ko"])
    found = [(one["kind"], one["product"], one.get("others")) for one in manifest["reasons"]]
    assert found[-2:] == [("named", "메로나", ["쌍쌍바"]), ("either", "쌍쌍바", ["메로나"])]


@pytest.mark.parametrize("was", ["메로나", "쌍쌍바"])
def test_the_other_of_two_is_not_told_once_more(two_bars, was):
    """The owner looks, and writes down what there is, with new prices: so nobody takes the file
    for one that he has opened before the theft."""
    there = {name: 8 - (name == was) for name in ("메로나", "쌍쌍바")}
    for name in sorted(there, reverse=True):
        path = two_bars.folder / "inventory" / SHELF_CSV
        lines = path.read_text(encoding="utf-8").splitlines()
        edited = [
            f"{name},{there[name]},1100,{line.split(',', 3)[3]}" if line.startswith(name) else line
            for line in lines
        ]
        path.write_text("\n".join([*edited, ""]), encoding="utf-8")
        two_bars.advance(3)
    two_bars.advance(60)
    assert {name: two_bars.shelf[name] for name in there} == there
    assert {name: two_bars.kiosk[name] for name in there} == there
    assert two_bars.missing == [{"메로나": 1}]


@pytest.mark.parametrize("won", [1000, 2800])
def test_an_amount_may_have_paid_for_either(shop, won):
    store = shop()
    store.enter()
    take_one_of_two(store)
    if won > 1000:
        store.take("콜라")
    store._run(store.app.desk.pay_amount(won, "key", "bank"))
    store.leave()
    store.be_judged()
    assert store.issues == ()


@pytest.mark.parametrize("is_next_inside", [False, True])
def test_a_payment_after_leaving_may_have_been_for_the_other(shop, is_next_inside):
    store = shop()
    store.enter()
    take_one_of_two(store)
    store.leave()
    store.advance(7)
    if is_next_inside:
        store.enter("next")
    store.pay("쌍쌍바")
    if is_next_inside:
        store.leave("next")
    store.be_judged()
    assert store.issues == ()


def test_a_promotion_may_give_the_other(shop):
    store = shop()
    (store.folder / "inventory" / "promotions.csv").write_text(ONE_AND_ONE, encoding="utf-8")
    store.advance(5)
    store.enter()
    store.world.put_thing("C", "a bar", -86.0)
    store.advance(5)
    take_one_of_two(store)
    store.pay("쌍쌍바")
    store.leave()
    store.be_judged()
    assert store.issues == ()


def test_what_was_named_and_is_sold_out_is_not_told_once_more(shop):
    """By the issue one of the first kind is left; the next buys two, so it was the other."""
    store = shop(TWO_BARS.replace(",8,1000", ",2,1000"))
    store.enter("thief")
    take_one_of_two(store)
    store.leave("thief")
    store.be_judged()
    store.enter()
    store.take("메로나", 2)
    for _ in range(2):
        store.pay("메로나")
    store.leave()
    store.be_judged()
    store.advance(60)
    assert (store.shelf["메로나"], store.shelf["쌍쌍바"]) == (0, 1)
    assert (store.kiosk["메로나"], store.kiosk["쌍쌍바"]) == (0, 1)
    assert store.missing == [{"메로나": 1}]


def test_a_journal_that_refuses_after_the_sealing_seals_nothing_twice(shop, monkeypatch):
    store, closed = shop(), []
    close = store.app.reconciling._record.close

    def refuses_twice(*visit):
        closed.append(visit)
        if len(closed) <= 2:
            raise JournalFault("journal: cannot be written: disk full")
        close(*visit)

    monkeypatch.setattr(store.app.reconciling._record, "close", refuses_twice)
    store.enter()
    store.take("콜라")
    take_one_of_two(store)
    store.leave()
    store.be_judged()
    store.advance(60)
    assert len(closed) == 3
    assert store.missing == [{"콜라": 1, "메로나": 1}]
    assert (store.kiosk["콜라"], store.kiosk["메로나"]) == (7, 7)


def test_each_payment_since_a_visit_began_is_heard_whoever_gets_it(shop):
    """What is heard and not the visit's own may have been paid for what it took."""
    store = shop(visits={"payment_grace_s": 60})
    tally = store.app.reconciling._weighing.tally
    store.enter("first")
    store.take("콜라")
    store.leave("first")
    store.advance(8)
    store.enter("second")
    store.pay("콜라")
    heard = [dict(tally.heard_in(visit)) for visit in store.app.reconciling.ledger.visits]
    assert heard == [{}, {"콜라": 1}]
    assert [dict(visit.paid) for visit in store.app.reconciling.ledger.visits] == [{"콜라": 1}, {}]
