#!/usr/bin/env bash
# Serves with what the image and the compose project have laid out for XNAT, and ends where that is missing.
set -euo pipefail
[ "$1" = run ]
grep -q '^datasource.password=.' "$XNAT_HOME/config/xnat-conf.properties"
[ -f /usr/local/tomcat/webapps/ROOT/WEB-INF/web.xml ]
[ -n "$(ls "$XNAT_HOME/plugins")" ]
[ -d "$XNAT_HOME/config/auth" ]
export DOCKER_HOST=tcp://engine:2375 XNAT_USER=admin XNAT_PASS=admin HOME=/tmp
exec sarcoma xnat standin --archive /data/xnat/archive --host 0.0.0.0 --runner docker --url http://172.17.0.1:8080
