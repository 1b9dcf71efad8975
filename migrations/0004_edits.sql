-- Changes to single products, so that a product's whole story can be told.
--
-- Nothing here holds a product's values twice: a step keeps what it overwrote, and the story is rebuilt backwards
-- from the product as it is now (catalog::edit::history).

-- One row a change by hand. `before` has the old values of the changed fields only; `import_id`, `import_line` and
-- `updated_at` are those that the product had before. A deletion leads to no version: it names the one it ended.
CREATE TABLE product_edits (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id  bigint NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    version     integer NOT NULL,
    action      text NOT NULL CHECK (action IN ('created', 'changed', 'deleted', 'restored')),
    before      jsonb NOT NULL DEFAULT '{}',
    import_id   bigint,
    import_line bigint,
    updated_at  timestamptz,
    actor       text
);

CREATE INDEX product_edits_of_product ON product_edits (product_id, id);

COMMENT ON COLUMN product_edits.version IS 'the version to which the change led';
COMMENT ON COLUMN product_edits.actor IS 'who did it; null as long as there are no accounts';

-- One row a batch of an import, not one a product: an import changes hundreds of thousands of products, and a row for
-- each would cost more than the import. `changes` has what the batch overwrote, encoded by catalog::bulk::overwritten;
-- the keys are those of the first and the last product in it.
CREATE TABLE import_edits (
    import_id bigint NOT NULL,
    first_key text COLLATE "C" NOT NULL,
    last_key  text COLLATE "C" NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    changes   bytea NOT NULL,
    PRIMARY KEY (import_id, last_key)
);
ALTER TABLE import_edits ALTER COLUMN changes SET STORAGE EXTERNAL;

-- Products deleted by hand, as they were, for as long as that can be undone.
CREATE TABLE deleted_products (
    id          bigint PRIMARY KEY,
    deleted_at  timestamptz NOT NULL DEFAULT now(),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    import_id   bigint,
    import_line bigint,
    version     integer NOT NULL,
    active      boolean NOT NULL,
    sku         text NOT NULL,
    sku_key     text COLLATE "C" NOT NULL,
    name        text NOT NULL,
    description text NOT NULL
);

CREATE INDEX deleted_products_deleted_at ON deleted_products (deleted_at);
