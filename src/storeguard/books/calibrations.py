"""`state/calibrations.json`: what `scale tare` and `scale calibrate` have found. Blocks.

It has no generation before it and no default: an older zero or a guessed one would count
nonsense, so a damaged file is an error that a person has to see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from storeguard import config as cfg
from storeguard import durable
from storeguard.errors import CalibrationDamaged, StoreguardError

CALIBRATIONS = "calibrations.json"
"""In the state folder."""

VERSION = 1
LARGEST_BYTES = 256 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Kept(_Part):
    """One scale's. `configured` is what the configuration said when it was made."""

    tare_raw: int
    counts_per_g: float
    gain: Literal[128, 64, 32]
    made_at: AwareDatetime
    how: str
    error_percent: float | None = None
    zero_return_g: float | None = None
    configured: cfg.Calibration | None = None

    @property
    def calibration(self) -> cfg.Calibration:
        return cfg.Calibration(tare_raw=self.tare_raw, counts_per_g=self.counts_per_g)


class _File(_Part):
    version: int = Field(ge=1)
    scales: dict[str, Kept]


class _Version(BaseModel):
    version: int = 0


Source = Literal["state", "config"]


@dataclass(frozen=True, slots=True)
class InForce:
    """The calibration that counts, and where it is from."""

    calibration: cfg.Calibration
    source: Source


def in_force(scale: cfg.Scale, kept: Mapping[str, Kept]) -> InForce | None:
    """What was done last: the command, unless the configuration has been edited since.

    None where there is neither.
    """
    own = kept.get(scale.id)
    if own is not None and scale.calibration in (None, own.configured):
        return InForce(own.calibration, "state")
    if scale.calibration is not None:
        return InForce(scale.calibration, "config")
    return None


def other_gain(scale: cfg.Scale, kept: Mapping[str, Kept]) -> int | None:
    """The gain that the calibration in force was made with, if that is another one now."""
    found, own = in_force(scale, kept), kept.get(scale.id)
    if found is None or own is None or found.source != "state":
        return None
    return own.gain if own.gain != scale.gain else None


def overruled(scales: Iterable[cfg.Scale], kept: Mapping[str, Kept]) -> Iterator[str]:
    """A line for each scale whose two calibrations differ."""
    for scale in scales:
        own, found = kept.get(scale.id), in_force(scale, kept)
        if own is None or scale.calibration is None or found is None:
            continue
        if own.calibration != scale.calibration:
            wins, why = (
                (f"'{own.how}' of {own.made_at:%Y-%m-%d}", "it is newer than config.yaml's entry")
                if found.source == "state"
                else ("config.yaml's entry", f"it was edited after '{own.how}'")
            )
            yield f"scale '{scale.id}': the calibration in force is {wins}: {why}"


class CalibrationFile:
    """Reads and publishes the whole file."""

    def __init__(self, state: Path) -> None:
        self.path = state / CALIBRATIONS

    def load(self) -> Mapping[str, Kept]:
        """By scale id; empty where no command has run. Raises CalibrationDamaged."""
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise CalibrationDamaged(
                f"{self.path}: cannot be read: {error.strerror}; check the disk and the rights of "
                "this user"
            ) from error
        return self._parsed(content)

    def keep(self, scale_id: str, made: Kept) -> None:
        """Durable when it returns. Raises CalibrationDamaged, StoreguardError."""
        file = _File(version=VERSION, scales={**self.load(), scale_id: made})
        try:
            durable.publish(self.path, file.model_dump_json(indent=1).encode() + b"\n")
        except OSError as error:
            raise StoreguardError(
                f"{self.path}: cannot be written: {error.strerror}; check the disk's space and "
                "the rights here; nothing was kept"
            ) from error

    def _parsed(self, content: bytes) -> Mapping[str, Kept]:
        try:
            if len(content) > LARGEST_BYTES:
                raise self._damaged(f"over {LARGEST_BYTES} bytes")
            version = _Version.model_validate_json(content).version
            if version > VERSION:
                raise CalibrationDamaged(
                    f"{self.path}: is of version {version}, expected up to {VERSION}: a newer "
                    "storeguard has written it; install that one again"
                )
            return _File.model_validate_json(content).scales
        except ValidationError as error:
            raise self._damaged(_first(error)) from error

    def _damaged(self, why: str) -> CalibrationDamaged:
        return CalibrationDamaged(
            f"{self.path}: is damaged: {why}; restore it from a backup, or remove it and calibrate "
            "every scale: storeguard scale calibrate ID"
        )


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
