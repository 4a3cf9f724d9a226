"""The viewer as a web application of one origin: OHIF's build, its configuration, and Orthanc's DICOMweb."""

from pathlib import Path, PurePosixPath
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sarcoma_core.viewer.door import Door
from sarcoma_core.viewer.ohif import CONFIG, app_config
from sarcoma_core.viewer.orthanc import DICOM_WEB, Orthanc
from sarcoma_core.viewer.proxy import DicomWebProxy

_SCRIPT: Final = "text/javascript"
_NOT_FOUND: Final = 404


def viewer_app(build: Path, orthanc: Orthanc, door: Door) -> Starlette:
    """The application.

    Args:
        build: the folder of OHIF's build.
        orthanc: where the images are.
        door: who may come in.
    """
    proxy = DicomWebProxy(orthanc)
    return Starlette(
        routes=[
            Route(f"/{CONFIG}", _config),
            Route(f"{DICOM_WEB}/{{path:path}}", proxy.answer),
            Mount("/", _OhifBuild(directory=build)),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=door.guard)],
    )


async def _config(_request: Request) -> Response:
    return Response(app_config(), media_type=_SCRIPT)


class _OhifBuild(StaticFiles):
    """Its files; the page itself for every address that OHIF makes up in the browser, such as `/viewer`."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or the page."""
        try:
            answer = await super().get_response("index.html" if path == "." else path, scope)
        except HTTPException as error:
            if error.status_code != _NOT_FOUND or PurePosixPath(path).suffix:
                raise
            answer = await super().get_response("index.html", scope)
        answer.headers["Cache-Control"] = "no-cache"  # OHIF's own files may be kept, if they are asked about
        return answer
