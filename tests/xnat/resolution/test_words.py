"""What the client says to a server, in the words that stand in the sources of XNAT and its plugins."""

import io

import pytest

from sarcoma_core.launch.bulk.following import latest_workflow
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.event_service import EventService
from sarcoma_core.xnat.rest.import_service import ImportService, Waiting
from sarcoma_core.xnat.rest.roi import RegionsOfInterest
from sarcoma_core.xnat.roi.rules import EVERY_RIGHT
from tests.xnat.double import Double, Reply, of_json


@pytest.mark.parametrize(("append", "said"), [(True, ["append"]), (False, None)])
def test_overwrite_is_said_only_to_append_as_xnat_merges_at_every_word(
    server: Double, connection: Connection, *, append: bool, said: list[str] | None
) -> None:
    service = ImportService(connection, "P")
    with io.BytesIO(b"zip") as zipped:
        service.send(zipped, subject="S", label="L", append=append, to_archive=True)
    service.archive(Waiting("/prearchive/projects/P/1/L", "L", "", "READY"), append=append)
    for path in ("/data/services/import", "/data/services/archive"):
        (seen,) = server.asked("POST", path)
        assert seen.query.get("overwrite") == said


def test_a_listing_of_workflows_always_has_filters(server: Double, connection: Connection) -> None:
    server.answer("POST", "/xapi/workflows", of_json([{"wfid": 7, "pipelineName": "p", "id": "E"}]))
    assert latest_workflow(connection, "E", "xnat:mrSessionData") == "7"
    (seen,) = server.asked("POST", "/xapi/workflows")
    assert b'"filters": {}' in seen.body


def test_whether_events_are_on_is_asked_of_the_preferences(server: Double, connection: Connection) -> None:
    server.answer("GET", "/xapi/events/prefs", of_json({"enabled": True}), of_json({"enabled": False}))
    events = EventService(connection)
    assert (events.is_on("P"), events.is_on("P")) == (True, False)


@pytest.mark.parametrize(("status", "is_on"), [(404, True), (405, False)])
def test_where_only_administrators_may_ask_a_look_at_a_subscription_tells(
    server: Double, connection: Connection, *, status: int, is_on: bool
) -> None:
    server.answer("GET", "/xapi/events/prefs", Reply(403))
    server.answer("GET", "/xapi/projects/P/events/subscription/0", Reply(status))
    assert EventService(connection).is_on("P") is is_on


def test_rights_are_asked_by_the_plugins_word_for_a_type(server: Double, connection: Connection) -> None:
    none = {"element": "", "create": False, "edit": False, "read": True, "delete": False}
    for word in ("RoiCollection", "MRSession"):
        server.answer("GET", f"/xapi/roi/projects/P/permissions/{word}", of_json(none))
    rois = RegionsOfInterest(connection)
    for xsi_type in ("icr:roiCollectionData", "xnat:mrSessionData"):
        assert rois.rights("P", xsi_type) == (False, False, True, False)
    assert rois.rights("P", "xnat:usSessionData") == EVERY_RIGHT, "it has no word for it"
