"""config.yaml changed from a page: only the values that change, all else stays as it was written.

Values are replaced where they stand in the text. What comes out is read again and compared: a
text that YAML lets say more than one thing (anchors) is refused rather than guessed at.
"""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from storeguard import config as cfg
from storeguard import durable
from storeguard.document import Document, Location, dotted
from storeguard.errors import ConfigInvalid, StoreguardError

Changes = Mapping[Location, Any]
"""Where a value stands → what it is to be, as JSON has it."""

Check = Callable[[cfg.Config], None]
"""Raises ConfigInvalid for what is well-formed and still cannot be used."""


class ConfigFile:
    """The owner's file. Everything blocks; one change at a time."""

    def __init__(self, path: Path, check: Check = lambda _: None) -> None:
        self.path = path
        self._check = check
        self._turn = threading.Lock()

    def load(self) -> cfg.Config:
        return cfg.load(self.path)

    def change(self, changes: Changes) -> cfg.Config:
        """What is in the file now. Raises ConfigInvalid and leaves it as it is, StoreguardError."""
        with self._turn:
            before = self._read()
            after = edited(before, changes, str(self.path))
            config = cfg.parse(after, str(self.path))
            self._check(config)
            if after != before:
                self._publish(after)
            return config

    def put(self, text: str) -> cfg.Config:
        """A whole new file; the one before it is kept beside it. Raises as `change`."""
        with self._turn:
            config = cfg.parse(text, str(self.path))
            self._check(config)
            if self.path.exists():
                durable.publish(self.path.with_name(f"{self.path.name}.before"), self._bytes())
            self._publish(text)
            return config

    def _read(self) -> str:
        try:
            return self._bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = f"byte {error.start} is not UTF-8; save the file as UTF-8"
            raise ConfigInvalid(str(self.path), (line,)) from None

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise StoreguardError(f"{self.path}: cannot be read: {error.strerror}") from error

    def _publish(self, text: str) -> None:
        try:
            mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
            durable.publish(self.path, text.encode(), mode=mode)
        except OSError as error:
            raise StoreguardError(
                f"{self.path}: cannot be written: {error.strerror}; check the disk and the rights "
                "of this user; nothing was changed"
            ) from error


def edited(text: str, changes: Changes, name: str = "config.yaml") -> str:
    """The text with these values. Raises ConfigInvalid."""
    expected = Document(text, name).values
    for place, value in changes.items():
        text = _with(text, place, value)
        _put(expected, place, value)
        if Document(text, name).values != expected:
            line = f"{dotted(place)}: cannot be changed from here; edit the file itself"
            raise ConfigInvalid(name, (line,))
    return text


def _put(values: Any, place: Location, value: Any) -> None:
    for part in place[:-1]:
        inner = values[part] if isinstance(part, int) else values.get(part)
        if inner is None:
            inner = values[part] = {}
        values = inner
    values[place[-1]] = value


def _with(text: str, place: Location, value: Any) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return f"{text.rstrip()}\n{_pair(place, value)}\n".lstrip("\n")
    for depth, part in enumerate(place):
        child = _child(node, part)
        if child is None:
            return _inserted(text, node, place[depth:], value)
        node = child
    return _replaced(text, node, _json(value))


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part] if part < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == part), None)


def _replaced(text: str, node: yaml.Node, written: str) -> str:
    start, end = node.start_mark.index, _end(node)
    is_glued = start == end and text[start - 1 : start] == ":"  # `law:` with nothing behind it
    if _is_block(node):  # what was on lines of its own goes behind the key
        start = len(text[:start].rstrip())
        is_glued = True
    return f"{text[:start]}{' ' if is_glued else ''}{written}{text[end:]}"


def _inserted(text: str, node: yaml.Node, place: Location, value: Any) -> str:
    """A key that was not there, with what leads to it."""
    if not isinstance(node, yaml.MappingNode):
        return _replaced(text, node, f"{{{_pair(place, value)}}}")
    if node.flow_style:
        at = node.end_mark.index - 1
        comma = ", " if node.value else ""
        return f"{text[:at].rstrip()}{comma}{_pair(place, value)}{text[at:]}"
    at = text.find("\n", _end(node))
    head, tail = (text, "") if at < 0 else (text[:at], text[at:])
    return f"{head}\n{' ' * node.start_mark.column}{_pair(place, value)}{tail or chr(10)}"


def _pair(place: Location, value: Any) -> str:
    for part in reversed(place[1:]):
        value = {part: value}
    return f"{place[0]}: {_json(value)}"


def _json(value: Any) -> str:
    """JSON is YAML; names are left without their quotes where nobody could take them for more."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_json(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_json, value))}]"
    said = json.dumps(value, ensure_ascii=False)
    is_bare = isinstance(value, float) and "e" in said and "." not in said
    return said.replace("e", ".0e") if is_bare else said  # YAML 1.1 takes 5e-3 for a text


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _end(node: yaml.Node) -> int:
    """Where its own text ends; a block's mark is only at the next token."""
    if not _is_block(node):
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)
