# Builds the static binary and puts it alone into an empty image.
#   docker build -t waymark .
# Mount your waymark.yaml as /etc/waymark/waymark.yaml; keep /var/lib/waymark.
ARG GO_IMAGE=golang:1.26
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/waymark ./cmd/waymark \
 && install -d -m 0700 -o 65532 -g 65532 /out/state

FROM scratch
COPY --from=build /out/waymark /waymark
COPY --from=build --chown=65532:65532 /out/state /var/lib/waymark
USER 65532:65532
ENV STATE_DIRECTORY=/var/lib/waymark
VOLUME /var/lib/waymark
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s CMD ["/waymark", "healthcheck"]
ENTRYPOINT ["/waymark"]
CMD ["serve"]
