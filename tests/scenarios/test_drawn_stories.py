"""Short stories drawn at random, played through the whole program: what must always hold.

Two scales with three products well apart; people take, put back, leave things on the other scale,
pay at once, later or never; the owner delivers with and without restock mode; a scale fails.
Who owes what is known here, and to nobody else.
"""

import json
import os
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from storeguard.replaying import replay

EXAMPLES = max(12, int(os.environ.get("STOREGUARD_EXAMPLES", "0")) // 100)
"""A hundredth of what the shop without scales plays: each is a trace, played three times."""

EXPLORES = "STOREGUARD_HYPOTHESIS" in os.environ
"""Shrinks what it finds, which takes minutes; without it a story is told as it was drawn."""

GOODS = {"우유": ("A", 15, 290.0), "껌": ("B", 20, 37.0), "단지": ("B", 6, 700.0)}
"""Product → scale, count, grams."""
NAMES, SCALES = tuple(GOODS), ("A", "B")
RATE_HZ, NOISE_G, TARE_RAW, COUNTS_PER_G = 10, 0.25, 84_000, 429.0
A_DEED_S, APART_S, LINGERS_S, GRACE_S = 4.0, 30.0, 270.0, 10.0


@dataclass(frozen=True)
class Customer:
    """`pays`: all, none, but one, later. `fails`: this scale, all the visit long."""

    deeds: list
    pays: str
    fails: str | None
    company: str


@dataclass(frozen=True)
class Owner:
    """Brings units, announced to nobody; or in restock mode, and takes away what has gone bad."""

    product: str
    units: int
    in_mode: bool


takes = st.tuples(st.just("take"), st.sampled_from(NAMES), st.integers(1, 2))
deeds = st.one_of(
    takes, st.tuples(st.sampled_from(["both", "back", "elsewhere", "slide", "fetch", "pay"]))
)
customers = st.builds(
    Customer,
    st.builds(lambda first, then: [first, *then], takes, st.lists(deeds, min_size=1, max_size=5)),
    st.sampled_from(["none", "but one", "later", "all"]),
    st.sampled_from([None, None, None, None, *SCALES]),
    st.sampled_from(["alone", "alone", "second", "lingers"]),
)
owners = st.builds(Owner, st.sampled_from(NAMES), st.integers(1, 4), st.booleans())
stories = st.lists(st.one_of(customers, customers, customers, owners), min_size=2, max_size=4)


@dataclass
class Visit:
    """The truth of one: when, what nobody has paid for, and which scale was out."""

    from_s: float
    until_s: float
    stolen: Counter
    fails: str | None


@dataclass
class Shop:
    """Plays a story and writes it down. `guests`: products on the other scale."""

    now_s: float = 8.0
    changes: dict = field(default_factory=lambda: {scale: [] for scale in SCALES})
    failures: list = field(default_factory=list)
    people: list = field(default_factory=lambda: [(0.0, 0)])
    sales: list = field(default_factory=list)
    restock: list = field(default_factory=list)
    guests: list = field(default_factory=list)
    visits: list = field(default_factory=list)
    hand: Counter = field(default_factory=Counter)
    stock: Counter = field(default_factory=lambda: Counter({n: g[1] for n, g in GOODS.items()}))

    def play(self, story):
        for one in story:
            if isinstance(one, Owner):
                self._deliver(one)
            else:
                self._serve(one)
            self.now_s += APART_S
        return self

    def _serve(self, who):
        from_s, self.hand = self.now_s, Counter()
        self.people.append((from_s, 1 if who.company == "alone" else 2))
        for deed, *more in who.deeds:
            if who.fails is None or deed not in ("elsewhere", "slide", "fetch"):
                self.now_s += A_DEED_S
                getattr(self, f"_{deed}")(*more)
        self.now_s += A_DEED_S
        stolen = self._settle(who.pays)
        self._leave(who.company)
        if who.pays == "later":
            self._sell(self.hand, self.now_s + 4.0)
        if who.fails:
            self.failures.append((who.fails, from_s - 3.0, self.now_s + 5.0))
        self.visits.append(Visit(from_s, self.now_s, stolen, who.fails))

    def _leave(self, company):
        self.now_s += 2.0
        if company != "alone":
            self.people.append((self.now_s, 1))
            self.now_s += LINGERS_S if company == "lingers" else A_DEED_S
        self.people.append((self.now_s, 0))

    def _settle(self, pays):
        """Pays at the end of the visit; what is left over nobody will pay."""
        if pays in ("later", "all"):
            if pays == "all":
                self._pay()
            return Counter()
        if pays == "none":
            return +self.hand
        kept = Counter(list(self.hand.elements())[:1])
        self.hand -= kept
        self._pay()
        return kept

    def _deliver(self, owner):
        from_s = self.now_s
        self.people.append((from_s, 1))
        if owner.in_mode:
            self.restock.append((from_s + 1.0, "on", "owner"))
        self.now_s += A_DEED_S
        self._lay(GOODS[owner.product][0], owner.product, owner.units)
        self.now_s += A_DEED_S
        if owner.in_mode:
            self._write_off()
            self.restock.append((self.now_s, "off", ""))
        self._leave("alone")
        self.visits.append(Visit(from_s, self.now_s, Counter(), None))

    def _write_off(self):
        """What has gone bad goes with the owner."""
        if self.stock["껌"]:
            self._lay("B", "껌", -1)
            self.now_s += A_DEED_S

    # --- deeds: `hand` holds what is not paid yet

    def _take(self, product, units):
        units = min(units, self.stock[product])
        self._lay(GOODS[product][0], product, -units)
        self.hand[product] += units

    def _both(self):
        """One hand on each scale, in the same instant."""
        self._take("우유", 1)
        self._take("껌", 1)

    def _back(self):
        if +self.hand:
            self._put(GOODS[self._held()][0])

    def _elsewhere(self):
        if +self.hand:
            self._put(_other(GOODS[self._held()][0]))

    def _slide(self):
        """Leaves its scale and arrives on the other in the same instant."""
        if self.stock["우유"]:
            self._take("우유", 1)
            self._put(_other("A"), "우유")

    def _put(self, scale, product=None):
        product = product or self._held()
        self.hand[product] -= 1
        self._lay(scale, product, 1)
        if GOODS[product][0] != scale:
            self.guests.append(product)

    def _fetch(self):
        """Takes what somebody has left on the other scale."""
        if self.guests:
            product = self.guests.pop()
            self._lay(_other(GOODS[product][0]), product, -1)
            self.hand[product] += 1

    def _pay(self):
        self._sell(self.hand, self.now_s)
        self.hand.clear()

    def _held(self):
        return next(iter(+self.hand))

    def _sell(self, units, at_s):
        self.sales += [(at_s, product, count) for product, count in (+units).items()]

    def _lay(self, scale, product, units):
        self.changes[scale].append((self.now_s, units * GOODS[product][2]))
        if GOODS[product][0] == scale:
            self.stock[product] += units

    # --- the trace

    def write(self, folder, scales):
        """`scales`: in which order they stand in config.yaml, and in each instant's rows."""
        (folder / "inventory").mkdir(parents=True)
        rows = [f"{name},{count},1500,{grams:g}" for name, (_, count, grams) in GOODS.items()]
        _table(folder / "inventory/inventory_store.csv", "상품명, 개수, 가격, 무게", rows)
        (folder / "config.yaml").write_text(_config(scales), encoding="utf-8")
        _table(folder / "people.csv", "t_s,people", map(_row, self.people))
        _table(folder / "sales.csv", "t_s,product,count", map(_row, self.sales))
        _table(folder / "restock.csv", "t_s,mode,who", map(_row, self.restock))
        columns = [(scale, self._raws(scale)) for scale in scales]
        readings = (
            f"{n / RATE_HZ},{scale},{raws[n]}"
            for n in range(len(columns[0][1]))
            for scale, raws in columns
        )
        _table(folder / "scales.csv", "t_s,scale,raw", readings)

    def _raws(self, scale):
        noise, raws = random.Random(scale), []
        grams = sum(count * g for home, count, g in GOODS.values() if home == scale)
        pending = list(self.changes[scale])
        for n in range(round(self.now_s * RATE_HZ)):
            while pending and pending[0][0] <= n / RATE_HZ:
                grams += pending.pop(0)[1]
            shown = TARE_RAW + round(COUNTS_PER_G * (grams + noise.gauss(0, NOISE_G)))
            raws.append("" if self._is_out(scale, n / RATE_HZ) else shown)
        return raws

    def _is_out(self, scale, t_s):
        return any(name == scale and a <= t_s < b for name, a, b in self.failures)


def _other(scale):
    return SCALES[1 - SCALES.index(scale)]


def _row(cells):
    return ",".join(map(str, cells))


def _table(path, header, rows):
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def _config(scales):
    lines = [
        f"  - {{id: {scale}, products: [{', '.join(n for n in NAMES if GOODS[n][0] == scale)}], "
        f"calibration: {{tare_raw: {TARE_RAW}, counts_per_g: {COUNTS_PER_G}}}}}\n"
        for scale in scales
    ]
    return (
        "store: {id: drawn-1, name: 이야기}\nscales:\n"
        + "".join(lines)
        + "cameras: [{id: door}]\nvisits: {max_visit_s: 60}\n"
        'started_at: "2026-11-20T22:20:00+09:00"\n'
    )


def told(shop, scales=SCALES):
    """What `replay --json` prints of the story."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        shop.write(Path(folder) / "trace", scales)
        replay(Path(folder) / "trace", Path(folder) / "out", lines.append)
    return lines


def of(lines, event):
    return [line for line in lines if line["event"] == event]


def accused(lines):
    """What each visit still owes by its issues: start → product → units; None: no visit's."""
    issues = {line["id"]: line for line in of(lines, "IssueSealed")}
    owes = {}
    for name, issue in issues.items():
        units = Counter({line["product"]: line["missing"] for line in issue["lines"]})
        units.subtract(
            {
                line["product"]: line["count"]
                for line in of(lines, "IssueAmended")
                if line["id"] == name
            }
        )
        if not any(line["id"] == name for line in of(lines, "IssueWithdrawn")):
            owes.setdefault(issue.get("visit_started_t_s"), Counter()).update(units)
    return owes


def check_thefts(shop, lines):
    """Each stolen unit is in one issue, of the visit in which it went; nobody else is accused."""
    owes = accused(lines)
    for visit in shop.visits:
        seen = {n: u for n, u in visit.stolen.items() if GOODS[n][0] != visit.fails}
        assert +owes.pop(visit.from_s, Counter()) == Counter(seen)
    unseen = sum((v.stolen for v in shop.visits if v.fails), Counter())
    assert sum(owes.values(), Counter()) <= unseen


def check_presence(shop, lines):
    """Only what is provisional is told while somebody is inside, or before he may have paid."""
    for issue in of(lines, "IssueSealed"):
        for visit in () if issue.get("provisional") else shop.visits:
            assert not visit.from_s <= issue["t_s"] < visit.until_s + GRACE_S


def without_order(lines):
    return sorted(json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=not EXPLORES,
    phases=[Phase.generate, *([Phase.shrink] if EXPLORES else [])],
    suppress_health_check=list(HealthCheck),
)
@given(stories)
def test_each_theft_is_told_once_and_nobody_else_is_accused(story):
    """The same lines again, and in whichever order the scales stand."""
    shop = Shop().play(story)
    lines = told(shop)
    assert len(of(lines, "VisitReconciled")) == len(shop.visits)
    check_thefts(shop, lines)
    check_presence(shop, lines)
    assert told(shop) == lines
    assert without_order(told(shop, SCALES[::-1])) == without_order(lines)
