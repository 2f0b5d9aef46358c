"""Work on a scale from a page: what it shows, and the questions of tare, calibrate, diagnose."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse
from pydantic import Field

from storeguard.web.till import Body
from storeguard.web.workdesks import BenchDesk, BenchWish


class Work(Body):
    """Which scale, what, and with which load: units of a product, or grams."""

    scale: str = Field(min_length=1, max_length=63)
    job: Literal["tare", "calibrate", "diagnose"]
    product: str = Field("", max_length=200)
    grams: float = Field(0.0, ge=0, le=1_000_000)


class Press(Body):
    """Done as asked (`next`), or finished with it (`end`)."""

    what: Literal["next", "end"]


def include(made: APIRouter, path: str, desk: BenchDesk) -> None:
    """The routes under `path`, for the owner alone."""
    bench = _Bench(desk)
    made.add_api_route(path, bench.look, methods=["GET"], include_in_schema=False)
    made.add_api_route(path, bench.begin, methods=["POST"], include_in_schema=False)
    made.add_api_route(f"{path}/press", bench.press, methods=["POST"], include_in_schema=False)


class _Bench:
    def __init__(self, desk: BenchDesk) -> None:
        self._desk = desk

    async def look(self) -> JSONResponse:
        state = self._desk.state
        scales = [asdict(one) for one in self._desk.live()]
        return JSONResponse({"work": None if state is None else asdict(state), "scales": scales})

    async def begin(self, work: Work) -> JSONResponse:
        known = [one for one in self._desk.live() if one.id == work.scale]
        if not known or (work.job == "calibrate" and not work.product and work.grams <= 0):
            raise HTTPException(422 if known else 404)
        if not self._desk.begin(BenchWish(work.scale, work.job, work.product, work.grams)):
            raise HTTPException(409)
        return await self.look()

    async def press(self, press: Press) -> JSONResponse:
        if press.what == "end":
            self._desk.end()
        elif not self._desk.answer():
            raise HTTPException(409)
        return await self.look()
