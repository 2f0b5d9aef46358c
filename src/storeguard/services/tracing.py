"""`run --record DIR`: writes what the devices said into a trace that `replay` can play."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

import yaml

from storeguard import durable
from storeguard.clock import Clock
from storeguard.config import Config
from storeguard.domain.events import BookEdited, Event, RestockSwitched, SaleMade
from storeguard.domain.occupancy import Sighting
from storeguard.errors import StoreguardError, masked
from storeguard.ports import Reading
from storeguard.services.bus import Bus

FLUSH_EVERY_S = 1.0
TOLD_AT_ONCE_S = 1.0
HEADERS = {
    "scales.csv": "t_s,scale,raw\n",
    "people.csv": "t_s,people\n",
    "sales.csv": "t_s,product,count\n",
    "late_sales.csv": "t_s,product,count,told_t_s\n",
    "sales_complete.csv": "t_s,until_t_s\n",
    "edits.csv": "t_s,book,product,count\n",
    "restock.csv": "t_s,mode,who\n",
}


class TraceRecorder:
    """Collects lines in memory, appends them each second; a trace is no evidence: no fsync.

    `complete_until_s`: of the source of sales that is furthest behind, infinite without any.
    """

    def __init__(
        self,
        folder: Path,
        bus: Bus,
        clock: Clock,
        complete_until_s: Callable[[], float] = lambda: inf,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._complete_until_s = complete_until_s
        self._complete_until = ""
        self._lines: dict[str, list[str]] = {name: [] for name in HEADERS}
        self._started_s = clock.now_s()
        self._people: int | None = -1
        bus.subscribe(self._on_event)

    def begin(self, config: Config, inventory: Path) -> None:
        """Lays the folder out: configuration, the books as they are now, empty tables. Blocks."""
        if (self._folder / "config.yaml").exists():
            raise StoreguardError(f"{self._folder}: holds a trace already; name a new folder")
        (self._folder / "inventory").mkdir(parents=True, exist_ok=True)
        for book in inventory.glob("*.csv"):
            shutil.copy(book, self._folder / "inventory" / book.name)
        self._started_s = self._clock.now_s()
        values = config.model_dump(mode="json", exclude_unset=True)
        values["started_at"] = self._clock.utc().isoformat()
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
        durable.publish(self._folder / "config.yaml", masked(text).encode())
        for name, header in HEADERS.items():
            durable.publish(self._folder / name, header.encode())

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(FLUSH_EVERY_S)
                self._note_completeness()
                await asyncio.to_thread(self._flush)
        finally:
            self._flush()

    def _note_completeness(self) -> None:
        """A row whenever a source has said more, or when the last late one is gone."""
        until_s, now = self._complete_until_s(), self._at(self._clock.now_s())
        until = "" if until_s == inf else min(self._at(until_s), now, key=float)
        if until != self._complete_until:
            self._complete_until = until
            self._lines["sales_complete.csv"].append(f"{now},{until}\n")

    def on_readings(self, scale: str, readings: Sequence[Reading]) -> None:
        lines = self._lines["scales.csv"]
        for t_s, raw, *_ in readings:
            lines.append(f"{self._at(t_s)},{scale},{'' if raw is None else raw}\n")

    def on_sighting(self, sighting: Sighting) -> None:
        if sighting.people != self._people:
            self._people = sighting.people
            people = "" if sighting.people is None else sighting.people
            self._lines["people.csv"].append(f"{self._at(sighting.t_s)},{people}\n")

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SaleMade):
            now_s = self._clock.now_s()
            line = f"{self._at(event.t_s)},{_cell(event.product)},{event.count}"
            if now_s - event.t_s > TOLD_AT_ONCE_S:
                self._lines["late_sales.csv"].append(f"{line},{self._at(now_s)}\n")
            else:
                self._lines["sales.csv"].append(f"{line}\n")
        elif isinstance(event, BookEdited):
            for product, (_, after) in event.counts.items():
                line = f"{self._at(event.t_s)},{event.book},{_cell(product)},{after}\n"
                self._lines["edits.csv"].append(line)
        elif isinstance(event, RestockSwitched):
            said = f"on,{event.who}" if event.who else "off,"
            self._lines["restock.csv"].append(f"{self._at(event.t_s)},{said}\n")

    def _at(self, t_s: float) -> str:
        return f"{max(0.0, t_s - self._started_s):.3f}"

    def _flush(self) -> None:
        for name, lines in self._lines.items():
            if lines:
                self._lines[name] = []
                durable.append(self._folder / name, "".join(lines).encode(), fsync=False)


def _cell(text: str) -> str:
    """A product name as a CSV cell."""
    if any(sign in text for sign in ',"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
