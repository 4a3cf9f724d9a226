"""`sarcoma xnat standin`: serve an archive as XNAT would, for demos and tests; it is not XNAT."""

import argparse
import ipaddress
import os

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import Verbs

_HIGHEST_PORT = 65535


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "standin",
        help="serve an archive as XNAT would: REST and one page",
        description="Serve an archive as XNAT would: a stand-in built from a reading of XNAT, not XNAT. "
        "The login is XNAT_USER and XNAT_PASS, else `admin` with a random password that is printed once.",
    )
    parser.add_argument("--archive", type=named_path, required=True, metavar="DIR", help="the archive folder")
    parser.add_argument(
        "--port", type=_port, default=8080, metavar="N", help="0 picks a free one (default: 8080)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDR", help="the address to listen at (default: this machine)"
    )
    parser.add_argument(
        "--runner", choices=("local", "docker"), default="local", help="processes here, or the real images"
    )
    parser.add_argument(
        "--url", default="", metavar="URL", help="the address under which browsers and containers reach it"
    )
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {_HIGHEST_PORT}; found {text!r}")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.runners import runner_named
    from sarcoma_core.standin.server import StandIn, StandInSettings
    from sarcoma_core.standin.serving import listen, serve

    login, password = os.environ.get("XNAT_USER", "") or "admin", os.environ.get("XNAT_PASS", "")
    runner = runner_named(arguments.runner, network="default")  # as the Container Service does
    place = listen(arguments.host, arguments.port)
    settings = StandInSettings(
        arguments.archive, login=login, password=password, url=arguments.url.rstrip("/")
    )
    server = StandIn(settings, runner)

    def ready(url: str) -> None:
        shown = "the password in XNAT_PASS" if password else f"password {server.password}"
        lines = (
            f"A stand-in for XNAT, built from a reading of XNAT: {url}",
            *(() if _is_loopback(arguments.host) else _open_to_others(arguments)),
            f"Log in as {login} with {shown}. Ctrl-C stops it.",
        )
        print(*lines, sep="\n", flush=True)

    try:
        serve(server, place, ready=ready)
    except KeyboardInterrupt:  # how a server is meant to be stopped
        print("Stopped.")
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_to_others(arguments: argparse.Namespace) -> tuple[str, ...]:
    told = (
        "Warning: other machines can reach it, and its plain http shows passwords and images to whoever "
        "listens on the network. Use synthetic data only."
    )
    named = "Warning: a name or address other than the one it listens at is refused: give it as --url."
    return (told,) if arguments.url else (told, named)
