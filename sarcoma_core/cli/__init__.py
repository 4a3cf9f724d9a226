"""The `sarcoma` command. Nothing heavy is imported until a command runs."""

from sarcoma_core.cli.main import main

__all__ = ["main"]
