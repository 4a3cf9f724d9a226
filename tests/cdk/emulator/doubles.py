"""Doubles of AWS that moto 5.2.5 lacks: they keep what they are given, give it back, and do nothing else.

AWS Backup's selections; Systems Manager's associations; the subscribers of a budget's notices, and a budget's
tags; the tags of a dashboard; a stack's protection switched on and off; Performance Insights of a database;
what a security group's rule is for, where it names no address.
"""

import inspect
import json
import uuid
from collections.abc import Mapping
from typing import Any

from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.responses import BackupResponse
from moto.budgets.responses import BudgetsResponse
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.rds.models import DBInstance
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse


def install() -> None:
    """Add all of them."""
    for where, double in (
        (BackupResponse, _Selections),
        (SimpleSystemManagerResponse, _Associations),
        (BudgetsResponse, _Notices),
        (CloudFormationResponse, _Protection),
    ):
        for name, method in vars(double).items():
            if not name.startswith("__"):
                setattr(where, name, method)
    CloudWatchResponse.tag_resource = _tag_resource(CloudWatchResponse.tag_resource)
    known = SimpleSystemManagerBackend._validate_resource_type_and_id
    SimpleSystemManagerBackend._validate_resource_type_and_id = _or_association(known)
    DBInstance.__init__ = _with_insights(DBInstance.__init__)
    SecurityGroupRule.__init__ = _with_purpose(SecurityGroupRule.__init__)
    SecurityGroupRule.description = property(_purpose)


def _kept(backend: Any, name: str) -> dict[str, Any]:
    """What a double keeps in moto's backend, so that it is reset, kept and put back with it."""
    return backend.__dict__.setdefault(f"doubled_{name}", {})


class _Selections:
    """A double of AWS Backup's selections."""

    def create_backup_selection(self) -> str:
        parts = self.path.strip("/").split("/")
        plan = self.backup_backend.get_backup_plan(parts[2], None).backup_plan_id
        selection = json.loads(self.body)["BackupSelection"]
        name = str(uuid.uuid4())
        _kept(self.backup_backend, "selections")[name] = {"BackupPlanId": plan, "BackupSelection": selection}
        return json.dumps({"SelectionId": name, "BackupPlanId": plan})

    def list_backup_selections(self) -> str:
        plan = self.path.strip("/").split("/")[2]
        found = [
            {
                "SelectionId": name,
                "BackupPlanId": plan,
                "SelectionName": each["BackupSelection"]["SelectionName"],
                "IamRoleArn": each["BackupSelection"]["IamRoleArn"],
            }
            for name, each in _kept(self.backup_backend, "selections").items()
            if each["BackupPlanId"] == plan
        ]
        return json.dumps({"BackupSelectionsList": found})

    def get_backup_selection(self) -> str:
        name = self.path.strip("/").split("/")[-1]
        found = _kept(self.backup_backend, "selections").get(name)
        if found is None:
            raise ResourceNotFoundException(msg=f"Backup selection {name} not found")
        return json.dumps({"SelectionId": name, **found})

    def delete_backup_selection(self) -> EmptyResult:
        _kept(self.backup_backend, "selections").pop(self.path.strip("/").split("/")[-1], None)
        return EmptyResult()


