"""CloudFormation: a change is planned, shown, and only then made; what is there is left alone."""

import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws

from storeguard.deploying.account import UNANSWERED, Account, explained
from storeguard.errors import CloudRefused

NEVER_MADE = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""There is a name and nothing behind it: such a stack is removed before it is made."""

NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
WAIT = {"Delay": 3, "MaxAttempts": 400}

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Stack:
    """`parameters`: None keeps what is deployed, or the template's default."""

    name: str
    region: str
    template: str
    parameters: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that would be added, modified or removed."""

    stack: str
    action: str
    kind: str
    name: str
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Deployed:
    """`resources`: what each is called in AWS, by its name in the template."""

    status: str
    parameters: Mapping[str, str]
    resources: Mapping[str, str]


class Stacks:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._plans: dict[str, str] = {}  # stack → its change set

    def find(self, name: str, region: str) -> Deployed | None:
        """The stack as it is deployed; None where there is none, or never was."""
        with explained(f"stack {name} in {region}"):
            try:
                formation = self._formation(region)
                answer = formation.describe_stacks(StackName=name)
                listed = formation.describe_stack_resources(StackName=name)["StackResources"]
            except aws.ClientError as error:
                if "does not exist" not in str(error):
                    raise
                return None
        [found] = answer["Stacks"]
        return Deployed(
            found["StackStatus"],
            {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", ())},
            {
                r["LogicalResourceId"]: r["PhysicalResourceId"]
                for r in listed
                if r.get("PhysicalResourceId")
            },
        )

    def names(self, region: str, prefix: str) -> tuple[str, ...]:
        with explained(f"the stacks in {region}"):
            pages = self._formation(region).get_paginator("describe_stacks").paginate()
            found = [s["StackName"] for page in pages for s in page["Stacks"]]
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    def plan(self, stack: Stack) -> tuple[Change, ...]:
        """What making the stack would change. Leaves a change set that `apply` executes."""
        deployed = self.find(stack.name, stack.region)
        if deployed and deployed.status in NEVER_MADE:
            self.delete(stack.name, stack.region)
            deployed = None
        with explained(f"the plan of stack {stack.name}"):
            answer = self._described(stack) if self._asked(stack, deployed) else {}
        return tuple(_changes(stack.name, answer))

    def _asked(self, stack: Stack, deployed: Deployed | None) -> bool:
        """Asks for the change set; False where there is nothing to change."""
        try:
            made = self._formation(stack.region).create_change_set(
                StackName=stack.name,
                ChangeSetName=f"plan-{secrets.token_hex(8)}",
                ChangeSetType="UPDATE" if deployed else "CREATE",
                TemplateBody=stack.template,
                Parameters=list(_given(stack, deployed)),
                Capabilities=["CAPABILITY_IAM"],
                Tags=[{"Key": "storeguard", "Value": stack.name}],
            )
        except aws.ClientError as error:
            if not any(nothing in str(error) for nothing in NOTHING_TO_DO):
                raise
            return False
        self._plans[stack.name] = made["Id"]
        return True

    def apply(self, stack: Stack) -> Deployed:
        """Executes the plan and waits; the first thing that failed is in the error."""
        formation = self._formation(stack.region)
        found = self.find(stack.name, stack.region)
        is_new = found is None or found.status in NEVER_MADE
        with explained(f"stack {stack.name}"):
            formation.execute_change_set(
                StackName=stack.name, ChangeSetName=self._plans[stack.name]
            )
        self._wait(stack.name, stack.region, "create" if is_new else "update")
        deployed = self.find(stack.name, stack.region)
        if deployed is None:
            raise CloudRefused(f"stack {stack.name}: gone while it was made; deploy again")
        return deployed

    def discard(self, stack: Stack) -> None:
        """The plan is not wanted: nothing of it stays."""
        if stack.name not in self._plans:
            return
        with explained(f"the plan of stack {stack.name}"):
            self._formation(stack.region).delete_change_set(
                StackName=stack.name, ChangeSetName=self._plans.pop(stack.name)
            )
        deployed = self.find(stack.name, stack.region)
        if deployed and deployed.status in NEVER_MADE:
            self.delete(stack.name, stack.region)

    def delete(self, name: str, region: str) -> None:
        with explained(f"stack {name}"):
            self._formation(region).delete_stack(StackName=name)
        self._wait(name, region, "delete")

    def drift(self, name: str, region: str) -> str:
        """IN_SYNC, DRIFTED, or why nobody can say."""
        import threading

        formation = self._formation(region)
        try:
            asked = formation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
            for _ in range(60):
                answer = formation.describe_stack_drift_detection_status(
                    StackDriftDetectionId=asked
                )
                if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                    return str(answer.get("StackDriftStatus", answer["DetectionStatus"]))
                threading.Event().wait(2)
        except UNANSWERED as error:
            return f"unknown ({' '.join(str(error).split())[:80]})"
        return "unknown (still looking after two minutes)"

    def _formation(self, region: str) -> Any:
        return self._account.client("cloudformation", region)

    def _described(self, stack: Stack) -> Mapping[str, Any]:
        formation = self._formation(stack.region)
        named = {"StackName": stack.name, "ChangeSetName": self._plans[stack.name]}
        try:
            formation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig=WAIT)
        except aws.WaiterError as error:
            reason = str(getattr(error, "last_response", {}).get("StatusReason", error))
            if any(nothing in reason for nothing in NOTHING_TO_DO):
                return {"Changes": []}
            raise CloudRefused(f"the plan of stack {stack.name}: {reason}") from error
        answer: Mapping[str, Any] = formation.describe_change_set(**named)
        return answer

    def _wait(self, name: str, region: str, what: str) -> None:
        formation = self._formation(region)
        try:
            formation.get_waiter(f"stack_{what}_complete").wait(StackName=name, WaiterConfig=WAIT)
        except aws.WaiterError as error:
            raise CloudRefused(
                f"stack {name}: {what} failed: {self._first_failure(name, region)}"
            ) from error

    def _first_failure(self, name: str, region: str) -> str:
        try:
            answer = self._formation(region).describe_stack_events(StackName=name)
        except aws.ClientError as error:
            return " ".join(str(error).split())
        failed = [e for e in answer["StackEvents"] if e["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return "look at its events in the CloudFormation console"
        first = failed[-1]
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason')}"


def _given(stack: Stack, deployed: Deployed | None) -> Iterator[dict[str, Any]]:
    for key, value in stack.parameters.items():
        if value is not None:
            yield {"ParameterKey": key, "ParameterValue": value}
        elif deployed is not None and key in deployed.parameters:
            yield {"ParameterKey": key, "UsePreviousValue": True}


def _changes(stack: str, answer: Mapping[str, Any]) -> Iterator[Change]:
    for one in answer.get("Changes", ()):
        change = one.get("ResourceChange", {})
        yield Change(
            stack,
            change.get("Action", "?"),
            change.get("ResourceType", "?"),
            change.get("LogicalResourceId", "?"),
            change.get("Replacement") == "True",
        )
