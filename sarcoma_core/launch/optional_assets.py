"""Room for assets that a step can do without: an empty resource of the project, where there is none.

A version of the Container Service refuses a launch in which an optional input that provides files finds
no object (commit 6c57775, `CommandResolutionServiceImpl.getXnatModelObjectForMounting`: an index error). An
empty resource is an object, and as good as none to the step.
"""

from http import HTTPStatus

from sarcoma_core.interface import Step
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.filing import make_project_resource
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget


def make_room(connection: Connection, project: str, step: Step) -> tuple[str, ...]:
    """Make an empty resource for each optional asset of a step that a project lacks.

    One whose label is a pattern stays as it is; so does a project that this user may not change, in which the
    launch itself will tell.

    Args:
        connection: to the server.
        project: id of the project.
        step: the step.

    Returns:
        The labels of those that were made.

    Raises:
        ServerError: the server does not answer.
    """
    wanted = [a.spec.label for a in step.assets if a.spec.optional and not a.spec.label.endswith("*")]
    if not wanted:
        return ()
    there = RemoteResources(connection, RemoteTarget("project", project, project)).labels()
    made = []
    for label in wanted:
        if label in there:
            continue
        try:
            make_project_resource(connection, project, label)
        except ServerError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
        else:
            made.append(label)
    return tuple(made)
