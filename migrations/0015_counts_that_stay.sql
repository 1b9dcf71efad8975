-- How many attempts to deliver were made in hours whose rows are gone (webhooks::sweep): with those that are there
-- this is all there ever were, a number that never goes down.
CREATE TABLE webhook_hours_swept (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    delivered bigint NOT NULL DEFAULT 0,
    failed    bigint NOT NULL DEFAULT 0
);

INSERT INTO webhook_hours_swept DEFAULT VALUES;
