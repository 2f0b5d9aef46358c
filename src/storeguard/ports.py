"""What the services need from the outside world, as Protocols.

Backends implement them structurally; `app.py` joins the two. `tests/contract` runs one
suite over every backend of a port.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storeguard.domain.delivery import Begun
from storeguard.domain.occupancy import Detection
from storeguard.domain.product import Product, Stock
from storeguard.domain.scalerules import Reading
from storeguard.domain.tampering import Touch

__all__ = [
    "Book",
    "Books",
    "Camera",
    "Channel",
    "Contact",
    "Detector",
    "Frame",
    "Image",
    "Letter",
    "ObjectStore",
    "Reading",
    "Scale",
]

Image = NDArray[np.uint8]
"""A picture, shape (height, width, 3), uint8, BGR, as OpenCV has it."""


class Scale(Protocol):
    """One weighing channel.

    `drain()` never blocks: it returns the readings since the last call, oldest first. A
    device that delivers nothing says so with failed readings at least once a second.
    `close()` ends whatever `start()` began and may be called twice.
    """

    @property
    def id(self) -> str: ...
    def start(self) -> None: ...
    def drain(self) -> Sequence[Reading]: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of one camera. `image` is None where only people are known (a trace).

    `small` shows the same with fewer pixels, from a camera that delivers both.
    """

    t_s: float
    image: Image | None
    small: Image | None = None


class Camera(Protocol):
    """A source of pictures.

    `frame()` waits for a frame that it has not returned yet and skips stale ones; it
    raises CameraTimeout within the device's own deadline, CameraEnded after a file's last
    frame, CameraFault when the device is gone. After a fault `open()` may be tried again.
    `close()` may be called twice.
    """

    @property
    def id(self) -> str: ...
    async def open(self) -> None: ...
    async def frame(self) -> Frame: ...
    async def close(self) -> None: ...


class Contact(Protocol):
    """A switch or sensor that somebody may touch.

    `drain()` never blocks: what has happened since the last call, oldest first; the first call
    says how it is. Raises DeviceFault; it may be called again. `close()` may be called twice.
    """

    @property
    def id(self) -> str: ...
    def drain(self) -> Sequence[Touch]: ...
    def close(self) -> None: ...


class Detector(Protocol):
    """Finds people on a frame; blocks, so it is called in one worker thread.

    Boxes are clipped to the frame; none found is an empty tuple. Raises CameraBlind where
    nobody could be seen at all (dark, covered), DetectorFault when it fails itself.
    """

    @property
    def name(self) -> str: ...
    def people(self, frame: Frame) -> tuple[Detection, ...]: ...
    def close(self) -> None: ...


class Book(Protocol):
    """One of the two inventories with its CSV. One writer each.

    `counts` and `products` are the version in force. `add()` is durable in the journal
    when it returns, the CSV follows unless the owner's file may not be written now; a
    `key` makes it idempotent: the second call with the same key changes nothing and
    returns False.
    """

    @property
    def name(self) -> str: ...
    @property
    def products(self) -> tuple[Product, ...]: ...
    @property
    def counts(self) -> Stock: ...
    async def add(self, changes: Stock, *, why: str, key: str | None = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Books:
    """The two inventories: counts by sales, and counts by weight."""

    kiosk: Book
    shelf: Book


Guests = Mapping[str, Mapping[str, int]]
"""Scale id → product → units that do not belong there."""


class ZeroMemory(Protocol):
    """What a scale's zero was, so that a restart with goods on the shelf keeps the count."""

    def load(self) -> Mapping[str, float]:
        """Scale id → zero in grams."""

    def save(self, zeros: Mapping[str, float]) -> None:
        """Durable when it returns; blocks."""


class GuestMemory(Protocol):
    """Which foreign products lie on a scale, so that a restart still knows them."""

    def load(self) -> Guests:
        """Scale id → product → units."""

    def save(self, guests: Guests) -> None:
        """Durable when it returns; blocks."""


class ObjectStore(Protocol):
    """Where issues are delivered to.

    `put()` writes once: an object that is already there with the same content is fine, with
    another content UploadConflict, unless `is_replacing` says that it may go. Errors are sorted
    into UploadTransient, UploadRefused and UploadClockSkewed. `put_in_parts()` does as put() for
    what is too much for one go: it continues what was `begun`, and gives `on_part` what is there
    after each part, None where it has to begin anew. `get()` returns None when there is no such
    object. All block.
    """

    def put(
        self, key: str, content: bytes, *, content_type: str, is_replacing: bool = False
    ) -> None: ...
    def put_in_parts(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str,
        begun: Begun | None,
        on_part: Callable[[Begun | None], None],
    ) -> None: ...
    def get(self, key: str) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out on a channel; `html` is empty where there is nothing but text.

    HTML may show a picture as `cid:<file name>`.
    """

    id: str
    subject: str
    text: str
    html: str = ""
    pictures: tuple[Path, ...] = ()


class Channel(Protocol):
    """One way to the owner.

    `send()` blocks, and returns once the other side has taken the letter. Raises
    ChannelUnreachable where it may go later, ChannelRefused where a person has to do something.
    The same id may come twice: whatever can tell the receiver so does.
    """

    @property
    def id(self) -> str: ...
    def send(self, letter: Letter) -> None: ...
