"""An issue as a zip for the police or an insurance: evidence, a printable page, what is in it.

Without a reason nobody can be known in it: pictures are coarse blocks, clips are left out.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from storeguard.domain.issue import IssueStore
from storeguard.messages import text, texts
from storeguard.web.desks import AccessRow, IssueDetail

BLOCKS_ACROSS = 32
"""A face in a shop's camera is a twentieth of the picture: two blocks."""

SUMMARY, SUMS, ACCESSES = "summary.html", "SHA256SUMS.txt", "access-log.txt"


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
    """The zip; its sums are of the files as they lie in it."""
    made = io.BytesIO()
    sums = []
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _members(export):
            archive.writestr(name, content)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
        archive.writestr(SUMS, "\n".join(sums) + "\n")
    return made.getvalue()


def _members(export: Export) -> Iterator[tuple[str, bytes]]:
    yield SUMMARY, _summary(export).encode()
    yield ACCESSES, _accesses(export).encode()
    for name, _, _ in export.detail.files:
        path = export.folder / name
        if not path.is_file():
            continue
        if export.is_plain or path.suffix in (".txt", ".svg", ".csv"):
            yield f"evidence/{name}", path.read_bytes()
        elif path.suffix == ".jpg":
            yield f"evidence/{name}", coarse(path.read_bytes())


def coarse(jpeg: bytes) -> bytes:
    """The picture in blocks so large that nobody can be known. Raises ValueError for none."""
    import numpy as np

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("no picture")
    height, width = image.shape[:2]
    rows = max(1, round(BLOCKS_ACROSS * height / width))
    small = cv2.resize(image, (BLOCKS_ACROSS, rows), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return bytes(cv2.imencode(".jpg", large)[1])


def _summary(export: Export) -> str:
    """One page to print; it stands alone, so its style is inside."""
    environment = Environment(
        loader=PackageLoader("storeguard.web"), autoescape=True, undefined=StrictUndefined
    )
    language = export.store.language
    return environment.get_template("summary.html").render(
        language=language,
        store=export.store,
        texts=texts(language, "issue.", "page.", "export."),
        say=lambda key, **values: text(language, key, **values),
        one=export.detail,
        made_at=f"{export.made_at:%Y-%m-%d %H:%M:%S %Z}",
        is_plain=export.is_plain,
    )


def _accesses(export: Export) -> str:
    language = export.store.language
    lines = [
        "\t".join((row.at, row.who, text(language, f"access.{row.what}"), row.why))
        for row in export.accesses
    ]
    return "\n".join(lines) + "\n"
