"""Workflows over REST: how far each launch is.

Source: the batch-launch plugin's ``WorkflowMonitorApi``, which the Container Service's history table asks.
"""

from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.launches import stream_named
from sarcoma_core.standin.containers.paging import Page
from sarcoma_core.standin.containers.records import Workflow
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


async def get_workflow(request: Request) -> Response:
    """GET: one workflow."""
    return json(_visible(request).json)


async def list_workflows(request: Request) -> Response:
    """POST: a page of workflows; `data_type` says of what, `id` of which."""
    body = await read_document(request)
    page = Page.of(body, column="launchTime")
    data_type = body.get("data_type")
    if not isinstance(data_type, str):
        # The plugin stumbles over a request without it.
        raise Refusal(500, "The request must say its data_type, e.g. xdat:user.")
    rows = await run_in_threadpool(_rows, standin(request), user(request), data_type, body, page)
    return json(rows)


async def log(request: Request) -> Response:
    """GET: what the container of a workflow printed; nothing (204) when there is no container."""
    workflow, launches = _visible(request), standin(request).launches
    container = launches.container(workflow.container) if workflow.container else None
    if container is None:
        return text(status=204)
    stream = stream_named(request.path_params["file"])
    return text(await run_in_threadpool(launches.log, container, stream))


async def kill(request: Request) -> Response:
    """POST: end a launch, be it queued or running."""
    workflow, who, server = _visible(request), user(request), standin(request)
    if workflow.login != who.login and not may(server.documents, who, workflow.project, "own"):
        raise Refusal(403, f"User {who.login} cannot kill workflow {workflow.id}.")
    await run_in_threadpool(server.launches.kill, workflow.id)
    return text()


def _visible(request: Request) -> Workflow:
    """The workflow of the path, for those who may see it."""
    server, workflow_id = standin(request), request.path_params["workflow"]
    workflow = server.launches.workflow(workflow_id)
    if workflow is None or not _sees(server, user(request), workflow):
        raise Refusal(404, f"{workflow_id} not valid workflow")
    return workflow


def _sees(server: StandIn, who: User, workflow: Workflow) -> bool:
    return workflow.login == who.login or may(server.documents, who, workflow.project, "read")


def _rows(server: StandIn, who: User, data_type: str, body: Document, page: Page) -> list[Document]:
    wanted = str(body.get("id") or "")
    match data_type.lower():
        case "xdat:user":
            found = server.launches.workflows(jobid=_jobid(server, page))
        case "xnat:projectdata":
            found = server.launches.workflows(project=wanted) if wanted else ()
        case _:
            found = server.launches.workflows(session=wanted) if wanted else ()
    return page.of_rows(_json(server, who, found))


def _json(server: StandIn, who: User, found: Iterable[Workflow]) -> Iterable[Document]:
    """The workflows that a user may see; each project is asked for once."""
    sees: dict[str, bool] = {}
    for workflow in found:
        if workflow.project not in sees:
            sees[workflow.project] = may(server.documents, who, workflow.project, "read")
        if workflow.login == who.login or sees[workflow.project]:
            yield workflow.json


def _jobid(server: StandIn, page: Page) -> str:
    """The one bulk launch that is asked for, so that its index answers; empty when it is not just one."""
    liked = [str(f.asked.get("like", "")) for f in page.filters if f.column.lower() == "jobid"]
    return next((jobid for jobid in liked if server.launches.is_bulk(jobid)), "")


WORKFLOW_ROUTES = [
    Route("/xapi/workflows", list_workflows, methods=["POST"]),
    Route("/xapi/workflows/{workflow}", get_workflow),
    Route("/xapi/workflows/{workflow}/logs/{file}", log),
    Route("/xapi/workflows/{workflow}/kill", kill, methods=["POST"]),
]
