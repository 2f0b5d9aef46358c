"""An issue's exhibits where no camera records."""

import asyncio
import logging
from types import SimpleNamespace

from storeguard.domain.events import StepSettled, StoreEmptied, StoreOccupied, VisitReconciled
from storeguard.ports import Reading
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.exhibits import NO_CLIP, ExhibitRoom, WeightTrails


def test_where_no_camera_records_an_issue_says_so_and_the_log_says_nothing(caplog):
    bus = Bus()
    room = ExhibitRoom(EvidenceRoom(), WeightTrails({}), bus, lambda _: "", title=lambda _: "shop")
    bus.publish(StoreOccupied(1.0))
    bus.publish(StepSettled(3.0, "A", 2.0, -95.0, 190.0, 0.3))
    bus.publish(StoreEmptied(9.0, 8.0))
    with caplog.at_level(logging.WARNING):
        exhibits = asyncio.run(room.of(1.0, [(("A", 2.0), "A")]))
    assert exhibits.missing["step-1.mp4"] == NO_CLIP
    assert caplog.messages == []


def test_the_curve_of_a_step_is_kept_until_its_visit_is_judged():
    bus, trails = Bus(), WeightTrails({"A": SimpleNamespace(tare_raw=0, counts_per_g=1.0)})
    ExhibitRoom(EvidenceRoom(), trails, bus, lambda _: "", title=lambda _: "shop")
    step = StepSettled(3.0, "A", 2.0, -95.0, 190.0, 0.3)
    bus.publish(StoreOccupied(1.0))
    trails.on_readings("A", [Reading(t_s / 10, 190) for t_s in range(30)])
    bus.publish(step)
    bus.publish(StoreEmptied(9.0, 8.0))
    for t_s in range(3, 300):
        trails.on_readings("A", [Reading(float(t_s), 95)])
    assert len(trails.around(step).points) > 20
    bus.publish(VisitReconciled(300.0, "visit", 1.0, 8.0))
    assert trails.around(step).points == ()
