"""Verbs that only look: configuration, books, issues."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard import budgeting
from storeguard import config as cfg
from storeguard.books import csvfile, journalfile
from storeguard.books import promotions as promotionsfile
from storeguard.books.calibrations import CalibrationFile, Kept, in_force
from storeguard.books.decisions import DISMISSED, OPEN
from storeguard.books.proposals import AnswersFile
from storeguard.books.rows import Rows
from storeguard.clock import Clock
from storeguard.configfile import ConfigFile
from storeguard.domain.product import Product
from storeguard.domain.promotions import Bonus, Bundle, Promotion
from storeguard.domain.scalerules import HIGHEST_RAW, LOWEST_RAW
from storeguard.errors import (
    BookMalformed,
    CalibrationDamaged,
    ConfigInvalid,
    StoreguardError,
)
from storeguard.goods import goods_of
from storeguard.hardware import unusable
from storeguard.losses import loss_by_day
from storeguard.outbox.delivery import state_of
from storeguard.outbox.folder import read_manifest, sealed_issues
from storeguard.outbox.later import whole_manifest
from storeguard.recovery import KIOSK_CSV, SHELF_CSV
from storeguard.vision.detectors.choice import has_network, obstacles


@dataclass(frozen=True, slots=True)
class Checked:
    """`problems` keep the daemon from starting, `remarks` do not. One line each.

    `found`: what each scale can tell; `guarded`: the share of the sales' value that they count.
    """

    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    found: budgeting.Found = field(default_factory=budgeting.Found)
    guarded: budgeting.Guarded | None = None

    def as_json(self) -> dict[str, Any]:
        is_ok = not self.problems
        said = {"ok": is_ok, "problems": list(self.problems), "remarks": list(self.remarks)}
        return said | {"budget": budgeting.all_as_json(self.found, self.guarded)}


def check(path: Path) -> Checked:
    """The configuration by itself, and against the inventory where there is one."""
    try:
        config = cfg.load(path)
    except ConfigInvalid as invalid:
        return Checked(tuple(f"{path}: {problem}" for problem in invalid.problems))
    folders = cfg.Folders.of(config, path.parent)
    products = _products(folders.inventory / KIOSK_CSV)
    fit = goods_of(config, products or ())
    kept, damaged = _kept(folders)
    devices = () if damaged else unusable(config, kept)
    in_config = [*devices, *_no_network(config), *(fit.problems if products else ())]
    counts = {row.product.name: row.count for row in _book_rows(folders.inventory / KIOSK_CSV)}
    found = budgeting.found(config, fit, counts)
    of_scales = (*_full_early(config, kept), *budgeting.remarks(found.scales))
    remarks = (*_guards_little(config), *(fit.remarks if products else ()), *of_scales)
    return Checked(
        (
            *(f"{path}: {one}" for one in in_config),
            *damaged,
            *_folders(folders),
            *check_books(folders),
        ),
        tuple(f"{path}: {one}" for one in remarks),
        found,
        budgeting.guarded(found, products or (), folders.state, counts),
    )


def _kept(folders: cfg.Folders) -> tuple[Mapping[str, Kept], tuple[str, ...]]:
    """The scales' own calibrations, and why they cannot be read."""
    try:
        return CalibrationFile(folders.state).load(), ()
    except CalibrationDamaged as damaged:
        return {}, (str(damaged),)


def refuse_unusable(config: cfg.Config, path: Path, base: Path | None = None) -> None:
    """Raises ConfigInvalid with all that keeps this version from using the configuration.

    `base`: the folder that its paths are relative to, if it is not the file's own. Raises
    CalibrationDamaged too.
    """
    kept = CalibrationFile(cfg.Folders.of(config, base or path.parent).state).load()
    problems = (*unusable(config, kept), *_no_network(config))
    if problems:
        raise ConfigInvalid(str(path), problems)


def config_file(path: Path) -> ConfigFile:
    """The owner's configuration, to be changed only into one that can be used."""
    return ConfigFile(path, lambda config: refuse_unusable(config, path))


def _no_network(config: cfg.Config) -> Iterator[str]:
    if config.cameras:
        yield from obstacles(config.detector)


def _guards_little(config: cfg.Config) -> Iterator[str]:
    if not config.scales:
        yield "no scales: nothing is weighed, so nothing can be found missing"
    if not config.cameras:
        yield "no cameras: a visit begins with a step and ends when the shelves are still"
    if config.detector.backend == "auto" and config.cameras and not has_network(config.detector):
        yield (
            "detector 'auto': no network is here, so people are only differences to the "
            "empty store; run: storeguard models pull yolox-nano"
        )


def _full_early(config: cfg.Config, kept: Mapping[str, Kept]) -> Iterator[str]:
    """Scales whose converter is at its end before the cell is."""
    for scale in config.scales:
        if (own := in_force(scale, kept)) is None:
            continue
        tare_raw, slope = own.calibration.tare_raw, own.calibration.counts_per_g
        full_g = ((HIGHEST_RAW if slope > 0 else LOWEST_RAW) - tare_raw) / slope
        if full_g < scale.capacity_g:
            yield (
                f"scale '{scale.id}': its counts are full at {full_g:,.1f} g (tare_raw "
                f"{tare_raw}, counts_per_g {slope:g}), but capacity_g is {scale.capacity_g:,.0f}; "
                f"run: storeguard scale calibrate {scale.id}"
            )


def _folders(folders: cfg.Folders) -> Iterator[str]:
    for folder in (folders.state, folders.inventory, folders.record, folders.issue_data):
        if folder.exists() and not folder.is_dir():
            yield f"{folder}: is a file, expected a folder; move it away, or see paths"
        elif folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield f"{folder}: cannot be written by this user; correct its rights, or see paths"


