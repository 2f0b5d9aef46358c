"""What runs when starting has failed again and again: no cameras, no scales, no circle.

The page says so, with the last errors; uploads go on, and sales where the books can be opened.
Where not even those can, there is the page and the uploading alone, and at the very least a
process that waits. Each ends itself after RETRY_S, so that a normal start is tried.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from storeguard import config as cfg
from storeguard.clock import Clock, SystemClock
from storeguard.errors import ConfigInvalid, SaleRefused, masked
from storeguard.health import Health
from storeguard.messages import text
from storeguard.orderly import Loop, run_until, stop_on_signals
from storeguard.upkeep.lastgood import NAME
from storeguard.upkeep.leaving import leave_when_changed
from storeguard.vigil import Vigil
from storeguard.web.view import (
    AmountReceipt,
    Changes,
    PartRow,
    PaymentDue,
    PinAnswer,
    QuoteAnswer,
    SaleReceipt,
    Snapshot,
    part_rows,
)

RETRY_S = 300.0
SHOWN_ERRORS = 3

Leave = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

log = logging.getLogger("storeguard")


def run(path: Path, base: Path, state: Path, errors: Sequence[str], depth: int = 0) -> int:
    """Runs until SIGTERM, a changed configuration or RETRY_S; returns the exit code.

    `errors`: why the last starts have failed, oldest first. `depth`: 0 the store without its
    devices, 1 without books too, 2 nothing but waiting.
    """
    config = _config(path, state)
    log.error("S103 safe mode: cameras and scales are off; %s", "; ".join(errors[-1:]))
    leave = functools.partial(_leave, path)
    makeshifts: tuple[Callable[[], int], ...] = (
        lambda: _with_books(config, base, errors, leave),
        lambda: asyncio.run(_with_pages(config, base, errors, leave)),
        lambda: asyncio.run(_waiting(leave)),
    )
    for makeshift in makeshifts[depth:]:
        try:
            return makeshift()
        except Exception as error:  # noqa: BLE001 - whatever is broken must not break this too
            why = masked(str(error)) or type(error).__name__
            log.error("safe mode does with less: %s", why)
            errors = (*errors, why)
    return 1


async def _leave(path: Path, stop: asyncio.Event) -> None:
    await leave_when_changed(stop, path, after_s=RETRY_S)


def _config(path: Path, state: Path) -> cfg.Config:
    """The owner's, the last good one, or the defaults; without devices."""
    for known in (path, state / NAME):
        try:
            config = cfg.load(known)
        except ConfigInvalid:
            continue
        return config.model_copy(update={"scales": (), "cameras": ()})
    return cfg.Config()


def banner(language: str, errors: Sequence[str], *, has_books: bool) -> tuple[str, ...]:
    """What stands above the pages."""
    said = [text(language, "safe.banner" if has_books else "safe.no_books")]
    said.append(text(language, "safe.returns", minutes=round(RETRY_S / 60)))
    last = list(dict.fromkeys(reversed(errors)))[:SHOWN_ERRORS]
    return (*said, *(text(language, "safe.why", why=why.splitlines()[0]) for why in last))


def _with_books(config: cfg.Config, base: Path, errors: Sequence[str], leave: Leave) -> int:
    """The whole store but its devices."""
    from storeguard.daemon import Duty, run_daemon
    from storeguard.hardware import Hardware

    duty = Duty(
        banner=banner(config.store.language, errors, has_books=True),
        status="safe mode: no cameras, no scales",
        guards=False,
        leave=leave,
    )
    return run_daemon(config, base, make_hardware=lambda *_: Hardware(), duty=duty)


