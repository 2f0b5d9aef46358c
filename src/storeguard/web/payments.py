"""What an outside terminal uses: which baskets wait, this one is paid, this one is declined."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from storeguard.errors import SaleRefused
from storeguard.web.answers import problems
from storeguard.web.door import Door
from storeguard.web.till import KEY, Body, kept_key
from storeguard.web.view import ShopView

Key = Annotated[str, Path(pattern=KEY)]


class Confirmation(Body):
    """What the terminal has taken; nothing of the card."""

    won: int = Field(ge=1, le=2**53, examples=[3000])


class Cancellation(Body):
    """The kiosk's customer has changed their mind."""

    key: str = Field(pattern=KEY, examples=["6f1c2f9e-basket"])


def router(view: ShopView, door: Door) -> APIRouter:
    made, payments = APIRouter(default_response_class=JSONResponse), _Payments(view, door)
    made.add_api_route("/api/v1/payments", payments.waiting, methods=["GET"])
    made.add_api_route(
        "/api/v1/payments/{key}/confirm",
        payments.confirm,
        methods=["POST"],
        responses=problems(409),
    )
    made.add_api_route(
        "/api/v1/payments/{key}/decline", payments.decline, methods=["POST"], status_code=204
    )
    made.add_api_route("/api/v1/cancel", payments.cancel, methods=["POST"], status_code=204)
    return made


class _Payments:
    def __init__(self, view: ShopView, door: Door) -> None:
        self._view = view
        self._door = door

    async def waiting(self) -> JSONResponse:
        """Baskets that customers stand at the kiosk with now, oldest first."""
        return JSONResponse([asdict(one) for one in self._view.payments()])

    async def confirm(self, key: Key, taken: Confirmation) -> JSONResponse:
        """The basket is sold; won that fit no basket are kept as an amount. Repeat it freely."""
        try:
            receipt = await self._view.confirm_payment(kept_key(key, self._door), taken.won)
        except SaleRefused as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse(asdict(receipt))

    async def decline(self, key: Key) -> Response:
        """The kiosk tells its customer; 404 where no such basket waits."""
        if not self._view.drop_payment(kept_key(key, self._door), is_declined=True):
            raise HTTPException(404)
        return Response(status_code=204)

    async def cancel(self, cancelled: Cancellation) -> Response:
        """A terminal that confirms it all the same has its won kept as an amount."""
        self._view.drop_payment(kept_key(cancelled.key, self._door), is_declined=False)
        return Response(status_code=204)
