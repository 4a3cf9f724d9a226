"""Take an upload from a request: a file in the archive's own disk, and its parameters."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams, UploadFile
from starlette.requests import Request

from sarcoma_core.archive.unpacking import LIMITS
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.rest.bodies import RequestBody, media_type

_FORM = "application/x-www-form-urlencoded"
_CHECK_EACH = 64 * 2**20
"""Bytes after which the free space is looked at again."""


@dataclass(frozen=True)
class Upload:
    """What a request brought.

    Args:
        path: its file; None when it brought none.
        params: its parameters, those of the form before those of the query.
    """

    path: Path | None
    params: Mapping[str, str]


@asynccontextmanager
async def received(request: Request, incoming: Path) -> AsyncIterator[Upload]:
    """The upload of a request; its file is gone when the block ends.

    Args:
        request: with the file as its body, or as the one file of a multipart form.
        incoming: a folder on the disk of the archive.

    Raises:
        Refusal: 400, several files; 507, the disk is too small for it.
    """
    with tempfile.TemporaryDirectory(prefix="upload-", dir=incoming) as folder:
        target = Path(folder) / "upload"
        query = dict(request.query_params)
        if is_multipart(request):
            fields = await _from_form(request, target)
            yield Upload(target if target.exists() else None, {**query, **fields})
        else:
            await write_body(request, target)
            yield Upload(target if target.stat().st_size else None, query)


def parameters(query: QueryParams, body: RequestBody) -> Mapping[str, tuple[str, ...]]:
    """The parameters of a request that brings no file: those of the query, then those of a form's body.

    Raises:
        Refusal: 413, the form is too long.
    """
    given = {name: tuple(query.getlist(name)) for name in query}
    if body.media_type == _FORM:
        for name, values in body.form().items():
            given[name] = (*given.get(name, ()), *values)
    return given


async def write_body(request: Request, target: Path) -> None:
    """Write a request's body to disk as it comes.

    Raises:
        Refusal: 507, the disk is too small for it.
    """
    with target.open("wb") as file:
        unchecked = _CHECK_EACH
        async for block in request.stream():
            if unchecked >= _CHECK_EACH:
                require_room(target.parent, len(block))
                unchecked = 0
            await run_in_threadpool(file.write, block)
            unchecked += len(block)


async def _from_form(request: Request, target: Path) -> Mapping[str, str]:
    require_room_for_form(request, target.parent)
    fields: dict[str, str] = {}
    async with request.form(max_files=1) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                await save(value, target)
            else:
                fields[name] = value
    return fields


async def save(part: UploadFile, target: Path) -> None:
    """Write the file of a form to disk."""
    with target.open("wb") as file:
        await run_in_threadpool(shutil.copyfileobj, part.file, file)


def is_multipart(request: Request) -> bool:
    """Whether a request's body is a form that may hold files."""
    return media_type(request.headers.get("content-type", "")) == "multipart/form-data"


def require_room_for_form(request: Request, folder: Path) -> None:
    """Stop a multipart form that is too large before it comes: its parser keeps it in a temporary folder.

    Raises:
        Refusal: 411, it does not say its length; 507, the disk is too small for it.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refusal(411, "A multipart form must say its length.")
    require_room(Path(tempfile.gettempdir()), int(length))
    require_room(folder, 2 * int(length))


def require_room(folder: Path, more: int) -> None:
    """Stop what the disk is too small for.

    Raises:
        Refusal: 507.
    """
    if shutil.disk_usage(folder).free - LIMITS.reserve < more:
        raise Refusal(507, "The server has no room for this upload.")
