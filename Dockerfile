# The program alone: PostgreSQL is the one DATABASE_URL names.
#   docker build -t product-importer .
#   docker run -p 8080:8080 -e DATABASE_URL=postgres://… -e ACCESS_PASSWORD=… product-importer
FROM rust:1.95-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Everything the program depends on is built before its sources come, and again only when the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches/bench \
    && for file in build.rs src/main.rs benches/bench/main.rs; do echo 'fn main() {}' > "$file"; done \
    && touch src/lib.rs \
    && cargo build --release --locked \
    && rm -r src benches build.rs
COPY . .
# Cargo goes by the time of files, and these are older than what was built in their place.
RUN touch build.rs src/main.rs src/lib.rs \
    && cargo build --release --locked \
    && strip --strip-debug target/release/product-importer

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/product-importer product-importer
COPY --from=build /build/target/release/product-importer /usr/local/bin/
USER 10001
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
# A worker is asked where its METRICS_PORT is; one without listens nowhere, and is healthy as long as it runs.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["bash", "-c", "port=$PORT; if grep -qzx worker /proc/1/cmdline; then port=$METRICS_PORT; [ -n \"$port\" ] || exit 0; fi; exec 3<>\"/dev/tcp/127.0.0.1/$port\" && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^alive' <&3"]
# One process with both halves; `web` and `worker` run them apart.
CMD ["product-importer", "serve"]
