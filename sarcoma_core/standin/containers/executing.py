"""One launch from its place in the queue to its end: resolve, stage, run, upload.

Each step sets the status that the service sets, so that whoever polls sees the service's sequence:
Queued, Staging, Created, Running, Finalizing, then Complete or Failed with the step that failed.

Source: Container Service 3.7.3, ``ContainerServiceImpl``, ``ContainerFinalizeServiceImpl``.
"""

import logging
import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from sarcoma_core.errors import CommandError, RunError, SarcomaError
from sarcoma_core.runners.build_folder import build_folder
from sarcoma_core.runners.running import Ended, Follow, Runner
from sarcoma_core.runners.staging import stage
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.containers.compute_backend import backend
from sarcoma_core.standin.containers.container_details import container_details
from sarcoma_core.standin.containers.mounting import run_on_backend
from sarcoma_core.standin.containers.records import ContainerEntity, ContainerHistory
from sarcoma_core.standin.containers.roots import Root, find_root
from sarcoma_core.standin.containers.uploading import UploadError, upload
from sarcoma_core.standin.containers.workflows import Workflows
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.standin.site import processing_url
from sarcoma_core.standin.users import Token, User, Users
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from sarcoma_core.xnat.status import COMPLETE, CREATED, FAILED, FINALIZING, RUNNING, STAGING, failed

_LOG = logging.getLogger(__name__)
_LOGS = ".standin-logs"
RESOLUTION, LAUNCH, UPLOAD = "Command resolution", "Container launch", "Upload"


@dataclass(frozen=True)
class StagingRequest:
    """A launch in the queue (``ContainerStagingRequest`` of the service).

    Args:
        workflow: number of its workflow.
        login: who asked.
        project: in which project; None at site level.
        wrapper: number of the wrapper.
        values: values by input name.
    """

    workflow: str
    login: str
    project: str | None
    wrapper: int
    values: Mapping[str, str]


