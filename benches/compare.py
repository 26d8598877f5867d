#!/usr/bin/env python3
"""pmtriage against its bars: beside general engines, `wc -l` and decompressors, on the same bytes, in the same minutes.

    cargo build --release
    target/release/pmtriage demo /tmp/day --rows 6500000 --files 8     # 2.5 GB
    pip install duckdb polars chdb                                     # the peers; one that is missing is left out
    python3 benches/compare.py /tmp/day [--scratch DIR] [--quick] [--only ROW...]

The engines only count delivered, bounced and deferred rows by recipient domain, source IP and the first 60
characters of the diagnostic. pmtriage writes its whole report as JSON, message level included.

Each stage makes the inputs it needs, runs its programs in turns, each on files that were just read, and deletes what it
made. A first round is not counted. Printed are medians, then one line a figure with its bar. Wall time needs the machine for
itself, and memory enough to keep the files in the page cache (the last stage: four times the day and more).
The scratch folder needs five times the day in space.
"""

import argparse
import csv
import glob
import multiprocessing
import os
import platform
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata

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

# Name, module, what it runs.
PEERS = [("DuckDB", "duckdb", DUCKDB), ("polars", "polars", POLARS), ("ClickHouse", "chdb", CLICKHOUSE)]

ZLIB = """
import sys, zlib
for path in sys.argv[1:]:
    decoder = zlib.decompressobj(31)
    with open(path, "rb") as packed:
        while block := packed.read(1 << 20):
            decoder.decompress(block)
"""

# They differ by a factor of four: the first two are written in assembly or unpack a file in one piece, the others
# are zlib. The bar asks for the fastest, whichever it is; all are shown.
DECODERS = [["igzip", "-dc"], ["libdeflate-gunzip", "-c"], ["pigz", "-dc"], ["gzip", "-dc"]]

BLOCK = 8 << 20


# ------------------------------------------------------------------------------------------------- what is measured


@dataclass
class Task:
    """A command to time, with a file for its standard input where it reads one."""

    command: list[str]
    stdin: str = os.devnull


@dataclass
class Measured:
    """Medians of a task's runs: seconds, seconds, MB; the slowest run against the fastest."""

    wall: float
    cpu: float
    peak: float
    spread: float


Results = dict[str, Measured]


@dataclass
class Row:
    """A line of the table: a figure, and the bars it must and should not pass, if any. Where `at_least`, it should reach
    them."""

    name: str
    figure: Callable[[Results], float]
    must: float | None = None
    aim: float | None = None
    unit: str = "x"
    at_least: bool = False

    def reached(self, value: float, bar: float) -> bool:
        return value >= bar if self.at_least else value <= bar


@dataclass
class Stage:
    """Rows that need the same inputs, and the tasks whose results they are made of."""

    name: str
    prepare: Callable[["Bench"], dict[str, Task]]
    rows: Callable[["Bench"], list[Row]]


@dataclass
class Bench:
    """What all stages know. `rows_in` is filled by the stages that divide by it."""

    day: str
    program: str
    scratch: str
    runs: int
    quick: bool
    keep: bool
    history: str | None = None
    rows_in: dict[str, int] = field(default_factory=dict)

    def report(self, *inputs: str, threads: int = 2) -> list[str]:
        return [self.program, "--format", "json", "-q", "--threads", str(threads), *inputs]

    def files(self) -> list[str]:
        return sorted(glob.glob(os.path.join(self.day, "*.csv")))

    def made(self, name: str) -> str:
        return os.path.join(self.scratch, name)


# ------------------------------------------------------------------------------------------------- the stages


def engines(bench: Bench) -> dict[str, Task]:
    files, half = bench.files(), (len(bench.files()) + 1) // 2
    # Two programs share nothing but the machine: what they lose beside each other, it takes from two threads as well.
    halves = [bench.report(*part, threads=1) for part in (files[:half], files[half:])]
    tasks = {
        "pmtriage": Task(bench.report(bench.day)),
        "pmtriage, one thread": Task(bench.report(bench.day, threads=1)),
        "one thread, half of the files": Task(halves[0]),
        "two such programs at once": Task(["sh", "-c", f"{shlex.join(halves[0])} & {shlex.join(halves[1])} && wait $!"]),
        "wc -l": Task(["wc", "-l", *files]),
    }
    return tasks | {name: Task([sys.executable, "-c", script, bench.day]) for name, _, script in installed_peers()}


