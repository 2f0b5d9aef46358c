"""`scale tare|calibrate`: what they do; `cli/scale.py` prints it.

A new zero or calibration drops what the daemon remembers of that scale's zero: it belonged to
the old one.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from storeguard.books.calibrations import CalibrationFile, Kept
from storeguard.books.records import DriftFile, ZeroFile
from storeguard.domain.calibration import (
    Calibrated,
    Level,
    Load,
    Refusal,
    Refused,
    calibrate,
    unfit,
)
from storeguard.domain.product import Product
from storeguard.domain.scalerules import band_g
from storeguard.errors import CalibrationRefused, StoreguardError
from storeguard.messages import text
from storeguard.upkeep.scales import DRIFTS, ZEROS, Device, Shop, WaitingClock, at_rest
from storeguard.upkeep.scaling import rounded

USUAL_COUNTS = (1, 5)
"""Put one, now five: the first shows that it works, the five average out."""

Ask = Callable[[str], str]
"""Shows a text and returns the line that a person answers; raises StoreguardError at the end."""


# --- tare ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tared:
    scale: str
    tare_raw: int
    moved_g: float
    is_large: bool
    """By more than the scale's band: perhaps it was not empty."""

    def as_json(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


def tare(shop: Shop, device: Device, clock: WaitingClock) -> Tared:
    """What lies on the scale now becomes its zero; its counts a gram stay.

    Raises CalibrationRefused, ScaleFault, CalibrationDamaged.
    """
    before = shop.calibration(device.settings)
    if before is None:
        raise CalibrationRefused(
            f"scale '{device.id}': has no calibration yet, which takes the zero too; "
            f"run: storeguard scale calibrate {device.id}",
            "no_calibration",
        )
    level = at_rest(device, clock)
    own = shop.kept.get(device.id)
    kept_error = own.error_percent if own and own.counts_per_g == before.counts_per_g else None
    _keep(shop, device, clock, round(level.raw), before.counts_per_g, "scale tare", kept_error)
    moved_g = (level.raw - before.tare_raw) / before.counts_per_g
    is_large = abs(moved_g) > band_g(device.settings.capacity_g, None)
    return Tared(device.id, round(level.raw), moved_g, is_large)


def _keep(
    shop: Shop,
    device: Device,
    clock: WaitingClock,
    tare_raw: int,
    counts_per_g: float,
    how: str,
    error_percent: float | None,
    zero_return_g: float | None = None,
) -> None:
    scale = device.settings
    made = Kept(
        tare_raw=tare_raw,
        counts_per_g=counts_per_g,
        gain=scale.gain,
        made_at=clock.utc(),
        how=how,
        error_percent=error_percent,
        zero_return_g=zero_return_g,
        configured=scale.calibration,
    )
    # First: a power cut in between leaves the old calibration without a zero, not the new
    # one with a zero that is not its own.
    _forget_zero(shop, scale.id)
    CalibrationFile(shop.folders.state).keep(scale.id, made)


def _forget_zero(shop: Shop, scale_id: str) -> None:
    for file in (ZeroFile(shop.folders.state / ZEROS), DriftFile(shop.folders.state / DRIFTS)):
        grams = dict(file.load())
        if grams.pop(scale_id, None) is not None:
            # Twice: the generation before it must not bring the zero back either.
            file.save(grams)
            file.save(grams)


# --- calibrate -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """What is to lie on the scale by then: `units` of the product, or a weight (0 units)."""

    grams: float
    units: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The loads in the order of their growing. `product` is None for a known mass."""

    stages: tuple[Stage, ...]
    product: Product | None = None

    @property
    def how(self) -> str:
        if self.product is None:
            return f"scale calibrate, {self.stages[0].grams:g} g"
        counts = ", ".join(str(stage.units) for stage in self.stages)
        return f"scale calibrate, {self.product.name}: {counts}"


def plan_mass(grams: float, capacity_g: float) -> Plan:
    """Raises CalibrationRefused for what no scale of that capacity carries."""
    if not 0 < grams <= capacity_g:
        raise CalibrationRefused(
            f"a mass of {grams:g} g: expected up to {capacity_g:g} g, the scale's capacity_g; "
            "nothing was kept",
            "implausible",
        )
    return Plan((Stage(grams),))


def plan_product(shop: Shop, name: str, counts: Sequence[int]) -> Plan:
    """`counts` are what lies there by then. Raises StoreguardError."""
    product = shop.inventory.get(name)
    if product is None:
        known = ", ".join(shop.inventory) or "none"
        raise StoreguardError(
            f"'{name}': no such product in {shop.folders.inventory}; known: {known}"
        )
    if not product.is_weighable:
        raise StoreguardError(
            f"'{name}' has no unit weight (무게 0); weigh one and write it into the inventory, or "
            "calibrate with --mass"
        )
    if any(b <= a for a, b in pairwise((0, *counts))):
        said = ", ".join(map(str, counts))
        raise StoreguardError(
            f"--count {said}: each count is what lies there by then, so they have to grow; "
            "for example: --count 1 --count 5"
        )
    unit_g = product.unit_weight_g
    return Plan(tuple(Stage(count * unit_g, count) for count in counts), product)


def plan_asked(shop: Shop, device: Device, ask: Ask) -> Plan:
    """Without options: the mass that is typed, or the scale's own product for an empty line."""
    language, product = shop.config.store.language, shop.product(device.id)
    own = product if product and product.is_weighable else None
    question = "scale.ask.mass_or_product" if own else "scale.ask.mass"
    said = ask(text(language, question, product=own.name if own else "")).strip()
    if not said and own:
        return plan_product(shop, own.name, USUAL_COUNTS)
    try:
        grams = float(said.removesuffix("g"))
    except ValueError:
        grams = 0.0
    if not 0 < grams < float("inf"):
        raise StoreguardError(
            f"'{said}': is no mass, expected grams, for example 500; nothing was kept"
        )
    return plan_mass(grams, device.settings.capacity_g)


@dataclass(frozen=True, slots=True)
class Made:
    scale: str
    tare_raw: int
    counts_per_g: float
    error_percent: float
    zero_return_g: float
    noise_g: float
    is_upside_down: bool

    def as_json(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


def run_calibration(shop: Shop, device: Device, clock: WaitingClock, plan: Plan, ask: Ask) -> Made:
    """Empty, the loads one after the other, empty again; then it is kept.

    Raises CalibrationRefused, ScaleFault, CalibrationDamaged; nothing is kept then.
    """
    language = shop.config.store.language
    ask(text(language, "scale.ask.empty", scale=device.id))
    empty = at_rest(device, clock)
    loads = [_loaded(shop, device, clock, plan, stage, empty, ask) for stage in plan.stages]
    ask(text(language, "scale.ask.back"))
    back = at_rest(device, clock, calm=empty.noise)
    # Only a measured one: the configuration's may be the example's.
    before, scale = shop.kept.get(device.id), device.settings
    found = calibrate(
        empty,
        loads,
        back,
        capacity_g=scale.capacity_g,
        gain=scale.gain,
        spread_g=plan.product.spread_g if plan.product else 0.0,
        before=before.counts_per_g if before else None,
    )
    if isinstance(found, Refused):
        raise CalibrationRefused(_refusal(device, found, empty), found.why)
    return _kept(shop, device, clock, plan, found)


def _loaded(
    shop: Shop,
    device: Device,
    clock: WaitingClock,
    plan: Plan,
    stage: Stage,
    empty: Level,
    ask: Ask,
) -> Load:
    """The load at rest; a hopeless one is refused before more is asked for."""
    ask(_request(shop.config.store.language, plan, stage))
    load = Load(stage.grams, at_rest(device, clock, calm=empty.noise), stage.units)
    refused = unfit(empty, load)
    if refused is not None:
        raise CalibrationRefused(_refusal(device, refused, empty), refused.why)
    return load


def _request(language: str, plan: Plan, stage: Stage) -> str:
    if plan.product is None:
        return text(language, "scale.ask.weight", grams=f"{stage.grams:g}")
    name, before = plan.product.name, plan.stages.index(stage)
    if before == 0:
        return text(language, "scale.ask.units", product=name, count=stage.units)
    more = stage.units - plan.stages[before - 1].units
    return text(language, "scale.ask.more", product=name, count=stage.units, more=more)


_REFUSALS = {
    Refusal.DID_NOT_MOVE: "the load moved the cell by {got:.0f} counts, expected over "
    "{expected:.0f}: check that the plate rests on the cell and the cell's four wires",
    Refusal.TOO_LIGHT: "the load makes {got:.0f} counts, expected at least {expected:.0f} beside a "
    "noise of {noise:.0f}: take a heavier load",
    Refusal.NOT_BACK: "the empty scale came back {got:.0f} counts off, expected up to "
    "{expected:.0f}: take everything off and do not move the plate",
    Refusal.UNEVEN: "one load lies {got:.0f} counts off the line of all, expected up to "
    "{expected:.0f}: count the units again, and put them in the middle of the plate",
    Refusal.IMPLAUSIBLE: "{got:.4g} counts a gram, this cell's limit is {expected:.4g}: correct "
    "the mass (in grams) or the scale's capacity_g",
    Refusal.REVERSED: "{got:.4g} counts a gram, but {expected:.4g} until now: begin with the empty "
    "scale; if the cell was turned over, remove the scale from state/calibrations.json first",
}


def _refusal(device: Device, refused: Refused, empty: Level) -> str:
    said = _REFUSALS[refused.why].format(
        got=refused.got, expected=refused.expected, noise=empty.noise
    )
    return f"scale '{device.id}': {said}; nothing was kept"


def _kept(shop: Shop, device: Device, clock: WaitingClock, plan: Plan, found: Calibrated) -> Made:
    _keep(
        shop,
        device,
        clock,
        found.tare_raw,
        found.counts_per_g,
        plan.how,
        found.error_percent,
        found.zero_return_g,
    )
    return Made(
        device.id,
        found.tare_raw,
        found.counts_per_g,
        found.error_percent,
        found.zero_return_g,
        found.noise_g,
        found.counts_per_g < 0,
    )
