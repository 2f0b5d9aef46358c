"""The clock of a machine that has no battery for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.devices.machine import Machine
from storeguard.upkeep.checks.finding import Finding, Site

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""No storeguard is older: a clock before it was never set."""
LATEST_YEARS = 20
SLACK = timedelta(minutes=1)


def time_of_day(site: Site) -> Iterator[Finding]:
    """Synchronised, and plausible beside what has been written here before."""
    topic, say, now = site.topic("clock"), site.say, site.clock.utc()
    zone = site.config.store.timezone
    shown = f"{now.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"
    newest = _newest(site)
    if not EARLIEST <= now < EARLIEST + timedelta(days=365 * LATEST_YEARS):
        yield topic.fail(say("doctor.clock.absurd", now=shown), say("doctor.clock.do"))
    elif newest is not None and newest > now + SLACK:
        last = f"{newest.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
        yield topic.fail(say("doctor.clock.behind", now=shown, last=last), say("doctor.clock.do"))
    elif is_synced(site.machine) is False:
        yield topic.warn(say("doctor.clock.unsynced", now=shown), say("doctor.clock.do"))
    elif is_synced(site.machine) is None:
        yield topic.ok(say("doctor.clock.untold", now=shown))
    else:
        yield topic.ok(say("doctor.clock.synced", now=shown))


def is_synced(machine: Machine) -> bool | None:
    """As systemd-timesyncd says; None on a machine without systemd, where nobody says."""
    if machine.has("run/systemd/timesync/synchronized"):
        return True
    return False if machine.has("run/systemd/system") else None


def _newest(site: Site) -> datetime | None:
    """When something of storeguard was last written here."""
    folders = (site.folders.state, site.folders.issue_data)
    times = [t for folder in folders for file in _listed(folder) if (t := _written(file))]
    return max(times, default=None)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _written(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