def engine_rows(_bench: Bench) -> list[Row]:
    peers = [name for name, _, _ in installed_peers()]
    rows = [
        Row("wall time against wc -l", lambda got: got["pmtriage"].wall / got["wc -l"].wall, 4, 2),
        Row("speed-up by a second thread", lambda got: got["pmtriage, one thread"].wall / got["pmtriage"].wall,
            1.8, 1.95, at_least=True),
        Row("the same of two programs: what the machine gives",
            lambda got: 2 * got["one thread, half of the files"].wall / got["two such programs at once"].wall),
    ]
    if peers:
        rows.insert(0, Row("wall time against the fastest peer",
                           lambda got: got["pmtriage"].wall / min(got[name].wall for name in peers), 0.6, 0.3))
    return rows


def shapes(bench: Bench) -> dict[str, Task]:
    single = bench.made("single.csv")
    say(f"joining {len(bench.files())} files into one")
    join(bench.files(), single)
    return {
        "the files": Task(bench.report(bench.day)),
        "one file": Task(bench.report(single)),
        "standard input": Task(bench.report("-"), stdin=single),
    }


def shape_rows(_bench: Bench) -> list[Row]:
    return [
        Row("one file against several", lambda got: got["one file"].wall / got["the files"].wall, 1.15, 1.05),
        Row("standard input against several", lambda got: got["standard input"].wall / got["the files"].wall, 1.5, 1.2),
    ]


def packed(bench: Bench) -> dict[str, Task]:
    say(f"packing {len(bench.files())} files with zlib, level 6")
    folder = bench.made("packed")
    os.mkdir(folder)
    jobs = [(path, os.path.join(folder, os.path.basename(path) + ".gz")) for path in bench.files()]
    with multiprocessing.Pool(2) as pool:
        pool.starmap(pack, jobs)
    copies = [copy for _, copy in jobs]
    one_by_one = 'for path in "$@"; do ' + '{} "$path" || exit; done'
    tasks = {"pmtriage, gzip": Task(bench.report(folder))}
    for command in DECODERS:
        if shutil.which(command[0]):
            tasks[decodes(command[0])] = Task(["sh", "-c", one_by_one.format(" ".join(command)), "sh", *copies])
    tasks[decodes("python's zlib")] = Task([sys.executable, "-c", ZLIB, *copies])
    return tasks


def decodes(program: str) -> str:
    return f"{program} alone"


def packed_rows(_bench: Bench) -> list[Row]:
    def fastest(got: Results) -> float:
        return min(result.cpu for name, result in got.items() if name.endswith(" alone"))

    return [Row("gzip: CPU against the fastest decoder", lambda got: got["pmtriage, gzip"].cpu / fastest(got), 1.6, 1.2)]


