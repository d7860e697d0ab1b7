-- A file is served where an event shows it whose sender uploaded it, or could see an event then that is such a one. So
-- each event keeps, flat, everybody whose upload would make it honest: what it is worth was settled when it came.
ALTER TABLE media ADD COLUMN vouchers text[] NOT NULL DEFAULT '{}';
WITH RECURSIVE chain(server, media_id, event_id, room_id, voucher) AS (
  SELECT server, media_id, event_id, room_id, sender FROM media
  UNION
  SELECT later.server, later.media_id, later.event_id, later.room_id, chain.voucher
  FROM chain JOIN media AS later USING (server, media_id)
  WHERE NOT later.portrait AND chain.room_id = ANY(later.seen_in)
)
UPDATE media SET vouchers = found.vouchers
FROM (SELECT server, media_id, event_id, array_agg(DISTINCT voucher) AS vouchers
      FROM chain GROUP BY server, media_id, event_id) AS found
WHERE media.server = found.server AND media.media_id = found.media_id AND media.event_id = found.event_id;
ALTER TABLE media DROP COLUMN seen_in;

-- Until now an address counted wherever it stood: in a text, a name, a quotation, what the bot repeated. Only what
-- clients show is kept. (A reply's quotation stands at the beginning of its HTML.)
DELETE FROM media USING inbox
WHERE inbox.event_id = media.event_id AND NOT EXISTS (
  SELECT FROM (SELECT inbox.event -> 'content' AS content
               UNION ALL SELECT inbox.event #> '{content,m.new_content}') AS shown
  WHERE format('mxc://%s/%s', media.server, media.media_id) IN (
          content ->> 'url', content #>> '{file,url}', content ->> 'avatar_url',
          content #>> '{info,thumbnail_url}', content #>> '{info,thumbnail_file,url}')
     OR regexp_replace(content ->> 'formatted_body', '^.*</mx-reply>', '', 'i')
          ~* format('<img[^>]*mxc://%s/%s["''[:space:]>]', replace(media.server, '.', '\.'), media.media_id)
);
