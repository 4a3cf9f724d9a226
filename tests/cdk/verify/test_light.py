"""`verify` is light: an operator's machine needs boto3 for it, and neither the CDK nor Node."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.cdk
_HEAVY = {"aws_cdk", "cdk_nag", "constructs", "jsii", "sarcoma_core"}


def test_verify_imports_neither_the_cdk_nor_the_steps() -> None:
    program = "import sys, sarcoma_cdk.verify; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not _HEAVY & set(done.stdout.split())
