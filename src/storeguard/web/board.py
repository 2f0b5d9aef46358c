"""The console's first page, *now*, with the data and the pictures that it shows."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field
from starlette.requests import Request

from storeguard.domain.restock import Who
from storeguard.errors import BookMalformed
from storeguard.web.answers import problems
from storeguard.web.desks import Desks
from storeguard.web.gate import caller_of
from storeguard.web.rendering import Pages
from storeguard.web.sharing import Shared
from storeguard.web.till import Body
from storeguard.web.view import ShopView, Snapshot

UNBROKEN = "\u2011"
"""A dash at which no line is broken."""

CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


class QuestionAnswer(Body):
    """입고 맞음?"""

    id: str = Field(min_length=1, max_length=300)
    is_delivery: bool


class Marking(Body):
    """Restock mode on: this visit is theirs, and what follows; null ends it."""

    who: Who | None


@dataclass(frozen=True, slots=True)
class Task:
    """What the owner has still to do: a sentence, and where."""

    sentence: str
    path: str
    link: str


def router(view: ShopView, pages: Pages, desks: Desks | None = None) -> APIRouter:
    board = _Board(view, pages, desks)
    made = APIRouter(default_response_class=JSONResponse)
    made.add_api_route("/", board.now, methods=["GET"], include_in_schema=False)
    made.add_api_route("/api/v1/snapshot", board.snapshot, methods=["GET"])
    made.add_api_route("/api/v1/questions", board.questions, methods=["GET"])
    made.add_api_route("/api/v1/questions", board.answer, methods=["POST"])
    made.add_api_route(
        "/api/v1/restock-mode", board.mark, methods=["POST"], responses=problems(409)
    )
    made.add_api_route(
        "/camera/{name}.jpg", board.picture, methods=["GET"], include_in_schema=False
    )
    return made


class _Board:
    def __init__(self, view: ShopView, pages: Pages, desks: Desks | None) -> None:
        self._view = view
        self._pages = pages
        self._desks = desks
        self._for_owner: Shared[Snapshot] = Shared(asdict)
        self._for_staff: Shared[Snapshot] = Shared(lambda shop: asdict(_for_staff(shop)))

    async def now(self, request: Request) -> HTMLResponse:
        seen = self._seen(request)
        tasks = self._tasks() if caller_of(request).kind != "staff" else ()
        return self._pages.console(
            request,
            "owner.html",
            ("owner.",),
            store=seen.store,
            first=asdict(seen),
            tasks=await asyncio.to_thread(list, tasks),
        )

    def _tasks(self) -> Iterator[Task]:
        """The first steps; no camera counts as set up without its sign; who wants to see a
        recording waits; last month's access log is to be gone through. Blocks."""
        if self._desks is None:
            return
        say, setup = self._pages.say, self._desks.setup
        if self._desks.breaches is not None:
            for row in self._desks.breaches.waiting():
                sentence = say("breach.task", due=row.due.replace("-", UNBROKEN))
                yield Task(sentence, f"/people/breaches/{row.id}", say("breach.title"))
        if setup is not None and setup.is_needed:
            yield Task(say("first.needed"), "/setup", say("first.begin"))
        elif setup is not None and setup.is_filling:
            yield Task(say("first.filling.title"), "/setup", say("first.title"))
        if self._desks.viewings is not None and (rows := self._desks.viewings.waiting()):
            sentence = say(
                "viewing.task", count=len(rows), due=rows[0].due_on.replace("-", UNBROKEN)
            )
            yield Task(sentence, "/people/viewings", say("viewing.title"))
        if self._desks.areas is not None:
            for camera, what in self._desks.areas.unmasked().items():
                key = "setup.unanswered" if "unanswered" in what else "setup.unmasked"
                yield Task(
                    f"{camera}: {say(key)}", f"/devices/areas?camera={camera}", say("areas.view")
                )
        if self._desks.reviews is not None and (month := self._desks.reviews.due()):
            sentence = say("review.task", month=month.replace("-", UNBROKEN))
            yield Task(sentence, "/people/review", say("review.open"))
        yield from self._reweighed()
        law = self._desks.settings.law if self._desks.settings else None
        if law is not None and law.cameras and not (law.manager and law.phone):
            yield Task(say("setup.law_missing"), "/settings", say("nav.settings"))

    def _reweighed(self) -> Iterator[Task]:
        weights = self._desks.weights if self._desks else None
        try:
            offers = weights.offers() if weights else ()
        except (BookMalformed, OSError):  # the inventory's own page says what is wrong with it
            return
        if offers:
            sentence = self._pages.say("weights.task", count=len(offers))
            yield Task(sentence, "/inventory", self._pages.say("weights.title"))

    async def snapshot(self, request: Request) -> Response:
        is_staff = caller_of(request).kind == "staff"
        return (self._for_staff if is_staff else self._for_owner).answer(self._view.snapshot())

    def _seen(self, request: Request) -> Snapshot:
        shop = self._view.snapshot()
        return _for_staff(shop) if caller_of(request).kind == "staff" else shop

    async def questions(self) -> JSONResponse:
        return JSONResponse([asdict(question) for question in self._view.snapshot().questions])

    async def answer(self, answer: QuestionAnswer) -> JSONResponse:
        """Answered once: a second answer repeats what the first one said."""
        said = await self._view.answer(answer.id, answer.is_delivery)
        if said is None:
            raise HTTPException(404)
        return JSONResponse({"said": said})

    async def mark(self, request: Request, marking: Marking) -> JSONResponse:
        """403 for staff that says it is the owner; 409 where nothing is judged just now."""
        caller = caller_of(request)
        if caller.kind == "staff" and marking.who == "owner":
            raise HTTPException(403)
        if self._desks is not None:
            noted = (caller.name, "restock", marking.who or "off")
            await asyncio.to_thread(self._desks.issues.looked, *noted)
        said = await self._view.mark(marking.who)
        if said is None:
            raise HTTPException(409)
        return JSONResponse({"said": said})

    async def picture(self, name: str) -> Response:
        jpeg = self._view.picture(name) if CAMERA_ID.fullmatch(name) else None
        if jpeg is None:
            raise HTTPException(404)
        return Response(jpeg, media_type="image/jpeg")


def _for_staff(shop: Snapshot) -> Snapshot:
    """Staff sees the shop, but no issues: those show people."""
    return replace(shop, issues=(), notices=(), loss_today_won=0, unseen_today=0)
