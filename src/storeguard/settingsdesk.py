"""The owner's settings from the page: checked like the file, written into it, in force if they can.

Implements web.desks.SettingsDesk.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storeguard.app import Store
from storeguard.assembling import threshold
from storeguard.config import Config
from storeguard.configfile import ConfigFile
from storeguard.document import Location
from storeguard.errors import ConfigInvalid, StoreguardError
from storeguard.messages import text
from storeguard.upkeep.leaving import Restart
from storeguard.web.desks import Law, Refused, Setting, SettingKind


@dataclass(frozen=True, slots=True)
class Known:
    """A setting that is safe to change while everything runs."""

    key: str
    kind: SettingKind = "number"
    choices: tuple[str, ...] = ()


ON_OFF = ("true", "false")
KNOWN: tuple[Known, ...] = (
    Known("store.name", "text"),
    Known("store.language", "choice", ("ko", "en")),
    Known("kiosk.oversell", "choice", ("allow", "refuse")),
    Known("visits.payment_grace_s"),
    Known("visits.empty_for_s"),
    Known("notices.min_won"),
    Known("notices.quiet_hours", "hours"),
    Known("notices.escalate_after_min"),
    Known("notices.text_only", "switch", ON_OFF),
    Known("tamper.dwell_s"),
    Known("retention.clips_days"),
    Known("retention.issues_days"),
    Known("law.manager", "text"),
    Known("law.phone", "text"),
)


def _apply_oversell(store: Store) -> None:
    store.desk.oversell = store.config.kiosk.oversell


def _apply_threshold(store: Store) -> None:
    store.noticing.threshold = threshold(store.config)


def _nothing(_store: Store) -> None:
    """Whoever needs it asks the configuration each time."""


LIVE: Mapping[str, Callable[[Store], None]] = {
    "kiosk.oversell": _apply_oversell,
    "notices.min_won": _apply_threshold,
    "law.manager": _nothing,
    "law.phone": _nothing,
}
"""What is in force at once; the rest runs through too many hands and waits for a restart."""


class SettingsDesk:
    def __init__(self, store: Store, file: ConfigFile, restart: Restart) -> None:
        self._store = store
        self._file = file
        self._restart = restart

    @property
    def law(self) -> Law:
        return law_of(self._store.config)

    def settings(self) -> Sequence[Setting]:
        config = self._in_file()
        return [
            Setting(one.key, one.kind, _shown(_of(config, one.key)), one.choices, one.key in LIVE)
            for one in KNOWN
        ]

    def _in_file(self) -> Config:
        try:
            return self._file.load()
        except ConfigInvalid:
            return self._store.config

    def is_waiting(self) -> bool:
        return self._in_file() != self._store.config

    async def save(self, typed: Mapping[str, str]) -> Sequence[Refused]:
        known = {one.key: one for one in KNOWN if one.key in typed}
        try:
            config = await asyncio.to_thread(self._change, known, typed)
        except ConfigInvalid as invalid:
            return [self._refused(problem, typed) for problem in invalid.problems]
        except StoreguardError as fault:
            return [Refused("", str(fault))]
        self._store.config = taken_over(self._store.config, config, LIVE)
        for apply in dict.fromkeys(LIVE.values()):
            apply(self._store)
        return ()

    def _change(self, known: Mapping[str, Known], typed: Mapping[str, str]) -> Config:
        now = self._file.load()
        values = {key: _read(one, typed[key]) for key, one in known.items()}
        changed: dict[Location, Any] = {
            tuple(key.split(".")): value
            for key, value in values.items()
            if _shown(_of(now, key)) != _shown(value)
        }
        return self._file.change(changed)

    def _refused(self, problem: str, typed: Mapping[str, str]) -> Refused:
        """In the owner's words, where it is about one of these; the file's own trouble as it is."""
        key = next((key for key in typed if re.search(rf"\b{re.escape(key)}\b", problem)), None)
        if key is None:
            return Refused("", problem)
        language = self._store.config.store.language
        name, expected = text(language, f"set.{key}"), text(language, f"set.{key}.help")
        return Refused(
            key, text(language, "set.wrong", name=name, value=typed[key], expected=expected)
        )

    def restart(self) -> bool:
        return self._restart.ask()


def law_of(config: Config) -> Law:
    """What the sign and the policy say; kept is what is kept longest."""
    kept_days = max(config.retention.issues_days, config.retention.clips_days)
    return Law(
        config.store.name,
        tuple(camera.id for camera in config.cameras),
        round(kept_days),
        config.law.manager,
        config.law.phone,
        config.upload.bucket is not None,
        config.upload.region,
    )


def taken_over(config: Config, other: Config, keys: Mapping[str, Any]) -> Config:
    """`config` with these values of the other one."""
    for key in keys:
        section, name = key.split(".")
        new = getattr(config, section).model_copy(update={name: _of(other, key)})
        config = config.model_copy(update={section: new})
    return config


def _of(config: Config, key: str) -> Any:
    section, name = key.split(".")
    return getattr(getattr(config, section), name)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return " ".join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _read(known: Known, typed: str) -> Any:
    """What was typed, as the file has it; what is no number stays as it is and is refused there."""
    typed = typed.strip()
    if known.kind == "switch":
        return typed == "true"
    if known.kind == "hours":
        return typed.split() or None
    if known.kind != "number":
        return typed
    bare = typed.replace(",", "")
    if re.fullmatch(r"-?\d{1,12}", bare):
        return int(bare)
    return float(bare) if re.fullmatch(r"-?\d{1,12}\.\d{1,6}", bare) else (typed or None)
