"""Weights as files: each network's own, and readable by the user that a step runs under."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

import safetensors.torch  # noqa: E402

from sarcoma_core.training.weights_files import write_weights  # noqa: E402


def test_each_network_has_a_file_that_everybody_can_read(tmp_path: Path) -> None:
    """`predict` and `segment` run in containers under a user that owns nothing here."""
    kept = [{"a": torch.full((2, 3), float(number)).T} for number in range(2)]
    write_weights(tmp_path, kept)
    files = sorted(tmp_path.iterdir())
    assert len(files) == len(kept)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
    found = {float(safetensors.torch.load_file(path)["a"][0, 0]) for path in files}
    assert found == {0.0, 1.0}
