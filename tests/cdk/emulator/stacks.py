"""Stacks, in the place of moto's own: the table makes each resource, and what it refuses fails the stack.

A stack that fails is rolled back as CloudFormation does it: everything is as before, save that a resource
with the deletion policy Retain stays, in a create too; and that a protected one stops the rollback.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudformation import models, parsing
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.parsing import OutputMap

from tests.cdk.emulator import memory, record
from tests.cdk.emulator.kinds import Made, Order, RefusedError, known
from tests.cdk.emulator.templates import Resource, StrictMap

_LOG = logging.getLogger("tests.cdk.emulator")


def install() -> None:
    """Put it in the place of moto's own."""
    models.ResourceMap = StrictMap
    parsing.resource_class_from_type = lambda _type: Resource
    CloudFormationBackend.create_stack = _create_stack
    CloudFormationBackend.update_stack = _update_stack
    CloudFormationBackend.delete_stack = _delete_stack
    CloudFormationBackend.describe_change_set = _describe_change_set
    CloudFormationBackend.execute_change_set = _execute_change_set


def _event(
    stack: Stack, name: str, kind: str, status: str, *, reason: str | None = None, made: str = ""
) -> None:
    stack.events.append(
        Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=name,
            physical_resource_id=made,
            resource_type=kind,
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
    )


def _stack_event(stack: Stack, status: str, reason: str | None = None) -> None:
    stack.status = status
    stack.status_reason = reason
    _event(stack, stack.name, "AWS::CloudFormation::Stack", status, reason=reason, made=stack.stack_id)


def _create_stack(
    self: CloudFormationBackend, name: str, template: str, parameters: Any, **more: Any
) -> Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise models.AlreadyExistsException(f"Stack {name} already exists")
    stack_id = models.generate_stack_id(name, self.region_name, self.account_id)
    more["tags"] = more.get("tags") or {}
    stack = Stack(
        stack_id=stack_id,
        name=name,
        template=template,
        parameters=parameters,
        account_id=self.account_id,
        region_name=self.region_name,
        cross_stack_resources=self.exports,
        **more,
    )
    self.stacks[stack_id] = stack
    _run(self, stack, "CREATE", lambda: None)
    return stack


def _update_stack(
    self: CloudFormationBackend,
    name: str,
    template: str,
    *,
    role_arn: str | None,
    parameters: Any,
    tags: Any,
) -> Stack:
    stack = self.get_stack(name)
    resolved = {
        name: each.get("ParameterValue", stack.parameters.get(name))
        for each in parameters
        for name in [each["ParameterKey"]]
        if "ParameterValue" in each
        or name in stack.parameters  # the previous value of others is their default
    }
    if stack.has_template(template) and stack.has_parameters(resolved) and tags in (None, stack.tags):
        raise models.ValidationError(message="No updates are to be performed.")
    before = (stack.template, dict(stack.parameters), dict(stack.tags), stack.output_map, dict(self.exports))
    made = dict(stack.resource_map._parsed_resources)

    def undo() -> None:
        stack.template, stack.parameters, stack.tags, stack.output_map, exports = before
        stack._parse_template()
        stack.resource_map.take(stack.template_dict, stack.parameters)
        stack.resource_map._parsed_resources = made
        self.exports.clear()
        self.exports.update(exports)

    stack.template, stack.parameters, stack.role_arn = template, resolved, role_arn
    stack.tags = stack.tags if tags is None else tags
    stack._parse_template()
    stack.resource_map.take(stack.template_dict, resolved)
    _run(self, stack, "UPDATE", undo)
    return stack


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    """Only of a stack that has nothing: a failed create that was rolled back. moto heeds no protection."""
    stack = self.get_stack(name_or_stack_id)
    if stack.enable_termination_protection:
        raise models.ValidationError(
            message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    if stack.resource_map.made():
        raise models.ValidationError(message=f"The emulator does not delete what stack {stack.name} made")
    del self.stacks[stack.stack_id]
    _stack_event(stack, "DELETE_COMPLETE")
    self.deleted_stacks[stack.stack_id] = stack


def _describe_change_set(self: CloudFormationBackend, change_set_name: str) -> Any:
    """Stock moto takes the first of that name, of whatever stack; the newest is the one that is meant."""
    for known_id, change_set in reversed(self.change_sets.items()):
        if change_set_name in (known_id, change_set.change_set_name):
            return change_set
    raise models.ValidationError(change_set_name)


def _execute_change_set(
    self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None
) -> None:
    """Stock moto keeps neither outputs nor exports of a stack that a change set makes."""
    change_set = next(
        each
        for each_id, each in reversed(self.change_sets.items())
        if change_set_name in (each_id, each.change_set_name)
        and (stack_name is None or stack_name in (each.stack_name, each.stack_id))
    )
    change_set.execution_status = "EXECUTE_COMPLETE"
    stack = change_set.stack
    if change_set.change_set_type == "CREATE":
        stack.template, stack.parameters = change_set.template, change_set.parameters
        stack.cross_stack_resources = self.exports
        stack._parse_template()
        stack.resource_map = stack._create_resource_map()
        _run(self, stack, "CREATE", lambda: None)
        return
    parameters = [
        {"ParameterKey": key, "ParameterValue": each} for key, each in change_set.parameters.items()
    ]
    self.update_stack(
        stack.name,
        change_set.template,
        role_arn=change_set.role_arn,
        parameters=parameters,
        tags=change_set.tags,
    )


def _run(backend: CloudFormationBackend, stack: Stack, verb: str, undo: Callable[[], None]) -> None:
    kept = memory.keep(_is_ours)
    _stack_event(stack, f"{verb}_IN_PROGRESS", "User Initiated")
    try:
        _make_all(stack, verb)
        _tell_outputs(backend, stack)
    except Exception as error:  # noqa: BLE001  whatever it is, the stack has failed
        if not isinstance(error, (RefusedError, models.ValidationError)):
            _LOG.exception("stack %s", stack.name)
        before = "" if verb == "CREATE" else f"{verb}_"
        _stack_event(stack, f"{before}ROLLBACK_IN_PROGRESS", f"{error}")
        stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)
        if verb == "CREATE" and _is_held(stack):
            return
        memory.put_back(kept, _is_ours)
        if verb == "CREATE":
            _keep_retained(stack)
        undo()
        _stack_event(stack, f"{before}ROLLBACK_COMPLETE")
        return
    _stack_event(stack, f"{verb}_COMPLETE")


