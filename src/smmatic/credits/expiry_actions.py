"""Expiry: what is left of grants whose time has come is posted as breakage, in batches, by any worker."""

from smmatic.kernel.database import fetch_one

BATCH = 500


def expire_due(limit: int = BATCH) -> int:
    """Breaks what has expired in up to `limit` accounts that nobody works on; how many grants were broken."""
    row = fetch_one("SELECT grants FROM credits_expire_v2(%s)", [limit])
    return int(row["grants"]) if row else 0
