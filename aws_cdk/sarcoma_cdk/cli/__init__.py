"""The `sarcoma-site` command. Nothing heavy is imported until a verb runs."""

from sarcoma_cdk.cli.main import main

__all__ = ["main"]
