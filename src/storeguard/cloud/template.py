"""The CloudFormation templates, and the code that they deploy as one zip.

Four stacks: `code` (a bucket for the zip), `sms` (an owner's topics, in a region that sends SMS),
`account` (bucket, functions, tables, page), `store` (who one device is).
"""

import hashlib
import io
import zipfile
from importlib import resources
from typing import Any

PACKAGE = "storeguard_cloud"
"""What this package is called in the functions."""

FILES = {"code": "code.yaml", "sms": "sms.yaml", "account": "template.yaml", "store": "store.yaml"}

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset({"template.py"})


def template(stack: str) -> str:
    """One of FILES."""
    return resources.files(__package__).joinpath(FILES[stack]).read_text(encoding="utf-8")


def table(name: str) -> dict[str, Any]:
    """A table of the account's template, as DynamoDB's own `create_table` takes it."""
    import yaml

    class Plain(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Intrinsics are left out: a table has none. libyaml reads it ten times as fast."""

    Plain.add_multi_constructor("!", lambda *_: None)
    wanted = dict(yaml.load(template("account"), Plain)["Resources"][name]["Properties"])
    for later in ("TimeToLiveSpecification", "PointInTimeRecoverySpecification"):
        wanted.pop(later, None)
    return wanted


def code() -> bytes:
    """The zip; the same code is the same bytes, whenever and wherever it is made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(resources.files(__package__).iterdir(), key=lambda one: one.name):
            if source.name.endswith((".py", ".css")) and source.name not in _LEFT_OUT:
                entry = zipfile.ZipInfo(f"{PACKAGE}/{source.name}", _EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, source.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def code_key(content: bytes) -> str:
    return f"code/{hashlib.sha256(content).hexdigest()[:32]}.zip"
