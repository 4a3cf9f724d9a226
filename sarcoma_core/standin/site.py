"""The site's configuration, one document: what is set under Administer > Site Administration."""

from typing import Any

from sarcoma_core.standin.documents import Document, Documents

_DEFAULTS: dict[str, Any] = {
    "siteId": "XNAT",
    "siteUrl": "",
    "processingUrl": "",
    "initialized": True,
}


def site_config(documents: Documents) -> Document:
    """The configuration, defaults filled in."""
    return {**_DEFAULTS, **(documents.get("site", "config") or {})}


def set_site_config(documents: Documents, changes: Document) -> None:
    """Change some of it."""
    with documents.lock:
        documents.put("site", "config", {**(documents.get("site", "config") or {}), **changes})


def processing_url(documents: Documents) -> str:
    """XNAT_HOST for containers: processingUrl, else siteUrl."""
    config = site_config(documents)
    return str(config["processingUrl"] or config["siteUrl"])
