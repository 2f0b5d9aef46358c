"""Verbs at the counter, beside a running daemon or without one."""

import asyncio
import contextlib
import json
import urllib.error
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from storeguard import durable
from storeguard.books.book import CsvBook
from storeguard.books.deliveries import RestockFile
from storeguard.books.journalfile import open_journal
from storeguard.books.promotions import PromotionsFile
from storeguard.books.proposals import AnswersFile
from storeguard.books.records import SaleRecords
from storeguard.books.textlog import TextLog
from storeguard.clock import SystemClock, SystemPinClock
from storeguard.config import Config, Folders
from storeguard.daemonclient import DaemonClient, NobodyThere, find
from storeguard.domain.pricing import on_the_board
from storeguard.domain.promotions import set_prices
from storeguard.errors import AlreadyRunning, SaleRefused, StoreguardError
from storeguard.lock import FolderLock, make_folder, refuse_second
from storeguard.recovery import KIOSK_CSV, claim
from storeguard.services.bookkeeping import BOOKS, CONFIRMED
from storeguard.services.bus import Bus
from storeguard.services.promoting import REJECTED, rejecting
from storeguard.services.restocking import REQUEST
from storeguard.services.selling import Desk

ANSWER_WITHIN_S = 10.0
TURN_WITHIN_S = 6.0
"""Another `sell` is done by then, and a daemon that is starting has its pages."""

LOOK_AGAIN_S = 0.1
CONFIRMED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Shop:
    """The kiosk book and its desk, while no daemon holds them."""

    kiosk: CsvBook
    desk: Desk


_Through = Callable[[Folders, str], dict[str, Any]]
_Alone = Callable[[_Shop, str], Awaitable[dict[str, Any]]]
"""What is done through the daemon, or without one; the text is the key."""


def sell_one(config: Config, base: Path, product: str, count: int) -> dict[str, Any]:
    """Sells through the daemon's desk if it runs, else through a desk of its own.

    Answers `product`, `count`, `won` and `left`, which is None where the daemon did not say.
    """

    async def alone(shop: _Shop, key: str) -> dict[str, Any]:
        sold = await shop.desk.sell([(product, count)], key, "command")
        left = shop.kiosk.counts.get(product)
        return {"product": product, "count": count, "won": sold.total_won, "left": left}

    def beside(folders: Folders, key: str) -> dict[str, Any]:
        return _sell_through_daemon(folders, product, count, key)

    return _at_a_desk(config, base, beside, alone)


def receive(config: Config, base: Path, won: int) -> dict[str, Any]:
    """Takes an amount that names no product, as `sell_one`. Answers `won`."""

    async def alone(shop: _Shop, key: str) -> dict[str, Any]:
        return {"won": (await shop.desk.pay_amount(won, key, "command")).won}

    def beside(folders: Folders, key: str) -> dict[str, Any]:
        daemon = find(folders.state)
        return {"won": _tell_daemon(daemon, "amounts", {"won": won, "key": key})["won"]}

    return _at_a_desk(config, base, beside, alone)


def _at_a_desk(config: Config, base: Path, beside: _Through, alone: _Alone) -> dict[str, Any]:
    """`beside` a running daemon, else `alone`, once whoever sells just now is done."""
    folders = Folders.of(config, base)
    if not folders.inventory.is_dir():
        raise StoreguardError(f"{folders.inventory}: no such folder; see paths.inventory")
    make_folder(folders.state)
    lock, clock, key = FolderLock(folders.state), SystemClock(), str(uuid.uuid4())
    given_up_s = clock.now_s() + TURN_WITHIN_S
    while True:
        try:
            lock.acquire()
            break
        except AlreadyRunning as running:
            try:
                return beside(folders, key)
            except NobodyThere:
                _wait_for_turn(running, is_late=clock.now_s() > given_up_s)
    try:
        claim(folders, config.store.id)
        return asyncio.run(_with_own_desk(config, folders, lambda shop: alone(shop, key)))
    finally:
        lock.release()


def _wait_for_turn(running: AlreadyRunning, *, is_late: bool) -> None:
    if is_late:
        raise StoreguardError(
            f"{running.holder} holds the books, but answers no sales; if it is the daemon, free "
            "its port (web.port) and start it again"
        )
    SystemPinClock().sleep(LOOK_AGAIN_S)


def _sell_through_daemon(folders: Folders, product: str, count: int, key: str) -> dict[str, Any]:
    daemon = find(folders.state)
    basket = {"lines": [{"product": product, "count": count}], "key": key}
    receipt = _tell_daemon(daemon, "sales", basket)
    return {
        "product": product,
        "count": count,
        "won": receipt["total_won"],
        "left": _left(daemon, product),
    }


