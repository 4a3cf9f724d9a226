"""The program that tells what XNAT is at: it is Python 3.9, and reads an engine and a server as they are."""

import ast
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.power import at_work, sleeping

pytestmark = pytest.mark.cdk

ROWS = [
    {"wfid": 1, "pipelineName": "sarcoma-convert-session", "status": "Complete"},
    {"wfid": 2, "pipelineName": "sarcoma-convert-session", "status": "Failed (Upload)", "label": "PATIENT"},
    {"wfid": 3, "pipelineName": "sarcoma-report-session", "status": "Killed"},
    {"wfid": 4, "pipelineName": "sarcoma-report-session", "status": "Running", "label": "PATIENT"},
    {"wfid": 5, "pipelineName": "dcm2niix", "status": "Queued"},
]
PS = (
    "xnat-image\tsite-xnat-1\tsite\n"
    "sarcoma/admin@sha256:1\tsarcoma-doctor\t\n"
    "sarcoma/convert:0.4.0\tfunny_name\t\n"
)


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, "who": self.headers["Authorization"], **body})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(ROWS).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    one = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=one.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{one.server_port}", asked
    one.shutdown()
    one.server_close()
    thread.join()


def test_it_tells_what_has_not_ended_and_nothing_of_a_patient(
    server: tuple[str, list[dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host, asked = server
    docker = tmp_path / "docker"
    docker.write_text(f"#!{sys.executable}\nprint({PS!r}, end='')\n", "utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    environment = tmp_path / "admin.env"
    environment.write_text(f"XNAT_HOST={host}\nXNAT_USER=admin\nXNAT_PASS=a=b\n", "utf-8")
    assert at_work.main(str(environment)) == 0
    text = capsys.readouterr().out
    assert json.loads(text) == {
        "containers": ["sarcoma/convert:0.4.0"],
        "workflows": [
            {"id": "4", "name": "sarcoma-report-session", "status": "Running"},
            {"id": "5", "name": "dcm2niix", "status": "Queued"},
        ],
    }
    assert "PATIENT" not in text
    [query] = asked
    assert query["path"] == "/xapi/workflows"
    assert query["who"] == "Basic YWRtaW46YT1i"
    assert query["filters"] == {}


def test_it_is_python_3_9_and_asks_for_no_package() -> None:
    source = Path(at_work.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    named = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert named <= sys.stdlib_module_names


def test_it_is_sent_whole_in_a_document_that_it_does_not_end() -> None:
    first, *lines, last = sleeping._script()
    assert first == "python3 - <<'END_OF_PROGRAM'"
    assert last == "END_OF_PROGRAM"
    assert "END_OF_PROGRAM" not in lines
    assert "\n".join(lines) + "\n" == Path(at_work.__file__).read_text("utf-8")
    assert len("\n".join(lines)) < 60_000  # AWS takes 64 KB
