# The program alone: PostgreSQL is the one DATABASE_URL names.
#   docker build -t product-importer .
#   docker run -p 8080:8080 -e DATABASE_URL=postgres://… -e ACCESS=open -e PUBLIC_URL=https://… product-importer
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked && strip --strip-debug target/release/product-importer

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/product-importer product-importer
COPY --from=build /build/target/release/product-importer /usr/local/bin/
USER product-importer
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
# One process with both halves; `web` and `worker` run them apart.
ENTRYPOINT ["product-importer"]
CMD ["serve"]
