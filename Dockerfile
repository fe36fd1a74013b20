# One image for every service: the one program, and of the C library what it loads. The first argument
# of a container chooses: registry, trainer, predictor, or any other command.
#
#   docker build --tag millwright:0.1.0 .                               compiles it in the image
#   docker build --tag millwright:0.1.0 --build-arg PROGRAM=ready .     takes target/dist/millwright,
#                       made before by `cargo build --locked --profile dist` on Debian 12 or older
ARG PROGRAM=compiled

FROM docker.io/library/rust:1.95-bookworm AS compiled
WORKDIR /source
COPY . .
RUN cargo build --locked --profile dist && cp target/dist/millwright /millwright

FROM docker.io/library/debian:bookworm-slim AS ready
COPY target/dist/millwright /millwright

FROM ${PROGRAM} AS program

# What goes into the image: the program, the libraries that it names, and a folder that its user owns.
FROM docker.io/library/debian:bookworm-slim AS files
COPY --from=program /millwright /files/usr/bin/millwright
RUN ldd /files/usr/bin/millwright | grep -o '/[^ ]*' | xargs -I{} cp --parents --dereference {} /files \
    && mkdir -p /files/var/lib/millwright && chown 65532:65532 /files/var/lib/millwright

FROM scratch
COPY --from=files /files /
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENV MILLWRIGHT_DATA_DIR=/var/lib/millwright
ENTRYPOINT ["/usr/bin/millwright"]
