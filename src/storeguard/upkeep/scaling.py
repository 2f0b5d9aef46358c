"""`scale list|read|diagnose`: what they do; `cli/scale.py` prints it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from storeguard import config as cfg
from storeguard.domain.diagnosis import Diagnosis, diagnose
from storeguard.domain.rounding import estimate_change
from storeguard.domain.scalerules import SATURATED, Reading, band_g
from storeguard.domain.series import rms
from storeguard.upkeep.scales import Device, Shop, WaitingClock, collected

SPREAD_OVER_S = 2.0


# --- list ------------------------------------------------------------------------------------


def scale_rows(shop: Shop) -> Iterator[dict[str, Any]]:
    """One object a scale, in the order of the configuration."""
    for scale in shop.config.scales:
        products = shop.products.get(scale.id, ())
        names = list(scale.products) or [product.name for product in products]
        yield {
            "id": scale.id,
            "backend": scale.backend,
            "dout_pin": scale.dout_pin,
            "sck_pin": scale.sck_pin,
            "products": names,
            "calibration": _calibration_row(shop, scale),
        }


def _calibration_row(shop: Shop, scale: cfg.Scale) -> dict[str, Any] | None:
    found, calibration = shop.in_force(scale), shop.calibration(scale)
    if calibration is None:
        return None
    row: dict[str, Any] = calibration.model_dump()
    if found is None or found.source == "config":
        return row | {"from": "config" if found else "sim"}
    own = shop.kept[scale.id]
    made = {"made_at": own.made_at.isoformat(), "how": own.how, "error_percent": own.error_percent}
    return row | {"from": "state"} | made


# --- read ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What one scale shows now. `spread_*`: rms over the last seconds; `why` it shows nothing."""

    scale: str
    t_s: float
    raw: int | None
    grams: float | None
    spread_counts: float
    spread_g: float | None
    product: str | None
    count: int | None
    is_certain: bool
    why: str

    def as_json(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


class LiveScale:
    """Turns the readings of one scale into what a person looks at."""

    def __init__(self, shop: Shop, device: Device, started_s: float) -> None:
        self._scale = device.settings
        self._calibration = shop.calibration(device.settings)
        self._zero_g = shop.zero_g(device.settings)
        self._product = shop.product(device.id)
        self._started_s = started_s
        self._recent: list[tuple[float, int]] = []
        self.good = 0

    def take(self, reading: Reading) -> Shown:
        """The next reading, shown."""
        raw = None if reading.raw in SATURATED else reading.raw
        why = reading.why or ("" if raw is not None else f"saturated (raw {reading.raw})")
        if raw is not None:
            self.good += 1
            since_s = reading.t_s - SPREAD_OVER_S
            self._recent = [(t, r) for t, r in self._recent if t > since_s] + [(reading.t_s, raw)]
        spread = rms([r for _, r in self._recent])
        grams = self._grams(raw)
        count, is_certain = self._count(grams)
        return Shown(
            self._scale.id,
            reading.t_s - self._started_s,
            raw,
            grams,
            spread,
            self._in_grams(spread),
            self._product.name if self._product else None,
            count,
            is_certain,
            why,
        )

    def _grams(self, raw: int | None) -> float | None:
        """Net of the zero that the daemon remembers, so that both count the same."""
        if raw is None or self._calibration is None:
            return None
        gross_g = (raw - self._calibration.tare_raw) / self._calibration.counts_per_g
        return gross_g - self._zero_g

    def _in_grams(self, counts: float) -> float | None:
        return counts / abs(self._calibration.counts_per_g) if self._calibration else None

    def _count(self, grams: float | None) -> tuple[int | None, bool]:
        product = self._product
        if grams is None or product is None or not product.is_weighable:
            return None, False
        band = band_g(self._scale.capacity_g, product.unit_weight_g)
        found = estimate_change(grams, product, band)
        return max(0, found.change), found.is_certain and found.change >= 0


# --- diagnose --------------------------------------------------------------------------------


def run_diagnosis(shop: Shop, device: Device, clock: WaitingClock, for_s: float) -> Diagnosis:
    """Reads for the time, from the first word on, and judges what came."""
    return diagnose(collected(device, clock, for_s), shop.cell(device.settings))


def diagnosis_json(scale_id: str, found: Diagnosis) -> dict[str, Any]:
    """One object; grams are null without a calibration."""
    figures = {name: rounded(value) for name, value in asdict(found).items()}
    return {"scale": scale_id, "ok": found.is_sound} | figures | {"findings": list(found.findings)}


def rounded(value: Any) -> Any:
    """Figures as JSON has them."""
    return round(value, 4) if isinstance(value, float) else value
