ARG GO_VERSION=1.26.8

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG TARGETOS TARGETARCH VERSION
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION=$VERSION
RUN mkdir -m 0700 /state

# Root certificates are needed to fetch the issuer's keys and to verify PostgreSQL.
# Time zones are not: all times are UTC.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /state /var/lib/apikeys
COPY --from=build /src/bin/apikeys /apikeys
USER 65532:65532
# The only directory that is written to, by SQLite; the rest may be read-only.
WORKDIR /var/lib/apikeys
# The internal port is left out, because it is on loopback unless a token is set.
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/apikeys", "healthcheck"]
ENTRYPOINT ["/apikeys"]
CMD ["serve"]
