"""A camera's ignore areas and privacy masks, as they are drawn on its picture.

Implements web.desks.AreasDesk.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from storeguard.config import Config
from storeguard.configfile import ConfigFile
from storeguard.errors import ConfigInvalid, StoreguardError
from storeguard.web.workdesks import Areas, Shape


class AreasDesk:
    """`in_force`: the configuration that runs."""

    def __init__(self, file: ConfigFile, in_force: Callable[[], Config]) -> None:
        self._file = file
        self._in_force = in_force

    def areas(self, camera_id: str) -> Areas | None:
        """What the file says; None for no such camera. Blocks."""
        try:
            config = self._file.load()
        except ConfigInvalid:
            config = self._in_force()
        found = next((one for one in config.cameras if one.id == camera_id), None)
        return None if found is None else Areas(found.ignore_areas, found.privacy_masks)

    async def save(self, camera_id: str, areas: Areas) -> str:
        """Why not, in one line; empty when it is in the file."""
        try:
            await asyncio.to_thread(self._change, camera_id, areas)
        except StoreguardError as fault:
            return str(fault)
        return ""

    def _change(self, camera_id: str, areas: Areas) -> None:
        cameras = self._file.load().cameras
        at = next((i for i, one in enumerate(cameras) if one.id == camera_id), None)
        if at is None:
            raise StoreguardError(f"camera '{camera_id}': no such camera in the configuration")
        changes: dict[Any, Any] = {}
        if areas.ignore_areas != cameras[at].ignore_areas:
            changes["cameras", at, "ignore_areas"] = _lists(areas.ignore_areas)
        if areas.privacy_masks != cameras[at].privacy_masks:
            changes["cameras", at, "privacy_masks"] = _lists(areas.privacy_masks)
        self._file.change(changes)


def _lists(shapes: Sequence[Shape]) -> list[list[list[float]]]:
    return [[[x, y] for x, y in shape] for shape in shapes]
