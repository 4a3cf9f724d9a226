# sarcoma/<step>: one step's image, an entry point on a shared base. `sarcoma images build` puts the step's name
# for {step} (ENTRYPOINT takes no build argument), pipes this file to `docker build -` (no context: nothing is
# copied) and passes the label `org.nrg.commands` with --label, so that no quote or $ is escaped by hand.
ARG PARENT_IMAGE
FROM ${PARENT_IMAGE}
# What run.json records as the image that ran.
ARG IMAGE
ENV SARCOMA_IMAGE=${IMAGE}
ENTRYPOINT ["sarcoma", "step", "{step}"]
CMD []
