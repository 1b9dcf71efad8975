-- Which processes are there, for whoever keeps them running. A row is written anew every few seconds, and goes with its
-- process, or a minute after the last word of it.
CREATE TABLE processes (
    tag        bigint PRIMARY KEY,
    role       text NOT NULL,
    host       text NOT NULL,
    pid        bigint NOT NULL,
    version    text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

COMMENT ON COLUMN processes.tag IS 'the first 32 bits of every claim that the process makes (platform::claim)';
