"""What AWS says, asked once: every answer serves all checks. Only reading operations are ever called."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.naming import FIRST
from sarcoma_cdk.verify.permissions import is_refusal, permission

_PATIENT = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=30)


ANOTHER = "see 'Another machine' in docs/how-to/run-a-site.md: it cannot be replaced in place; its data stay"
"""The fix of what only another machine mends: other stacks import the id of this one, and its volumes are on
one machine at a time."""


class UnknownError(Exception):
    """It cannot be told whether a rule is kept; the text says why, and which permission is missing."""


class AbsentError(Exception):
    """What a rule is about is not there; the text says what, `part` which stack makes it.

    Args:
        what: what is not there.
        part: the stack that makes it.
        fix: the step that mends it, where a deploy of that stack does not.
    """

    def __init__(self, what: str, part: str, fix: str = "") -> None:
        super().__init__(what)
        self.part, self.fix = part, fix


class NotNowError(Exception):
    """A rule has nothing to look at yet, and that is as it should be; the text says why."""


class Reader:
    """Ask AWS, and remember the answers.

    Args:
        session: whose credentials are used.
        region: the AWS region.
    """

    def __init__(self, session: boto3.Session, region: str) -> None:
        self.calls = 0
        self._session, self._region = session, region
        self._clients: dict[str, Any] = {}
        self._answers: dict[str, Any] = {}

    def read(self, service: str, operation: str, **arguments: Any) -> Any:  # noqa: ANN401  boto3
        """One answer, of all its pages.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
            arguments: its arguments.

        Raises:
            UnknownError: AWS refused, or gave no answer.
        """
        try:
            return self._read(service, operation, arguments)
        except ClientError as error:
            code = str(error.response["Error"].get("Code"))
            if is_refusal(code):
                needed = permission(service, error.operation_name)
                raise UnknownError(f"the credentials lack the permission {needed}") from error
            raise UnknownError(f"{service} {operation} answered {code}") from error
        except BotoCoreError as error:
            raise UnknownError(f"{service} {operation} got no answer ({type(error).__name__})") from error

    def maybe(self, service: str, operation: str, *missing: str, **arguments: Any) -> Any:  # noqa: ANN401
        """The answer, or None where AWS says that there is no such thing.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
            missing: the codes by which it says so.
            arguments: the operation's arguments.

        Raises:
            UnknownError: AWS refused, or gave no answer.
        """
        try:
            return self.read(service, operation, **arguments)
        except UnknownError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"].get("Code") in missing:
                return None
            raise

    def _read(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        key = json.dumps([service, operation, arguments], sort_keys=True)
        if key not in self._answers:
            try:
                self._answers[key] = self._ask(service, operation, arguments)
            except (ClientError, BotoCoreError) as error:
                self._answers[key] = error
        found = self._answers[key]
        if isinstance(found, Exception):
            raise found
        return found

    def _ask(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if service not in self._clients:
            client = self._session.client(service, region_name=self._region, config=_PATIENT)
            client.meta.events.register("before-parameter-build", self._count)
            self._clients[service] = client
        client = self._clients[service]
        if client.can_paginate(operation):
            return client.get_paginator(operation).paginate(**arguments).build_full_result()
        return getattr(client, operation)(**arguments)

    def _count(self, **_: Any) -> None:  # noqa: ANN401  botocore's event
        self.calls += 1


class Facts(Reader):
    """What is there of one site, found by its stacks and by the names that the stacks give.

    Args:
        session: whose credentials are used.
        site: the site.
        publication: what its lock says; None where nothing was published.
        now: the time, for ages.
    """

    def __init__(
        self,
        session: boto3.Session,
        site: Site,
        publication: Publication | None,
        now: dt.datetime,
    ) -> None:
        super().__init__(session, site.region)
        self.site, self.now = site, now
        self._publication = publication

    @property
    def publication(self) -> Publication:
        """What was published.

        Raises:
            NotNowError: nothing was.
        """
        if self._publication is None:
            raise NotNowError(f"nothing is published yet: sarcoma-site publish {self.site.site}")
        return self._publication

    @property
    def is_published(self) -> bool:
        """Whether anything was: the machine, its doors and its alarms come after that."""
        return self._publication is not None

    def stack(self, part: str) -> Mapping[str, Any]:
        """One of the site's stacks, as CloudFormation describes it.

        Args:
            part: what it holds, e.g. `network`.

        Raises:
            AbsentError: there is none.
            NotNowError: it comes after the first publication.
        """
        name = self.site.stack_name(part)
        found = self.maybe("cloudformation", "describe_stacks", "ValidationError", StackName=name)
        if found is None or not found["Stacks"]:
            if part.capitalize() not in FIRST:
                _ = self.publication
            raise AbsentError(f"there is no stack {name}", part)
        return dict(found["Stacks"][0])

    def ids(self, part: str, kind: str) -> list[str]:
        """Physical ids of a stack's resources of one type.

        Args:
            part: the stack.
            kind: the type, e.g. `AWS::EC2::VPC`.

        Raises:
            AbsentError: there is no such stack.
            NotNowError: it comes after the first publication.
        """
        self.stack(part)
        found = self.read("cloudformation", "list_stack_resources", StackName=self.site.stack_name(part))
        return [
            each["PhysicalResourceId"]
            for each in found["StackResourceSummaries"]
            if each["ResourceType"] == kind and each["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def id(self, part: str, kind: str) -> str:
        """The physical id of a stack's only resource of a type.

        Args:
            part: the stack.
            kind: the type.

        Raises:
            AbsentError: there is none.
            NotNowError: the stack comes after the first publication.
        """
        found = self.ids(part, kind)
        if not found:
            raise AbsentError(f"stack {self.site.stack_name(part)} holds no {kind}", part)
        return found[0]

    @property
    def vpc(self) -> str:
        """The VPC's id."""
        return self.id("network", "AWS::EC2::VPC")

    def in_vpc(self, operation: str, answer: str, filter_name: str = "vpc-id") -> list[dict[str, Any]]:
        """What EC2 lists of the VPC.

        Args:
            operation: a `describe_` operation of EC2.
            answer: the list in its answer.
            filter_name: how it calls the VPC in a filter.
        """
        filters = [{"Name": filter_name, "Values": [self.vpc]}]
        return list(self.read("ec2", operation, Filters=filters)[answer])

    @cached_property
    def subnets(self) -> Mapping[str, list[dict[str, Any]]]:
        """The VPC's subnets: `Private`, `Public`, and `other` for those that no stack made."""
        ours = self.ids("network", "AWS::EC2::Subnet")
        sorted_out: dict[str, list[dict[str, Any]]] = {"Private": [], "Public": [], "other": []}
        for subnet in self.in_vpc("describe_subnets", "Subnets"):
            kind = tag(subnet, "aws-cdk:subnet-name") if subnet["SubnetId"] in ours else "other"
            sorted_out.setdefault(kind, []).append(subnet)
        return sorted_out

    @cached_property
    def groups(self) -> Mapping[str, dict[str, Any]]:
        """The VPC's security groups by short names: `web`, `machine`, `default`, or a stranger's own."""
        prefix = f"sarcoma-{self.site.site}-"
        found = self.in_vpc("describe_security_groups", "SecurityGroups")
        return {each["GroupName"].removeprefix(prefix): each for each in found}

    def group(self, name: str) -> str:
        """The id of one of the site's security groups.

        Args:
            name: its short name.

        Raises:
            AbsentError: there is none.
        """
        if name not in self.groups:
            raise AbsentError(f"there is no security group sarcoma-{self.site.site}-{name}", "network")
        return str(self.groups[name]["GroupId"])

    @cached_property
    def machine(self) -> Mapping[str, Any]:
        """The machine, as EC2 describes it.

        Raises:
            AbsentError: there is none.
        """
        name = self.id("machine", "AWS::EC2::Instance")
        found = self.maybe("ec2", "describe_instances", "InvalidInstanceID.NotFound", InstanceIds=[name]) or {
            "Reservations": []
        }
        for reservation in found["Reservations"]:
            for instance in reservation["Instances"]:
                return dict(instance)
        raise AbsentError(f"there is no instance {name}", "machine", ANOTHER)

    @property
    def awake(self) -> str:
        """The machine's id, where it runs.

        Raises:
            NotNowError: it is asleep.
        """
        if self.machine["State"]["Name"] != "running":
            raise NotNowError(f"the machine is {self.machine['State']['Name']}")
        return str(self.machine["InstanceId"])

    @property
    def data_volumes(self) -> list[str]:
        """Ids of the volumes that outlive the machine."""
        return self.ids("data", "AWS::EC2::Volume")

    @cached_property
    def key(self) -> Mapping[str, Any]:
        """The site's key, as KMS describes it.

        Raises:
            AbsentError: there is none.
        """
        name = self.id("store", "AWS::KMS::Key")
        found = self.maybe("kms", "describe_key", "NotFoundException", KeyId=name)
        if found is None:
            raise AbsentError(f"there is no key {name}", "store")
        return dict(found["KeyMetadata"])

    def is_key(self, named: object) -> bool:
        """Whether a service names the site's key, by its ARN or id.

        Args:
            named: what the service says.
        """
        return bool(named) and str(named).rpartition("/")[2] == self.key["KeyId"]

    @cached_property
    def balancers(self) -> Mapping[str, dict[str, Any]]:
        """The VPC's load balancers by their names."""
        found = self.read("elbv2", "describe_load_balancers")["LoadBalancers"]
        return {each["LoadBalancerName"]: each for each in found if each["VpcId"] == self.vpc}

    def balancer(self, use: str) -> Mapping[str, Any]:
        """One of the site's load balancers.

        Args:
            use: `web` or `dicom`.

        Raises:
            AbsentError: there is none.
        """
        self.stack("edge")
        name = f"sarcoma-{self.site.site}-{use}"
        if name not in self.balancers:
            raise AbsentError(f"there is no load balancer {name}", "edge")
        return self.balancers[name]


def tag(resource: Mapping[str, Any], name: str) -> str:
    """The value of a tag; empty without it.

    Args:
        resource: what EC2 describes.
        name: the tag's key.
    """
    return next((str(each["Value"]) for each in resource.get("Tags", ()) if each["Key"] == name), "")


def attributes(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and value of each attribute in an answer of Elastic Load Balancing.

    Args:
        found: the answer.
    """
    for each in found["Attributes"]:
        yield each["Key"], each.get("Value", "")
