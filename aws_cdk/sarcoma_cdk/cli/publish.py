"""`sarcoma-site publish`: images and artefacts to a site's registry and bucket, and the lock."""

import argparse
import sys
from typing import Any

from sarcoma_cdk.cli.arguments import add_json, add_site, named_site, publication_of, say, show_json


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb.

    Args:
        verbs: the sub-parsers.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        "publish",
        help="send images and artefacts to a site, and write its lock",
        description="Send images, XNAT, its plugins and the boot's program to a site, and write its "
        "lock. What is there "
        "already is not sent again; broken off, it leaves no lock.",
        epilog="Before: make images; containers/compose/fetch.py; cdk deploy of the stack Store. After: "
        "cdk deploy --all",
    )
    add_site(parser)
    parser.add_argument(
        "--tag",
        default="",
        metavar="SUFFIX",
        help="for images whose tag another image has already: TAG-SUFFIX. Without, they are refused",
    )
    parser.add_argument(
        "--new-machine-image",
        action="store_true",
        help="take the newest AMI, too; refused while the machine's stack is there, as a deploy cannot "
        "replace the machine in place",
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from sarcoma_cdk.cloud import connect, errors_told
    from sarcoma_cdk.config import lock_path, write_publication
    from sarcoma_cdk.publish import Order, publish

    named = named_site(arguments)
    before = publication_of(named)
    cloud = connect(named.site)
    order = Order(suffix=arguments.tag, before=before, new_machine_image=arguments.new_machine_image)
    with errors_told():
        publication = publish(cloud, order, say=say)
    path = lock_path(named.path)
    write_publication(path, publication)
    if arguments.json:
        show_json(asdict(publication))
    else:
        sys.stdout.write(
            f"{path}: publication {publication.publication[:12]}, AMI {publication.machine_image}\n"
            f"next: commit it, then in aws_cdk: npx --no-install cdk deploy --all -c site={named.path}\n"
        )
    return 0
