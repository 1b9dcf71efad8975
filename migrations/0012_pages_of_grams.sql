-- A segment's grams are kept in pages, as columns of it (catalog::search::pages): a row for each gram cost far more than
-- what it said. What was indexed is indexed anew.
DROP TABLE search_grams;
DELETE FROM search_columns;
DELETE FROM search_segments;
DELETE FROM search_changes;

COMMENT ON TABLE search_columns IS 'what a segment knows of its products: grams, ids, versions, orders';

INSERT INTO search_changes (products) SELECT count(*) FROM products HAVING count(*) > 0;

-- The index of what was deleted and can still be brought back.
INSERT INTO search_changes (products, set_aside) SELECT count(*), true FROM cleared.products HAVING count(*) > 0;
