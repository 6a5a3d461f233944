-- Claims one mail that is due: from now on it is being sent, whoever dies.
UPDATE notices_mail SET state = 'sending', sending_at = clock_timestamp(), attempts = attempts + 1
WHERE id = (SELECT id FROM notices_mail WHERE state = 'prepared' AND send_after <= clock_timestamp()
            ORDER BY send_after, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, attempts
