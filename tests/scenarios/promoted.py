"""Visits to a shop with promotions."""

MILK, BAR = "바나나우유", "초코바"
PROMOTIONS = "행사명,행사,상품,시작,끝\n"


def visit_to(trace, taken, paid, from_s=10):
    """Comes, takes, pays, leaves after 15 s."""
    trace.enter(from_s)
    for product, count in taken.items():
        trace.take(from_s + 4, product, count)
    for product, count in paid.items():
        trace.sell(from_s + 10, product, count)
    trace.leave(from_s + 15)


def stock_of(out):
    """Both books after the replay."""
    books = (out / "inventory" / f"inventory_{name}.csv" for name in ("store", "weight"))
    rows = [[line.split(",") for line in book.read_text().splitlines()[1:]] for book in books]
    return [{row[0].strip(): int(row[1]) for row in book} for book in rows]


def declare(store, text):
    (store.folder / "inventory" / "promotions.csv").write_text(text, encoding="utf-8")


def shop_for(store, taken, paid):
    store.enter()
    store.take(MILK, taken)
    if paid:
        store.pay(MILK, paid)
    store.leave()
    store.be_judged()
