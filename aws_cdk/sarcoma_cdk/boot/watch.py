"""Disks and the boot's log to CloudWatch; XNAT's logs may hold patients' names and stay on the machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import files
from .calls import attempt, last_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .places import Places

_CONTROL = "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"


def agent_settings(log_group: str, places: Places) -> Mapping[str, object]:
    """What the agent measures and sends.

    Args:
        log_group: where the boot's log goes.
        places: the machine's folders.
    """
    log = {
        "file_path": str(places.log),
        "log_group_name": log_group,
        "log_stream_name": "{instance_id}",
        "timezone": "UTC",
    }
    disks = {
        "measurement": ["used_percent", "inodes_free"],
        "resources": ["/", str(places.archive), str(places.database)],
        "drop_device": True,
    }
    return {
        "agent": {"metrics_collection_interval": 300, "run_as_user": "root"},
        "logs": {"logs_collected": {"files": {"collect_list": [log]}}},
        "metrics": {
            "namespace": "Sarcoma",
            "append_dimensions": {"InstanceId": "${aws:InstanceId}"},
            # What an alarm looks at: without this a disk's figure also has the name of its file system.
            "aggregation_dimensions": [["InstanceId", "path"]],
            "metrics_collected": {"disk": disks, "mem": {"measurement": ["used_percent"]}},
        },
    }


def start_agent(log_group: str, places: Places, tell: Callable[[str], None]) -> None:
    """Start the agent with our settings; a site without it runs, so a failure is told and no more.

    Args:
        log_group: where the boot's log goes.
        places: the machine's folders.
        tell: takes a line of why it does not run.

    Raises:
        OSError: the settings cannot be written.
    """
    control, path = places.root / _CONTROL, places.state / "cloudwatch.json"
    changed = files.write(path, json.dumps(agent_settings(log_group, places), indent=2) + "\n")
    if not control.exists():
        done = attempt("env", "dnf", "install", "--assumeyes", "--quiet", "amazon-cloudwatch-agent")
        if done.returncode:
            tell(
                "warning: no disk metrics, as amazon-cloudwatch-agent cannot be installed: "
                f"{last_words(done)}"
            )
            return
    running = attempt(str(control), "-a", "status").stdout
    if changed or '"running"' not in running:
        done = attempt(str(control), "-a", "fetch-config", "-m", "ec2", "-s", "-c", f"file:{path}")
        if done.returncode:
            tell(f"warning: no disk metrics, as the CloudWatch agent does not start: {last_words(done)}")
