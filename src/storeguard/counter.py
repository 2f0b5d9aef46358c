"""Verbs at the counter, beside a running daemon or without one."""

import asyncio
import json
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from storeguard.app import KIOSK_CSV
from storeguard.books.book import CsvBook
from storeguard.books.journal import Journal
from storeguard.books.records import SaleRecords
from storeguard.books.textlog import TextLog
from storeguard.clock import SystemClock
from storeguard.config import Config, Folders
from storeguard.daemon import ENDPOINT
from storeguard.errors import AlreadyRunning, SaleRefused, StoreguardError
from storeguard.lock import FolderLock
from storeguard.services.bookkeeping import CONFIRMED
from storeguard.services.bus import Bus
from storeguard.services.selling import Desk

ANSWER_WITHIN_S = 10.0


def sell_one(config: Config, base: Path, product: str, count: int) -> dict[str, Any]:
    """Sells through the daemon's desk if it runs, else through a desk of its own."""
    folders = Folders.of(config, base)
    if not folders.inventory.is_dir():
        raise StoreguardError(f"{folders.inventory}: no such folder; see paths.inventory")
    folders.state.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folders.state)
    try:
        lock.acquire()
    except AlreadyRunning:
        return _sell_through_daemon(folders, product, count)
    try:
        return asyncio.run(_sell_alone(config, folders, product, count))
    finally:
        lock.release()


def _sell_through_daemon(folders: Folders, product: str, count: int) -> dict[str, Any]:
    url = _daemon_url(folders)
    basket = {"lines": [{"product": product, "count": count}], "key": str(uuid.uuid4())}
    request = urllib.request.Request(
        f"{url}/api/v1/sales",
        data=json.dumps(basket).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:
            receipt = json.load(answer)
        with urllib.request.urlopen(f"{url}/api/v1/snapshot", timeout=ANSWER_WITHIN_S) as answer:
            rows = json.load(answer)["rows"]
    except urllib.error.HTTPError as error:
        raise SaleRefused(_refusal(error)) from None
    except OSError as error:
        raise StoreguardError(f"{url}: the daemon does not answer ({error}); try again") from error
    left = next((row["kiosk"] for row in rows if row["product"] == product), 0)
    return {"product": product, "count": count, "won": receipt["total_won"], "left": left}


def _daemon_url(folders: Folders) -> str:
    path = folders.state / ENDPOINT
    try:
        return str(json.loads(path.read_bytes())["url"])
    except (OSError, ValueError, KeyError):
        raise StoreguardError(
            f"{path}: the daemon runs without its pages, so nothing can be sold beside it; "
            "free its port (web.port) and start it again"
        ) from None


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"the daemon answered {error.code}"


async def _sell_alone(config: Config, folders: Folders, product: str, count: int) -> dict[str, Any]:
    clock, journal = SystemClock(), Journal.in_folder(folders.state)
    await asyncio.to_thread(journal.open)
    changes = TextLog(folders.inventory / "store_log.txt", config.store.timezone)
    kiosk = CsvBook(
        "kiosk",
        folders.inventory / KIOSK_CSV,
        journal,
        clock,
        changes=changes,
        language=config.store.language,
    )
    try:
        await kiosk.load()
        desk = Desk(
            kiosk,
            SaleRecords(journal, clock),
            Bus(),
            clock,
            oversell=config.kiosk.oversell,
            language=config.store.language,
        )
        sold = await desk.sell([(product, count)], str(uuid.uuid4()), "command")
        left = kiosk.counts[product]
    finally:
        await kiosk.close()
        await asyncio.to_thread(journal.close)
    return {"product": product, "count": count, "won": sold.total_won, "left": left}


def confirm_books(config: Config, base: Path) -> str:
    """Tells the running daemon that the edit it holds is meant."""
    folders = Folders.of(config, base)
    lock = FolderLock(folders.state)
    try:
        lock.acquire()
    except (AlreadyRunning, FileNotFoundError):
        (folders.state / CONFIRMED).touch()
        return "confirmed: the daemon takes the edit that it holds"
    lock.release()
    raise StoreguardError(f"{folders.state}: no daemon is running; start it, then confirm")
