"""10,000 random product names as SMS: how long each is, and what no Korean phone shows.

Names of 1 to 40 characters out of all 11,172 syllables, jamo, Chinese, Latin, emoji and signs; one
to four of them a message, in Korean and English, without and with an address behind them. What a
phone shows is taken from KS X 1001's rows 16 to 40, not from the module that is measured. Ends
with 1 where a message is too long, shows another character, or lacks its number at the end.

    python bench/sms.py [--names N] [--seed N]
"""

import argparse
import random
from collections import Counter
from typing import Any

from _report import report
from storeguard.cloud.message import sms_text

ONE_UNITS, PART_UNITS = 70, 67
PHONE = {
    bytes((0xA0 + row, 0xA0 + n)).decode("euc_kr") for row in range(16, 41) for n in range(1, 95)
}
PHONE |= {chr(code) for code in range(0x20, 0x7F)}
RANGES = ((0xAC00, 0xD7A3), (0x3131, 0x318E), (0x4E00, 0x9FFF), (0x20, 0x7E), (0x1F300, 0x1FAFF))
ADDRESSES = ("", "shop.kr/g", "abcdefghijklmnop.lambda-url.ap-northeast-2.on.aws")


def main() -> int:
    wanted = _arguments()
    chance, found, longest = random.Random(wanted.seed), Counter[str](), Counter[str]()
    for number in range(wanted.names):
        language, address = chance.choice(("ko", "en")), chance.choice(ADDRESSES)
        text = sms_text(_manifest(chance, number, language), address=address)
        units = len(text.encode("utf-16-be")) // 2
        is_long = len(address) > 20
        limit = 2 * PART_UNITS if is_long else ONE_UNITS
        kind = "units_with_long_address" if is_long else "units"
        longest[kind] = max(longest[kind], units)
        found["too_long"] += units > limit
        found["outside_the_set"] += not set(text) <= PHONE
        found["number_cut"] += not text.endswith(f"#{number}{f' {address}' if address else ''}")
    wrong = {name: found[name] for name in ("too_long", "outside_the_set", "number_cut")}
    report(
        "SMS of random product names",
        names=wanted.names,
        syllables_of_the_set=sum("가" <= one <= "힣" for one in PHONE),
        longest=dict(longest),
        **wrong,
    )
    return 1 if any(wrong.values()) else 0


def _manifest(chance: random.Random, number: int, language: str) -> dict[str, Any]:
    products = [_name(chance) for _ in range(chance.choice((1, 1, 2, 4)))]
    lines = [
        {"product": one, "missing": chance.randint(1, 99), "certainty": chance.choice((1.0, 0.3))}
        for one in products
    ]
    store = {"id": "s", "name": _name(chance), "language": language, "timezone": "Asia/Seoul"}
    return {
        "number": number,
        "sealed_at": "2026-11-20T13:25:00+00:00",
        "visit": {"started_at": "2026-11-20T13:20:00+00:00", "ended_at": "2026-11-20T13:21:04Z"},
        "store": store,
        "lines": lines,
        "loss_won": chance.choice((0, 1500, 45_000, 1_234_500)),
    }


def _name(chance: random.Random) -> str:
    """A third of the characters are of any range, the others syllables."""
    pieces = []
    for _ in range(chance.randint(1, 40)):
        first, last = chance.choice(RANGES) if chance.random() < 0.3 else RANGES[0]
        pieces.append(chr(chance.randint(first, last)))
    return "".join(pieces)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
