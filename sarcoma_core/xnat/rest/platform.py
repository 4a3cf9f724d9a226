"""An XNAT, with the one session of it that a step was launched on."""

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlencode

from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.connection import Connection, ServerError
from sarcoma_core.xnat.rest.roi import RegionsOfInterest, session_fields, stored_collections
from sarcoma_core.xnat.roi.collection import read_collection
from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.rules import RoiRefusedError

_MAY_BE_STORED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR)
"""An RTSTRUCT that the plugin cannot convert to AIM is stored all the same, and an upload whose answer got
lost is there when it is sent again."""


class RemotePlatform:
    """A server, with one session of it.

    Args:
        connection: to the server.
        session: accession id of the session.

    Raises:
        ServerError: there is no such session, or the server does not answer.
    """

    def __init__(self, connection: Connection, session: str) -> None:
        self._connection = connection
        self._id = session
        self._told = session_fields(connection, session)

    @property
    def session(self) -> str:
        """Label of the session."""
        return str(self._told.get("label") or self._id)

    @property
    def viewer(self) -> str:
        """Where the OHIF plugin shows the session, as its own *View session* calls it.

        `siteUrl` is the address that people use; whoever may not read it is told the one that the run has.
        """
        site = None
        with suppress(ServerError):  # all has been sent by now
            site = Administration(self._connection).site_config()
        query = {
            "subjectId": self._told.get("subject_ID", ""),
            "projectId": self._told.get("project", ""),
            "experimentId": self._id,
            "experimentLabel": self.session,
        }
        address = str((site or {}).get("siteUrl") or self._connection.server).rstrip("/")
        return f"{address}/VIEWER/?{urlencode(query)}"

    def collections(self) -> tuple[HeldCollection, ...]:
        """The collections of the session.

        Raises:
            ServerError: the server does not answer.
        """
        return tuple(
            HeldCollection(one.label, one.type, one.version)
            for one in stored_collections(self._connection, self._id)
        )

    def put_roi(self, content: bytes, *, label: str) -> None:
        """Store a collection, once the pre-check has let it pass.

        Raises:
            DicomError: it is neither SEG nor RTSTRUCT.
            RoiRefusedError: the pre-check or the server refuses it.
            ServerError: the server does not answer, or has no such plugin.
        """
        rois, collection = RegionsOfInterest(self._connection), read_collection(content)
        facts = rois.facts(self._id, collection, label=label)
        try:
            rois.put(content, collection, facts, label=label)
        except RoiRefusedError as error:
            if error.refused.status not in _MAY_BE_STORED or not self._holds(collection.uid):
                raise
            return
        if not self._holds(collection.uid):
            raise ServerError(
                "ROI collection: must be listed once the server took it; it is not.",
                hint="Is a proxy between, or the plugin's index broken? The server's log says why.",
            )

    def _holds(self, uid: str) -> bool:
        with suppress(ServerError):  # the refusal says more
            return any(one.uid == uid for one in self.collections())
        return False
