#!/bin/sh
# install.sh VENV PIP-ARGUMENT...: install wheels into VENV the way an image wants them: small, compiled and the
# same bytes each time. VENV is /opt/venv under a staging root (/image/opt/venv), so that `COPY /image/ /` keeps
# the folders' times too. It runs in build stages only; pip itself (/opt/pip) never reaches an image.
set -eu
venv=$1
shift

# A hospital's CA and package index come as build secrets: they are mounted for this command alone and stand in no
# layer, no history and no environment of the image. The CA is added to the public ones that pip brings.
if [ -s /run/secrets/ca ]; then
    PIP_CERT=$(mktemp)
    export PIP_CERT
    trap 'rm -f "$PIP_CERT"' EXIT
    /opt/pip/bin/python -c 'from pip._vendor import certifi; print(certifi.contents())' >"$PIP_CERT"
    cat /run/secrets/ca >>"$PIP_CERT"
fi
if [ -s /run/secrets/index ]; then
    PIP_INDEX_URL=$(cat /run/secrets/index)
    export PIP_INDEX_URL
fi

# Wheels only: there is no compiler here, and none is wanted.
/opt/pip/bin/pip --python /opt/venv/bin/python --disable-pip-version-check --no-cache-dir install \
    --no-compile --only-binary=:all: --root-user-action=ignore --prefix "$venv" "$@"

# The packages' own tests and static libraries never run in a container.
find "$venv" -type d -name tests -prune -exec rm -rf {} +
find "$venv" -name '*.a' -delete

# A container starts cold and may not write beside the sources, so compile now. `unchecked-hash`: no time of day
# inside, and Python does not look at the source again. -s/-p: tracebacks name the place in the image.
# A package may ship a file for a newer Python (torch does); it stays uncompiled, and importing it would say why.
/opt/venv/bin/python -m compileall -qq --invalidation-mode unchecked-hash -s "$venv" -p /opt/venv "$venv" || true
find "$(dirname "$venv")" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
