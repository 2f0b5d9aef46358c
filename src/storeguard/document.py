"""A YAML text as plain values, each with the line and the source text that it came from.

YAML 1.1 guesses types; what it guesses wrong (phone numbers, times of day) is kept as typed.
"""

import re
from typing import Any

import yaml

from storeguard.errors import ConfigInvalid

Location = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""

MOST_VALUES = 20_000
"""More than 64 kB can spell out; only anchors that multiply get there."""

MISREAD = re.compile(r"[-+]?(0\d[\d_]*|\d+(:[0-5]?\d)+|\+\d+)")
"""Phone numbers and times of day: YAML 1.1 takes them for octal and base 60."""


class Document:
    """A YAML text as plain values, with the line and the source text of each."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines: dict[Location, int] = {}
        self._sources: dict[Location, str] = {}
        self.misread: dict[Location, str] = {}
        self._count = 0
        self.values = self._load(text)
        if not isinstance(self.values, dict):
            raise ConfigInvalid(name, ("expected keys such as 'store:', got a single value",))

    def _load(self, text: str) -> Any:
        try:
            self._loader = yaml.SafeLoader(text)
            node = self._loader.get_single_node()
            return {} if node is None else self._walk(node, ())
        except yaml.MarkedYAMLError as error:
            problem = _syntax_problem(error)
        except yaml.reader.ReaderError as error:
            line = text[: int(error.position)].count("\n") + 1
            problem = f"line {line}: character #x{int(error.character):04x} is not allowed in YAML"
        except RecursionError:
            problem = "nested too deeply"
        raise ConfigInvalid(self._name, (problem,))

    def _walk(self, node: yaml.Node, path: Location, depth: int = 0) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if depth > 12:
            self._refuse(node, "nested too deeply, or an anchor that contains itself")
        self._count += 1
        if self._count > MOST_VALUES:
            self._refuse(node, f"more than {MOST_VALUES} values; do without anchors")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        self._sources[path] = node.value
        if isinstance(node, yaml.ScalarNode) and _is_misread(node):
            self.misread[path] = node.value
            return node.value
        try:
            return self._loader.construct_object(node)
        except (ValueError, LookupError, AttributeError):  # a tag that does not fit: `!!int ""`
            return node.value

    def _mapping(self, node: yaml.MappingNode, path: Location, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*path, key)
            if key in values:
                first = self._lines[here]
                self._refuse(key_node, f"'{dotted(here)}' is given twice (first in line {first})")
            self._lines[here] = key_node.start_mark.line + 1
            values[key] = self._walk(value_node, here, depth + 1)
        return values

    def _refuse(self, node: yaml.Node, problem: str) -> None:
        raise ConfigInvalid(self._name, (f"line {node.start_mark.line + 1}: {problem}",))

    def line_of(self, loc: Location) -> int:
        """The line of the value, or of the nearest section around it."""
        while loc and loc not in self._lines:
            loc = loc[:-1]
        return self._lines.get(loc, 1)

    def source_of(self, loc: Location) -> str | None:
        """A scalar as it was typed; None for a section, or where there is nothing."""
        return self._sources.get(loc)


def _is_misread(node: yaml.ScalarNode) -> bool:
    return not node.style and MISREAD.fullmatch(node.value) is not None


def _syntax_problem(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    hint = "; use blanks instead of tabs" if "\\t" in (error.problem or "") else ""
    return f"line {line}: not valid YAML: {error.problem or error.context}{hint}"


def dotted(loc: Location) -> str:
    """`scales[0].dout_pin`, for messages."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"
