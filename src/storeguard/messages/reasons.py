"""Why a judgement says what it says, in sentences of the stored data: notice, page and log quote
the same ones.

An SMS has no room for one: of its 70 units what, how much and when take over 40, and a sentence has
some 40. The page behind its link says them all.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.domain.reasons import KINDS
from storeguard.messages import text

TIMES = {"at": "time", "until": "until", "from_at": "from_time"}
"""Field of the data → field of the sentence."""


def sentences(language: str, said: Iterable[Mapping[str, Any]], timezone: str) -> tuple[str, ...]:
    """One sentence a reason (`domain.reasons.stored`), in their order, in the store's local time.

    What a later build has written, and this one does not know, is passed over.
    """
    zone = ZoneInfo(timezone)
    return tuple(_sentence(language, one, zone) for one in said if one["kind"] in KINDS)


def _sentence(language: str, said: Mapping[str, Any], zone: ZoneInfo) -> str:
    values = dict(said)
    for name, field in TIMES.items():
        if name in said:
            values[field] = f"{datetime.fromisoformat(said[name]).astimezone(zone):%H:%M:%S}"
    if "grams" in said:
        values |= {"grams": f"{abs(said['grams']):.0f}", "change": f"{said['grams']:+.0f}"}
    if "won" in said:
        values["won"] = f"{said['won']:,}"
    if "others" in said:
        values["others"] = ", ".join(said["others"])
    if "low" in said:
        values["range"] = _range(language, said["low"], said["high"])
    return text(language, f"why.{said['kind']}", **values)


def _range(language: str, low: int, high: int) -> str:
    """How many of them may be unpaid."""
    if not high:
        return text(language, "range.none")
    if not low:
        return text(language, "range.most", high=high)
    return text(language, "range.between" if low < high else "range.exactly", low=low, high=high)
