-- One tenant has half of the rows, a state is rare, and so are the needles.
INSERT INTO depot_tenant (name) SELECT 'tenant ' || n FROM generate_series(1, 200) AS n;
SELECT setseed(0.42);
INSERT INTO depot_event (tenant_id, code, email, title, body, state, is_dirty, is_hidden, data, labels, number, created, due, content_type_id, object_id)
SELECT
  CASE WHEN random() < 0.5 THEN 1 ELSE 2 + floor(random() ^ 2 * 198)::int END,
  'code-' || lpad(n::text, 8, '0'),
  'user' || (n % 20000) || '@example.com',
  CASE WHEN n % 20011 = 0 THEN 'a Needle in it' ELSE 'event of ' || md5(n::text) END,
  CASE WHEN n % 20011 = 0 THEN 'with a needle' ELSE md5((n + 1)::text) || md5((n + 2)::text) END,
  CASE WHEN random() < 0.0005 THEN 'failed' WHEN random() < 0.05 THEN 'open' ELSE 'done' END,
  random() < 0.0005,
  random() < 0.0005,
  jsonb_build_object('order', n, 'kind', n % 7),
  CASE WHEN n % 20011 = 0 THEN ARRAY['common', 'rare'] ELSE ARRAY['common'] END,
  n % 5000,
  timestamptz '2026-01-01' - random() * interval '700 days',
  timestamptz '2026-01-01' + random() * interval '100 days',
  1 + n % 3,
  floor(random() ^ 3 * 200000)::int
FROM generate_series(1, ROWS) AS n;
VACUUM ANALYZE depot_event;
