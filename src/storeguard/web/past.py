"""Visits and days: what has been."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from storeguard.web.desks import DayRow, PastDesk
from storeguard.web.rendering import Pages
from storeguard.web.view import ShopView

DAYS = 30
HEIGHT, WIDTH, FOOT = 120, 720, 30


@dataclass(frozen=True, slots=True)
class Bar:
    """Of a chart, in its own units from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int


def router(view: ShopView, pages: Pages, desk: PastDesk) -> APIRouter:
    made = APIRouter(include_in_schema=False)

    @made.get("/visits")
    async def visits(request: Request, page: int = 1) -> Response:
        found = await asyncio.to_thread(desk.visits, max(1, min(page, 100_000)))
        name = view.snapshot().store
        return pages.console(
            request, "visits.html", ("owner.", "issue.", "past."), store=name, found=found
        )

    @made.get("/days")
    async def days(request: Request) -> Response:
        rows = await asyncio.to_thread(desk.days, DAYS)
        unseen = await asyncio.to_thread(desk.unseen_sales, DAYS)
        charts = {
            "visits": bars([(row.day, row.visits) for row in rows]),
            "sales": bars([(row.day, row.sales_won) for row in rows]),
            "loss": bars([(row.day, row.loss_won) for row in rows]),
        }
        return pages.console(
            request,
            "days.html",
            ("past.",),
            store=view.snapshot().store,
            rows=rows,
            charts=charts,
            size=(WIDTH, HEIGHT + FOOT),
            totals=totals(rows),
            unseen=unseen,
        )

    return made


def bars(values: Sequence[tuple[str, int]]) -> list[Bar]:
    """A bar for each value; the highest fills the chart's height."""
    most = max((value for _, value in values), default=0) or 1
    step = WIDTH / max(1, len(values))
    return [
        Bar(
            round(at * step + step * 0.12, 1),
            round(HEIGHT - HEIGHT * value / most, 1),
            round(step * 0.76, 1),
            round(HEIGHT * value / most, 1),
            label,
            value,
        )
        for at, (label, value) in enumerate(values)
    ]


def totals(rows: Sequence[DayRow]) -> dict[str, int]:
    return {
        "visits": sum(row.visits for row in rows),
        "sales": sum(row.sales_won for row in rows),
        "loss": sum(row.loss_won for row in rows),
    }
