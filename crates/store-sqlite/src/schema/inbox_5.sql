-- Each tenant has room of its own with a receiver.
CREATE INDEX outbox_room ON outbox (bucket, tenant) WHERE state = 0;