class _Associations:
    """A double of Systems Manager's associations."""

    def create_association(self) -> ActionResult:
        made = {**json.loads(self.body), "AssociationId": str(uuid.uuid4()), "AssociationVersion": "1"}
        tags = made.pop("Tags", [])
        _kept(self.ssm_backend, "associations")[made["AssociationId"]] = made
        self.ssm_backend._resource_tags["Association"][made["AssociationId"]] = {
            each["Key"]: each["Value"] for each in tags
        }
        return ActionResult({"AssociationDescription": made})

    def update_association(self) -> ActionResult:
        said = json.loads(self.body)
        found = _association(self.ssm_backend, said)
        version = str(int(found["AssociationVersion"]) + 1)
        found.update({**said, "AssociationVersion": version})
        return ActionResult({"AssociationDescription": found})

    def describe_association(self) -> ActionResult:
        return ActionResult({"AssociationDescription": _association(self.ssm_backend, json.loads(self.body))})

    def list_associations(self) -> ActionResult:
        shown = (
            "AssociationId",
            "AssociationName",
            "Name",
            "ScheduleExpression",
            "Targets",
            "AssociationVersion",
        )
        wanted = {
            each["key"]: each["value"] for each in json.loads(self.body).get("AssociationFilterList", [])
        }
        found = [
            {name: each[name] for name in shown if name in each}
            for each in _kept(self.ssm_backend, "associations").values()
            if all(each.get(name) == value for name, value in wanted.items())
        ]
        return ActionResult({"Associations": found})

    def delete_association(self) -> EmptyResult:
        found = _association(self.ssm_backend, json.loads(self.body))
        del _kept(self.ssm_backend, "associations")[found["AssociationId"]]
        return EmptyResult()


def _association(backend: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    kept = _kept(backend, "associations")
    if said.get("AssociationId") not in kept:
        raise InvalidDocument("The specified association doesn't exist.")
    return kept[said["AssociationId"]]


def _or_association(validate: Any) -> Any:
    def validated(self: SimpleSystemManagerBackend, resource_type: str, resource_id: str) -> str:
        if resource_type == "Association":
            return _association(self, {"AssociationId": resource_id})["AssociationId"]
        return validate(self, resource_type, resource_id)

    return validated


class _Notices:
    """A double of the subscribers of a budget's notices, and of its tags."""

    def create_budget(self) -> str:
        account, budget = self._get_param("AccountId"), self._get_param("Budget")
        self.backend.create_budget(
            account_id=account,
            budget=budget,
            notifications=self._get_param("NotificationsWithSubscribers", []),
        )
        arn = f"arn:aws:budgets::{account}:budget/{budget['BudgetName']}"
        _kept(self.backend, "tags")[arn] = self._get_param("ResourceTags", [])
        return json.dumps({})

    def describe_subscribers_for_notification(self) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        asked = self._get_param("Notification")
        found = [each.subscribers for each in budget.notifications if _same(each.details, asked)]
        return json.dumps({"Subscribers": found[0] if found else []})

    def list_tags_for_resource(self) -> str:
        return json.dumps(
            {"ResourceTags": _kept(self.backend, "tags").get(self._get_param("ResourceARN"), [])}
        )


def _same(notice: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    words = ("NotificationType", "ComparisonOperator", "Threshold")
    return [notice.get(each) for each in words] == [asked.get(each) for each in words]


class _Protection:
    """A double of switching a stack's protection on and off; `stacks.py` heeds it."""

    def update_termination_protection(self) -> ActionResult:
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
        return ActionResult({"StackId": stack.stack_id})


def _tag_resource(tag: Any) -> Any:
    def tag_resource(self: CloudWatchResponse) -> Any:
        arn = self._get_param("ResourceARN")
        if ":dashboard/" not in arn:
            return tag(self)
        self.cloudwatch_backend.tagger.tag_resource(arn, self._get_param("Tags", []))
        return EmptyResult()

    return tag_resource


def _with_insights(build: Any) -> Any:
    def init(self: DBInstance, *arguments: Any, **said: Any) -> None:
        build(self, *arguments, **said)
        self.performance_insights_enabled = said.get("enable_performance_insights", False)
        self.performance_insights_kms_key_id = said.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = said.get("performance_insights_retention_period")

    return init


def _with_purpose(build: Any) -> Any:
    signature = inspect.signature(build)

    def init(self: SecurityGroupRule, *arguments: Any, **said: Any) -> None:
        build(self, *arguments, **said)
        named = signature.bind(self, *arguments, **said).arguments.get("prefix_list_id")
        self.doubled_purpose = (named or {}).get("Description")

    return init


def _purpose(rule: SecurityGroupRule) -> str | None:
    """Stock moto tells it of rules that name addresses, and of no others."""
    return rule.ip_range.get("Description") or rule.source_group.get("Description") or rule.doubled_purpose
