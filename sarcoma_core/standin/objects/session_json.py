"""What belongs to a session, in XNAT's JSON of it: its scans, assessors and resources, each as a child.

Our reading of XNAT's item JSON: a scan holds its resources as `file`, others theirs as `resources/resource`.
"""

from typing import Any

from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.object_json import object_json
from sarcoma_core.standin.objects.resources import Resource, ResourceCatalogs

_RESOURCE_FIELDS = {"scan": "file"}


def session_children(items: Items, resources: ResourceCatalogs, session: Item) -> list[dict[str, Any]]:
    """The children of a session's JSON; kinds of which there is none are left out, as XNAT does."""
    groups = {
        "scans/scan": [_with_resources(resources, scan) for scan in items.scans(session)],
        "assessors/assessor": [_with_resources(resources, item) for item in items.assessors(session)],
        "resources/resource": _resources(resources, session),
    }
    return [{"field": path, "items": children} for path, children in groups.items() if children]


def _with_resources(resources: ResourceCatalogs, item: Item) -> dict[str, Any]:
    """An object's JSON with its resources."""
    tree: dict[str, Any] = object_json(item)["items"][0]
    held = _resources(resources, item)
    if held:
        path = _RESOURCE_FIELDS.get(item.kind, "resources/resource")
        tree["children"] = [*tree["children"], {"field": path, "items": held}]
    return tree


def _resources(resources: ResourceCatalogs, item: Item) -> list[dict[str, Any]]:
    return [_resource(resources, resource) for resource in resources.of(item.owner)]


def _resource(resources: ResourceCatalogs, resource: Resource) -> dict[str, Any]:
    sizes = [file.size for file in resources.files(resource)]
    info = {"format": resource.info.format, "content": resource.info.content}
    fields = {
        "xnat_abstractresource_id": resource.id,
        "label": resource.label,
        "file_count": len(sizes),
        "file_size": sum(sizes),
        **{name: value for name, value in info.items() if value},
    }
    return {
        "children": [],
        "meta": {"xsi:type": "xnat:resourceCatalog", "isHistory": False},
        "data_fields": fields,
    }
