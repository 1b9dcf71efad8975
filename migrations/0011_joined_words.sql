-- The search index now also has the words that punctuation is joined to (catalog::search::grams): what was indexed
-- without them is indexed anew.
DELETE FROM search_grams;
DELETE FROM search_columns;
DELETE FROM search_segments;
DELETE FROM search_changes;

INSERT INTO search_changes (products) SELECT count(*) FROM products HAVING count(*) > 0;

-- The index of what was deleted and can still be brought back.
INSERT INTO search_changes (products, set_aside) SELECT count(*), true FROM cleared.products HAVING count(*) > 0;
