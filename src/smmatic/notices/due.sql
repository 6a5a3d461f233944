-- Events since a moment that ask for a mail and have none yet, oldest first. Each package's function is inlined, so
-- this is one anti-join over partial indexes.
SELECT due.source, due.event_id
FROM (
    SELECT 'order' AS source, event_id, at FROM orders_notify_v1(%(since)s)
    UNION ALL
    SELECT 'case', event_id, at FROM refunds_notify_v1(%(since)s)
    UNION ALL
    SELECT 'message', event_id, at FROM support_notify_v1(%(since)s)
    UNION ALL
    SELECT 'deposit', event_id, at FROM deposits_notify_v1(%(since)s)
) AS due
WHERE NOT EXISTS (SELECT FROM notices_mail WHERE event_key = due.source || ':' || due.event_id)
ORDER BY due.at, due.event_id
LIMIT %(limit)s