class FailedError(Exception):
    """A launch has ended badly: the status that says where, and why in one line."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class _Prepared:
    """A launch that is resolved and staged."""

    asked: StagingRequest
    command: ResolvedCommand
    folders: Mapping[str, Path]
    root: Root | None
    container: ContainerEntity


class Executor:
    """Carries launches out.

    Args:
        tree: the objects of the server.
        documents: the site's configuration, groups of projects.
        users: whose alias tokens containers get.
        commands: the commands of the server.
        workflows: where the status is written.
        runner: how a command is executed.
    """

    def __init__(
        self,
        *,
        tree: Tree,
        documents: Documents,
        users: Users,
        commands: Commands,
        workflows: Workflows,
        runner: Runner,
    ) -> None:
        self._tree = tree
        self._documents = documents
        self._users = users
        self._commands = commands
        self._workflows = workflows
        self._runner = runner
        # What a container printed is for those who may read its project.
        (tree.archive.root / _LOGS).mkdir(mode=0o700, exist_ok=True)

    def execute(self, asked: StagingRequest, stop: Event) -> None:
        """Carry a launch out; a failure becomes a status, never an exception.

        Args:
            asked: what was asked for.
            stop: ends the container when it is set.
        """
        try:
            self._execute(asked, stop)
        except FailedError as error:
            self.end(asked.workflow, error.status, error.reason)
        except Exception as error:  # noqa: BLE001  whoever polls must see an end
            _LOG.exception("A launch of the stand-in broke.")
            self.end(asked.workflow, FAILED, f"The stand-in itself failed: {type(error).__name__}.")

    def end(self, workflow_id: str, status: str, reason: str = "") -> None:
        """End a workflow and its container; one that has ended stays as it is."""
        workflow = self._workflows.change(workflow_id, status=status, reason=reason)
        container = self._workflows.container(workflow.container) if workflow.container else None
        if container is not None:
            self._workflows.tell(container.number, ContainerHistory(workflow.status, message=workflow.reason))

    def logs(self, container: ContainerEntity) -> Follow:
        """Where a container's logs are."""
        return Follow(self._tree.archive.root / _LOGS / str(container.number))

    def _execute(self, asked: StagingRequest, stop: Event) -> None:
        if self._workflows.change(asked.workflow, status=STAGING).ended:
            return  # killed while it was queued
        wrapper = self._commands.wrapper(asked.wrapper)
        if wrapper is None:
            raise FailedError(failed(RESOLUTION), f"No command wrapper for id {asked.wrapper}")
        root = self._root(asked, wrapper)
        command = self._resolved(asked, wrapper, root)
        token = self._users.issue_token(asked.login)
        try:
            with build_folder(self._tree.archive.root) as build:
                command = replace(command, environment=self._environment(command, asked, token))
                folders = stage(command, build)
                container = self._created(asked, wrapper, command, folders, root)
                self._run(_Prepared(asked, command, folders, root, container), stop)
        except OSError as error:
            raise FailedError(failed(STAGING), f"Staging failed: {error.strerror}.") from error
        except SarcomaError as error:
            raise FailedError(failed(STAGING), error.message) from error
        finally:
            self._users.revoke_token(token.alias)

    def _root(self, asked: StagingRequest, wrapper: CommandWrapper) -> Root | None:
        """What the launch is made on, for those who may change it; None for a wrapper that takes nothing."""
        root_input = wrapper.root
        value = asked.values.get(root_input["name"], "") if root_input else ""
        who = self._users.get(asked.login)
        if root_input is None or not value:
            self._require_without_root(who, asked.project)
            return None
        try:
            root = find_root(
                self._tree,
                value,
                root_input["type"],
                asked.project,
                sees=lambda project: may(self._documents, who, project, "read"),
            )
        except Refusal as refusal:
            raise FailedError(failed(RESOLUTION), refusal.text) from refusal
        self._workflows.change(
            asked.workflow,
            session=root.shown.id,
            label=root.shown.label,
            data_type=root.shown.xsi_type,
            project=root.project,
        )
        if not may(self._documents, who, root.project, "edit"):
            raise _not_here(who)
        return root

    def _require_without_root(self, who: User, project: str | None) -> None:
        """Stop who launches on nothing, and may not: no object says whose it is (our reading)."""
        if project is None:
            allowed = who.is_admin or who.manages_containers
        else:
            allowed = may(self._documents, who, project, "edit")
        if not allowed:
            raise _not_here(who)

    def _resolved(self, asked: StagingRequest, wrapper: CommandWrapper, root: Root | None) -> ResolvedCommand:
        configured = self._commands.enabling.configured(wrapper.command, wrapper.declared, asked.project)
        try:
            with self._tree.lock(root.project) if root else nullcontext():  # not while an upload writes there
                command = resolve(
                    CommandWrapper(configured, wrapper.declared).resolvable,
                    wrapper.name,
                    root.item if root else None,
                    asked.values,
                )
        except CommandError as error:
            raise FailedError(failed(RESOLUTION), error.message) from error
        unserved = [
            *(["setup commands"] if command.setup else []),
            *(["wrapup commands"] if command.wrapup else []),
            *(["secrets"] if wrapper.command["secrets"] else []),
        ]
        if unserved:
            raise FailedError(failed(RESOLUTION), f"This stand-in serves no {' and no '.join(unserved)}.")
        return command

    def _environment(
        self, command: ResolvedCommand, asked: StagingRequest, token: Token
    ) -> Mapping[str, str]:
        """The command's own variables and those that the service adds, which win."""
        return {
            **command.environment,
            "XNAT_HOST": processing_url(self._documents),
            "XNAT_USER": token.alias,
            "XNAT_PASS": token.secret,
            "XNAT_WORKFLOW_ID": asked.workflow,
            "XNAT_EVENT_ID": asked.workflow,  # XNAT's event is one to one with its workflow
        }

    def _created(
        self,
        asked: StagingRequest,
        wrapper: CommandWrapper,
        command: ResolvedCommand,
        folders: Mapping[str, Path],
        root: Root | None,
    ) -> ContainerEntity:
        record = ContainerEntity(
            number=0,
            id=secrets.token_hex(32),
            workflow=asked.workflow,
            command=wrapper.command["id"],
            wrapper=asked.wrapper,
            login=asked.login,
            project=root.project if root else asked.project or "",
            session=root.session.id if root and root.session else "",
            image=command.image,
            command_line=command.command_line,
            status=CREATED,
            details=container_details(command, folders, asked.values),
            history=(ContainerHistory(CREATED, "user", login=asked.login),),
        )
        container = self._workflows.add_container(record)
        self._workflows.change(asked.workflow, status=CREATED, container=container.id)
        return container

    def _run(self, prepared: _Prepared, stop: Event) -> None:
        asked, number = prepared.asked, prepared.container.number
        follow = replace(self.logs(prepared.container), stop=stop)
        try:
            self._set(asked, number, RUNNING)
            ended = run_on_backend(
                self._runner,
                backend(self._documents, self._runner.name) or {},
                self._tree.archive.root,
                prepared.command,
                prepared.folders,
                follow=follow,
            )
            self._workflows.tell(number, ContainerHistory("die", "event", exit_code=str(ended.exit_code)))
            self._finalize(prepared, ended, stop)
        except RunError as error:
            raise FailedError(failed(LAUNCH), error.message) from error

    def _finalize(self, prepared: _Prepared, ended: Ended, stop: Event) -> None:
        if stop.is_set():
            raise FailedError(failed("Killed"), "The container was stopped.")
        if ended.exit_code != 0:
            raise FailedError(FAILED, ended.reason)
        self._set(prepared.asked, prepared.container.number, FINALIZING)
        project = prepared.root.project if prepared.root else ""
        try:
            upload(self._tree, project, prepared.command, prepared.folders)
        except UploadError as error:
            raise FailedError(
                failed(UPLOAD), f"Failed to upload required outputs. {error.message}"
            ) from error
        self.end(prepared.asked.workflow, COMPLETE)

    def _set(self, asked: StagingRequest, number: int, status: str) -> None:
        self._workflows.change(asked.workflow, status=status)
        self._workflows.tell(number, ContainerHistory(status))


def _not_here(who: User) -> FailedError:
    return FailedError(failed(RESOLUTION), f"User {who.login} does not have permission to run this here.")
