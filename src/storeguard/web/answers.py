"""What the programs' interface says of its answers besides the good one (OpenAPI)."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

Responses = dict[int | str, dict[str, Any]]


class Problem(BaseModel):
    """Why nothing was done: a sentence in the store's language."""

    error: str


def problems(*statuses: int) -> Responses:
    """A route's refusals, each with a Problem."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }


ANYWHERE = problems(400, 401, 403, 404, 405, 413, 422)
"""Malformed, not signed in, not allowed, no such thing or method, too large, against the schema."""

AGAIN: Responses = {
    200: {
        "description": "The same key again: what the first said",
        "content": {"application/json": {}},
    }
}
