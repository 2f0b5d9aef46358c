"""An issue's exhibits where no camera records."""

import asyncio
import logging

from storeguard.domain.events import StepSettled, StoreEmptied, StoreOccupied
from storeguard.services.bus import Bus
from storeguard.services.evidence import EvidenceRoom
from storeguard.services.exhibits import NO_CLIP, ExhibitRoom, WeightTrails


def test_where_no_camera_records_an_issue_says_so_and_the_log_says_nothing(caplog):
    bus = Bus()
    room = ExhibitRoom(EvidenceRoom(), WeightTrails({}), bus, lambda _: "", store_id="shop")
    bus.publish(StoreOccupied(1.0))
    bus.publish(StepSettled(3.0, "A", 2.0, -95.0, 190.0, 0.3))
    bus.publish(StoreEmptied(9.0, 8.0))
    with caplog.at_level(logging.WARNING):
        exhibits = asyncio.run(room.of(1.0, [(("A", 2.0), "A")]))
    assert exhibits.missing["step-1.mp4"] == NO_CLIP
    assert caplog.messages == []
