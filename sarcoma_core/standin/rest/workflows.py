"""Workflows over REST: how far each launch is.

Source: the batch-launch plugin's ``WorkflowMonitorApi``, which the Container Service's history table asks.
"""

from collections.abc import Iterable, Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.launches import stream_named
from sarcoma_core.standin.containers.paging import Page
from sarcoma_core.standin.containers.records import PersistentWorkflow
from sarcoma_core.standin.containers.workflows import Workflows
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


def get_workflow(request: Request) -> Response:
    """GET: one workflow.

    Raises:
        Refusal: 404, there is none, or none that the user may see.
    """
    return json(_visible(standin(request), user(request), request.path_params["workflow"]).json)


@with_body()
def list_workflows(request: Request, body: RequestBody) -> Response:
    """POST: a page of workflows; `data_type` says of what, `id` of which.

    Raises:
        Refusal: 400, the body asks for no page; 500, it names no data type.
    """
    server, asked = standin(request), body.document()
    page = Page.of(asked, column="launchTime")
    data_type = asked.get("data_type")
    if not isinstance(data_type, str):
        # The plugin stumbles over a request without it.
        raise Refusal(500, "The request must say its data_type, e.g. xdat:user.")
    listed = _listed(server.launches.records, data_type.lower(), str(asked.get("id") or ""), page)
    return json(page.of_rows(workflow.json for workflow in _seen(server, user(request), listed)))


def log(request: Request) -> Response:
    """GET: what the container of a workflow printed; nothing (204) when there is no container.

    Raises:
        Refusal: 404, there is none, or none that the user may see.
    """
    server, path = standin(request), request.path_params
    workflow = _visible(server, user(request), path["workflow"])
    container = server.launches.records.container(workflow.container) if workflow.container else None
    if container is None:
        return text(status=204)
    return text(server.launches.log(container, stream_named(path["file"])))


def kill(request: Request) -> Response:
    """POST: end a launch, be it queued or running.

    Raises:
        Refusal: 403, not the user's; 404, there is none that the user may see; 500, it has ended.
    """
    server, who = standin(request), user(request)
    workflow = _visible(server, who, request.path_params["workflow"])
    if workflow.login != who.login and not may(server.documents, who, workflow.project, "own"):
        raise Refusal(403, f"User {who.login} cannot kill workflow {workflow.id}.")
    server.launches.kill(workflow.id)
    return text()


def _visible(server: StandIn, who: User, workflow_id: str) -> PersistentWorkflow:
    """A workflow by its id, for those who may see it."""
    workflow = server.launches.records.get(workflow_id)
    if workflow is None or not any(_seen(server, who, (workflow,))):
        raise Refusal(404, f"{workflow_id} not valid workflow")
    return workflow


def _listed(records: Workflows, data_type: str, wanted: str, page: Page) -> Iterable[PersistentWorkflow]:
    """The workflows of the user's own page, of a project, or of an object."""
    if data_type == "xdat:user":
        return records.newest(jobid=_jobid(records, page))
    if not wanted:
        return ()
    if data_type == "xnat:projectdata":
        return records.newest(project=wanted)
    return records.newest(session=wanted)


def _seen(
    server: StandIn, who: User, workflows: Iterable[PersistentWorkflow]
) -> Iterator[PersistentWorkflow]:
    """The workflows that a user may see; each project is asked for once."""
    sees: dict[str, bool] = {}
    for workflow in workflows:
        if workflow.project not in sees:
            sees[workflow.project] = may(server.documents, who, workflow.project, "read")
        if workflow.login == who.login or sees[workflow.project]:
            yield workflow


def _jobid(records: Workflows, page: Page) -> str:
    """The one bulk launch that is asked for, so that its index answers; empty when it is not just one."""
    liked = [str(f.asked.get("like", "")) for f in page.filters if f.column.lower() == "jobid"]
    return next((jobid for jobid in liked if records.is_bulk(jobid)), "")


WORKFLOW_ROUTES = [
    Route("/xapi/workflows", list_workflows, methods=["POST"]),
    Route("/xapi/workflows/{workflow}", get_workflow),
    Route("/xapi/workflows/{workflow}/logs/{file}", log),
    Route("/xapi/workflows/{workflow}/kill", kill, methods=["POST"]),
]
