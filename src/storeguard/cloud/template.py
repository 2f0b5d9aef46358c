"""The CloudFormation templates, ready to deploy: the notifier's source stands in its template.

No bucket for code is needed: the three modules become one `index.py` inline.
"""

import re
import textwrap
from importlib import resources

MODULES = ("ksx1001", "message", "notifier")
"""In the order of their imports."""

_PLACEHOLDER = "        ZipFile: NOTIFIER_SOURCE\n"
_SIBLING_IMPORT = re.compile(r"^from \.\w+ import [^(\n]*\n", re.MULTILINE)


def store_template() -> str:
    """Bucket, notifier, table, queue, the device's user and policy; a topic unless one is given."""
    source = textwrap.indent(notifier_source(), " " * 10, lambda line: line != "\n")
    return _text("template.yaml").replace(_PLACEHOLDER, "        ZipFile: |\n" + source)


def sms_template() -> str:
    """The topic alone, for a region that sends SMS when the store's does not."""
    return _text("sms.yaml")


def notifier_source() -> str:
    """One module, `index`, with `handler` in it."""
    return "\n\n".join(_SIBLING_IMPORT.sub("", _text(f"{module}.py")) for module in MODULES)


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
