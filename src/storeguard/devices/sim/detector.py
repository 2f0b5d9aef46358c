"""A detector that reads the simulated world instead of the picture, for tests without vision."""

from storeguard.devices.sim.layout import HEIGHT, WIDTH
from storeguard.devices.sim.people import Figure
from storeguard.devices.sim.world import World
from storeguard.domain.occupancy import Detection
from storeguard.errors import CameraBlind
from storeguard.ports import Frame


class SimDetector:
    """Sees everybody, always, unless it is dark or the lens is covered.

    Without `camera` it is blind once every lens is covered.
    """

    name = "sim"

    def __init__(self, world: World, camera: str | None = None) -> None:
        self._world = world
        self._camera = camera

    def people(self, frame: Frame) -> tuple[Detection, ...]:
        if not self._world.is_light:
            raise CameraBlind("the simulated store is dark; turn on its lights")
        if self._world.is_covered(self._camera):
            raise CameraBlind("the simulated lens is covered; uncover it")
        height, width = (HEIGHT, WIDTH) if frame.image is None else frame.image.shape[:2]
        return tuple(_detection(figure, width, height) for figure in self._world.figures(frame.t_s))

    def close(self) -> None:
        """There is nothing to close."""


def _detection(figure: Figure, width: int, height: int) -> Detection:
    """The figure's box in pixels, clipped to the frame."""
    left, top, right, bottom = figure.xyxy
    x_scale, y_scale = width / WIDTH, height / HEIGHT
    return Detection(
        (
            max(0.0, left * x_scale),
            max(0.0, top * y_scale),
            min(float(width), right * x_scale),
            min(float(height), bottom * y_scale),
        ),
        confidence=1.0,
    )