def _tell_daemon(daemon: DaemonClient, what: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(daemon.ask(f"/api/v1/{what}", body, within_s=ANSWER_WITHIN_S))
    except urllib.error.HTTPError as error:
        raise SaleRefused(_refusal(error)) from None
    except ConnectionRefusedError:
        raise NobodyThere from None
    except (OSError, ValueError) as error:
        raise StoreguardError(
            f"{daemon.url}: no answer to the sale ({error}); it may have been taken: look at "
            "the kiosk count before you sell again"
        ) from error


def _left(daemon: DaemonClient, product: str) -> int | None:
    """The sale has been taken: what comes after may not call it a failure."""
    try:
        rows = daemon.ask("/api/v1/snapshot", within_s=ANSWER_WITHIN_S)["rows"]
    except (OSError, ValueError, KeyError):
        return None
    return next((row["kiosk"] for row in rows if row["product"] == product), None)


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"the daemon answered {error.code}"


async def _with_own_desk(
    config: Config, folders: Folders, use: Callable[[_Shop], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    clock, journal = (
        SystemClock(),
        await asyncio.to_thread(open_journal, folders.state, url=config.journal.url),
    )
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
        promotions = PromotionsFile(folders.inventory, folders.state)
        await asyncio.to_thread(promotions.load, tuple(kiosk.counts))
        today = clock.utc().astimezone(ZoneInfo(config.store.timezone)).date()
        desk = Desk(
            kiosk,
            SaleRecords(journal, clock),
            Bus(),
            clock,
            oversell=config.kiosk.oversell,
            language=config.store.language,
            sets=lambda: set_prices(promotions.promotions),
            promotions=lambda: on_the_board(promotions.promotions, today),
        )
        return await use(_Shop(kiosk, desk))
    finally:
        await kiosk.close()
        await asyncio.to_thread(journal.close)


def confirm_books(config: Config, base: Path) -> str:
    """Tells the running daemon that the edit it holds is meant; returns what came of it."""
    folders = Folders.of(config, base)
    mark = folders.state / CONFIRMED
    try:
        refuse_second(folders.state)
    except AlreadyRunning:
        _tell(mark)
        return "confirmed: an edit that was held is in force now; see storeguard books check"
    raise StoreguardError(f"{folders.state}: no daemon is running; start it, then confirm")


def edits_not_in_force(config: Config, base: Path) -> list[str]:
    """Of files that can be read: what the running daemon does not follow them in, an edit that
    it holds for instance. Empty where none runs, or none answers."""
    folders = Folders.of(config, base)
    try:
        refuse_second(folders.state)
    except AlreadyRunning:
        with contextlib.suppress(NobodyThere, OSError, ValueError, LookupError):
            faults = find(folders.state).ask("/healthz", within_s=ANSWER_WITHIN_S)["faults"]
            whys = [fault["why"] for fault in faults if fault["device"] in BOOKS]
            return [f"{folders.inventory}: {why}" for why in whys]
    return []


def reject_promotion(config: Config, base: Path, name: str) -> str:
    """The owner says that a proposed promotion is none; tells the daemon, if one runs."""
    state = Folders.of(config, base).state
    file = AnswersFile(state)
    answers = file.load()
    if name not in answers.asked:
        asked = ", ".join(f"'{one}'" for one in answers.asked) or "none"
        raise StoreguardError(f"'{name}' is no proposed promotion; proposed: {asked}")
    try:
        refuse_second(state)
    except AlreadyRunning:
        _tell(state / REJECTED, name)
    else:
        file.save(rejecting(answers, name))
    return f"rejected: '{name}' is no promotion; such visits are judged from now on"


def _tell(mark: Path, words: str = "") -> None:
    """The daemon removes the file once it has done what it says."""
    durable.publish(mark, words.encode(), fsync=False)
    clock = SystemClock()
    given_up_s = clock.now_s() + CONFIRMED_WITHIN_S
    while mark.exists():
        if clock.now_s() > given_up_s:
            mark.unlink(missing_ok=True)
            raise StoreguardError(
                f"{mark.parent}: the daemon did not take {mark.name} within "
                f"{CONFIRMED_WITHIN_S:.0f} s; look at its log"
            )
        SystemPinClock().sleep(LOOK_AGAIN_S)


def switch_restock(
    config: Config, base: Path, do: Literal["start", "stop", "status"], who: str
) -> dict[str, Any]:
    """Tells the running daemon; answers `who` (None: restock mode is off) and `since`, UTC.

    Through the state folder, not the pages: whoever may write there is the owner, and needs
    no PIN.
    """
    folders = Folders.of(config, base)
    try:
        refuse_second(folders.state)
    except AlreadyRunning:
        if do != "status":
            _tell(folders.state / REQUEST, json.dumps({"do": do, "who": who}))
        kept = RestockFile(folders.state / "restock.json").load()
        since = None if kept is None else kept.started_at.isoformat(timespec="seconds")
        return {"who": kept.who if kept else None, "since": since}
    raise StoreguardError(
        f"{folders.state}: no daemon is running, so nothing is judged; start it, then restock"
    )
