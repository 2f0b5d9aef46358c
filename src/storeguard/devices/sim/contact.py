"""A contact in the simulated store: `World.touch` opens, closes or shakes it."""

from collections.abc import Sequence

from storeguard.devices.sim.world import World
from storeguard.domain.tampering import Touch


class SimContact:
    """Reads what has been done to it in the world."""

    def __init__(self, contact_id: str, world: World) -> None:
        self._id = contact_id
        self._world = world

    @property
    def id(self) -> str:
        return self._id

    def drain(self) -> Sequence[Touch]:
        return self._world.touches(self._id)

    def close(self) -> None:
        """Nothing to end."""
