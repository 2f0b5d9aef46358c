"""One clip on disk: recorded fragmented, published as faststart mp4, repaired after a kill.

An ordinary mp4 has its index at the end, so that a killed one cannot be read. A fragmented
one plays up to its last fragment; when the clip ends, its packets are copied into a
faststart mp4, which a browser plays at once.

Everything here blocks. Foreign errors that may leave a function are in DISK_ERRORS.
"""

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from storeguard import durable
from storeguard.errors import StoreguardError
from storeguard.vision.encoding import FRAGMENTED, Encoded, timed

LAST_PICTURE_S = 1.0
"""How long a clip's last picture may stand: after a camera fault nothing is shown for hours."""

PART_SUFFIX = ".part"

NOTHING_SAID: Mapping[str, str] = MappingProxyType({})
SAID = ("creation_time", "comment")
"""What a clip's metadata hold; the comment is JSON with `started_at` to the microsecond."""

BOXES = (b"ftyp", b"moov", b"moof", b"mdat", b"mfra")

DISK_ERRORS = (OSError, av.FFmpegError)


class ClipUnplayable(StoreguardError, ValueError):
    """There is no picture in a file that was recorded."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished mp4. Times are monotonic seconds, of its first picture and its end."""

    path: Path
    started_s: float
    ended_s: float
    frames: int
    copy_of: Path | None = None
    """The recording that goes on, where this is a copy of what there was of it."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a killed process left. Times of `clips` count from each clip's own start."""

    clips: tuple[Clip, ...] = ()
    removed: tuple[Path, ...] = ()
    faults: tuple[str, ...] = ()


def begin_clip(
    part: Path, template: VideoStream, started_s: float, about: Mapping[str, str] = NOTHING_SAID
) -> "ClipWriter":
    """Opens the reserved file for packets from `started_s` on, made by the template's encoder.

    `about` becomes the file's metadata, which a killed recording has too.
    """
    container = av.open(str(part), "w", format="mp4", options=FRAGMENTED)
    container.metadata.update(about)
    return ClipWriter(part, container, container.add_stream_from_template(template), started_s)


def memory_clip(template: VideoStream, started_s: float) -> "tuple[ClipWriter, io.BytesIO]":
    """A clip that is not on any disk; `place_clip` puts it there."""
    buffer = io.BytesIO()
    container = av.open(buffer, "w", format="mp4", options=FRAGMENTED)
    stream = container.add_stream_from_template(template)
    return ClipWriter(Path("memory"), container, stream, started_s), buffer


def place_clip(mp4: bytes, path: Path) -> None:
    """Writes a clip from memory as a faststart mp4; not durable. Raises DISK_ERRORS."""
    _copy(io.BytesIO(mp4), path)


class ClipWriter:
    """A clip that is being recorded; `begin_clip` makes it."""

    def __init__(
        self, part: Path, container: OutputContainer, stream: VideoStream, started_s: float
    ) -> None:
        self.part = part
        self.started_s = started_s
        self.last_s = started_s
        self._container = container
        self._stream = stream
        # A packet's duration is known only when the next picture comes.
        self._held: Encoded | None = None

    def write(self, packet: Encoded) -> None:
        """Adds a picture at its own time; the first is a key picture."""
        self._release(packet.t_s)
        self._held, self.last_s = packet, packet.t_s

    def close(self, ended_s: float) -> float:
        """Ends the file; its last picture stands until `ended_s`, or a second. Returns the end."""
        ended_s = min(max(ended_s, self.last_s), self.last_s + LAST_PICTURE_S)
        try:
            self._release(ended_s)
        finally:
            self._container.close()
        return ended_s

    def abandon(self) -> None:
        """Closes the file after a fault, as far as the disk lets it."""
        with suppress(*DISK_ERRORS):
            self._container.close()

    def _release(self, until_s: float) -> None:
        held, self._held = self._held, None
        if held is not None:
            lasts_s = until_s - held.t_s
            self._container.mux(timed(held, self.started_s, lasts_s, self._stream))


