"""The SMS to the owner: one message of 70 UCS-2 units, in neutral words.

`[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7`, and for a digest of several
`[강남 1호점] 재고 불일치 3건 더: 바나나우유 3 (-4,500원) #8~#10`. Long names are shortened; counts,
amount, time and number never are. With the page's address behind them it may take two parts of
67 units each. Why it is so has no room beside them (a sentence has some 40 units): the page behind
the address says it, in the sentences of the manifest.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .ksx1001 import sendable

SMS_LIMIT = 70
"""UCS-2 units of one message; every character that we send is one unit."""

PART_LIMIT = 67
"""Units of each part where a message has several: three go into saying so."""

LEAST_WITH_ADDRESS = 48
"""What must be left for the words, or an address takes a second part."""

LEAST_CERTAINTY = 0.5
"""Below it, a count is told as something to look at."""

MOST_PRODUCTS = 14
LONGEST_NAME = 40
SHORTEST_NAME = 4
SHORTEST_OF_SEVERAL = 6
STORE_WIDTHS = (20, 12, 8)

WITHOUT_LINES = frozenset({"day_is_full", "test", "fault", "fault_over"})

LINKABLE = re.compile(r"[^가-힣A-Za-z0-9 ,()%#-]")
"""What a device says in its own words must not become a link on the phone."""

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
        "amended": "결제 확인됨:",
        "confirmed": "재고 불일치 확정:",
        "withdrawn": "재고 불일치 취소:",
        "withdrawn_paid": "재고 불일치 취소(결제됨):",
        "withdrawn_put_back": "재고 불일치 취소(제자리에 돌아옴):",
        "escalated": "아직 확인 안 됨:",
        "test": "시험 문자입니다. 받으셨으면 화면에서 '받음'을 눌러 주세요.",
        "fault": "점검 필요: {headline}",
        "fault_over": "해결됨: {headline}",
        "silent": "{since}부터 소식이 없습니다. 전원과 인터넷을 확인해 주세요.",
        "back": "다시 연결되었습니다. ({since}부터 소식 없었음)",
        "others": "외 {others}",
        "amount": "(-{won:,}원)",
        "paid": "({won:,}원)",
    },
    "en": {
        "missing_one": "Stock mismatch:",
        "missing_more": "{lines} stock mismatches:",
        "unsure_one": "Please check stock:",
        "unsure_more": "Please check {lines} stocks:",
        "provisional": "Stock mismatch, being checked:",
        "digest": "{issues} more stock mismatches:",
        "day_is_full": "Many messages today: the rest is summed up.",
        "amended": "Paid after all:",
        "confirmed": "Still missing:",
        "withdrawn": "Mismatch withdrawn:",
        "withdrawn_paid": "Mismatch withdrawn (paid):",
        "withdrawn_put_back": "Mismatch withdrawn (put back):",
        "escalated": "Not looked at yet:",
        "test": "This is a test. Please press 'Received' on the page.",
        "fault": "Please check: {headline}",
        "fault_over": "Solved: {headline}",
        "silent": "not heard of since {since}. Please check power and internet.",
        "back": "connected again. (Not heard of since {since})",
        "others": "+{others} more",
        "amount": "(-{won:,} won)",
        "paid": "({won:,} won)",
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


def sms_text(manifest: Mapping[str, Any], limit: int = SMS_LIMIT, *, address: str = "") -> str:
    """The text for one manifest; names give way first, then products, to stay in `limit`.

    `address` stands at the end; a long one takes the message to two parts.
    """
    if address:
        left = limit - len(address) - 1
        limit = left if left >= LEAST_WITH_ADDRESS else 2 * PART_LIMIT - len(address) - 1
    shorter = _ever_shorter(_parts(manifest))
    text = next(text for text in shorter if len(text) <= limit)
    return f"{text} {address}" if address else text


def silence_text(store: str, language: str, timezone: str, since: str, now: str) -> str:
    """Nothing has been heard of the store since then (ISO times)."""
    return _of_silence("silent", store, language, timezone, since, now)


def back_text(store: str, language: str, timezone: str, since: str, now: str) -> str:
    return _of_silence("back", store, language, timezone, since, now)


def _of_silence(
    kind: str, store: str, language: str, timezone: str, since: str, now: str
) -> str:  # fmt: skip
    began, today = (datetime.fromisoformat(t).astimezone(zone(timezone)) for t in (since, now))
    at = f"{began:%H:%M}" if began.date() == today.date() else f"{began:%m-%d %H:%M}"
    said = _words(language)[kind].format(since=at)
    room = SMS_LIMIT - len(said) - len("[] ")
    return f"[{_short(sendable(store) or '?', room)}] {said}"


def _words(language: str) -> Mapping[str, str]:
    return WORDS["en"] if language == "en" else WORDS["ko"]


def _parts(manifest: Mapping[str, Any]) -> Parts:
    words, notice = _words(manifest["store"]["language"]), manifest.get("notice")
    lines = () if notice in WITHOUT_LINES else manifest["lines"]
    return Parts(
        store=sendable(manifest["store"]["name"]) or "?",
        headline=_headline(manifest, words),
        items=tuple((sendable(line["product"]) or "?", line["missing"]) for line in lines),
        others=words["others"],
        tail=f"#{manifest['number']}~" if notice == "day_is_full" else _tail(manifest, words),
    )


def _headline(manifest: Mapping[str, Any], words: Mapping[str, str]) -> str:
    notice, lines = manifest.get("notice"), manifest["lines"]
    if notice in ("digest", "day_is_full"):
        return words[notice].format(issues=len(manifest["numbers"]))
    if notice in ("amended", "confirmed", "escalated", "test"):
        return words[notice]
    if notice == "withdrawn":
        reason = manifest.get("reason")
        return words[f"withdrawn_{reason}" if reason else "withdrawn"]
    if notice in ("fault", "fault_over"):
        headline = " ".join(LINKABLE.sub(" ", sendable(manifest["headline"])).split())
        return words[notice].format(headline=headline[:LONGEST_NAME])
    if manifest.get("provisional"):
        return words["provisional"]
    kind = "missing" if lines and all(map(_is_certain, lines)) else "unsure"
    many = "one" if len(lines) <= 1 else "more"
    return words[f"{kind}_{many}"].format(lines=len(lines))


def _tail(manifest: Mapping[str, Any], words: Mapping[str, str]) -> str:
    won, notice = manifest["loss_won"], manifest.get("notice")
    lost = words["paid" if notice == "amended" else "amount"].format(won=won) if won else ""
    lost = "" if notice == "withdrawn" else lost
    if notice == "test":
        return ""
    if notice == "digest":  # its issues have each their own time
        numbers = manifest["numbers"]
        first, last = f"#{numbers[0]}", f"~#{numbers[-1]}" if len(numbers) > 1 else ""
        return f"{lost} {first}{last}".lstrip()
    happened = (manifest.get("visit") or {}).get("ended_at") or manifest["sealed_at"]
    local = datetime.fromisoformat(happened).astimezone(zone(manifest["store"]["timezone"]))
    number = "" if notice in ("fault", "fault_over") else f"#{manifest['number']}"
    return " ".join(filter(None, (lost, f"{local:%H:%M}", number)))


def zone(name: str) -> tzinfo:
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
