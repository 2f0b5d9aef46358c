"""Pictures of products on the kiosk: `inventory/pictures/<상품명>.jpg`, where there is one."""

from collections.abc import Mapping
from pathlib import Path

FOLDER = "pictures"
KINDS = (".jpg", ".jpeg", ".png", ".webp")


class ProductPictures:
    """The folder's files by product, looked up again when the folder has changed."""

    def __init__(self, inventory: Path) -> None:
        self._folder = inventory / FOLDER
        self._seen_ns = -1
        self._names: Mapping[str, str] = {}

    @property
    def names(self) -> Mapping[str, str]:
        """Product → file name; links and other files are none."""
        try:
            changed_ns = self._folder.stat().st_mtime_ns
        except OSError:
            return {}
        if changed_ns != self._seen_ns:
            self._seen_ns, self._names = changed_ns, self._listed()
        return self._names

    def path(self, name: str) -> Path | None:
        """Only a name that stands in the list: nothing climbs out of the folder."""
        return self._folder / name if name in self.names.values() else None

    def _listed(self) -> dict[str, str]:
        files = sorted(self._folder.iterdir())
        return {
            one.stem: one.name
            for one in files
            if one.suffix.lower() in KINDS and one.is_file() and not one.is_symlink()
        }
