"""What leaves as a zip: an issue for the police or an insurance.

Evidence, a printable page, what is in it. Without a reason nobody can be known in it: pictures
and clips are coarse blocks.
"""

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined

from storeguard.domain.issue import IssueStore
from storeguard.messages import text, texts
from storeguard.vision.coarse import coarse_clip, coarse_jpeg
from storeguard.web.desks import AccessRow, IssueDetail

PIECE_BYTES = 1 << 18
SUMMARY, SUMS, ACCESSES = "summary.html", "SHA256SUMS.txt", "access-log.txt"

Content = bytes | BinaryIO

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Export:
    """What goes out. `is_plain`: people can be known; `made_at` is the store's time."""

    folder: Path
    store: IssueStore
    detail: IssueDetail
    accesses: tuple[AccessRow, ...]
    made_at: datetime
    is_plain: bool


def zipped(export: Export) -> bytes:
    """An issue's zip."""
    made = io.BytesIO()
    zip_into(made, _members(export))
    return made.getvalue()


def zip_into(file: BinaryIO, members: Iterable[tuple[str, Content]]) -> None:
    """Its sums are of the files as they lie in it; one piece of one is in memory at a time."""
    sums = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            sums.append(f"{_added(archive, name, content)}  {name}")
        archive.writestr(SUMS, "\n".join(sums) + "\n")


def _added(archive: zipfile.ZipFile, name: str, content: Content) -> str:
    digest = hashlib.sha256()
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    source.seek(0)
    with archive.open(name, "w", force_zip64=True) as member:
        while piece := source.read(PIECE_BYTES):
            member.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _members(export: Export) -> Iterator[tuple[str, bytes]]:
    yield SUMMARY, _summary(export).encode()
    yield ACCESSES, _accesses(export).encode()
    for name, _, _ in export.detail.files:
        path = export.folder / name
        if not path.is_file():
            continue
        if export.is_plain or path.suffix in (".txt", ".svg", ".csv"):
            yield f"evidence/{name}", path.read_bytes()
        elif (blurred := _blurred(path)) is not None:
            yield f"evidence/{name}", blurred


def _blurred(path: Path) -> bytes | None:
    """None for what cannot be blurred: it does not leave."""
    try:
        if path.suffix == ".jpg":
            return coarse_jpeg(path.read_bytes())
        return coarse_clip(path) if path.suffix == ".mp4" else None
    except ValueError as error:
        log.warning("%s: cannot be blurred, so it is left out: %s", path, error)
        return None


def _summary(export: Export) -> str:
    """One page to print."""
    said = {
        "one": export.detail,
        "made_at": f"{export.made_at:%Y-%m-%d %H:%M:%S %Z}",
        "is_plain": export.is_plain,
    }
    return page_alone(export.store, "summary.html", said)


def page_alone(store: IssueStore, template: str, said: Mapping[str, Any]) -> str:
    """It stands alone, so its style is inside."""
    environment = Environment(
        loader=PackageLoader("storeguard.web"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(template).render(
        language=store.language,
        store=store,
        texts=texts(store.language, "issue.", "page.", "export.", "viewing."),
        say=lambda key, **values: text(store.language, key, **values),
        **said,
    )


def _accesses(export: Export) -> str:
    language = export.store.language
    lines = [
        "\t".join((row.at, row.who, text(language, f"access.{row.what}"), row.why))
        for row in export.accesses
    ]
    return "\n".join(lines) + "\n"
