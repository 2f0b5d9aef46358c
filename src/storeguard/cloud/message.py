"""The SMS to the owner: one message of 70 UCS-2 units, in neutral words.

`[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7`, and for a digest of several
`[강남 1호점] 재고 불일치 3건 더: 바나나우유 3 (-4,500원) #8~#10`. Long names are shortened; counts,
amount, time and number never are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .ksx1001 import sendable

SMS_LIMIT = 70
"""UCS-2 units of one message; every character that we send is one unit."""

LEAST_CERTAINTY = 0.5
"""Below it, a count is told as something to look at."""

MOST_PRODUCTS = 14
LONGEST_NAME = 40
SHORTEST_NAME = 4
SHORTEST_OF_SEVERAL = 6
STORE_WIDTHS = (20, 12, 8)

# A Lambda runtime need not have a time zone database, and Seoul has no summer time.
SEOUL = timezone(timedelta(hours=9), "KST")

WORDS = {
    "ko": {
        "missing_one": "재고 불일치:",
        "missing_more": "재고 불일치 {lines}건:",
        "unsure_one": "재고 확인 필요:",
        "unsure_more": "재고 확인 필요 {lines}건:",
        "provisional": "재고 불일치 확인 중:",
        "digest": "재고 불일치 {issues}건 더:",
        "day_is_full": "오늘 문자가 많아 이후는 묶어서 알립니다.",
        "others": "외 {others}",
        "amount": "(-{won:,}원)",
    },
    "en": {
        "missing_one": "Stock mismatch:",
        "missing_more": "{lines} stock mismatches:",
        "unsure_one": "Please check stock:",
        "unsure_more": "Please check {lines} stocks:",
        "provisional": "Stock mismatch, being checked:",
        "digest": "{issues} more stock mismatches:",
        "day_is_full": "Many messages today: the rest is summed up.",
        "others": "+{others} more",
        "amount": "(-{won:,} won)",
    },
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a message is put together from. `items`: product and count, names unshortened."""

    store: str
    headline: str
    items: tuple[tuple[str, int], ...]
    others: str
    tail: str


def sms_text(manifest: Mapping[str, Any], limit: int = SMS_LIMIT) -> str:
    """The text for one manifest; names give way first, then products, to stay in `limit`."""
    return next(text for text in _ever_shorter(_parts(manifest)) if len(text) <= limit)


def _parts(manifest: Mapping[str, Any]) -> Parts:
    words = WORDS["en"] if manifest["store"]["language"] == "en" else WORDS["ko"]
    is_full = manifest.get("notice") == "day_is_full"
    lines = () if is_full else manifest["lines"]
    return Parts(
        store=sendable(manifest["store"]["name"]) or "?",
        headline=_headline(manifest, words),
        items=tuple((sendable(line["product"]) or "?", line["missing"]) for line in lines),
        others=words["others"],
        tail=f"#{manifest['number']}~" if is_full else _tail(manifest, words["amount"]),
    )


def _headline(manifest: Mapping[str, Any], words: Mapping[str, str]) -> str:
    notice, lines = manifest.get("notice"), manifest["lines"]
    if notice in ("digest", "day_is_full"):
        return words[notice].format(issues=len(manifest["numbers"]))
    if manifest.get("provisional"):
        return words["provisional"]
    kind = "missing" if lines and all(map(_is_certain, lines)) else "unsure"
    many = "one" if len(lines) <= 1 else "more"
    return words[f"{kind}_{many}"].format(lines=len(lines))


def _tail(manifest: Mapping[str, Any], amount: str) -> str:
    won = manifest["loss_won"]
    lost = amount.format(won=won) if won else ""
    if manifest.get("notice") == "digest":  # its issues have each their own time
        numbers = manifest["numbers"]
        first, last = f"#{numbers[0]}", f"~#{numbers[-1]}" if len(numbers) > 1 else ""
        return f"{lost} {first}{last}".lstrip()
    happened = (manifest.get("visit") or {}).get("ended_at") or manifest["sealed_at"]
    local = datetime.fromisoformat(happened).astimezone(_zone(manifest["store"]["timezone"]))
    return " ".join(filter(None, (lost, f"{local:%H:%M}", f"#{manifest['number']}")))


def _zone(name: str) -> tzinfo:
    if name == "Asia/Seoul":
        return SEOUL
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _is_certain(line: Mapping[str, Any]) -> bool:
    return bool(line["certainty"] >= LEAST_CERTAINTY)


def _ever_shorter(parts: Parts) -> Iterator[str]:
    for shown in range(min(len(parts.items), MOST_PRODUCTS), 0, -1):
        longest = min(LONGEST_NAME, max(len(name) for name, _ in parts.items[:shown]))
        shortest = SHORTEST_OF_SEVERAL if shown > 1 else SHORTEST_NAME
        for store_width in STORE_WIDTHS:
            for width in range(max(longest, shortest), shortest - 1, -1):
                yield _text(parts, shown, width, store_width)
    for store_width in (*STORE_WIDTHS, SHORTEST_NAME):
        yield _text(parts, 0, SHORTEST_NAME, store_width)
    yield parts.tail


def _text(parts: Parts, shown: int, width: int, store_width: int) -> str:
    listed = ", ".join(f"{_short(name, width)} {count}" for name, count in parts.items[:shown])
    others = len(parts.items) - shown
    if listed and others:
        listed += " " + parts.others.format(others=others)
    headline = parts.headline if listed else parts.headline.rstrip(":")
    store = f"[{_short(parts.store, store_width)}]"
    return " ".join(filter(None, (store, headline, listed, parts.tail)))


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 2].rstrip() + ".."
