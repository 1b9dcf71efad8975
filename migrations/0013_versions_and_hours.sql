-- A deletion leads to a version of its own, so that whoever is told of it can drop what is older.
COMMENT ON COLUMN product_edits.version IS 'the version to which the change led, also of a deletion';

-- Writing results holds a lane and then wants the webhook's row for a new hour; deleting a webhook wants them the other
-- way round. Hours of deleted webhooks are swept like deliveries.
ALTER TABLE webhook_hours DROP CONSTRAINT webhook_hours_webhook_id_fkey;
