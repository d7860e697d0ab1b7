-- Dead letters are counted at each scrape of the metrics: not by reading everything that was ever sent.
CREATE INDEX outbox_parked ON outbox (seq) WHERE dropped_at IS NOT NULL AND attempts > 0;
