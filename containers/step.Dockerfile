# sarcoma/<step> or sarcoma/<service>: our wheel and an entry point, on a shared base. `sarcoma images build` puts the
# words for {entrypoint} (ENTRYPOINT takes no build argument), sends the checkout as the context (.dockerignore says what
# of it) and passes a step's label `org.nrg.commands` with --label, so that no quote or $ is escaped by hand.
ARG BASE_IMAGE
ARG PARENT_IMAGE

# --- our package: no line here knows the step, so it is built once, and all steps share one layer ------------------
# pip comes from the base image, as the bases have none; so does the Python that the wheel is compiled for.
FROM ${BASE_IMAGE} AS package
RUN python3 -m venv /opt/pip
ARG SOURCE_DATE_EPOCH=1735689600
# The build backend of pyproject.toml; it goes beside pip and stays behind with it.
ARG SETUPTOOLS=80.9.0
RUN python3 -m venv --without-pip /opt/venv
WORKDIR /src
COPY containers/install.sh ./
RUN --mount=type=secret,id=ca --mount=type=secret,id=index \
    sh install.sh /opt/pip "setuptools==${SETUPTOOLS}"
COPY pyproject.toml README.md LICENSE ./
COPY sarcoma_core sarcoma_core
# Without the command of the cloud (`sarcoma-site`), whose package is no part of this wheel.
RUN sed -i '/^sarcoma-site = /d' pyproject.toml && \
    /opt/pip/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . && \
    sh install.sh /package/opt/venv --no-deps --no-index dist/*.whl

# --- the image ----------------------------------------------------------------------------------------------
FROM ${PARENT_IMAGE}
COPY --from=package /package/ /
# What run.json records as the image that ran.
ARG IMAGE
ENV SARCOMA_IMAGE=${IMAGE}
ENTRYPOINT ["{entrypoint}"]
CMD []
