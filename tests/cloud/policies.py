"""A small IAM: what the policies of our templates allow, by the rules of AWS's own evaluation.

An explicit Deny wins, then an Allow, otherwise no. Knows what our documents use: Action, Resource,
NotResource with `*`, the conditions Bool, Null and StringEquals, and variables in `${…}`; anything
else in a document is an error, so that no statement is passed over. moto has no simulator; where it
checks rights itself (identity policies, no conditions), the tests ask it too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}
ACCOUNT = "123456789012"


def rendered(value: Any, names: Mapping[str, Any]) -> Any:
    """A part of a template with its intrinsics resolved; `names`: parameters, resources' values."""
    if isinstance(value, list):
        return [rendered(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return names[value["Ref"]]
    if "Fn::GetAtt" in value:
        return names[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        return re.sub(
            r"\$\{(!?)([^}]+)\}",
            lambda m: f"${{{m[2]}}}" if m[1] else str(names[m[2]]),
            value["Fn::Sub"],
        )
    return {key: rendered(one, names) for key, one in value.items()}


def is_allowed(
    documents: list[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    said = list(_statements(documents, action, resource, context or {}))
    return "Allow" in said and "Deny" not in said


def _statements(
    documents: list[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, str]
) -> Iterator[str]:
    for document in documents:
        for statement in document["Statement"]:
            assert set(statement) <= KNOWN, f"the evaluator does not know {set(statement) - KNOWN}"
            if _applies(statement, action, resource, context):
                yield statement["Effect"]


def _applies(statement: Any, action: str, resource: str, context: Mapping[str, str]) -> bool:
    is_named = _matches(statement["Action"], action, context, ignore_case=True)
    if "NotResource" in statement:
        is_meant = not _matches(statement["NotResource"], resource, context)
    else:
        is_meant = _matches(statement["Resource"], resource, context)
    return is_named and is_meant and _holds(statement.get("Condition", {}), context)


def _matches(
    patterns: Any, text: str, context: Mapping[str, str], *, ignore_case: bool = False
) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    every = [patterns] if isinstance(patterns, str) else patterns
    return any(re.fullmatch(_regex(p, context), text, flags) for p in every)


def _regex(pattern: str, context: Mapping[str, str]) -> str:
    if any(name not in context for name in re.findall(r"\$\{([^}]+)\}", pattern)):
        return r"(?!)"  # a variable without a value matches nothing
    known = re.sub(r"\$\{([^}]+)\}", lambda m: context[m[1]], pattern)
    return "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in known)


def _holds(conditions: Mapping[str, Mapping[str, str]], context: Mapping[str, str]) -> bool:
    for operator, tests in conditions.items():
        for key, wanted in tests.items():
            if operator == "Null":
                is_met = (key not in context) == (wanted == "true")
            elif operator in ("Bool", "StringEquals"):
                is_met = context.get(key) == wanted
            else:
                raise AssertionError(f"the evaluator does not know {operator}")
            if not is_met:
                return False
    return True
