"""Hands what the page asks on to Orthanc's DICOMweb, with its password, and answers back as they come."""

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Final

import requests
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sarcoma_core.viewer.orthanc import DICOM_WEB, Orthanc

_ASKED: Final = ("accept", "host", "range")
"""What goes along; the host, as Orthanc makes addresses of it that the page asks for later."""
_ANSWERED: Final = ("content-type", "content-length", "content-range", "content-location")
_BLOCK: Final = 2**16
_PATIENCE: Final = 300
"""Seconds of silence: Orthanc reads each file of a series for its metadata."""
_PATH: Final = re.compile(rf"{DICOM_WEB}(?:/(?!\.\.?(?:/|$))[A-Za-z0-9.,_-]+)*/?")
"""All that DICOMweb's paths are made of: words, UIDs, tags, lists of frames. Parts of dots, and backslashes,
which Orthanc takes for slashes, would lead to the rest of it."""


class DicomWebProxy:
    """Hands requests on.

    Args:
        orthanc: where to.
    """

    def __init__(self, orthanc: Orthanc) -> None:
        self._orthanc = orthanc

    async def answer(self, request: Request) -> Response:
        """Orthanc's answer to a request below its DICOMweb root."""
        path: str = request.scope["path"]  # without escapes: Orthanc reads the same path as we do
        if not _PATH.fullmatch(path):
            return PlainTextResponse("The path must stay below the DICOMweb root.\n", 400)
        query = request.url.query
        try:
            answer = await run_in_threadpool(self._ask, f"{path}?{query}" if query else path, request)
        except requests.RequestException:
            return PlainTextResponse("Orthanc does not answer: start `sarcoma view` again.\n", 502)
        headers = {name: value for name in _ANSWERED if (value := answer.headers.get(name)) is not None}
        return StreamingResponse(_body(answer), answer.status_code, headers)

    def _ask(self, target: str, request: Request) -> requests.Response:
        headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
        return self._orthanc.client.get(
            self._orthanc.url + target,
            headers={**headers, "Accept-Encoding": "identity"},
            stream=True,
            allow_redirects=False,
            timeout=_PATIENCE,
        )


async def _body(answer: requests.Response) -> AsyncIterator[bytes]:
    blocks: Iterator[bytes] = iter(partial(answer.raw.read1, _BLOCK, decode_content=False), b"")
    try:
        async for block in iterate_in_threadpool(blocks):
            yield block
    finally:  # the browser may have gone: slices that were scrolled past are asked for no longer
        answer.close()