def check_books(folders: cfg.Folders) -> list[str]:
    """What is wrong with the CSVs; the shelf book may be missing before the first start."""
    problems = [*_check_promotions(folders.inventory)]
    for name, is_needed in ((KIOSK_CSV, True), (SHELF_CSV, False)):
        path = folders.inventory / name
        try:
            csvfile.read(path.read_bytes(), name)
        except FileNotFoundError:
            if is_needed:
                problems.append(
                    f"{path}: no such file; write it with the header '상품명, 개수, 가격, 무게' "
                    "and a row a product"
                )
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
        except BookMalformed as malformed:
            wrong = (str(malformed), *malformed.others)
            problems += [f"{path.parent}{os.sep}{one}" for one in wrong]
    return problems


def _check_promotions(inventory: Path) -> Iterator[str]:
    path = inventory / promotionsfile.FILE
    try:
        declared_promotions(inventory)
    except OSError as error:
        yield f"{path}: cannot be read: {error.strerror}"
    except BookMalformed as malformed:
        yield f"{inventory}{os.sep}{malformed}"


def declared_promotions(inventory: Path) -> tuple[Promotion, ...]:
    """What the owner's file says; nothing where there is none. Raises BookMalformed, OSError."""
    path, products = inventory / promotionsfile.FILE, _products(inventory / KIOSK_CSV)
    if products is None or not path.exists():
        return ()
    names = [product.name for product in products]
    return promotionsfile.read(path.read_bytes(), path.name, names)


def promotion_rows(config: cfg.Config, base: Path) -> Iterator[dict[str, Any]]:
    """`promotions list`: what is declared, then what is proposed or rejected."""
    folders = cfg.Folders.of(config, base)
    for promotion in declared_promotions(folders.inventory):
        period = promotion.period
        days = {"starts": period.starts, "ends": period.ends}
        yield {
            "name": promotion.name,
            "state": "declared",
            "promotion": _kind(promotion),
            "products": _contents(promotion),
            **{key: day and day.isoformat() for key, day in days.items()},
        }
    answers = AnswersFile(folders.state).load()
    yield from _guessed("proposed", answers.asked)
    yield from _guessed("rejected", answers.rejected)


def _kind(promotion: Promotion) -> str:
    if isinstance(promotion, Bonus):
        return f"{promotion.buy}+{promotion.free}"
    kind = f"{promotion.count}개" if isinstance(promotion, Bundle) else "세트"
    return kind if promotion.price_won is None else f"{kind} {promotion.price_won:,}원"


def _contents(promotion: Promotion) -> list[str]:
    if isinstance(promotion, Bonus | Bundle):
        return [*promotion.products]
    return [f"{name}*{count}" if count > 1 else name for name, count in promotion.contents]


def _guessed(state: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A set is called as the kiosk sells it; what is in it stands on the page."""
    for name in names:
        product, _, kind = name.rpartition(" ")
        is_bonus = re.fullmatch(r"\d+\+\d+", kind) is not None
        said = {"name": name, "state": state, "promotion": kind if is_bonus else "세트"}
        yield said | {"products": [product] if is_bonus else [], "starts": None, "ends": None}


def _products(path: Path) -> tuple[Product, ...] | None:
    try:
        return tuple(row.product for row in csvfile.read(path.read_bytes(), path.name).rows)
    except (OSError, BookMalformed):
        return None


def _book_rows(path: Path) -> Rows:
    try:
        return csvfile.read(path.read_bytes(), path.name).rows
    except (OSError, BookMalformed):
        return ()


def issue_rows(
    root: Path, verdicts: Mapping[str, str], *, has_bucket: bool
) -> Iterator[dict[str, Any]]:
    """`issues list`, oldest first. `verdicts`: issue id → what the owner has decided."""
    for folder in sealed_issues(root):
        manifest = read_manifest(folder)
        yield {
            "id": folder.name,
            "number": manifest["number"],
            "sealed_at": manifest["sealed_at"],
            "missing": {line["product"]: line["missing"] for line in manifest["lines"]},
            "loss_won": manifest["loss_won"],
            "state": _state(folder, has_bucket=has_bucket),
            "verdict": verdicts.get(folder.name, OPEN),
        }


def loss_today(
    config: cfg.Config, folders: cfg.Folders, clock: Clock, verdicts: Mapping[str, str]
) -> int:
    """What today's issues come to in won, what was paid, put back or dismissed left out."""
    timezone, journal = config.store.timezone, (folders.state, config.journal.url)
    today = clock.utc().astimezone(ZoneInfo(timezone)).date()
    found = loss_by_day(
        folders.issue_data,
        timezone,
        journalfile.amendments(*journal),
        dismissed=[one for one, verdict in verdicts.items() if verdict == DISMISSED],
        since=today,
    )
    return found.get(today, 0)


@dataclass(frozen=True, slots=True)
class FoundIssue:
    """A sealed issue and how far its delivery is."""

    manifest: dict[str, Any]
    state: str


def _state(folder: Path, *, has_bucket: bool) -> str:
    return state_of(folder).value if has_bucket else "local"


def find_issue(root: Path, wanted: str, *, has_bucket: bool) -> FoundIssue:
    """The issue of that id or number ('3', '#3'); the newest, where a number is there twice."""
    number = wanted.removeprefix("#")
    for folder in reversed(sealed_issues(root)):
        manifest = whole_manifest(folder)
        if folder.name == wanted or str(manifest["number"]) == number:
            return FoundIssue(manifest, _state(folder, has_bucket=has_bucket))
    raise StoreguardError(
        f"{root}: no issue '{wanted}'; they are listed by: storeguard issues list"
    )
