"""The web application: its routes, each group in a file of its own, behind guard and gate."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from storeguard.web import (
    areas,
    board,
    breaches,
    devices,
    inventory,
    issues,
    login,
    machine,
    past,
    payments,
    people,
    reviews,
    settings,
    setup,
    till,
    viewings,
)
from storeguard.web.answers import ANYWHERE
from storeguard.web.desks import Desks
from storeguard.web.door import Door
from storeguard.web.gate import Gate
from storeguard.web.guard import Guard
from storeguard.web.refusals import Refusals
from storeguard.web.refusednotes import RefusedNotes
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

STATIC = Path(__file__).parent / "static"

Part = Literal["kiosk", "console"]
CONSOLE: frozenset[Part] = frozenset({"console"})
KIOSK: frozenset[Part] = frozenset({"kiosk"})
BOTH: frozenset[Part] = CONSOLE | KIOSK


def build(
    view: ShopView,
    door: Door,
    now_s: Callable[[], float],
    *,
    hosts: Collection[str] = (),
    parts: Collection[Part] = BOTH,
    desks: Desks | None = None,
) -> FastAPI:
    """The web application over `view`; `state.closing` set ends its event streams.

    `hosts`: further names by which browsers may reach it. `parts`: what it serves; what
    programs ask (`/healthz`) is always there.
    """
    app = FastAPI(
        title="storeguard",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses=ANYWHERE,
    )
    app.state.closing, app.state.boot = asyncio.Event(), secrets.token_hex(8)
    pages = Pages(view, has_desks=desks is not None)
    refusals = Refusals(pages)
    app.add_middleware(Gate, door=door, refuse=refusals.say, now_s=now_s)
    app.add_middleware(Guard, language=view.language, hosts=hosts)
    app.include_router(machine.router(view, app.state.closing, app.state.boot))
    if "kiosk" in parts:
        app.include_router(till.router(view, pages, door))
        app.include_router(payments.router(view, door))
    if "console" in parts:
        refused = RefusedNotes(door, desks.issues if desks else None, now_s)
        app.include_router(login.router(view, pages, door, refused))
        app.include_router(board.router(view, pages, desks))
        _include_desks(app, view, pages, door, desks)
        app.include_router(issues.media(view, desks.issues if desks else None))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    refusals.handle(app)
    return app


def _include_desks(
    app: FastAPI, view: ShopView, pages: Pages, door: Door, desks: Desks | None
) -> None:
    """What works on the journal and the books; not there while those cannot be opened."""
    if desks is None:
        return
    app.include_router(issues.router(view, pages, desks.issues, desks.notices))
    app.include_router(inventory.router(view, pages, desks))
    app.include_router(past.router(view, pages, desks.past))
    app.include_router(devices.router(view, pages, desks))
    app.include_router(settings.router(view, pages, desks))
    if desks.areas is not None:
        app.include_router(areas.router(view, pages, desks.areas, desks.issues))
    if desks.setup is not None:
        app.include_router(setup.router(view, pages, desks.setup))
    if desks.viewings is not None:
        app.include_router(viewings.router(view, pages, desks.viewings, desks.issues))
    if desks.breaches is not None:
        app.include_router(breaches.router(view, pages, door, desks.breaches, desks.issues))
    if desks.reviews is not None:
        app.include_router(reviews.router(view, pages, door, desks.reviews))
    more = {"reviews": desks.reviews, "breaches": desks.breaches}
    there = tuple(name for name, desk in more.items() if desk is not None)
    app.include_router(people.router(view, pages, door, desks.issues, more=there))
