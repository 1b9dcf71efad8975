-- Changes to many products at once: those that were selected, or everything that matches a filter.
--
-- What was selected is changed at once, in the transaction that makes the row. What matches a filter is changed by a
-- worker, piece by piece in the order of the SKUs; a piece, its history and how far it is commit together.
CREATE TABLE bulk_changes (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action       text NOT NULL CHECK (action IN ('activate', 'deactivate', 'delete', 'restore')),
    state        text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    filter       jsonb,
    undoes       bigint UNIQUE REFERENCES bulk_changes,
    expected     bigint NOT NULL,

    -- What was committed: how many products were looked at, and how many of them became others.
    done         bigint NOT NULL DEFAULT 0,
    changed      bigint NOT NULL DEFAULT 0,
    after_key    text COLLATE "C",
    after_number bigint NOT NULL DEFAULT 0,

    -- Who works on it, as with imports.
    claim        uuid,
    lease_until  timestamptz,
    attempts     integer NOT NULL DEFAULT 0,
    error        text,

    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);

CREATE INDEX bulk_changes_open ON bulk_changes (id) WHERE state IN ('queued', 'running');

COMMENT ON COLUMN bulk_changes.filter IS 'catalog::Filter; null where products were named by their ids';
COMMENT ON COLUMN bulk_changes.undoes IS 'the deletion that this one takes back';

-- Which products a deletion took, a row a piece: so it can be undone as a whole for a day.
CREATE TABLE bulk_deletions (
    bulk_change_id bigint NOT NULL REFERENCES bulk_changes ON DELETE CASCADE,
    number         bigint GENERATED ALWAYS AS IDENTITY,
    product_ids    bigint[] NOT NULL,
    PRIMARY KEY (bulk_change_id, number)
);
