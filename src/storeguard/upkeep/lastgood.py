"""The last configuration with which everything ran well, for the day when the file is broken."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storeguard import config as cfg
from storeguard import durable
from storeguard.errors import ConfigInvalid

NAME = "config.last-good.yaml"


@dataclass(frozen=True, slots=True)
class Choice:
    """`config` is None where none can be used; `invalid`: what is wrong with the owner's file."""

    config: cfg.Config | None
    text: str = ""
    invalid: ConfigInvalid | None = None


def choose(path: Path, state: Path) -> Choice:
    """The owner's configuration, or the last good one while his cannot be used. Blocks."""
    try:
        config = _usable(path, path.parent)
    except ConfigInvalid as invalid:
        return Choice(_last_good(state / NAME, path.parent), invalid=invalid)
    return Choice(config, _text_of(path, config))


def _usable(path: Path, base: Path) -> cfg.Config:
    config = cfg.load(path)
    from storeguard.checking import refuse_unusable  # after the cheap reasons to refuse

    refuse_unusable(config, path, base)
    return config


def _last_good(kept: Path, base: Path) -> cfg.Config | None:
    try:
        return _usable(kept, base)
    except ConfigInvalid:
        return None


def _text_of(path: Path, config: cfg.Config) -> str:
    """The file's text; empty where it has changed since `config` was read from it."""
    with suppress(OSError, UnicodeDecodeError, ConfigInvalid):
        text = path.read_text(encoding="utf-8-sig")
        if cfg.parse(text, str(path)) == config:
            return text
    return ""


def keep(text: str, state: Path) -> None:
    """Remembers a configuration that has proven good; a disk that refuses costs nothing now."""
    kept = state / NAME
    with suppress(OSError):
        is_known = kept.exists() and kept.read_bytes() == text.encode()
        if text and not is_known:
            durable.publish(kept, text.encode())


def is_usable(path: Path) -> bool:
    """Could a start use the owner's file as it is now? Blocks."""
    try:
        _usable(path, path.parent)
    except ConfigInvalid:
        return False
    return True
