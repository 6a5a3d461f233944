-- Every order against its events, its charge and its cases: one row a difference.
WITH state AS (
    SELECT o.id, o.status, o.amount, o.quantity, o.delivered,
           (SELECT e.status_to FROM orders_event e WHERE e.order_id = o.id AND e.status_to <> ''
            ORDER BY e.id DESC LIMIT 1) AS last_status,
           c.order_id AS charge_id, c.amount AS charged, c.captured, c.forfeited, c.released, c.refunded,
           EXISTS (SELECT 1 FROM refunds_case k WHERE k.order_id = o.id
                   AND k.state IN ('open', 'waiting', 'in_review', 'approved')) AS case_open,
           (SELECT coalesce(sum(k.units), 0) FROM refunds_case k WHERE k.order_id = o.id AND k.state = 'settled') AS decided
    FROM orders_order o LEFT JOIN credits_charge c ON c.order_id = o.id
)
SELECT id, 'status' AS what, status::text AS stored, coalesce(last_status, 'no event')::text AS expected
FROM state WHERE status IS DISTINCT FROM last_status
UNION ALL
SELECT id, 'charge', coalesce(charged::text, 'missing'), amount::text FROM state WHERE charged IS DISTINCT FROM amount
UNION ALL
SELECT id, 'Credits still held after its end', (charged - captured - released)::text, '0' FROM state
WHERE status NOT IN ('pending', 'processing', 'in_progress') AND NOT case_open AND charged <> captured + released
UNION ALL
SELECT id, 'Credits taken before its end', (captured + released)::text, '0' FROM state
WHERE status IN ('pending', 'processing', 'in_progress') AND captured + released > 0
UNION ALL
SELECT id, 'Credits returned', (released + refunded)::text, decided::text || ' decided by its cases' FROM state
WHERE released + refunded <> decided
UNION ALL
SELECT id, 'full delivery and full refund', (released + refunded)::text, 'less than ' || charged::text FROM state
WHERE status = 'completed' AND delivered = quantity AND released + refunded >= charged
ORDER BY 1
