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

LARGEST_BYTES = 8 * 1024 * 1024
"""Then it goes on in a new file and the older half is kept: three logs stay below 50 MiB."""


class TextLog:
    """One log file: a block a change, appended. Blocks while it writes.

    Beyond `largest_bytes` it becomes `<name>.old.<suffix>`, in place of the one before.
    """

    def __init__(
        self,
        path: Path,
        timezone: str,
        *,
        fsync: bool = True,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        self._path = path
        self._largest_bytes = largest_bytes
        self._zone = ZoneInfo(timezone)
        self._fsync = fsync

    def changed(self, at_utc: datetime, counts: Mapping[str, tuple[int, int]]) -> None:
        """store_log.txt and weight_log.txt: product → count before and after, a block each."""
        self._append(
            at_utc,
            [
                (f"상품명 : {product}", f"개수 변경 ( {before} -> {after} )")
                for product, (before, after) in counts.items()
            ],
        )

    def missing(self, at_utc: datetime, missing: Mapping[str, int]) -> None:
        """event.txt: an issue, after which the kiosk book follows the shelf."""
        lines = [f"{product}{count}개 도난 발생" for product, count in missing.items()]
        self.write(at_utc, (*lines, ADJUSTED))

    def write(self, at_utc: datetime, lines: Iterable[str]) -> None:
        """Appends one block. Raises OSError when the disk does not take it."""
        self._append(at_utc, [lines])

    def _append(self, at_utc: datetime, blocks: Iterable[Iterable[str]]) -> None:
        """All at once: a basket of ten costs the disk what one of one does."""
        local = at_utc.astimezone(self._zone)
        text = "".join(block(local, lines) for lines in blocks)
        if self._is_full():
            durable.rotate(self._path, self._path.with_stem(f"{self._path.stem}.old"))
        durable.append(self._path, text.encode(), fsync=self._fsync)

    def _is_full(self) -> bool:
        return self._path.exists() and self._path.stat().st_size >= self._largest_bytes


def block(local: datetime, lines: Iterable[str]) -> str:
    """A blank line, the time, the lines, the end. `local` is the store's time."""
    head = f"------{local:%Y-%m-%d %H:%M:%S.%f}------"
    return "\n".join(("", head, *lines, _END, ""))
