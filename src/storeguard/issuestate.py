"""How far an issue's message is, in the pages' words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storeguard.domain.notice import Telling
from storeguard.outbox.delivery import DeliveryState, state_of
from storeguard.services.noticing import telling_in
from storeguard.web.view import IssueState

STATES: Mapping[DeliveryState, IssueState] = {
    DeliveryState.PENDING: "pending",
    DeliveryState.UPLOADING: "pending",
    DeliveryState.READABLE: "pending",
    DeliveryState.UPLOADED: "uploaded",
    DeliveryState.ASKED: "uploaded",
    DeliveryState.CONFIRMED: "confirmed",
}


def how_far(folder: Path, manifest: Mapping[str, Any]) -> IssueState:
    """One that waits for a digest has arrived, but is not told."""
    state = STATES[state_of(folder)]
    is_told_later = telling_in(manifest) is not Telling.OWN
    return "told_later" if is_told_later and state == "confirmed" else state
