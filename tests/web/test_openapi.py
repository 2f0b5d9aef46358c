"""Whatever is sent to the programs' interface, it never answers 5xx: a walk over its own document.

schemathesis does it from outside, in an environment of its own (`make test-api`): it brings 30
packages.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storeguard.web.app import build

METHODS = ("get", "post", "put", "patch", "delete")
ENDLESS = ("/events",)
ODD = ("", " ", "\x00", "\ud800", "../../etc/passwd", "=1+1", "<b>", "4111111111111111", "가" * 300)
NUMBERS = st.integers() | st.floats() | st.sampled_from([-1, 0, 10**9, 2**63, 10**400])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def of_schema(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly what the schema allows, now and then anything at all."""
    return st.one_of(_fitting(schema, document), _fitting(schema, document), ANYTHING)


def _fitting(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return _fitting(document["components"]["schemas"][name], document)
    if "anyOf" in schema:
        return st.one_of(*(_fitting(one, document) for one in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        needed = set(schema.get("required", ()))
        parts = {k: of_schema(v, document) for k, v in schema.get("properties", {}).items()}
        optional = {name: part for name, part in parts.items() if name not in needed}
        fixed = {name: part for name, part in parts.items() if name in needed}
        return st.fixed_dictionaries(fixed, optional=optional)
    if kind == "array":
        return st.lists(of_schema(schema["items"], document), min_size=1, max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum", -5), min(schema.get("maximum", 10**7), 2**53))
    if kind == "string":
        examples = st.sampled_from(schema.get("examples", ["바나나우유"]))
        return (
            examples | st.from_regex(schema["pattern"], fullmatch=True)
            if ("pattern" in schema)
            else examples | st.text(max_size=30)
        )
    return {"boolean": st.booleans(), "null": st.none()}.get(str(kind), ANYTHING)


def described(shop: Any, door: Any) -> dict[str, Any]:
    return dict(build(shop, door, lambda: shop.now_s).openapi())


async def send(app: Any, token: str, method: str, path: str, body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        content = None if method == "get" else json.dumps(body).encode()
        return await client.request(method.upper(), path, content=content, headers=headers)


def test_no_request_of_any_kind_breaks_the_interface(shop: Any, door: Any, tmp_path: Path):
    document, app = described(shop, door), build(shop, door, lambda: shop.now_s)
    operations = [
        (method, path, said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if method in METHODS and path not in ENDLESS
    ]
    assert {path for _, path, _ in operations} >= {"/api/v1/sales", "/api/v1/quote"}
    seen: set[int] = set()

    @settings(
        max_examples=600,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        method, path, said = data.draw(st.sampled_from(operations))
        for part in said.get("parameters", ()):
            value = data.draw(_fitting(part["schema"], document) | st.sampled_from(ODD[4:]))
            path = path.replace(f"{{{part['name']}}}", httpx.QueryParams(v=str(value))["v"])
        content = said.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        answer = asyncio.run(
            send(app, door.machine_token, method, path, data.draw(of_schema(schema, document)))
        )
        seen.add(answer.status_code)
        assert answer.status_code < 500, (method, path, answer.text)
        assert str(answer.status_code) in said["responses"], (method, path, answer.text)

    walk()
    assert {200, 201, 409, 422} <= seen


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 5000, b'{"lines": NaN}', b"null"])
def test_what_is_no_json_is_refused(shop: Any, door: Any, body: bytes):
    app = build(shop, door, lambda: shop.now_s)

    async def post() -> int:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            headers = {"authorization": f"Bearer {door.machine_token}"}
            headers |= {"content-type": "application/json"}
            answer = await client.post("/api/v1/sales", content=body, headers=headers)
            return answer.status_code

    assert asyncio.run(post()) in (400, 422)


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/", "/kiosk", "/api/v1/sales", "/healthz"])
async def test_a_method_that_no_page_has_is_refused_before_anything_else(
    stranger: httpx.AsyncClient, method: str, path: str
):
    answer = await stranger.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
