"""The console's desks over a running store."""

import os

from storeguard.app import Store
from storeguard.areasdesk import AreasDesk
from storeguard.assembling import issue_store
from storeguard.books.breaches import BreachesFile
from storeguard.breachdesk import BreachDesk, Holdings
from storeguard.config import Calibration, Config
from storeguard.configfile import ConfigFile
from storeguard.exposure import exposed
from storeguard.inventorydesk import InventoryDesk
from storeguard.issuedesk import IssueDesk
from storeguard.noticedesk import NoticeDesk
from storeguard.notify import addresses
from storeguard.notify.opening import PREFIX
from storeguard.outreach import notice_box
from storeguard.pastdesk import PastDesk
from storeguard.reviewdesk import ReviewDesk
from storeguard.settingsdesk import SettingsDesk, law_of
from storeguard.setupdesk import SetupDesk
from storeguard.upkeep.bench import Bench
from storeguard.upkeep.leaving import Restart
from storeguard.upkeep.lent import StoreScales
from storeguard.viewingdesk import Places, ViewingDesk
from storeguard.vision.sighting import finder_of
from storeguard.web.desks import Desks, Fact
from storeguard.web.door import POS_TOKEN_VARIABLE
from storeguard.weightdesk import WeightDesk


def desks_of(store: Store, file: ConfigFile | None, restart: Restart) -> Desks:
    """`file`: the owner's configuration; None where there is none to change."""
    config, folders, zone = store.config, store.folders, store.config.store.timezone
    issues = IssueDesk(
        folders.issue_data,
        folders.state,
        issue_store(config),
        store.journal,
        store.kiosk,
        store.clock,
    )
    places = Places(folders.record, folders.issue_data)
    finder = finder_of(config.detector)
    viewings = ViewingDesk(places, folders.state, issue_store(config), issues, store.clock, finder)
    bench = _bench_of(store)
    setup = None if file is None else SetupDesk(store, file, restart)
    return Desks(
        issues,
        InventoryDesk(folders.inventory, store.journal, zone),
        PastDesk(store.journal, store.clock, zone, store.config.store.language),
        law_of(config),
        facts_of(config),
        _notices_of(store),
        bench=bench,
        loops={"bench": bench.run, "viewings": viewings.run, **(setup.loops if setup else {})},
        setup=setup,
        viewings=viewings,
        breaches=_breaches_of(store, issues),
        reviews=ReviewDesk(issues.log, store.clock, zone),
        weights=WeightDesk(folders.inventory, folders.state),
        areas=None if file is None else _areas_of(store, file),
        settings=None if file is None else SettingsDesk(store, file, restart),
    )


def _breaches_of(store: Store, issues: IssueDesk) -> BreachDesk:
    def has() -> dict[str, bool]:
        kept = {**addresses.kept(store.base), **os.environ}
        return {
            "cloud": store.config.upload.bucket is not None,
            "channels": any(name.startswith(PREFIX) for name in kept),
            "pos": POS_TOKEN_VARIABLE in os.environ,
        }

    holdings = Holdings(
        lambda: exposed(store.config, store.folders, store.journal),
        has,
        lambda: law_of(store.config),
    )
    file = BreachesFile(store.folders.state)
    return BreachDesk(file, holdings, issue_store(store.config), issues.looked, store.clock)


def _areas_of(store: Store, file: ConfigFile) -> AreasDesk:
    def take(config: Config) -> None:
        store.config = config

    return AreasDesk(file, lambda: store.config, take)


def _bench_of(store: Store) -> Bench:
    def on_made(scale: str, made: Calibration) -> None:
        store.trails.calibrated(scale, made)

    scales = StoreScales(store.weighing, lambda: store.config, store.base, on_made)
    return Bench(scales, store.clock, store.config.store.language)


def _notices_of(store: Store) -> NoticeDesk | None:
    """None where there is no way to the owner: nothing is told there."""
    if not store.outreach.is_heard:
        return None
    return NoticeDesk(store.telling, notice_box(store.folders), store.config.store.timezone)


def facts_of(config: Config) -> tuple[Fact, ...]:
    """What is in force and says no secret, by its name in config.yaml."""
    sections = ("store", "visits", "kiosk", "detector", "upload", "web")
    return tuple(
        Fact(f"{section}.{key}", _as_in_the_file(value))
        for section in sections
        for key, value in getattr(config, section).model_dump().items()
        if key not in ("tls_key", "endpoint_url")
    )


def _as_in_the_file(value: object) -> str:
    """As an owner would write it in config.yaml; a dash where he wrote nothing."""
    match value:
        case None | () | "":
            return "–"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(_as_in_the_file, value))
        case _:
            return str(value)
