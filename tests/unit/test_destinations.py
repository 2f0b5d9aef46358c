"""Nothing leaves for training or telemetry: every client and every address is known by name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import storeguard
from storeguard.config import Config
from storeguard.messages import CATALOGUES

ROOT = Path(storeguard.__file__).parent
LAMBDA = "cloud"
"""Runs in the owner's own AWS account, and is no part of the process."""

CLIENTS = frozenset(
    {"socket", "ssl", "urllib.request", "http.client", "smtplib", "ftplib", "xmlrpc", "asyncore"}
    | {"boto3", "botocore", "httpx", "requests", "aiohttp", "urllib3", "websockets", "apprise"}
    | {"paho", "grpc", "sentry_sdk", "opentelemetry", "wandb", "mlflow", "huggingface_hub"}
)
CALLS = frozenset(
    {"open_connection", "create_connection", "create_datagram_endpoint", "urlopen"}
    | {"open_unix_connection"}
)

KNOWN = {
    "daemonclient.py": "this machine's own daemon",
    "demo_cloud.py": "a bucket that the demo itself plays",
    "deploying/account.py": "the owner's AWS account, by command",
    "deploying/bucketchecks.py": "the owner's AWS account, by command",
    "deploying/deployment.py": "the owner's AWS account, by command",
    "deploying/errands.py": "the owner's AWS account, by command",
    "deploying/stacks.py": "the owner's AWS account, by command",
    "notify/apprise.py": "the channels that the owner has configured",
    "notify/solapi.py": "the owner's SMS channel",
    "notifysocket.py": "systemd, on this machine",
    "outbox/refusals.py": "names the errors of the configured bucket",
    "outbox/s3.py": "the configured bucket",
    "upkeep/checks/cloud.py": "doctor: the configured bucket",
    "upkeep/checks/running.py": "doctor: this machine's own daemon",
    "vision/transfer.py": "models pull: the catalogue's networks come, nothing goes",
    "web/server.py": "answers; it asks nobody",
}

HOSTS = {
    "127.0.0.1": "this machine",
    "192.168.0.20": "an example of a camera's address in a form",
    "api.solapi.com": "the owner's SMS channel",
    "developers.solapi.com": "documentation, named in a comment",
    "github.com": "networks of the catalogue, and documentation",
    "schemas.openxmlformats.org": "the name of a format",
    "www.w3.org": "the name of a format",
}

BAD = re.compile(
    r"telemetr|analytic|train|improv|usage|statistic|tracking|crash_?report|donate|dataset"
    r"|학습|통계 전송|사용 정보|개선에",
    re.IGNORECASE,
)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(f"{LAMBDA}/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{one.name}" for one in node.names)


def is_client(tree: ast.Module) -> bool:
    asked = {name for node in ast.walk(tree) for name in names(node)}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    clients = {one for name in asked for one in CLIENTS if f"{name}.".startswith(f"{one}.")}
    return bool(clients or called & CALLS)


def test_every_part_that_can_reach_a_network_is_known():
    assert {name for name, tree in sources() if is_client(tree)} == set(KNOWN)


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "from urllib.request import urlopen",
        "def f():\n    import requests.sessions",
        "from urllib import request",
        "async def f():\n    await asyncio.open_connection('a', 1)",
    ],
)
def test_a_new_client_would_be_found(source: str):
    assert is_client(ast.parse(source))


def test_every_address_in_the_program_is_known():
    found = set()
    for path in ROOT.rglob("*"):
        is_text = path.suffix in (".py", ".html", ".js", ".css", ".svg")
        if is_text and not path.relative_to(ROOT).as_posix().startswith(f"{LAMBDA}/"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r"(?:https?|wss?|rtsp|ftp)://([\w.-]+)", text))
    assert found == set(HOSTS)


def fields(model: type[BaseModel], where: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        path = f"{where}{name}"
        yield path, field.description or ""
        for part in re.findall(r"storeguard\.\w+\.\w+|\w+", str(field.annotation)):
            inner = _sections().get(part.split(".")[-1])
            if inner is not None and inner is not model:
                yield from fields(inner, f"{path}.")


def _sections() -> dict[str, type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.startswith("storeguard"):
                found[one.__name__] = one
    return found


def test_no_setting_is_named_for_training_or_telemetry():
    found = list(fields(Config))
    assert len(found) > 60, "the sections are gone through too"
    assert [path for path, said in found if BAD.search(path) or BAD.search(said)] == []
    keys = [key for texts in CATALOGUES.values() for key in texts if key.startswith("set.")]
    assert [key for key in keys if BAD.search(key)] == []
