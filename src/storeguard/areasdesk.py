"""A camera's ignore areas and privacy masks, as they are drawn on its picture.

Implements web.desks.AreasDesk.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storeguard.config import Camera, Config
from storeguard.configfile import ConfigFile
from storeguard.errors import ConfigInvalid, StoreguardError
from storeguard.web.workdesks import Areas, Shape


class AreasDesk:
    """`in_force`: the configuration that runs; `take` puts one in its place."""

    def __init__(
        self,
        file: ConfigFile,
        in_force: Callable[[], Config],
        take: Callable[[Config], None] = lambda _: None,
    ) -> None:
        self._file = file
        self._in_force = in_force
        self._take = take

    def areas(self, camera_id: str) -> Areas | None:
        """What the file says; None for no such camera. Blocks."""
        found = next((one for one in self._config().cameras if one.id == camera_id), None)
        if found is None:
            return None
        return Areas(found.ignore_areas, found.privacy_masks, found.sees)

    def _config(self) -> Config:
        try:
            return self._file.load()
        except ConfigInvalid:
            return self._in_force()

    def unmasked(self) -> Mapping[str, Sequence[str]]:
        """By what the file says: an answer and a mask count as soon as they are given.

        What runs already has nothing uncovered is not read again for each first page.
        """
        if not any(unmasked(camera) for camera in self._in_force().cameras):
            return {}
        found = {camera.id: unmasked(camera) for camera in self._config().cameras}
        return {camera: what for camera, what in found.items() if what}

    async def answer(self, camera_id: str, sees: Sequence[str]) -> str:
        try:
            made = await asyncio.to_thread(self._change_answer, camera_id, sees)
        except StoreguardError as fault:
            return str(fault)
        self._take(_answered(self._in_force(), made, camera_id))
        return ""

    def _change_answer(self, camera_id: str, sees: Sequence[str]) -> Config:
        return self._file.change({("cameras", self._place(camera_id), "sees"): list(sees)})

    def _place(self, camera_id: str) -> int:
        """Where the camera stands in the file. Raises StoreguardError for no such camera."""
        cameras = self._file.load().cameras
        at = next((i for i, one in enumerate(cameras) if one.id == camera_id), None)
        if at is None:
            raise StoreguardError(f"camera '{camera_id}': no such camera in the configuration")
        return at

    async def save(self, camera_id: str, areas: Areas) -> str:
        """Why not, in one line; empty when it is in the file."""
        try:
            await asyncio.to_thread(self._change, camera_id, areas)
        except StoreguardError as fault:
            return str(fault)
        return ""

    def _change(self, camera_id: str, areas: Areas) -> None:
        at, cameras = self._place(camera_id), self._file.load().cameras
        changes: dict[Any, Any] = {}
        if areas.ignore_areas != cameras[at].ignore_areas:
            changes["cameras", at, "ignore_areas"] = _lists(areas.ignore_areas)
        if areas.privacy_masks != cameras[at].privacy_masks:
            changes["cameras", at, "privacy_masks"] = _lists(areas.privacy_masks)
        self._file.change(changes)


def unmasked(camera: Camera) -> tuple[str, ...]:
    """What is seen that has to be covered, without anything being covered; `unanswered` where
    nobody has looked. A drawn picture shows nobody's door."""
    if camera.backend in ("sim", "replay"):
        return ()
    if camera.sees is None:
        return ("unanswered",)
    return () if camera.privacy_masks else camera.sees


def _answered(config: Config, other: Config, camera_id: str) -> Config:
    """An answer is in force at once: nothing has to begin anew for it."""
    said = {camera.id: camera.sees for camera in other.cameras if camera.id == camera_id}
    cameras = tuple(
        camera.model_copy(update={"sees": said[camera.id]}) if camera.id in said else camera
        for camera in config.cameras
    )
    return config.model_copy(update={"cameras": cameras})


def _lists(shapes: Sequence[Shape]) -> list[list[list[float]]]:
    return [[[x, y] for x, y in shape] for shape in shapes]
