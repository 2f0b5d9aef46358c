"""Which channel an address means. Addresses are secrets: they come from the environment only."""

from collections.abc import Mapping

from storeguard.errors import ChannelRefused
from storeguard.notify.apprise import AppriseChannel
from storeguard.notify.solapi import SolapiChannel
from storeguard.ports import Channel

PREFIX = "STOREGUARD_CHANNEL_"


def variable_of(channel_id: str) -> str:
    """`family-mail` → `STOREGUARD_CHANNEL_FAMILY_MAIL`."""
    return PREFIX + channel_id.upper().replace("-", "_")


def open_channel(channel_id: str, environment: Mapping[str, str]) -> Channel:
    """Nothing is sent yet. Raises ChannelRefused where the address is missing or none."""
    name = variable_of(channel_id)
    url = environment.get(name, "").strip()
    if not url:
        raise ChannelRefused(
            f"channel '{channel_id}': the environment variable {name} is not set; put its "
            "address there, for example mailtos://user:password@gmail.com"
        )
    if url.startswith("solapi://"):
        return SolapiChannel(channel_id, url)
    return AppriseChannel(channel_id, url)
