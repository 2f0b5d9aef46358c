"""What programs ask without signing in: health, figures for Prometheus, and `changed`."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from storeguard import __version__
from storeguard.web.events import EventStream
from storeguard.web.view import PartRow, ShopView, Snapshot

PRESENCE = ("empty", "occupied", "unknown")


def router(view: ShopView, closing: asyncio.Event, boot: str) -> APIRouter:
    """`boot`: another one for each process."""
    made = APIRouter()

    @made.get("/healthz")
    async def health() -> JSONResponse:
        """Always 200 while the process answers; the body says what cannot be trusted."""
        shop = view.snapshot()
        faults = [asdict(fault) for fault in shop.faults]
        parts = [asdict(part) for part in view.health()]
        status = "safe" if shop.banner else "faults" if faults else "ok"
        return JSONResponse({"status": status, "faults": faults, "parts": parts, "boot": boot})

    @made.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Prometheus' text format: states and ages; no product, no person, no secret."""
        lines = _figures(view.snapshot(), view.health())
        return PlainTextResponse(
            "\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    @made.get("/events", include_in_schema=False)
    async def events() -> Response:
        return EventStream(view.subscribe, closing)

    return made


def _figures(shop: Snapshot, parts: tuple[PartRow, ...]) -> Iterator[str]:
    yield from _gauge("info", "The version that runs.", [(f'{{version="{__version__}"}}', 1)])
    states = [(f'{{state="{state}"}}', int(shop.presence == state)) for state in PRESENCE]
    yield from _gauge("presence", "1 for what the store is now.", states)
    yield from _gauge("faults", "Parts that cannot be trusted now.", [("", len(shop.faults))])
    yield from _gauge("safe_mode", "1 while only half of it runs.", [("", int(bool(shop.banner)))])
    differing = sum(row.shelf is not None and row.shelf != row.kiosk for row in shop.rows)
    yield from _gauge("differing_products", "Shelf unlike kiosk.", [("", differing)])
    up = [(_part(part), int(part.is_ok)) for part in parts]
    yield from _gauge("part_up", "1 while a service or device is in order.", up)
    ages = [(_part(p), p.last_ok_age_s) for p in parts if p.last_ok_age_s is not None]
    yield from _gauge("part_last_ok_age_seconds", "Since its last good round.", ages)


def _part(part: PartRow) -> str:
    name = part.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'{{part="{name}"}}'


def _gauge(name: str, meaning: str, values: Sequence[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP storeguard_{name} {meaning}"
    yield f"# TYPE storeguard_{name} gauge"
    for labels, value in values:
        yield f"storeguard_{name}{labels} {value}"
