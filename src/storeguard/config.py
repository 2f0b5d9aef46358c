"""config.yaml: the contract with the owner and the installer.

Unknown keys, keys given twice and values of the wrong type are refused, all at once, each
with its line and a suggestion. The classes are frozen; `docs/config.md` is generated from
them. Secrets are not configuration: they come from the environment or the AWS chain.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from storeguard.configweb import Law
from storeguard.configweb import Web as Web
from storeguard.document import Document, Location, dotted
from storeguard.errors import ConfigInvalid
from storeguard.noticeconfig import Channel, Notices
from storeguard.posconfig import Kiosk, Pos
from storeguard.sections import (
    Contact,
    Identifier,
    Paths,
    Pixels,
    Polygon,
    Recording,
    Retention,
    Seconds,
    Store,
    Tamper,
)
from storeguard.sections import Journal as _Journal
from storeguard.sections import Section as _Section

__all__ = [
    "Channel",
    "Config",
    "Contact",
    "Folders",
    "Notices",
    "Paths",
    "Recording",
    "Retention",
    "Store",
    "Tamper",
    "Web",
    "load",
    "parse",
]

LARGEST_BYTES = 64 * 1024
"""A hand-written configuration is a few kB; more is a mistake or an attack."""

T = TypeVar("T")

EXPECTED = {
    "tuple_type": "a list",
    "model_type": "a section with keys below it",
    "model_attributes_type": "a section with keys below it",
}
"""pydantic's own words speak of tuples and instances."""

DetectorBackend = Literal[
    "auto", "ncnn", "openvino", "onnx", "ultralytics", "background", "sim", "replay"
]


class Calibration(_Section):
    tare_raw: int = Field(
        0, ge=-0x800000, le=0x7FFFFF, description="Raw counts of the empty scale."
    )
    counts_per_g: float = Field(..., description="Raw counts a gram; negative when upside down.")

    @field_validator("counts_per_g")
    @classmethod
    def _not_zero(cls, value: float) -> float:
        if value == 0:
            raise ValueError("must not be 0")
        return value


class Scale(_Section):
    id: Identifier = Field(..., description="The scale's name, as in the CSV's 선반 column.")
    products: tuple[str, ...] = Field((), description="Products on it; or the CSV says so.")
    kind: Literal["items", "bulk"] = Field(
        "items",
        description="items: units are counted. bulk: a freezer on summed cells, judged by grams.",
    )
    backend: Literal["hx711", "gpiod", "iio", "sim", "replay"] = Field(
        ..., description="How the scale is read."
    )
    dout_pin: int | None = Field(None, ge=0, le=53, description="Data pin (BCM) of hx711, gpiod.")
    sck_pin: int | None = Field(None, ge=0, le=53, description="Clock pin (BCM) of hx711, gpiod.")
    gain: Literal[128, 64, 32] = Field(128, description="128 and 64: channel A, 32: channel B.")
    sample_rate_hz: float = Field(10.0, gt=0, le=320, description="Readings a second: 10 or 80.")
    capacity_g: float = Field(10_000.0, gt=0, description="Rated load of the cells.")
    calibration: Calibration | None = Field(
        None,
        description=(
            "Raw counts to grams. What was done last counts: `scale tare` and `scale calibrate` "
            "keep theirs in the state folder, which wins until this entry is edited."
        ),
    )


class Camera(_Section):
    id: Identifier = Field(..., description="The camera's name.")
    backend: Literal["picamera", "opencv", "sim", "replay"] = Field(
        ..., description="How the camera is read."
    )
    source: int | str = Field(0, description="Camera number, device, URL or file.")
    record_size_px: tuple[Pixels, Pixels] = Field(
        (1280, 720), description="Width, height of clips."
    )
    watch_fps: float = Field(5.0, gt=0, le=60, description="Pictures a second that are judged.")
    ignore_areas: tuple[Polygon, ...] = Field(
        (), description="Polygons, 0..1 of width and height, where people do not count."
    )
    record_fps: float = Field(10.0, ge=1, le=60, description="Most pictures a second in clips.")
    kiosk_area: Polygon | None = Field(
        None, description="Polygon, 0..1, where people stand at the kiosk; see tamper.dwell_s."
    )
    privacy_masks: tuple[Polygon, ...] = Field(
        (), description="Polygons that are black in all that is stored or shown; people count."
    )
    sees: tuple[Literal["street", "private", "pin_pad"], ...] | None = Field(
        None,
        description="What of these the owner has seen in the picture: a street or a neighbour's "
        "door, a changing room or toilet, a PIN pad; [] for none, null: not answered yet.",
    )


