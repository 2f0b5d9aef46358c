"""The configuration and the two inventories."""

from collections.abc import Iterator, Mapping

from storeguard import budgeting
from storeguard import config as cfg
from storeguard.areasdesk import unmasked
from storeguard.books import csvfile
from storeguard.books.rows import Rows
from storeguard.budgeting import Found, Guarded
from storeguard.checking import check_books
from storeguard.domain.budget import Heap
from storeguard.errors import BookMalformed
from storeguard.goods import Goods, goods_of
from storeguard.hardware import unusable
from storeguard.recovery import KIOSK_CSV
from storeguard.upkeep.checks.finding import Finding, Site, Topic

ANY = cfg.Calibration(counts_per_g=1.0)
"""In place of one that is still to be made: a scale can be looked at before it is calibrated."""


def problems(config: cfg.Config, folders: cfg.Folders) -> tuple[str, ...]:
    """What keeps the configuration from being used at all, a line each."""
    scales = tuple(with_calibration(scale) for scale in config.scales)
    fit = _fit(config, folders)
    # Networks and calibrations are looked at later, one by one.
    return (*unusable(config.model_copy(update={"scales": scales})), *(fit.problems if fit else ()))


def with_calibration(scale: cfg.Scale) -> cfg.Scale:
    if scale.calibration is not None or scale.backend == "sim":
        return scale
    return scale.model_copy(update={"calibration": ANY})


def configuration(site: Site) -> Iterator[Finding]:
    """Its problems have been said by then; here is what it guards, and what it leaves out."""
    topic, say, config = site.topic("config"), site.say, site.config
    counts = {"scales": len(config.scales), "cameras": len(config.cameras)}
    measured = say("doctor.config.guards", store=config.store.name, **counts)
    missing = [name for name, count in counts.items() if not count]
    if missing:
        yield topic.warn(measured, say(f"doctor.config.no_{missing[0]}"))
    else:
        yield topic.ok(measured)


def sign(site: Site) -> Iterator[Finding]:
    """A camera without its sign does not count as set up. Drawn ones need none."""
    topic, say, law = site.topic("sign"), site.say, site.config.law
    if not any(camera.backend not in ("sim", "replay") for camera in site.config.cameras):
        return
    if law.manager and law.phone:
        yield topic.ok(say("doctor.sign.ok", manager=law.manager))
    else:
        yield topic.warn(say("doctor.sign.missing"), say("doctor.sign.missing_do"))


def view(site: Site) -> Iterator[Finding]:
    """A camera may show a street or a PIN pad: the owner says so, and covers it."""
    topic, say = site.topic("view"), site.say
    for camera in site.config.cameras:
        if camera.backend in ("sim", "replay"):
            continue
        what = unmasked(camera)
        if not what:
            yield topic.ok(say("doctor.view.ok", camera=camera.id))
            continue
        why = "unanswered" if "unanswered" in what else "unmasked"
        yield topic.warn(say(f"doctor.view.{why}", camera=camera.id), say("doctor.view.do"))


def inventory(site: Site) -> Iterator[Finding]:
    topic, say = site.topic("inventory"), site.say
    broken = check_books(site.folders)
    for problem in broken:
        yield topic.fail(problem, say("doctor.inventory.do"))
    fit = None if broken else _fit(site.config, site.folders)
    if fit is not None:
        yield from _guarded(site, topic, fit)


def _guarded(site: Site, topic: Topic, fit: Goods) -> Iterator[Finding]:
    say, rows = site.say, _rows(site.folders)
    on_scales = [one for each in (fit.by_scale, fit.bulk) for own in each.values() for one in own]
    weighed = {one.name for one in on_scales}
    free = [row.product.name for row in rows if row.product.name not in weighed]
    weightless = [one.name for one in on_scales if not one.is_weighable]
    if free:
        names = ", ".join(free)
        yield topic.warn(say("doctor.inventory.free", names=names), say("doctor.inventory.free_do"))
    if weightless:
        names = ", ".join(weightless)
        yield topic.warn(
            say("doctor.inventory.weightless", names=names), say("doctor.inventory.weightless_do")
        )
    if not free and not weightless:
        units = sum(row.count for row in rows)
        yield topic.ok(say("doctor.inventory.ok", products=len(rows), units=units))


def budget(site: Site, noise_g: Mapping[str, float] | None = None) -> Iterator[Finding]:
    """What the scales can tell apart, and how much of the store that guards.

    `noise_g`: scale → sigma as it was just seen; what is missing is assumed from the cells.
    """
    fit = _fit(site.config, site.folders)
    if fit is None:
        return
    rows = _rows(site.folders)
    counts = {row.product.name: row.count for row in rows}
    found = budgeting.found(site.config, fit, counts, noise_g)
    products = [row.product for row in rows]
    guarded = budgeting.guarded(found, products, site.folders.state, counts)
    if found.scales:
        yield _budget(site, found, guarded)
    for freezer in found.freezers:
        yield _freezer(site, freezer)


def _budget(site: Site, found: Found, guarded: Guarded | None) -> Finding:
    topic, say, cells = site.topic("budget"), site.say, [one.cell for one in found.scales]
    seen = sum(one.noise_g is not None for one in cells)
    values = {
        "noise": f"{max(one.noise_sigma_g for one in cells):.2f}",
        "seen": say("doctor.budget.seen", scales=seen) if seen else say("doctor.budget.assumed"),
        "drift": f"{max(one.drift_a_day_g for one in cells):.0f}",
        "share": "-" if guarded is None else f"{guarded.share:.0%}",
        "of": say(f"doctor.budget.{'stock' if guarded is None else guarded.of}"),
    }
    measured = say("doctor.budget.is", **values)
    if guarded is not None and found.freezers:
        measured += say("doctor.budget.by_grams", share=f"{guarded.by_grams:.0%}")
    unsure = tuple(budgeting.remarks(found.scales))
    if unsure:
        return topic.warn(measured, say("doctor.budget.do", count=len(unsure)))
    return topic.ok(measured)


def _freezer(site: Site, one: Heap) -> Finding:
    values = {
        "scale": one.cell.scale,
        "grams": f"{one.least_g:.0f}",
        "items": one.items,
        "won": f"{one.won:,}",
        "rate": f"{one.unseen_g_per_s:.0f}",
    }
    return site.topic("budget").ok(site.say("doctor.budget.freezer", **values))


def _fit(config: cfg.Config, folders: cfg.Folders) -> Goods | None:
    """None where the inventory cannot be read: it has a line of its own."""
    try:
        products = tuple(row.product for row in _rows(folders))
    except (OSError, BookMalformed):
        return None
    return goods_of(config, products)


def _rows(folders: cfg.Folders) -> Rows:
    return csvfile.read((folders.inventory / KIOSK_CSV).read_bytes(), KIOSK_CSV).rows
