-- Deleting every product at once, and undoing that for a day (catalog::clearing).
--
-- There are always two tables of products: the catalogue and its twin `cleared.products`. To delete everything is to
-- swap them; to bring everything back is to swap them again. Either takes the same few milliseconds whatever the
-- size. A later step that changes one of them changes the other as well (tests/clearing.rs compares them).

-- One sequence for both, which no swap moves: a product's id is never given to another one. An identity column has a
-- sequence of its own that goes where its table goes.
LOCK TABLE products IN ACCESS EXCLUSIVE MODE;
CREATE SEQUENCE product_ids AS bigint;
SELECT setval('product_ids', nextval(pg_get_serial_sequence('products', 'id')), false);
ALTER TABLE products ALTER COLUMN id DROP IDENTITY;
ALTER TABLE products ALTER COLUMN id SET DEFAULT nextval('product_ids');

CREATE SCHEMA cleared;
CREATE TABLE cleared.products (LIKE products INCLUDING ALL) WITH (fillfactor = 80);
ALTER INDEX cleared.products_sku_key_idx RENAME TO products_sku_key;

-- Where one of the two is while they change places; empty otherwise.
CREATE SCHEMA swapping;

-- Every deletion of everything. The twin holds the products of the one that is neither restored nor removed.
CREATE TABLE clearings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    active      bigint NOT NULL,
    inactive    bigint NOT NULL,
    cleared_at  timestamptz NOT NULL DEFAULT now(),
    restored_at timestamptz,
    removed_at  timestamptz
);

CREATE UNIQUE INDEX clearings_kept ON clearings ((true)) WHERE restored_at IS NULL AND removed_at IS NULL;

COMMENT ON COLUMN clearings.removed_at IS 'when its products went for good: after a day, or for another clearing';

-- The imports that have begun to write to the catalogue and are not over: meanwhile nothing is cleared or restored.
CREATE TABLE catalogue_merges (
    import_id bigint PRIMARY KEY,
    begun_at  timestamptz NOT NULL DEFAULT now()
);

INSERT INTO catalogue_merges (import_id)
SELECT id FROM imports
WHERE state = 'running' AND EXISTS (SELECT FROM import_ranges WHERE import_id = imports.id);