class Detector(_Section):
    backend: Literal[
        "auto", "ncnn", "openvino", "onnx", "ultralytics", "background", "sim", "replay"
    ] = Field("auto", description="Who finds people; auto takes the best that is installed.")
    model: str = Field("yolo11n", description="Name of the network, or a path to its file.")
    confidence: float = Field(0.4, ge=0, le=1, description="Least confidence of a person.")
    threads: int | None = Field(
        None, ge=1, le=64, description="Threads of the network; null: leaves the scales a core."
    )
    cpus: tuple[int, ...] = Field(
        (), description="Processors that it may use, for example [2, 3]; none given: all."
    )
    deadline_s: float = Field(
        10.0, gt=0, le=60, description="A picture that takes it longer counts as not seen."
    )


class Visits(_Section):
    empty_for_s: Seconds = Field(5.0, description="Person-free time until the store is empty.")
    settle_for_s: Seconds = Field(2.0, gt=0, description="How long a weight must hold to count.")
    payment_grace_s: Seconds = Field(
        10.0, description="Time to pay after the last person was seen; runs beside empty_for_s."
    )
    max_visit_s: Seconds = Field(
        1800.0,
        ge=60,
        description="After so long without an empty store, what is overdue is reported as 확인 중.",
    )
    clip_s: float = Field(30.0, ge=2, le=600, description="Length of one clip.")


class Upload(_Section):
    bucket: str | None = Field(None, description="S3 bucket; null keeps issues on this device.")
    region: str = Field("ap-northeast-2", description="Region of the bucket.")
    endpoint_url: str | None = Field(None, description="Another S3 service than AWS.")
    max_kbit_s: int | None = Field(
        None, ge=64, description="Most that uploads take of the line, kbit/s; null: no limit."
    )
    sms_region: str = Field("ap-northeast-1", description="Region that sends SMS (not Seoul).")


class Config(_Section):
    """The whole configuration."""

    store: Store = Store()
    paths: Paths = Paths()
    journal: _Journal = _Journal()
    scales: tuple[Scale, ...] = ()
    cameras: tuple[Camera, ...] = ()
    detector: Detector = Detector()
    visits: Visits = Visits()
    recording: Recording = Recording()
    retention: Retention = Retention()
    contacts: tuple[Contact, ...] = ()
    tamper: Tamper = Tamper()
    kiosk: Kiosk = Kiosk()
    pos: Pos = Pos()
    notices: Notices = Notices()
    upload: Upload = Upload()
    web: Web = Web()
    law: Law = Law()
    started_at: AwareDatetime | None = Field(
        None, description="Only in a trace: the wall-clock time of its second 0, in quotes."
    )


class Folders(BaseModel):
    """The configured paths, absolute."""

    model_config = ConfigDict(frozen=True)

    inventory: Path
    record: Path
    issue_data: Path
    state: Path
    event_log: Path

    @classmethod
    def of(cls, config: Config, base: Path) -> "Folders":
        base = base.resolve()
        return cls(**{name: base / path for name, path in config.paths.model_dump().items()})


def load(path: Path, *, default_backend: str | None = None) -> Config:
    """Reads the file, or raises ConfigInvalid with every problem of it.

    `default_backend` is what scales, cameras and detector have when they name none (a trace).
    """
    return parse(_read(path), str(path), default_backend=default_backend)


def parse(text: str, name: str = "config.yaml", *, default_backend: str | None = None) -> Config:
    """As `load`, from text; `name` stands in the messages."""
    document = Document(text, name)
    values = document.values
    if default_backend is not None:
        _fill_backends(values, default_backend)
    if isinstance(values.get("started_at"), str):
        values["started_at"] = _instant(values["started_at"])
    config, problems = _validated(values, document)
    if config is not None and not problems:
        problems = list(_contradictions(config, document))
    if problems or config is None:
        raise ConfigInvalid(name, tuple(problems))
    return config


def _validated(values: Any, document: Document) -> tuple[Config | None, list[str]]:
    """The configuration if its values fit, and all problems in the order of their lines."""
    config: Config | None = None
    errors: list[ErrorDetails] = []
    try:
        config = Config.model_validate(_tuples(values))
    except ValidationError as error:
        errors = error.errors()
    problems = [
        (document.line_of(e["loc"]), _explain(document, e))
        for e in errors
        if e["loc"] not in document.misread
    ]
    problems += [
        (document.line_of(loc), f"line {document.line_of(loc)}: {dotted(loc)}: {_quote(source)}")
        for loc, source in document.misread.items()
    ]
    return config, [text for _, text in sorted(problems)]


