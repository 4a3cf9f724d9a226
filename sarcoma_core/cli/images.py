"""`sarcoma images`: build the images of steps and services, save them to a file, push them to a registry."""

import argparse
from typing import Any

from sarcoma_core.cli.arguments import named_path


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser("images", help="build, save and push the images", description=__doc__)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build images from this checkout; print sizes and start times")
    build.add_argument(
        "--registry", default="", metavar="PREFIX", help="tag each image for this registry too"
    )
    build.add_argument(
        "--base-image", metavar="REF", help="build on this image instead of the pinned Python image"
    )
    build.add_argument(
        "--base",
        action="append",
        default=[],
        metavar="NAME",
        help="a base, with or without a step on it; without --step it is all that is built; may be repeated",
    )
    build.add_argument(
        "--torch", metavar="VERSION", help="a build of PyTorch, e.g. 2.13.0+cu126; without: that for CPUs"
    )
    build.add_argument(
        "--torch-index", metavar="URL", help="package index that holds that build, or a folder of its wheel"
    )
    build.add_argument(
        "--ca", type=named_path, metavar="FILE", help="CA bundle of your proxy; a build secret, never stored"
    )
    build.add_argument(
        "--index", metavar="URL", help="package index to install from; a build secret, never stored"
    )
    build.set_defaults(run=_build)
    save = actions.add_parser("save", help="write images to a file that `docker load` reads")
    save.add_argument("folder", type=named_path, metavar="FOLDER", help="where to")
    save.set_defaults(run=_save)
    push = actions.add_parser("push", help="push images to a registry")
    push.add_argument("--registry", required=True, metavar="PREFIX", help="e.g. registry.example.org/imaging")
    push.add_argument(
        "--digests",
        type=named_path,
        metavar="FILE",
        help="write what each image is called there as JSON, for `sarcoma xnat install --images`",
    )
    push.set_defaults(run=_push)
    for action in (build, save, push):
        action.add_argument(
            "--step", action="append", default=[], metavar="NAME", help="one step or service; may be repeated"
        )


def _build(arguments: argparse.Namespace) -> int:
    from sarcoma_core.images import build, table

    measured = build(
        arguments.step,
        bases=arguments.base,
        registry=arguments.registry,
        base_image=arguments.base_image,
        torch=arguments.torch,
        torch_index=arguments.torch_index,
        ca=arguments.ca,
        index=arguments.index,
    )
    print(table(measured))
    return 0


def _save(arguments: argparse.Namespace) -> int:
    from sarcoma_core.images import save

    path = save(arguments.step, arguments.folder)
    print(f"{path}\nnext: docker load --input {path}")
    return 0


def _push(arguments: argparse.Namespace) -> int:
    from sarcoma_core.errors import UsageError
    from sarcoma_core.images import push, write_digests

    if (
        arguments.digests and not arguments.digests.absolute().parent.is_dir()
    ):  # told before an hour of pushing
        raise UsageError("--digests: must be a file in a folder that is there; its folder is not.")
    pushed = push(arguments.step, arguments.registry)
    print(*pushed.values(), sep="\n")
    if arguments.digests:
        write_digests(pushed, arguments.digests)
        print(f"next: sarcoma xnat install --images {arguments.digests}")
    return 0
