"""The text logs beside the inventory CSVs, in the ancestor's block format.

Their wording is the ancestor's too; notices and pages have their own, neutral one.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard import durable

ADJUSTED = "weight_csv 기준으로 조율"
_END = "------------end------------"


class TextLog:
    """One log file: a block a change, appended. Blocks while it writes."""

    def __init__(self, path: Path, timezone: str, *, fsync: bool = True) -> None:
        self._path = path
        self._zone = ZoneInfo(timezone)
        self._fsync = fsync

    def changed(self, at_utc: datetime, product: str, before: int, after: int) -> None:
        """store_log.txt and weight_log.txt: one count changed."""
        self.write(at_utc, (f"상품명 : {product}", f"개수 변경 ( {before} -> {after} )"))

    def missing(self, at_utc: datetime, missing: Mapping[str, int]) -> None:
        """event.txt: an issue, after which the kiosk book follows the shelf."""
        lines = [f"{product}{count}개 도난 발생" for product, count in missing.items()]
        self.write(at_utc, (*lines, ADJUSTED))

    def write(self, at_utc: datetime, lines: Iterable[str]) -> None:
        """Appends one block. Raises OSError when the disk does not take it."""
        text = block(at_utc.astimezone(self._zone), lines)
        durable.append(self._path, text.encode(), fsync=self._fsync)


def block(local: datetime, lines: Iterable[str]) -> str:
    """A blank line, the time, the lines, the end. `local` is the store's time."""
    head = f"------{local:%Y-%m-%d %H:%M:%S.%f}------"
    return "\n".join(("", head, *lines, _END, ""))
