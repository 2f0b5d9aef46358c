"""The notices as commands see them: on the running daemon's disk, or tried on the spot."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.clock import SystemClock
from storeguard.config import Config, Folders
from storeguard.domain.telling import Kind, wants
from storeguard.errors import ChannelFault, ChannelRefused, MissingExtra, OutboxFault
from storeguard.messages import text
from storeguard.notify.opening import open_channel
from storeguard.outbox.noticebox import NOTICES, NoticeBox
from storeguard.ports import Letter


def try_channels(
    config: Config, environment: Mapping[str, str], only: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Sends a test on each channel, and says how it went. Raises ChannelRefused for none."""
    known = [one.id for one in config.notices.channels]
    unknown = [one for one in only if one not in known]
    if unknown or not known:
        what = f"no channel '{unknown[0]}'" if unknown else "no channel is configured"
        raise ChannelRefused(f"notices.channels: {what}; known: {', '.join(known) or 'none'}")
    language = config.store.language
    said = text(language, "notice.test")
    subject = text(language, "notice.subject", store=config.store.name, said=said)
    now = SystemClock().utc()
    letter = Letter(f"try-{now:%Y%m%dT%H%M%S.%f}", subject, said)
    for channel_id in known:
        if not only or channel_id in only:
            yield _try(channel_id, environment, letter)


def _try(channel_id: str, environment: Mapping[str, str], letter: Letter) -> dict[str, Any]:
    try:
        open_channel(channel_id, environment).send(letter)
    except (ChannelFault, MissingExtra) as fault:
        return {"channel": channel_id, "sent": False, "why": str(fault)}
    return {"channel": channel_id, "sent": True}


def told(config: Config, base: Path) -> Iterator[dict[str, Any]]:
    """Every notice that is kept, oldest first, with its state on each channel that wants it."""
    box, zone = _box(config, base), ZoneInfo(config.store.timezone)
    for notice in box.notices():
        ways = [w for w in config.notices.channels if wants(w.tells, w.to, notice)]
        legs = {way.id: box.leg(notice.id, way.id) for way in ways}
        yield {
            "id": notice.id,
            "kind": notice.kind.value,
            "at": f"{notice.made_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "subject": notice.subject,
            "channels": {
                way: {"phase": leg.phase.value, "tries": leg.tries, "why": leg.why}
                for way, leg in legs.items()
            },
            "acknowledged": box.acknowledged(notice.id) is not None,
        }


def acknowledge(config: Config, base: Path, notice_id: str | None) -> str:
    """The id that was acknowledged. Raises OutboxFault where there is no such notice."""
    box = _box(config, base)
    tests = [notice.id for notice in box.notices() if notice.kind is Kind.TEST]
    wanted = notice_id or next(reversed(tests), None)
    if wanted is None:
        raise OutboxFault("there has been no test notice yet; one comes on Monday at 10")
    if not box.acknowledge(wanted, "command", SystemClock().utc()):
        raise OutboxFault(f"there is no notice '{wanted}'; see: storeguard notify list")
    return wanted


def _box(config: Config, base: Path) -> NoticeBox:
    return NoticeBox(Folders.of(config, base).state / NOTICES)
