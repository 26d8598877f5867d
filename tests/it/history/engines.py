"""Sums a store with another engine: python3 engines.py duckdb|chdb STORE. Prints one line a day, host and provider."""

import sys

engine, store = sys.argv[1], sys.argv[2]
columns = ["delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries"]
sums = ", ".join(f"sum({column})" for column in columns)

if engine == "duckdb":
    import duckdb

    rows = duckdb.sql(f"""
        SELECT CAST(dt AS VARCHAR), host, isp, {sums}, CAST(min(first_seen) AS VARCHAR), CAST(max(last_seen) AS VARCHAR)
        FROM read_parquet('{store}/*/*/*.parquet', hive_partitioning = true) GROUP BY ALL ORDER BY ALL""").fetchall()
    lines = ["\t".join(str(cell) for cell in row) for row in rows]
else:
    import chdb

    said = chdb.query(f"""
        SELECT extract(_path, 'dt=([^/]*)') AS dt, extract(_path, 'host=([^/]*)') AS host, isp, {sums},
               toDateTime(min(first_seen), 'UTC'), toDateTime(max(last_seen), 'UTC')
        FROM file('{store}/*/*/*.parquet', Parquet)
        GROUP BY dt, host, isp ORDER BY dt, host, isp SETTINGS session_timezone = 'UTC'""", "TabSeparated")
    lines = str(said).splitlines()

print("\n".join(lines))
