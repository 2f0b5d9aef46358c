"""The daemon when it runs: it has the devices open, so it is asked instead of them."""

import errno
import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from storeguard.daemonclient import NobodyThere, find
from storeguard.errors import AlreadyRunning, masked
from storeguard.lock import refuse_second
from storeguard.upkeep.checks.finding import Finding, Site, taken_apart

ANSWER_WITHIN_S = 3.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The daemon is on this machine: no proxy of the environment stands between."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """What could be learnt of it. `snapshot` is None where it does not answer.

    `holder` is None where the state folder may not be looked into: it may be running.
    """

    holder: str | None
    url: str | None = None
    snapshot: Mapping[str, Any] | None = None
    why: str = ""


def find_daemon(site: Site) -> Daemon | None:
    """None where none is running. Makes and changes nothing."""
    state = site.folders.state
    try:
        (state / "lock").open("rb").close()
        refuse_second(state)
    except AlreadyRunning as running:
        return _asked(site, running.holder)
    except PermissionError:
        return Daemon(None)
    except OSError:
        return None
    return None


def _asked(site: Site, holder: str) -> Daemon:
    try:
        client = find(site.folders.state)
    except NobodyThere:
        return Daemon(holder)
    try:
        snapshot = dict(client.ask("/api/v1/snapshot", within_s=ANSWER_WITHIN_S))
        snapshot["faults"] = client.ask("/healthz", within_s=ANSWER_WITHIN_S)["faults"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Daemon(holder, client.url, why=masked(str(error)))
    return Daemon(holder, client.url, snapshot)


def _get(address: str) -> dict[str, Any]:
    with _direct.open(address, timeout=ANSWER_WITHIN_S) as answer:
        return dict(json.load(answer))


def daemon(site: Site, found: Daemon | None) -> Iterator[Finding]:
    """The daemon itself, and every part of it that is no scale or camera and has a fault."""
    topic, say = site.topic("daemon"), site.say
    if found is None:
        yield topic.skip(say("doctor.daemon.none"))
    elif found.holder is None:
        yield topic.warn(say("doctor.daemon.denied"), say("doctor.daemon.denied_do"))
    elif found.url is None:
        yield topic.warn(say("doctor.daemon.mute", who=found.holder), say("doctor.daemon.mute_do"))
    elif found.snapshot is None:
        yield topic.fail(
            say("doctor.daemon.silent", who=found.holder, url=found.url, why=found.why),
            say("doctor.daemon.silent_do"),
        )
    else:
        yield _of_mode(site, found, found.snapshot)
        yield from _other_faults(site, found.snapshot)


def _of_mode(site: Site, found: Daemon, snapshot: Mapping[str, Any]) -> Finding:
    """In safe mode, after starts that failed, a banner says why."""
    topic, say = site.topic("daemon"), site.say
    if banner := " ".join(snapshot.get("banner", ())):
        return topic.fail(say("doctor.daemon.safe", why=banner), say("doctor.daemon.safe_do"))
    return topic.ok(say("doctor.daemon.runs", who=found.holder, url=found.url))


def _other_faults(site: Site, snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    devices = {row["id"] for kind in ("scales", "cameras") for row in snapshot[kind]}
    for fault in snapshot["faults"]:
        if fault["device"] not in devices:
            yield site.topic("part", fault["device"]).fail(
                site.say("doctor.daemon.fault", why=fault["why"], since=fault["since"]),
                site.say("doctor.daemon.fault_do"),
            )


def devices(site: Site, found: Daemon, kind: str) -> Iterator[Finding]:
    """The scales or cameras as the daemon has them; `kind` is `scales` or `cameras`."""
    one = kind.removesuffix("s")
    for device in getattr(site.config, kind):
        topic = site.topic(one, device.id)
        rows = (found.snapshot or {}).get(kind, ())
        row = next((row for row in rows if row["id"] == device.id), None)
        if row is None:
            yield topic.skip(site.say("doctor.daemon.has_it"))
        elif row["is_ok"]:
            yield topic.ok(_well(site, row))
        else:
            what, command = taken_apart(row["text"])
            step = command or site.say(f"doctor.{one}.fault_do", id=device.id)
            yield topic.fail(site.say("doctor.daemon.ill", why=what), step)


def _well(site: Site, row: Mapping[str, Any]) -> str:
    grams = row.get("grams")
    figures = "" if grams is None else f"{grams:,.0f} g, "
    return site.say("doctor.daemon.well", measured=f"{figures}{row['text']}")


def port(site: Site, found: Daemon | None) -> Iterator[Finding]:
    """Can the pages have their address? The running daemon has it already."""
    topic, say, web = site.topic("web"), site.say, site.config.web
    address = f"http://{web.host}:{web.port}"
    if found is not None:
        said = say("doctor.web.daemon", address=found.url) if found.url else say("doctor.web.held")
        yield topic.ok(said) if found.url else topic.skip(said)
        return
    try:
        _bind(web.host, web.port)
    except OSError as error:
        kind = _cause(error, address)
        why = error.strerror or str(error)
        yield topic.fail(
            say(f"doctor.web.{kind}", address=address, why=why), say(f"doctor.web.{kind}_do")
        )
    else:
        yield topic.ok(say("doctor.web.free", address=address))


def _cause(error: OSError, address: str) -> str:
    if error.errno != errno.EADDRINUSE:
        return "reserved" if error.errno == errno.EACCES else "impossible"
    try:
        return "ours" if "status" in _get(f"{address}/healthz") else "taken"
    except (OSError, ValueError, HTTPException):
        return "taken"


def _bind(host: str, number: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(address)
        tried.listen(1)
