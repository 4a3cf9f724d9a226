"""What belongs to a session, in XNAT's JSON of it: its scans, assessors and resources, each as a child.

Our reading of XNAT's item JSON: a scan holds its resources as `file`, others theirs as `resources/resource`.
"""

from typing import Any

from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.object_json import object_json
from sarcoma_core.standin.objects.resources import Resource, Resources

_RESOURCE_FIELDS = {"scan": "file"}


def session_children(items: Items, resources: Resources, session: Item) -> list[dict[str, Any]]:
    """The children of a session's JSON; kinds of which there is none are left out, as XNAT does."""
    groups = {
        "scans/scan": [_with_resources(resources, scan) for scan in items.scans(session)],
        "assessors/assessor": [_with_resources(resources, item) for item in items.assessors(session)],
        "resources/resource": _resources(resources, session),
    }
    return [{"field": path, "items": found} for path, found in groups.items() if found]


def _with_resources(resources: Resources, item: Item) -> dict[str, Any]:
    """An object's JSON with its resources."""
    found: dict[str, Any] = object_json(item)["items"][0]
    held = _resources(resources, item)
    if held:
        path = _RESOURCE_FIELDS.get(item.kind, "resources/resource")
        found["children"] = [*found["children"], {"field": path, "items": held}]
    return found


def _resources(resources: Resources, item: Item) -> list[dict[str, Any]]:
    return [_resource(resources, found) for found in resources.of(item.owner)]


def _resource(resources: Resources, found: Resource) -> dict[str, Any]:
    sizes = [file.size for file in resources.files(found)]
    words = {"format": found.words.format, "content": found.words.content}
    fields = {
        "xnat_abstractresource_id": found.id,
        "label": found.label,
        "file_count": len(sizes),
        "file_size": sum(sizes),
        **{name: value for name, value in words.items() if value},
    }
    return {
        "children": [],
        "meta": {"xsi:type": "xnat:resourceCatalog", "isHistory": False},
        "data_fields": fields,
    }
