#!/usr/bin/env bash
# User data: lay the runner and its units, and start them. Its text tells what the machine is, and nothing of what
# the site runs: CloudFormation replaces a machine whose user data changes.
set -euo pipefail

install -d -m 0711 /etc/sarcoma
install -d -m 0755 /usr/local/lib/sarcoma
cat >/etc/sarcoma/seed.env <<'VALUES'
@VALUES@
VALUES
cat >/usr/local/lib/sarcoma/runner.py <<'RUNNER'
@RUNNER@
RUNNER
cat >/etc/systemd/system/sarcoma-site.service <<'UNIT'
@SERVICE@
UNIT
cat >/etc/systemd/system/sarcoma-site-follow.service <<'UNIT'
@FOLLOW@
UNIT
cat >/etc/systemd/system/sarcoma-site-follow.timer <<'UNIT'
@TIMER@
UNIT

# The AMI is the ECS-optimised one for its engine and its driver; this machine is in no ECS cluster.
systemctl disable --now ecs.service || true

# The engine's own ways here. Steps reach XNAT at the bridge's address, which another network's container publishes: that
# takes the userland proxy, which the AMI's file switches off (moby 38784). Networks come from 100.64.0.0/16 (RFC 6598): the
# engine's defaults, 172.17 and up, are hospitals' too.
install -d -m 0755 /etc/docker
python3 - <<'PYTHON'
import json, pathlib
path = pathlib.Path("/etc/docker/daemon.json")
told = json.loads(path.read_text()) if path.exists() else {}
told.update({
    "userland-proxy": True,
    "bip": "100.64.0.1/24",
    "default-address-pools": [{"base": "100.64.16.0/20", "size": 24}],
})
path.write_text(json.dumps(told, indent=2) + "\n")
PYTHON
systemctl restart docker.service

systemctl daemon-reload
systemctl enable sarcoma-site.service sarcoma-site-follow.timer
systemctl start --no-block sarcoma-site.service sarcoma-site-follow.timer
