"""`storeguard doctor`: every check in order, each with its deadline, none in the others' way."""

import functools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from storeguard import config as cfg
from storeguard.clock import Clock, SystemClock
from storeguard.devices.machine import Machine
from storeguard.errors import ConfigInvalid, StoreguardError, masked
from storeguard.messages import text
from storeguard.upkeep.checks import (
    board,
    channels,
    cloud,
    eyes,
    running,
    sensors,
    shop,
    storage,
    time_of_day,
)
from storeguard.upkeep.checks.finding import Check, Finding, Say, Site

Look = Callable[[Site], Iterator[Finding]]


def site_of(path: Path, machine: Machine | None = None, clock: Clock | None = None) -> Site:
    """The installation of that configuration file; raises ConfigInvalid with all its problems."""
    config = cfg.load(path)
    folders = cfg.Folders.of(config, path.parent)
    problems = shop.problems(config, folders)
    if problems:
        raise ConfigInvalid(str(path), problems)
    return Site(
        config,
        path.parent,
        folders,
        machine or Machine(),
        clock or SystemClock(),
        functools.partial(text, config.store.language),
    )


def checks_of(site: Site) -> tuple[Check, ...]:
    """In the order in which they are said: what the rest stands on comes first."""
    found = running.find_daemon(site)
    cloud_s = cloud.CLOUD_WITHIN_S
    return (
        _check(site, "config", shop.configuration),
        _check(site, "inventory", shop.inventory),
        _check(site, "sign", shop.sign),
        _check(site, "view", shop.view),
        _check(site, "daemon", functools.partial(running.daemon, found=found)),
        _check(site, "board", board.board),
        _check(site, "power", board.power),
        _check(site, "temperature", board.temperature),
        _check(site, "memory", board.memory),
        _check(site, "clock", time_of_day.time_of_day),
        _check(site, "disk", storage.room),
        _check(site, "marks", storage.owner),
        *(_folder(site, name) for name in storage.FOLDERS),
        *_devices(site, found),
        _check(site, "network", eyes.network, 10.0),
        *_budget(site, found),
        *_detector(site, found),
        _check(site, "web", functools.partial(running.port, found=found)),
        _check(site, "secrets", storage.secrets),
        _check(site, "credentials", cloud.credentials, cloud_s),
        _check(site, "bucket", cloud.bucket, cloud_s),
        _check(site, "notices", cloud.notices),
        *(_channel(site, one.id) for one in site.config.notices.channels),
    )


def _check(site: Site, name: str, look: Look, deadline_s: float = 5.0) -> Check:
    return Check((site.topic(name),), functools.partial(look, site), deadline_s)


def _folder(site: Site, name: str) -> Check:
    look = functools.partial(storage.folder, site, name)
    return Check((site.topic("folder", name),), look, storage.WRITE_WITHIN_S)


def _channel(site: Site, channel_id: str) -> Check:
    look = functools.partial(channels.channel, site, channel_id)
    return Check((site.topic("channel", channel_id),), look, channels.CHANNELS_WITHIN_S)


def _devices(site: Site, found: running.Daemon | None) -> Iterator[Check]:
    """Asked of the daemon that has them open, or opened here."""
    for kind, look, within_s in (
        ("scales", sensors.scales, sensors.SCALES_WITHIN_S),
        ("cameras", sensors.cameras, sensors.CAMERAS_WITHIN_S),
    ):
        topics = tuple(
            site.topic(kind.removesuffix("s"), one.id) for one in getattr(site.config, kind)
        )
        if not topics:
            continue
        if found is None:
            yield Check(topics, functools.partial(look, site), within_s)
        else:
            yield Check(topics, functools.partial(running.devices, site, found, kind))


def _budget(site: Site, found: running.Daemon | None) -> Iterator[Check]:
    """Said with the noise that was heard, where the scales could be opened."""
    if found is not None:
        yield _check(site, "budget", shop.budget)


def _detector(site: Site, found: running.Daemon | None) -> Iterator[Check]:
    """Loaded once only: a second one beside the daemon's may not fit into a small Pi."""
    if found is None:
        yield _check(site, "detector", eyes.detector, eyes.DETECTOR_WITHIN_S)


class Examination:
    """Runs the checks one after the other. `has_leftovers`: one of them still hangs somewhere."""

    def __init__(self, checks: Iterable[Check], clock: Clock, say: Say) -> None:
        self._checks = tuple(checks)
        self._clock = clock
        self._say = say
        self.has_leftovers = False

    def findings(self, on_start: Callable[[Check], None] = lambda _: None) -> Iterator[Finding]:
        """As they come. A bug in a check is raised once the others have had their turn."""
        bugs: list[BaseException] = []
        for check in self._checks:
            on_start(check)
            yield from self._findings_of(check, bugs)
        if bugs:
            raise bugs[0]

    def _findings_of(self, check: Check, bugs: list[BaseException]) -> Iterator[Finding]:
        said = _begin(check)
        spoken: set[str] = set()
        give_up_s = self._clock.now_s() + check.deadline_s
        while True:
            try:
                one = said.get(timeout=max(0.0, give_up_s - self._clock.now_s()))
            except queue.Empty:
                self.has_leftovers = True
                yield from self._unheard(check, spoken, "doctor.overdue", f"{check.deadline_s:g}")
                return
            if one is None:
                return
            if isinstance(one, Finding):
                spoken.add(one.check)
                yield one
            elif isinstance(one, (StoreguardError, OSError)):
                yield from self._unheard(check, spoken, "doctor.error", masked(_one_line(one)))
            else:
                bugs.append(one)
                yield from self._unheard(check, spoken, "doctor.bug", repr(one))

    def _unheard(self, check: Check, spoken: set[str], key: str, what: str) -> Iterator[Finding]:
        """A line for each topic of which nothing has been said, or one for the check."""
        missing = [topic for topic in check.topics if topic.check not in spoken]
        for topic in missing or check.topics[:1]:
            yield topic.fail(self._say(key, what=what), self._say(f"{key}_do"))


def _begin(check: Check) -> "queue.Queue[Finding | BaseException | None]":
    """Looks in a thread of its own; None comes last."""
    said: queue.Queue[Finding | BaseException | None] = queue.Queue()
    # Daemon: what hangs in a driver or on a dying card must not keep the process.
    threading.Thread(target=_look, args=(check, said), name="doctor", daemon=True).start()
    return said


def _look(check: Check, said: "queue.Queue[Finding | BaseException | None]") -> None:
    try:
        for finding in check.look():
            said.put(finding)
    except BaseException as error:  # noqa: BLE001 - handed to whoever listens, as an executor does
        said.put(error)
    said.put(None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