def _is_ours(service: str) -> bool:
    return service == "cloudformation"


def _make_all(stack: Stack, verb: str) -> None:
    resources: StrictMap = stack.resource_map
    made, wanted = resources.made(), resources.wanted()
    for name in wanted:
        order = resources.order(name)
        older = made.get(name)
        if older and (older.order.properties == order.properties and older.order.kind == order.kind):
            continue
        _make(stack, order, older)
    for name, older in reversed(made.items()):
        if name in wanted:
            continue
        resources.drop(name)
        if not older.stays:
            _remove(stack, older)
    record.note(stack.name, verb, [each.order for each in resources.made().values()])


def _make(stack: Stack, order: Order, older: Resource | None) -> None:
    verb = "UPDATE" if older else "CREATE"
    _event(stack, order.logical_id, order.kind, f"{verb}_IN_PROGRESS")
    try:
        made = _made(order, older)
    except Exception as error:
        if not isinstance(error, RefusedError):
            _LOG.exception("%s of stack %s", order.logical_id, stack.name)
        reason = f"{error}" if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
        _event(stack, order.logical_id, order.kind, f"{verb}_FAILED", reason=reason)
        raise RefusedError(
            f"The following resource(s) failed to {verb.lower()}: [{order.logical_id}]."
        ) from error
    stack.resource_map.keep(order, made)
    _event(stack, order.logical_id, order.kind, f"{verb}_COMPLETE", made=made.id)


def _made(order: Order, older: Resource | None) -> Made:
    kind = known(order)
    if older is None:
        return kind.make(order)
    if kind.change is None:
        changed = [name for name in kind.properties if older.order.get(name) != order.get(name)]
        raise RefusedError(f"The emulator does not change {', '.join(changed)} of {order.kind}")
    return kind.change(order, older.made)


def _remove(stack: Stack, older: Resource) -> None:
    kind = known(older.order)
    if kind.remove is None:
        raise RefusedError(f"The emulator does not remove a {older.order.kind} ({older.order.logical_id})")
    kind.remove(older.order, older.made)
    _event(stack, older.order.logical_id, older.order.kind, "DELETE_COMPLETE", made=older.made.id)


def _is_held(stack: Stack) -> bool:
    """Whether a protected resource is in the way of the rollback; if so, all stays as it is."""
    held = [
        each
        for each in stack.resource_map.made().values()
        if not each.stays_after_rollback and known(each.order).protects(each.order)
    ]
    for each in held:
        reason = f"{each.made.id} may not be deleted: it is protected from deletion"
        _event(
            stack, each.order.logical_id, each.order.kind, "DELETE_FAILED", reason=reason, made=each.made.id
        )
    if held:
        names = ", ".join(each.order.logical_id for each in held)
        _stack_event(stack, "ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{names}].")
    return bool(held)


def _keep_retained(stack: Stack) -> None:
    """What says Retain outlives also the rollback of its create, and is in the way of the next."""
    resources: StrictMap = stack.resource_map
    for name, older in resources.made().items():
        resources.drop(name)
        if older.stays_after_rollback:
            known(older.order).make(older.order)
            _event(stack, name, older.order.kind, "DELETE_SKIPPED", made=older.made.id)
        else:
            _event(stack, name, older.order.kind, "DELETE_COMPLETE", made=older.made.id)


def _tell_outputs(backend: CloudFormationBackend, stack: Stack) -> None:
    stack.output_map = stack._create_output_map()
    told: Mapping[str, Any] = {export.name: export for export in stack.exports}
    mine = [name for name, each in backend.exports.items() if each.exporting_stack_id == stack.stack_id]
    for name in mine:
        if name not in told:
            users = [
                each.name
                for each in backend.stacks.values()
                if each is not stack and json.dumps(name) in json.dumps(each.template_dict)
            ]
            if users:
                raise RefusedError(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")
            del backend.exports[name]
    for name in told:
        other = backend.exports.get(name)
        if other and other.exporting_stack_id != stack.stack_id:
            raise RefusedError(
                f"Export with name {name} is already exported by stack {other.exporting_stack_id}"
            )
    backend.exports.update(told)
