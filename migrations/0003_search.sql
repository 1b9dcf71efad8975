-- What the search index has yet to follow. Whoever changes products adds a row in the same transaction; the step
-- that indexes takes rows away in the transaction that writes the index. So whatever is committed is either in the
-- index or here.
--
-- A row names products by their ids, or as those that an import wrote between two keys, or (neither) all of them.
CREATE TABLE search_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_ids bigint[],
    import_id   bigint,
    first_key   text COLLATE "C",
    last_key    text COLLATE "C",
    products    bigint NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT now()
);
