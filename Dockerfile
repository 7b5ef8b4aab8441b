# An image with the static binary and the public certificate authorities. Build it
# from source,
#   docker build -t waymark .
# or around an existing binary:
#   deploy/container/context ./waymark dist/image
#   docker build -t waymark -f Dockerfile --target prebuilt dist/image
# Mount the folder of your waymark.yaml as /etc/waymark. Only /var/lib/waymark must
# be writable and persistent.
ARG GO_IMAGE=golang:1.26

FROM scratch AS base
LABEL org.opencontainers.image.title="Waymark" \
      org.opencontainers.image.description="Settings for every mail client, from one description of a mail service" \
      org.opencontainers.image.source="https://github.com/waymark-mail/waymark" \
      org.opencontainers.image.licenses="MIT"
ENV STATE_DIRECTORY=/var/lib/waymark
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/waymark", "healthcheck", "-c", "/etc/waymark/waymark.yaml"]
ENTRYPOINT ["/waymark"]
CMD ["serve", "-c", "/etc/waymark/waymark.yaml"]

FROM base AS prebuilt
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --chown=65532:65532 lib /var/lib
COPY waymark /waymark
VOLUME ["/var/lib/waymark"]

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/waymark ./cmd/waymark \
 && mkdir -p /out/lib/waymark && chmod 0700 /out/lib/waymark

FROM base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/lib /var/lib
COPY --from=build /out/waymark /waymark
VOLUME ["/var/lib/waymark"]
