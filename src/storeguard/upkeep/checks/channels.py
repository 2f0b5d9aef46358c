"""The owner's own channels: has each an address, and the package that it needs? Nothing is sent."""

from collections.abc import Iterator

from storeguard.errors import ChannelRefused, MissingExtra
from storeguard.notify.apprise import AppriseChannel
from storeguard.notify.opening import open_channel, variable_of
from storeguard.upkeep.checks.finding import Finding, Site, taken_apart

CHANNELS_WITHIN_S = 15.0
"""Apprise knows a hundred services, and a Pi reads them all."""


def channel(site: Site, channel_id: str) -> Iterator[Finding]:
    """Its address is a secret: the line names the variable only."""
    topic, say, environ = site.topic("channel", channel_id), site.say, site.machine.environ
    name = variable_of(channel_id)
    if not environ.get(name, "").strip():
        yield topic.fail(
            say("doctor.channel.unset", name=name), say("doctor.channel.unset_do", name=name)
        )
        return
    try:
        _look(site, channel_id)
    except MissingExtra as missing:
        package_do = taken_apart(str(missing))[1]
        yield topic.fail(say("doctor.channel.package"), package_do)
    except ChannelRefused as refused:
        why = taken_apart(str(refused))[0]
        do = say("doctor.channel.address_do", name=name)
        yield topic.fail(say("doctor.channel.address", why=why), do)
    else:
        yield topic.ok(say("doctor.channel.ok", name=name))


def _look(site: Site, channel_id: str) -> None:
    """Raises ChannelRefused, MissingExtra."""
    made = open_channel(channel_id, site.machine.environ)
    if isinstance(made, AppriseChannel):
        if not site.machine.has_package("apprise"):
            raise MissingExtra(f"channel '{channel_id}'", "apprise", "notify")
        made.check()
