"""`channels.env` beside config.yaml: addresses that the owner has typed on a page.

They are secrets: a file of our own user's, in no backup and on no page. What the environment of
the service says is stronger.
"""

from collections.abc import Mapping, MutableMapping
from pathlib import Path

from storeguard import durable
from storeguard.notify.opening import PREFIX, variable_of

NAME = "channels.env"
ONLY_US = 0o600


def kept(base: Path) -> dict[str, str]:
    """Variable → address. Blocks; a file that cannot be read says nothing."""
    try:
        lines = (base / NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name: url for name, _, url in pairs if name.startswith(PREFIX) and url}


def keep(base: Path, channel_id: str, url: str) -> None:
    """Durable when it returns. Raises OSError."""
    known = {**kept(base), variable_of(channel_id): url}
    text = "".join(f"{name}={one}\n" for name, one in known.items())
    durable.publish(base / NAME, text.encode(), mode=ONLY_US)


def add_to(environment: MutableMapping[str, str], base: Path) -> None:
    """What the environment does not name itself."""
    known: Mapping[str, str] = kept(base)
    for name, url in known.items():
        environment.setdefault(name, url)