def publish_clip(part: Path, path: Path) -> tuple[int, float]:
    """Copies the recorded packets into a faststart mp4 at `path` and removes `part`.

    Returns the pictures in it and their seconds. Raises DISK_ERRORS or ClipUnplayable; `part`
    is left then.
    """
    temporary = durable.temporary_beside(path)
    try:
        frames, duration_s = _copy(part, temporary)
        durable.publish_file(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    part.unlink()
    return frames, duration_s


def copy_so_far(part: Path, path: Path) -> tuple[int, float]:
    """What a recording that goes on has on the disk, as a faststart mp4 at `path`; not durable.

    Up to its last whole fragment. Returns and raises as `publish_clip` does; `part` is left.
    """
    content = part.read_bytes()
    return _copy(io.BytesIO(content[: _whole_bytes(content)]), path)


def about_clip(started_at: datetime, camera: str, *, is_clock_synced: bool) -> dict[str, str]:
    """Metadata that give each picture its wall-clock time, see `picture_times`."""
    quality = "synced" if is_clock_synced else "unsynced"
    said = {"started_at": started_at.isoformat(), "camera": camera, "time_quality": quality}
    return {"creation_time": started_at.isoformat(), "comment": json.dumps(said)}


def picture_times(path: Path) -> tuple[datetime, ...]:
    """When each picture of a clip was taken, aware. Raises ClipUnplayable, DISK_ERRORS.

    A recording's own instant and the pictures' monotonic times: a clock that is set while it
    is recorded does not tear it apart.
    """
    with _opened(path) as source:
        try:
            started_at = datetime.fromisoformat(json.loads(_said(source)["comment"])["started_at"])
        except (KeyError, ValueError, TypeError) as error:
            raise ClipUnplayable(f"{path}: does not say when it was recorded") from error
        packets = [p for p in _whole_packets(source) if p.pts is not None]
        offsets_s = [float((p.pts or 0) * p.time_base) for p in packets]
    return tuple(started_at + timedelta(seconds=offset_s) for offset_s in offsets_s)


def _said(source: InputContainer) -> dict[str, str]:
    return {key: source.metadata[key] for key in SAID if key in source.metadata}


def repair(folder: Path) -> Repaired:
    """Publishes what a killed process left in mid-recording; what does not play is removed.

    Before the first recording, and only for the holder of the folder's lock.
    Where the disk itself fails, the part is left for the next start and a fault says so.
    """
    clips, removed, faults = [], [], []
    for part in sorted(folder.glob(f"*.mp4{PART_SUFFIX}")):
        path = part.with_suffix("")
        try:
            _cut_off_damage(part)
            frames, duration_s = publish_clip(part, path)
            clips.append(Clip(path, 0.0, duration_s, frames))
        except ClipUnplayable:
            part.unlink()
            removed.append(part)
        except DISK_ERRORS as error:
            faults.append(f"{part}: the clip cannot be repaired now: {error}; free space first")
    return Repaired(tuple(clips), tuple(removed), tuple(faults))


def drop_clips(clips: Iterable[Clip]) -> int:
    """Deletes the clips of a clean visit; returns how many files there were."""
    found = [clip.path for clip in clips if clip.path.exists()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def reserve(folder: Path, label: str) -> Path:
    """Creates the first free `<label>[-2…].mp4.part`: two cameras, or a clock set back."""
    for serial in itertools.count(1):
        path = folder / (f"{label}.mp4" if serial == 1 else f"{label}-{serial}.mp4")
        part = path.with_name(path.name + PART_SUFFIX)
        if not path.exists():
            with suppress(FileExistsError):
                part.touch(exist_ok=False)
                return part
    raise AssertionError("unreachable")


def _cut_off_damage(part: Path) -> None:
    """Ends the file before a box that a kill has cut, or the zeros of a power cut.

    ffmpeg refuses the whole file for half an index; half a picture at the end is no matter.
    """
    size = part.stat().st_size
    with part.open("rb+") as file:
        at = 0
        while (box := _box(file, at)) and (at + box[0] <= size or box[1] == b"mdat"):
            at += box[0]
        if at < size:
            file.truncate(at)


def _whole_bytes(content: bytes) -> int:
    """Where the last whole fragment ends: with its pictures, which come after their index."""
    file, at, whole = io.BytesIO(content), 0, 0
    while (box := _box(file, at)) and at + box[0] <= len(content):
        at += box[0]
        whole = at if box[1] == b"mdat" else whole
    return whole


def _box(file: BinaryIO, at: int) -> tuple[int, bytes] | None:
    """Length and type of the mp4 box at `at`; None where there is none of ours."""
    file.seek(at)
    head = file.read(8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:]
    return (length, kind) if kind in BOXES and length >= len(head) else None


def _copy(part: Path | io.BytesIO, temporary: Path) -> tuple[int, float]:
    frames, end_s = 0, 0.0
    with (
        _opened(part) as source,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as target,
    ):
        target.metadata.update(_said(source))
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in _whole_packets(source):
            assert packet.pts is not None
            frames += 1
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            packet.stream = stream
            target.mux(packet)
    if not frames:
        raise ClipUnplayable(f"{part}: there is no picture in it")
    return frames, end_s


def _opened(part: Path | io.BytesIO) -> InputContainer:
    try:
        source = av.open(str(part) if isinstance(part, Path) else part, format="mp4")
    except (av.InvalidDataError, av.EOFError) as error:
        raise ClipUnplayable(f"{part}: not an mp4: {error}") from error
    assert isinstance(source, InputContainer)
    # A cut in the header leaves a stream of which nothing is known.
    if not any(stream.codec_context for stream in source.streams.video):
        source.close()
        raise ClipUnplayable(f"{part}: there is no video in it")
    return source


def _whole_packets(source: InputContainer) -> "Iterator[Packet[VideoStream]]":
    """All packets up to the first that a kill has cut."""
    with suppress(av.InvalidDataError):
        for packet in source.demux(source.streams.video[0]):
            if not _is_whole(packet):
                return
            yield packet


def _is_whole(packet: "Packet[VideoStream]") -> bool:
    """H.264 data never ends with a zero byte; a power cut leaves zeros. None is ffmpeg's end."""
    return packet.dts is not None and not packet.is_corrupt and bytes(packet)[-1:] != b"\0"
