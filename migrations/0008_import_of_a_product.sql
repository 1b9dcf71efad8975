-- A product stays one of the import that brought it, whatever is done to it by hand since; only its line is no longer
-- known then. The twin changes as well (0005_clearing.sql).
COMMENT ON COLUMN products.import_id IS 'the import that added the row or was the last to change it';
COMMENT ON COLUMN products.import_line IS 'the line of that import''s file; null once the row was changed by hand';
COMMENT ON COLUMN cleared.products.import_id IS 'the import that added the row or was the last to change it';
COMMENT ON COLUMN cleared.products.import_line IS 'the line of that import''s file; null once the row was changed by hand';