def sizes(bench: Bench) -> dict[str, Task]:
    """The day, and days of 0.4 and 4 times its records: 2.5 GB, 1 GB and 10 GB."""
    day_rows = records(bench, bench.day)
    tasks = {}
    for name, rows in [("small", day_rows * 2 // 5), ("day", day_rows), ("large", day_rows * 4)]:
        if name == "large" and bench.quick:
            continue
        folder = bench.day if name == "day" else bench.made(name)
        if name != "day":
            say(f"writing a day of {rows} records")
            subprocess.run([bench.program, "demo", folder, "--rows", str(rows), "--files", "8"],
                           stdout=subprocess.DEVNULL, check=True)
        bench.rows_in[name] = rows
        tasks[sized(folder, name)] = Task(bench.report(folder))
    return tasks


def sized(folder: str, name: str) -> str:
    return f"{name}, {gigabytes(folder):.2g} GB"


def size_rows(bench: Bench) -> list[Row]:
    def of(got: Results, name: str) -> Measured:
        return next(result for label, result in got.items() if label.startswith(name + ","))

    def cost(got: Results, name: str) -> float:
        return of(got, name).cpu / bench.rows_in[name]

    def further(got: Results, name: str, larger: str) -> float:
        return (of(got, larger).cpu - of(got, name).cpu) / (bench.rows_in[larger] - bench.rows_in[name])

    large = "day" if bench.quick else "large"
    rows = [Row("peak memory, day", lambda got: of(got, "day").peak, 200, 100, "MB")]
    if not bench.quick:
        rows.append(Row("peak memory, large", lambda got: of(got, "large").peak, 200, 100, "MB"))
        rows.append(Row("peak memory, large against day", lambda got: of(got, "large").peak / of(got, "day").peak, 1.1))
    rows.append(Row(f"CPU a record, {large} against small: off by",
                    lambda got: 100 * abs(cost(got, large) / cost(got, "small") - 1), 5, unit="%"))
    if not bench.quick:
        rows.append(Row("CPU a further record, day to large against small to day",
                        lambda got: further(got, "day", "large") / further(got, "small", "day")))
    return rows


def domains(bench: Bench) -> dict[str, Task]:
    """The day, with a quarter of its records to half a million small domains: many more groups. The hosts stay those of the
    day's few providers, or are those of the domains: then hundreds of thousands of them are providers of their own."""
    say("sending a quarter of the records to small domains")
    tasks = {}
    with multiprocessing.Pool(2) as pool:
        for name, are_at_home in [("domains", False), ("providers", True)]:
            folder = bench.made(name)
            os.mkdir(folder)
            pool.starmap(send_elsewhere, [(path, os.path.join(folder, os.path.basename(path)), are_at_home)
                                          for path in bench.files()])
            tasks[f"pmtriage, many {name}"] = Task(bench.report(folder))
    peers = [(name, script) for name, _, script in installed_peers()]
    folder = bench.made("domains")
    return tasks | {f"{name}, many domains": Task([sys.executable, "-c", script, folder]) for name, script in peers}


def domain_rows(_bench: Bench) -> list[Row]:
    def own(got: Results) -> Measured:
        return got["pmtriage, many domains"]

    peers = [f"{name}, many domains" for name, _, _ in installed_peers()]
    rows = [Row("many domains: peak memory", lambda got: own(got).peak, unit="MB"),
            Row("many providers: wall time", lambda got: got["pmtriage, many providers"].wall, unit="s"),
            Row("many providers: peak memory", lambda got: got["pmtriage, many providers"].peak, unit="MB")]
    if peers:
        rows.insert(0, Row("many domains: wall time against the fastest peer",
                           lambda got: own(got).wall / min(got[name].wall for name in peers)))
    return rows


def history(bench: Bench) -> dict[str, Task]:
    """Ingests into an empty store, beside plain reports; reports over a store that was made before."""
    store = bench.made("store")
    ingest = [bench.program, "ingest", "-q", "--threads", "2", "--host", "mx1", "--store", store, bench.day]
    tasks = {"report": Task(bench.report(bench.day)),
             "ingest": Task(["sh", "-c", 'rm -rf "$1"; shift; exec "$@"', "sh", store, *ingest])}
    if bench.history:
        tasks["report, 90 days"] = Task(bench.report("--store", bench.history))
    return tasks


def history_rows(bench: Bench) -> list[Row]:
    def smaller(_: Results) -> float:
        folders = [folder for folder, _, _ in os.walk(bench.made("store"))]
        return gigabytes(bench.day) / sum(gigabytes(folder) for folder in folders)

    rows = [Row("ingest against report, wall time", lambda got: got["ingest"].wall / got["report"].wall, 1.15, 1.05),
            Row("ingest against report, CPU time", lambda got: got["ingest"].cpu / got["report"].cpu, 1.15, 1.05),
            Row("size of the logs against the store", smaller, 200, 800, at_least=True)]
    if bench.history:
        rows += [Row("report over 90 days of 20 hosts", lambda got: got["report, 90 days"].wall, 3, 1, "s"),
                 Row("peak memory of that", lambda got: got["report, 90 days"].peak, 300, 150, "MB")]
    return rows


# The stage that fills the page cache comes last.
STAGES = [Stage("engines", engines, engine_rows), Stage("shapes", shapes, shape_rows),
          Stage("gzip", packed, packed_rows), Stage("history", history, history_rows),
          Stage("domains", domains, domain_rows), Stage("sizes", sizes, size_rows)]


# ------------------------------------------------------------------------------------------------- inputs


SMALL_DOMAINS = 500_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def small_domain(number: int) -> str:
    """Names that differ from their first letters on, as those of companies do."""
    mixed = number * 2654435761 % 2**32
    return "".join(SYLLABLES[mixed // 70**place % 70] for place in range(6)) + ".example"


def send_elsewhere(path: str, copy: str, are_at_home: bool) -> None:
    """Half of what goes to small domains is spread evenly, half by their rank as words of a language are (Zipf)."""
    draw = random.Random(os.path.basename(path))
    with open(path, encoding="utf-8", newline="") as lines, open(copy, "w", encoding="utf-8", newline="") as out:
        rows, writer = csv.reader(lines), csv.writer(out, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        rcpt, host, queue, vmta = (header.index(name) for name in ["rcpt", "dsnMta", "queue", "vmta"])
        for row in rows:
            if draw.random() < 0.25 and "@" in row[rcpt]:
                rank = SMALL_DOMAINS ** draw.random() if draw.random() < 0.5 else draw.random() * SMALL_DOMAINS
                domain = small_domain(int(rank))
                row[rcpt] = row[rcpt].split("@")[0] + "@" + domain
                if are_at_home:
                    row[host] = row[host] and f"{home(domain)} (203.0.113.9)"
                    row[queue] = f"{domain}/{row[vmta]}"
            writer.writerow(row)


def home(domain: str) -> str:
    """The host of a small domain: a fifth are with Google, a fifth with Microsoft, a fifth with one of 200 others."""
    number = zlib.crc32(domain.encode())
    match number % 5:
        case 0:
            return "aspmx.l.google.com"
        case 1:
            return domain.replace(".", "-") + ".mail.protection.outlook.com"
        case 2:
            return f"mx{number // 5 % 4}.hoster{number // 20 % 200}.example"
        case _:
            return "mx." + domain


def join(files: list[str], single: str) -> None:
    """One file of the same records: of the header lines only the first is kept."""
    with open(single, "wb") as joined:
        for number, path in enumerate(files):
            with open(path, "rb") as file:
                if number > 0:
                    file.readline()
                shutil.copyfileobj(file, joined, BLOCK)


def pack(path: str, copy: str) -> None:
    packer = zlib.compressobj(6, wbits=31)
    with open(path, "rb") as file, open(copy, "wb") as out:
        while block := file.read(BLOCK):
            out.write(packer.compress(block))
        out.write(packer.flush())


def records(bench: Bench, folder: str) -> int:
    """The records in a folder, as the program counts them: a cell can hold line ends."""
    command = [bench.program, "-q", "--list", "inputs", "--format", "csv", folder]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.rsplit(",", 18) for line in listing.splitlines()]
    return sum(int(line[lines[0].index("records")]) for line in lines[1:])


def gigabytes(folder: str) -> float:
    return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()) / 1e9


def installed_peers() -> list[tuple[str, str, str]]:
    return [peer for peer in PEERS if version(peer[1])]


def version(module: str) -> str:
    """The version of a package in this Python, nothing where it is missing."""
    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        return ""


# ------------------------------------------------------------------------------------------------- measuring


def warm(task: Task) -> None:
    """Reads what a task reads: kernels give pages away that were not asked for in the minutes of the other tasks."""
    words = shlex.split(task.command[-1]) if task.command[0] == "sh" else task.command
    for word in [*words, task.stdin]:
        files = [entry.path for entry in os.scandir(word)] if os.path.isdir(word) else [word]
        for path in filter(os.path.isfile, files):
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def once(task: Task) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, peak MB of one run. Linux counts this process's own memory, some 35 MB, as the least
    peak of a child: so nothing large is ever loaded here."""
    with open(task.stdin, "rb") as stdin:
        start = time.monotonic()
        child = subprocess.Popen(task.command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        complaint = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(task.command)[:200]}: {complaint.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(tasks: dict[str, Task], runs: int) -> Results:
    """Runs the tasks in turns, so that a slow minute of the machine falls on all of them."""
    taken = {name: [] for name in tasks}
    for number in range(runs + 1):
        say(f"round {number} of {runs}" if number > 0 else "warming up")
        for name, task in tasks.items():
            warm(task)
            figures = once(task)
            if number > 0:
                taken[name].append(figures)
    return {name: summed(figures) for name, figures in taken.items()}


def summed(figures: list[tuple[float, float, float]]) -> Measured:
    walls, cpus, peaks = zip(*figures)
    middle = statistics.median
    return Measured(middle(walls), middle(cpus), middle(peaks), max(walls) / min(walls))


# ------------------------------------------------------------------------------------------------- printing


def say(text: str) -> None:
    """Progress, for people who wait."""
    print(f"  {text}", file=sys.stderr, flush=True)


def machine() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    peers = ", ".join(f"{name} {version(module)}" for name, module, _ in installed_peers()) or "none"
    return (f"machine: {models[0] if models else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, "
            f"{platform.system()} {platform.release()}; load at the start {os.getloadavg()[0]:.1f}\npeers: {peers}")


def print_stage(name: str, results: Results) -> None:
    print(f"\n{name:30}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'slowest/fastest':>17}")
    for task, result in results.items():
        print(f"{task:30}{result.wall:9.2f}{result.cpu:9.2f}{result.peak:9.0f}{result.spread:17.2f}", flush=True)


def line(row: Row, results: Results) -> str:
    value = row.figure(results)
    sign = ">=" if row.at_least else "<="
    cells = [f"{row.name:50}{value:8.2f} {row.unit:2}"]
    for bar in [row.must, row.aim]:
        if bar is None:
            cells.append(f"{'-':>10}        ")
        else:
            cells.append(f"{sign:>4} {bar:<5g} {'met' if row.reached(value, bar) else 'MISSED':6} ")
    return " ".join(cells).rstrip()


# ------------------------------------------------------------------------------------------------- the way through


def run(bench: Bench, stage: Stage) -> list[str]:
    """Measures a stage; the lines of its figures."""
    before = set(os.listdir(bench.scratch))
    try:
        tasks = stage.prepare(bench)
        results = measure(tasks, bench.runs)
        print_stage(stage.name, results)
        return [line(row, results) for row in stage.rows(bench)]
    finally:
        if not bench.keep:
            for made in set(os.listdir(bench.scratch)) - before:
                remove(bench.made(made))


def remove(path: str) -> None:
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day", help="a folder of CSV files, best of 2.5 GB")
    parser.add_argument("--runs", type=int, default=5, help="medians of so many (%(default)s)")
    parser.add_argument("--program", default="target/release/pmtriage", help="%(default)s")
    parser.add_argument("--scratch", help="make inputs here (a new folder in $TMPDIR)")
    parser.add_argument("--quick", action="store_true", help="leave out the day of 10 GB")
    parser.add_argument("--only", nargs="+", choices=[stage.name for stage in STAGES], help="run only these stages")
    parser.add_argument("--history", metavar="DIR", help="a store of 90 days, made by `cargo bench --bench history -- DIR`")
    parser.add_argument("--keep", action="store_true", help="keep the inputs that were made")
    return parser.parse_args()


def main() -> None:
    options = parse()
    scratch = tempfile.mkdtemp(prefix="compare-", dir=options.scratch)
    bench = Bench(options.day, options.program, scratch, options.runs, options.quick, options.keep,
                  options.history)
    if not bench.files():
        sys.exit(f"{bench.day}: no CSV files")
    print(f"{machine()}\nday: {gigabytes(bench.day):.2f} GB in {len(bench.files())} files; medians of {bench.runs}", flush=True)
    lines = []
    try:
        for stage in STAGES:
            if not options.only or stage.name in options.only:
                lines += run(bench, stage)
    finally:
        if bench.keep:
            say(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch)
    print(f"\n{'figure':50}{'measured':>8}       {'must':16}  aim")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
