"""What the owner is asked about a promotion that the visits look like."""

from storeguard.domain.promotions import Bonus, Bundle, Package
from storeguard.messages import text


def question(language: str, one: Bonus | Bundle | Package, issues: int) -> str:
    """`issues`: how many were taken back for it."""
    asked = text(language, f"promotion.ask{_kind(one)}", name=one.name, **_values(one))
    if issues:
        asked += " " + text(language, "promotion.issues", count=issues)
    return asked


def _kind(one: Bonus | Bundle | Package) -> str:
    return "" if isinstance(one, Bonus) else "_set" if isinstance(one, Package) else "_bundle"


def _values(one: Bonus | Bundle | Package) -> dict[str, object]:
    if isinstance(one, Bonus):
        taken = one.buy + one.free
        return {"product": one.products[0], "buy": one.buy, "free": one.free, "taken": taken}
    if isinstance(one, Bundle):
        return {"count": one.count, "products": ", ".join(one.products)}
    named = (name if count == 1 else f"{name}*{count}" for name, count in one.contents)
    return {"products": " + ".join(named)}
