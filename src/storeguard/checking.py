"""Verbs that only look: configuration, books, issues."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard import config as cfg
from storeguard.app import KIOSK_CSV, SHELF_CSV
from storeguard.books import csvfile
from storeguard.domain.product import Product, assign
from storeguard.errors import BookMalformed, ConfigInvalid
from storeguard.hardware import calibrations, refuse_later_backends
from storeguard.outbox.delivery import state_of
from storeguard.outbox.folder import read_manifest, sealed_issues


@dataclass(frozen=True, slots=True)
class Checked:
    """`problems` keep the daemon from starting, `remarks` do not. One line each."""

    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        is_ok = not self.problems
        return {"ok": is_ok, "problems": list(self.problems), "remarks": list(self.remarks)}


def check(path: Path) -> Checked:
    """The configuration by itself, and against the inventory where there is one."""
    try:
        config = cfg.load(path)
    except ConfigInvalid as invalid:
        return Checked(tuple(f"{path}: {problem}" for problem in invalid.problems))
    problems: list[str] = []
    for look in (refuse_later_backends, lambda c: calibrations(c.scales)):
        try:
            look(config)
        except ConfigInvalid as invalid:
            problems += [f"{path}: {problem}" for problem in invalid.problems]
    folders = cfg.Folders.of(config, path.parent)
    problems += check_books(folders)
    products = _products(folders.inventory / KIOSK_CSV)
    if products is None:
        return Checked(tuple(problems))
    fit = assign({scale.id: scale.products for scale in config.scales}, products)
    problems += [f"{path}: {problem}" for problem in fit.problems]
    return Checked(tuple(problems), tuple(f"{path}: {remark}" for remark in fit.remarks))


def check_books(folders: cfg.Folders) -> list[str]:
    """What is wrong with the two CSVs; the shelf book may be missing before the first start."""
    problems = []
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
            problems.append(f"{path.parent}: {malformed}")
    return problems


def _products(path: Path) -> tuple[Product, ...] | None:
    try:
        return tuple(row.product for row in csvfile.read(path.read_bytes(), path.name).rows)
    except (OSError, BookMalformed):
        return None


def issue_rows(root: Path) -> Iterator[dict[str, Any]]:
    """`issues list`, oldest first."""
    for folder in sealed_issues(root):
        manifest = read_manifest(folder)
        yield {
            "id": folder.name,
            "number": manifest["number"],
            "sealed_at": manifest["sealed_at"],
            "missing": {line["product"]: line["missing"] for line in manifest["lines"]},
            "loss_won": manifest["loss_won"],
            "state": state_of(folder).value,
        }