def _read(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ConfigInvalid(
                str(path), (f"{size} bytes; a configuration has at most {LARGEST_BYTES}",)
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        line = "no such file; copy config.yaml of the repository, or name yours with --config"
        raise ConfigInvalid(str(path), (line,)) from None
    except UnicodeDecodeError as error:
        line = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise ConfigInvalid(str(path), (line,)) from None
    except OSError as error:
        raise ConfigInvalid(str(path), (f"cannot be read: {error.strerror}",)) from None
    if not text.strip():
        raise ConfigInvalid(str(path), ("the file is empty; copy config.yaml of the repository",))
    return text


def _explain(document: Document, error: ErrorDetails) -> str:
    loc = tuple(part for part in error["loc"] if part not in ("int", "str"))
    where = f"line {document.line_of(loc)}: {dotted(loc)}"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{_suggestion(loc)}"
    if error["type"] == "missing":
        return f"{where}: is missing"
    source = document.source_of(loc)
    if error["type"] == "string_type" and source is not None:
        return f"{where}: {_quote(source)}"
    got = f", got {source!r}" if source is not None else ""
    return f"{where}: {_message(error)}{got}"


def _quote(source: str) -> str:
    return f'expected text, got {source}, which YAML takes for something else; write "{source}"'


def _message(error: ErrorDetails) -> str:
    if error["type"] in EXPECTED:
        return f"expected {EXPECTED[error['type']]}"
    text = error["msg"].removeprefix("Value error, ")
    return (text[:1].lower() + text[1:]).replace("tuple", "list", 1)


def _suggestion(loc: Location) -> str:
    known = list(_keys_at(loc[:-1]))
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known here: {', '.join(known)}"


def _keys_at(loc: Location) -> Iterator[str]:
    section: type[BaseModel] = Config
    for part in (p for p in loc if isinstance(p, str)):
        section = _section_type(section.model_fields[part].annotation)
    yield from section.model_fields


def _section_type(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_section_type(a) for a in get_args(annotation) if a not in (type(None), Ellipsis))


def _tuples(value: Any) -> Any:
    """Lists as tuples: the frozen sections hold tuples, and are strict about it."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value


def _fill_backends(values: dict[str, Any], backend: str) -> None:
    for section in ("scales", "cameras"):
        for entry in values.get(section) or []:
            if isinstance(entry, dict):
                entry.setdefault("backend", backend)


def _instant(text: str) -> Any:
    try:
        return datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    except ValueError:
        return text


def _contradictions(config: Config, document: Document) -> Iterator[str]:
    """What is well-formed piece by piece and still cannot be."""
    yield from _id_problems("scales", [scale.id for scale in config.scales], document)
    yield from _id_problems("cameras", [camera.id for camera in config.cameras], document)
    yield from _id_problems(
        "notices.channels", [one.id for one in config.notices.channels], document
    )
    yield from _pin_problems(config, document)
    for twice in _repeated(name for scale in config.scales for name in scale.products):
        scales = [f"'{scale.id}'" for scale in config.scales if twice in scale.products]
        yield f"scales: '{twice}' is on the scales {_and(scales)}; a product belongs to one scale"


def _id_problems(section: str, ids: list[str], document: Document) -> Iterator[str]:
    for twice in _repeated(ids):
        lines = [
            document.line_of((*section.split("."), i)) for i, one in enumerate(ids) if one == twice
        ]
        yield f"{section}: the id '{twice}' is given twice (lines {_and(lines)})"


def _pin_problems(config: Config, document: Document) -> Iterator[str]:
    users: dict[int, list[str]] = {}
    for i, scale in enumerate(config.scales):
        if scale.backend not in ("hx711", "gpiod"):
            continue
        for key in ("dout_pin", "sck_pin"):
            pin = getattr(scale, key)
            line = document.line_of(("scales", i, key))
            if pin is None:
                where = f"line {line}: scales[{i}].{key}"
                yield f"{where}: is missing; backend {scale.backend} needs it"
            else:
                users.setdefault(pin, []).append(f"scales[{i}].{key} (line {line})")
    for pin, keys in users.items():
        if len(keys) > 1:
            yield f"GPIO {pin} is used by {_and(keys)}; each wire needs a pin of its own"


def _repeated(items: Iterable[T]) -> list[T]:
    return [item for item, times in Counter(items).items() if times > 1]


def _and(items: list[Any]) -> str:
    texts = [str(item) for item in items]
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]
