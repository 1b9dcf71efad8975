-- What the search index has yet to follow. Whoever changes products adds a row in the same transaction; the step
-- that indexes takes rows away in the transaction that writes the index. So whatever is committed is either in the
-- index or here.
--
-- A row names products by their ids, by their SKU keys, or as those that an import wrote between two keys; with
-- nothing of these, all of them. `done_key`: products up to this key have been indexed.
CREATE TABLE search_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    products    bigint NOT NULL,
    product_ids bigint[],
    sku_keys    text[] COLLATE "C",
    import_id   bigint,
    first_key   text COLLATE "C",
    last_key    text COLLATE "C",
    done_key    text COLLATE "C",
    noted_at    timestamptz NOT NULL DEFAULT now(),
    set_aside   boolean NOT NULL DEFAULT false
);

COMMENT ON COLUMN search_changes.products IS 'at most so many, to judge how much is to be done';
COMMENT ON COLUMN search_changes.set_aside IS 'belongs to a catalogue that was deleted as a whole';

-- A catalogue from before there was an index.
INSERT INTO search_changes (products) SELECT count(*) FROM products HAVING count(*) > 0;

-- The index: segments, each over a set of products in the order of their SKU keys. A product's place in its segment
-- is its ordinal. A segment never changes, but for which of its products no longer count.
CREATE TABLE search_segments (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    products      integer NOT NULL,
    dead          bytea,
    dead_products integer NOT NULL DEFAULT 0,
    set_aside     boolean NOT NULL DEFAULT false
);
ALTER TABLE search_segments ALTER COLUMN dead SET STORAGE EXTERNAL;

COMMENT ON COLUMN search_segments.dead IS 'a Roaring bitmap of the ordinals that were deleted or are in a newer segment';
COMMENT ON COLUMN search_segments.set_aside IS 'belongs to a catalogue that was deleted as a whole';

-- For each gram (catalog::search::grams) of a segment the ordinals that have it, as a Roaring bitmap in its portable
-- format. Bitmaps are compressed already.
CREATE TABLE search_grams (
    segment_id bigint NOT NULL,
    products   integer NOT NULL,
    gram       bytea NOT NULL,
    bitmap     bytea NOT NULL,
    PRIMARY KEY (segment_id, gram)
);
ALTER TABLE search_grams ALTER COLUMN bitmap SET STORAGE EXTERNAL;

-- Ids, versions and orders of a segment's products (catalog::search::columns), in chunks.
CREATE TABLE search_columns (
    segment_id bigint NOT NULL,
    kind       smallint NOT NULL,
    chunk      integer NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (segment_id, kind, chunk)
);
ALTER TABLE search_columns ALTER COLUMN bytes SET STORAGE EXTERNAL;
