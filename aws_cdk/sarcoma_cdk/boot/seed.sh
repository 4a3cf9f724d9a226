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
systemctl daemon-reload
systemctl enable sarcoma-site.service sarcoma-site-follow.timer
systemctl start --no-block sarcoma-site.service sarcoma-site-follow.timer
