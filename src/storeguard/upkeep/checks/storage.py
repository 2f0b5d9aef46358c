"""Disks and folders: room in hours of recording, and a real write, because access() lies."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from storeguard import durable, marker
from storeguard.errors import ForeignFolder
from storeguard.outbox.diskspace import CLIP_BYTES_A_SECOND
from storeguard.upkeep.checks.finding import Finding, Site, Topic, taken_apart

FOLDERS = ("inventory", "record", "issue_data", "state")

WARN_BELOW_H, FAIL_BELOW_H = 1.0, 0.1
LEAST_FREE_BYTES = 64 << 20
LEAST_INODES = 1000

PROBE_BYTES = 64 << 10
SLOW_WRITE_S = 2.0
WRITE_WITHIN_S = 10.0

CAUSES = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EIO: "broken",
}


def room(site: Site) -> Iterator[Finding]:
    """A line for each file system that the four folders lie on."""
    disks: dict[int, list[str]] = {}
    for name in FOLDERS:
        place = existing(getattr(site.folders, name))
        disks.setdefault(place.stat().st_dev, []).append(name)
    for names in disks.values():
        yield _room(site, names, existing(getattr(site.folders, names[0])))


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _room(site: Site, names: list[str], place: Path) -> Finding:
    topic, say, disk = site.topic("disk"), site.say, os.statvfs(place)
    free = disk.f_bavail * disk.f_frsize
    hours = free / bytes_per_hour(site)
    measured = say(
        "doctor.disk.free", free=gigabytes(free), hours=_spoken(hours), folders=", ".join(names)
    )
    if disk.f_files > 0 and disk.f_favail < LEAST_INODES:
        return topic.fail(say("doctor.disk.no_inodes", count=disk.f_favail), say("doctor.disk.do"))
    if free < LEAST_FREE_BYTES or hours < FAIL_BELOW_H:
        return topic.fail(measured, say("doctor.disk.do"))
    return (
        topic.warn(measured, say("doctor.disk.do")) if hours < WARN_BELOW_H else topic.ok(measured)
    )


def bytes_per_hour(site: Site) -> int:
    """What all cameras together record in an hour of visits, by the measure of the cleaner."""
    return 3600 * CLIP_BYTES_A_SECOND * max(1, len(site.config.cameras))


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _spoken(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 10 else f"{hours:.1f}"


def folder(site: Site, name: str) -> Iterator[Finding]:
    """Writes as the daemon does, and takes the file away again; makes no folder."""
    topic, say, path = site.topic("folder", name), site.say, getattr(site.folders, name)
    place = existing(path)
    if not place.is_dir():
        yield topic.fail(say("doctor.folder.file", path=place), say("doctor.folder.file_do"))
        return
    try:
        took_s = _write(site, place)
    except OSError as error:
        yield _refused(topic, site, place, error)
        return
    measured = say("doctor.folder.written", ms=f"{took_s * 1000:.0f}")
    if place != path:
        measured = say("doctor.folder.new", folder=place, ms=f"{took_s * 1000:.0f}")
    slow = took_s >= SLOW_WRITE_S
    yield topic.warn(measured, say("doctor.folder.slow_do")) if slow else topic.ok(measured)


def _write(site: Site, place: Path) -> float:
    """Seconds of one durable write."""
    # A name that the daemon sweeps at its start, should this be killed half-way.
    probe = durable.temporary_beside(place / "doctor")
    began_s = site.clock.now_s()
    try:
        durable.publish(probe, os.urandom(PROBE_BYTES))
        return site.clock.now_s() - began_s
    finally:
        probe.unlink(missing_ok=True)


def _refused(topic: Topic, site: Site, place: Path, error: OSError) -> Finding:
    cause = CAUSES.get(error.errno or 0, "other")
    why = error.strerror or str(error)
    return topic.fail(
        site.say(f"doctor.folder.{cause}", path=place, why=why),
        site.say(f"doctor.folder.{cause}_do"),
    )


def owner(site: Site) -> Iterator[Finding]:
    """Whose folders they are: a disk that is not mounted, or another store's, is refused."""
    topic, say, store = site.topic("marks"), site.say, site.config.store.id
    try:
        marker.check(site.folders, store)
        is_marked = marker.store_of(site.folders.state) is not None
    except ForeignFolder as fault:
        yield topic.fail(taken_apart(str(fault))[0], say("doctor.marks.do", file=marker.MARKER))
        return
    said = say("doctor.marks.ours" if is_marked else "doctor.marks.none", store=store)
    yield topic.ok(said) if is_marked else topic.skip(said)


def secrets(site: Site) -> Iterator[Finding]:
    """Key files that somebody else on this machine could read."""
    topic, say = site.topic("secrets"), site.say
    found = [path for path in secret_files(site) if path.is_file()]
    open_ones = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        names = _names(open_ones)
        yield topic.fail(
            say("doctor.secrets.open", files=names), say("doctor.secrets.do", files=names)
        )
    elif found:
        yield topic.ok(say("doctor.secrets.closed", files=_names(found)))
    else:
        yield topic.skip(say("doctor.secrets.none"))


def secret_files(site: Site) -> tuple[Path, ...]:
    """Where keys lie: AWS's own file, and what the service's unit reads."""
    environ = site.machine.environ
    home = Path(environ.get("HOME", "/root"))
    named = environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials"
    return (Path(named), *site.machine.files("etc/storeguard/*.env"))


def _names(paths: Iterable[Path]) -> str:
    return " ".join(map(str, paths))
