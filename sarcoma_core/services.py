"""The services: images that are no steps. `SERVICES` is the list of them; importing it is light."""

from sarcoma_core.interface import Service

SERVICES: tuple[Service, ...] = (
    Service(
        name="admin",
        title="Sarcoma: administration",
        base="site",
        entrypoint=("sarcoma",),
        help="The whole command line, to set up, install, check and launch from a machine without Python.",
    ),
)
