-- Since when there is something to read of an import. Not a column of `imports`: processes of the release before read
-- whole rows of it by prepared statements, which must not change their type. Their pieces get the default.
ALTER TABLE import_pieces ADD COLUMN arrived_at timestamptz NOT NULL DEFAULT now();
