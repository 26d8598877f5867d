#!/usr/bin/env python3
"""pmtriage beside general engines, on the same files, in the same minutes.

    cargo build --release
    target/release/pmtriage demo /tmp/day --rows 6500000 --files 8     # 2.5 GB
    pip install duckdb polars chdb
    python3 benches/compare.py /tmp/day [--runs 5] [--program target/release/pmtriage]

The engines only count delivered, bounced and deferred rows by recipient domain, source IP and the first 60
characters of the diagnostic. pmtriage writes its whole report as JSON, message level included. Runs are
interleaved; printed are medians. Wall time needs the machine for itself, CPU time less so.
"""

import argparse
import glob
import os
import statistics
import subprocess
import sys
import time

DUCKDB = """
import duckdb, sys
duckdb.sql("set threads = 2")
text = "case when type = 'd' then '' else left(dsnDiag, 60) end"
counts = ", ".join(f"count_if(type = '{kind}')" for kind in "dbt")
rows = duckdb.sql(f"select lower(split_part(rcpt, '@', 2)), dlvSourceIp, {text}, {counts} "
                  f"from read_csv('{sys.argv[1]}/*.csv', header = true, all_varchar = true) "
                  "where type in ('d', 'b', 't') group by all").fetchall()
print(len(rows), sum(row[5] for row in rows))
"""

POLARS = """
import sys
import polars as pl
kind = pl.col("type")
keys = [pl.col("rcpt").str.split("@").list.get(1, null_on_oob=True).str.to_lowercase().alias("domain"), "dlvSourceIp",
        pl.when(kind == "d").then(pl.lit("")).otherwise(pl.col("dsnDiag").str.slice(0, 60)).alias("text")]
counts = [(kind == letter).sum().alias(letter) for letter in "dbt"]
rows = (pl.scan_csv(sys.argv[1] + "/*.csv", infer_schema=False).filter(kind.is_in(list("dbt")))
        .group_by(keys).agg(counts).collect(engine="streaming"))
print(rows.height, rows["t"].sum())
"""

CLICKHOUSE = """
import sys
import chdb
text = "if(type = 'd', '', substringUTF8(dsnDiag, 1, 60))"
counts = ", ".join(f"countIf(type = '{kind}') as {kind}" for kind in "dbt")
names = "type String, rcpt String, dsnDiag String, dlvSourceIp String"
print(chdb.query(f"select count(), sum(t) from (select lower(splitByChar('@', rcpt)[2]) as domain, dlvSourceIp, "
                 f"{text} as text, {counts} from file('{sys.argv[1]}/*.csv', CSVWithNames, '{names}') "
                 "where type in ('d', 'b', 't') group by domain, dlvSourceIp, text) "
                 "settings max_threads = 2, input_format_skip_unknown_fields = 1", "CSV"))
"""


def measure(command):
    """Wall seconds, CPU seconds, peak MB of one run."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"{command[0]}: {complaint.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--program", default="target/release/pmtriage")
    arguments = parser.parse_args()
    files = sorted(glob.glob(os.path.join(arguments.folder, "*.csv")))
    report = [arguments.program, "--format", "json", "-q"]
    commands = {
        "pmtriage": [*report, "--threads", "2", arguments.folder],
        "pmtriage, one thread": [*report, "--threads", "1", arguments.folder],
        "wc -l": ["wc", "-l", *files],
    }
    for name, module, script in [("DuckDB", "duckdb", DUCKDB), ("polars", "polars", POLARS), ("ClickHouse", "chdb", CLICKHOUSE)]:
        if subprocess.run([sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            commands[name] = [sys.executable, "-c", script, arguments.folder]
        else:
            print(f"{name}: skipped, {module} is not installed")
    runs = {name: [] for name in commands}
    for number in range(arguments.runs + 1):
        for name, command in commands.items():
            figures = measure(command)
            # The first round only warms the page cache.
            if number > 0:
                runs[name].append(figures)
    size = sum(os.path.getsize(path) for path in files) / 1e9
    print(f"{size:.2f} GB in {len(files)} files, medians of {arguments.runs}")
    print(f"{'':22}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall, pmtriage = 1':>21}")
    middle = {name: [statistics.median(column) for column in zip(*figures)] for name, figures in runs.items()}
    for name, (wall, cpu, peak) in middle.items():
        print(f"{name:22}{wall:9.2f}{cpu:9.2f}{peak:9.0f}{wall / middle['pmtriage'][0]:21.2f}")


if __name__ == "__main__":
    main()