async def _with_pages(config: cfg.Config, base: Path, errors: Sequence[str], leave: Leave) -> int:
    """Neither journal nor books: the page says why, and what is sealed is delivered."""
    from storeguard.outbox.s3 import object_store
    from storeguard.pages import Pages
    from storeguard.services.bus import Bus
    from storeguard.services.uploading import UploadingService

    clock = SystemClock()
    health, folders = Health(clock), cfg.Folders.of(config, base)
    uploading: UploadingService
    objects = object_store(config.upload, lambda: uploading.is_moving())
    uploading = UploadingService(
        folders.issue_data,
        config.store.id,
        objects,
        Bus(),
        clock,
        health,
        adopt_folder=None,
        is_text_only=config.notices.text_only,
    )
    view = BareView(config, banner(config.store.language, errors, has_books=False), health, clock)
    pages = Pages(view, config.web, folders.state, clock, health, is_daemon=False)
    loops: dict[str, Loop] = {"uploading": uploading.run}
    if pages.open():
        log.info("pages: %s", pages.url)
        loops["web"] = pages.run
    return await _run(loops, leave, health)


async def _waiting(leave: Leave) -> int:
    """Nothing can run; at least nothing goes round in circles."""
    health = Health(SystemClock())
    part = health.part("waiting", longest_s=RETRY_S)

    async def wait() -> None:
        part.ok()

    return await _run({"waiting": wait}, leave, health)


async def _run(loops: dict[str, Loop], leave: Leave, health: Health) -> int:
    stop = stop_on_signals()
    with Vigil.of_process(SystemClock()) as vigil:
        vigil.watch(health)
        status = "safe mode: no cameras, no scales, no books"
        more = vigil.loops(stop, status, RETRY_S, lambda: None)
        await run_until(stop, loops | more | {"leaving": functools.partial(leave, stop)})
    return 0


class BareView:
    """Implements web.view.ShopView over nothing but errors."""

    def __init__(
        self, config: cfg.Config, banner: tuple[str, ...], health: Health, clock: Clock
    ) -> None:
        self._config = config
        self._banner = banner
        self._health = health
        self._clock = clock
        self._changes = Changes()

    @property
    def language(self) -> str:
        return self._config.store.language

    def snapshot(self) -> Snapshot:
        return Snapshot(
            store=self._config.store.name,
            presence="unknown",
            presence_for_s=None,
            people=None,
            blind_since=None,
            may_oversell=False,
            upload_bucket=self._config.upload.bucket,
            banner=self._banner,
        )

    def health(self) -> tuple[PartRow, ...]:
        return part_rows(self._health, self._clock.now_s())

    def quote(self, _basket: Sequence[tuple[str, int]]) -> QuoteAnswer:
        raise SaleRefused(text(self.language, "safe.no_sales"))

    async def sell(
        self, _basket: Sequence[tuple[str, int]], _key: str, _shown_won: int | None = None
    ) -> SaleReceipt:
        raise SaleRefused(text(self.language, "safe.no_sales"))

    pay = sell

    def product_picture(self, _name: str) -> Path | None:
        return None

    def payments(self) -> tuple[PaymentDue, ...]:
        return ()

    async def confirm_payment(self, _key: str, _won: int) -> SaleReceipt | AmountReceipt:
        raise SaleRefused(text(self.language, "safe.no_sales"))

    def drop_payment(self, _key: str, *, is_declined: bool) -> bool:
        return False

    async def refund(self, _sale_id: str) -> SaleReceipt:
        raise SaleRefused(text(self.language, "safe.no_sales"))

    async def pay_amount(self, _won: int, _key: str) -> AmountReceipt:
        raise SaleRefused(text(self.language, "safe.no_sales"))

    async def restock(self, pin: str, who: str | None) -> tuple[PinAnswer, str]:
        return "unset", text(self.language, "restock.unset")

    async def mark(self, who: str | None) -> str | None:
        return None

    async def answer(self, question_id: str, is_delivery: bool) -> str | None:
        return None

    def basket_open(self, is_open: bool) -> None:
        """There is nothing in it."""

    def picture(self, _camera_id: str) -> bytes | None:
        return None

    def issue_file(self, _issue_id: str, _name: str) -> Path | None:
        return None

    def subscribe(self) -> AsyncGenerator[str, None]:
        return self._changes.subscribe()
