-- Telling other programs of changes made by hand (webhooks).
--
-- An event and one delivery for each webhook that asked for it are written in the transaction of the change, so that
-- both happen or neither. Workers send deliveries and write down what came of it (ARCHITECTURE.md, "Life of a webhook").
--
-- Nothing that is written once an event refers to another table by a foreign key: each would lock the webhook's row and
-- cost the change more than the row itself. What belongs to a deleted webhook is swept.
CREATE TABLE webhooks (
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer NOT NULL DEFAULT 1,
    url                   text NOT NULL,
    description           text NOT NULL DEFAULT '',
    events                text[] NOT NULL,
    only_fields           text[],
    headers               bytea,
    secret                bytea NOT NULL,
    previous_secret       bytea,
    previous_secret_until timestamptz,
    enabled               boolean NOT NULL DEFAULT true,
    stopped_reason        text,
    paused_at             timestamptz,
    backlog_upto          bigint
);

COMMENT ON COLUMN webhooks.version IS 'goes up with every change, also of what is not seen: workers look for it';
COMMENT ON COLUMN webhooks.only_fields IS
    'of name, description, active: a product.updated is told only when one of them changed; null for any';
COMMENT ON COLUMN webhooks.headers IS 'names and values as a JSON object, sealed';
COMMENT ON COLUMN webhooks.secret IS 'what deliveries are signed with, sealed; also the one before, for a day';
COMMENT ON COLUMN webhooks.enabled IS 'one that is not is told nothing, and what happens meanwhile is not kept for it';
COMMENT ON COLUMN webhooks.stopped_reason IS 'gone: its receiver answered 410; null where somebody disabled it';
COMMENT ON COLUMN webhooks.paused_at IS 'since when nothing is sent, after failing for days; events are kept for it';
COMMENT ON COLUMN webhooks.backlog_upto IS
    'deliveries up to this id waited while nothing was sent, and are sent at a gentle pace';

-- What happened, once however many are told. The id is the webhook-id of every attempt.
CREATE TABLE webhook_events (
    id              uuid PRIMARY KEY,
    created_at      timestamptz NOT NULL DEFAULT now(),
    product_id      bigint,
    product_version integer,
    type            text NOT NULL,
    changed         text[] NOT NULL DEFAULT '{}',
    body            text NOT NULL
);

CREATE INDEX webhook_events_of_product ON webhook_events (product_id, id) WHERE product_id IS NOT NULL;

COMMENT ON COLUMN webhook_events.body IS 'what is sent, to the byte; at most 256 KB';
COMMENT ON COLUMN webhook_events.changed IS 'the fields of the product that became others';

-- An event on its way to one webhook.
CREATE TABLE webhook_deliveries (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid NOT NULL,
    webhook_id      bigint NOT NULL,
    product_id      bigint,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Of the moment of the statement: of two changes to a product the second never comes first, whichever
    -- transaction began earlier.
    next_attempt_at timestamptz DEFAULT clock_timestamp(),
    finished_at     timestamptz,
    attempts        integer NOT NULL DEFAULT 0,
    tries           integer NOT NULL DEFAULT 0,
    last_status     integer,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    last_error      text,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook_id, id) WHERE state = 'failed';
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);

COMMENT ON COLUMN webhook_deliveries.attempts IS 'how often it was sent altogether';
COMMENT ON COLUMN webhook_deliveries.tries IS 'how often since it was last asked for: the place in the schedule';

-- What came of each sending.
CREATE TABLE webhook_attempts (
    delivery_id      bigint NOT NULL,
    at               timestamptz NOT NULL,
    number           integer NOT NULL,
    status           integer,
    duration_ms      integer NOT NULL,
    error            text,
    response_headers jsonb,
    response_body    text,
    PRIMARY KEY (delivery_id, number)
);

COMMENT ON COLUMN webhook_attempts.error IS 'in plain words, where nothing was delivered';
COMMENT ON COLUMN webhook_attempts.response_body IS 'its first 16 KB';

-- The right to send to a webhook, held by one worker at a time, and what its sending was like lately. Beside webhooks
-- and not in it: this is written many times a second, and every change by hand reads webhooks.
CREATE TABLE webhook_lanes (
    webhook_id      bigint PRIMARY KEY REFERENCES webhooks ON DELETE CASCADE,
    lease_until     timestamptz,
    rest_until      timestamptz,
    failing_since   timestamptz,
    last_attempt_at timestamptz,
    claim           uuid,
    last_status     integer,
    last_error      text
) WITH (fillfactor = 50);

COMMENT ON COLUMN webhook_lanes.rest_until IS 'nothing is sent before: the receiver asked for a rest (Retry-After)';
COMMENT ON COLUMN webhook_lanes.failing_since IS 'the first failure since the last success';
COMMENT ON COLUMN webhook_lanes.last_error IS 'in plain words; null when the last attempt delivered';

-- How many attempts of each hour delivered and how many failed.
CREATE TABLE webhook_hours (
    webhook_id bigint NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    hour       timestamptz NOT NULL,
    delivered  bigint NOT NULL DEFAULT 0,
    failed     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id, hour)
) WITH (fillfactor = 50);

-- Trying all deliveries again that failed since a time, piece by piece.
CREATE TABLE webhook_retries (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id    bigint NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    since         timestamptz NOT NULL,
    expected      bigint NOT NULL,
    done          bigint NOT NULL DEFAULT 0,
    after_id      bigint NOT NULL DEFAULT 0,
    state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    next_piece_at timestamptz NOT NULL DEFAULT now(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz
);

CREATE INDEX webhook_retries_open ON webhook_retries (next_piece_at) WHERE state = 'running';
