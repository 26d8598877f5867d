#!/usr/bin/env python3
"""A second reading of the same logs: slow, obvious, and written without looking at the Rust.

    python3 benches/independent.py LOG...                          prints groups.csv and ips.csv
    python3 benches/independent.py LOG... --out DIR                writes them (and inputs.csv) to DIR
    pmtriage LOG... --out-dir DIR ; benches/independent.py LOG... --compare DIR

Compares row for row and ends with status 1, naming the first differences, where the two readings
disagree. Reads plain, gzip, bzip2 and xz files and folders of them; CSV, NDJSON and JSON arrays.
An input given twice counts once. Records that stand in two different inputs are NOT told apart
here: compare such folders with --keep-duplicates. Provider rules of a user's own are left out.

The standard library is all it needs (Python 3.9).
"""

import argparse
import bz2
import collections
import csv
import datetime
import functools
import hashlib
import ipaddress
import json
import lzma
import os
import re
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PROVIDERS = os.path.join(HERE, "..", "src", "provider", "providers.csv")

# ---------------------------------------------------------------- the format

TYPES = ["d", "b", "t", "tq", "r", "rb", "rs", "f", "unknown"]
COLUMNS = """type timeLogged timeQueued orig rcpt dsnDiag dsnMta dlvType dlvSourceIp dlvDestinationIp vmta vmtaPool
    jobId envId queue timeImprinted timeFirstAttempt totalSecondsQueued orcpt dsnAction dsnStatus dsnReportingMta
    bounceCat srcType srcMta dlvEsmtpAvailable dlvSize dlvTlsProtocol dlvTlsCipher userString rcvSmtpUser
    rcvSourceIp rcvDestinationIp repSourceIp feedbackType format userAgent reportingMta reportedDomain""".lower().split()

V5 = """type timeLogged timeQueued orig rcpt orcpt dsnAction dsnStatus dsnDiag dsnMta bounceCat srcType srcMta dlvType
    dlvSourceIp dlvDestinationIp dlvEsmtpAvailable dlvSize vmta jobId envId queue vmtaPool""".lower().split()
V4 = V5[:3] + ["timeimprinted"] + V5[3:-2]
BY_SHAPE = {
    ("tq", 10): "type timeLogged dsnStatus dsnDiag dsnMta dlvType dlvSourceIp dlvDestinationIp vmta queue",
    ("r", 12): "type timeLogged orig rcpt orcpt srcType srcMta rcvSourceIp rcvDestinationIp vmta jobId envId",
    ("rb", 13): "type timeLogged orig rcpt orcpt dsnStatus dsnDiag dsnMta dsnReportingMta bounceCat srcType srcMta envId",
    ("f", 9): "type timeLogged format userAgent envId orig rcpt reportingMta dlvSourceIp",
}

BOM = b"\xef\xbb\xbf"
STARTS_RECORD = re.compile(rb'(?:(?:d|b|t|tq|r|rb|rs|f)|"(?:d|b|t|tq|r|rb|rs|f)"),"?[0-9]')
STARTS_HEADER = re.compile(rb'(?:\xef\xbb\xbf)?(?:#?type|"#?type"),"?([A-Za-z0-9_-]+)"?(?:[,\r\n]|$)', re.I)
NULS = re.compile(rb"^\0+|\0{8,}")
WORD = re.compile(rb"[A-Za-z0-9_-]{1,16}")
LONGEST_LINE = 4 << 20
LONGEST_QUOTED_CELL = 64 << 10


def starts_header(data, at=0):
    match = STARTS_HEADER.match(data, at)
    if not match:
        return False
    name = match.group(1).decode().lower()
    return name in COLUMNS or name.startswith(("header_", "arf_"))


def starts_something(data, at):
    """Whether a physical line begins a record or a header, whatever stands before it."""
    return bool(STARTS_RECORD.match(data, at)) or starts_header(data, at)


# ---------------------------------------------------------------- bytes -> cells


def closing_quote(data, at):
    """Where the quoted cell that opens at `at` closes; None where it is damage."""
    close = data.find(b'"', at + 1)
    while close >= 0 and data[close + 1 : close + 2] == b'"':
        close = data.find(b'"', close + 2)
    if close < 0:
        return None
    newline = data.find(b"\n", at, close)
    if newline >= 0 and close - at > LONGEST_QUOTED_CELL:
        return None
    while newline >= 0:
        if starts_something(data, newline + 1):
            return None
        newline = data.find(b"\n", newline + 1, close)
    return close


def split(data, at):
    """The cells of the record at `at`, and where it ends (at its LF or at the end); None for an open quote."""
    cells = []
    while True:
        cell = b""
        if data[at : at + 1] == b'"':
            close = closing_quote(data, at)
            if close is None:
                return None
            cell = data[at + 1 : close].replace(b'""', b'"')
            at = close + 1
        rest = re.compile(rb"[^,\n]*").match(data, at)
        cells.append(cell + rest.group())
        at = rest.end()
        if data[at : at + 1] != b",":
            break
        at += 1
    if at < len(data) and cells[-1].endswith(b"\r"):
        cells[-1] = cells[-1][:-1]
    return cells, at


def read_csv(data):
    """Yields (record as a dict of lower-case names, None, 0) or (None, reason, bytes passed over)."""
    header = None
    at = len(BOM) if data.startswith(BOM) else 0
    while at < len(data):
        newline = data.find(b"\n", at)
        next_line = len(data) if newline < 0 else newline + 1
        line = data[at:next_line]

        nuls = NULS.search(line)
        if nuls:
            after = at + nuls.end()
            end = after if STARTS_RECORD.match(data, after) else next_line
            yield None, "nul-run", end - at
            at = end
            continue
        if not line.strip(b"\r\n"):
            yield None, "blank-line", len(line)
            at = next_line
            continue
        if len(line) > LONGEST_LINE:
            yield None, "line-too-long", len(line)
            at = next_line
            continue
        if starts_header(data, at):
            start = at + len(BOM) if line.startswith(BOM) else at
            cells, _ = split(line, start - at) or ([], 0)
            header = [cell.decode("utf-8", "replace").lower() for cell in cells]
            header[0] = "type"
            at = next_line
            continue

        found = split(data, at)
        if found is None:
            yield None, "open-quote", len(line)
            at = next_line
            continue
        cells, end = found
        size = min(end + 1, len(data)) - at
        unterminated = end == len(data)
        at += size

        kind = cells[0].decode("latin-1")
        names = header or layout(kind, cells)
        if unterminated and (names is None or len(cells) != len(names)):
            yield None, "cut-last-line", size
        elif not WORD.fullmatch(cells[0]):
            yield None, "bad-type", size
        elif names is None:
            yield ({"type": cells[0]}, None, 0) if kind not in TYPES else (None, "unknown-layout", size)
        elif any(cells[len(names) :]):
            yield None, "too-many-cells", size
        elif kind in ("d", "b", "t") and len(cells) < len(names) and is_cut_or_shifted(names, cells):
            yield None, "too-few-cells", size
        else:
            yield named(names, cells), None, 0


def is_cut_or_shifted(names, cells):
    """No recipient, or something else than an IP in the place of the source IP: a quote was left open."""
    at = {name: names.index(name) for name in ("rcpt", "dlvsourceip") if name in names}
    if at.get("rcpt", -1) >= len(cells):
        return True
    source = b"".join(cells[at.get("dlvsourceip", len(cells)) :][:1]).strip()
    try:
        return bool(source) and not ipaddress.ip_address(source.decode("latin-1"))
    except ValueError:
        return any(b"," in cell for cell in cells)


def named(names, cells):
    """Name -> cell; of columns with the same name the first non-empty cell counts."""
    record = dict.fromkeys(names, b"")
    for name, cell in zip(names, cells):
        record[name] = record[name] or cell
    return record


def layout(kind, cells):
    """What the columns of a record without a header are, from its type and number of cells."""
    if kind in ("d", "b", "t") and len(cells) in (22, 23):
        has_action_late = cells[7].isalpha() and not cells[6].isalpha()
        return V4 if len(cells) == 22 and has_action_late else V5[: len(cells)]
    names = BY_SHAPE.get((kind, len(cells)))
    return names.lower().split() if names else None


def read_json(data):
    """The same as read_csv for one object a line, or for an array of objects."""
    data = data.removeprefix(BOM)
    pieces = array_items(data) if data.lstrip().startswith(b"[") else re.findall(rb"[^\n]*\n|[^\n]+", data)
    for piece in pieces:
        text = piece.decode("utf-8", "replace")
        if not text.strip():
            yield None, "blank-line", len(piece)
            continue
        try:
            item = json.loads(text)
        except ValueError:
            item = None
        if isinstance(item, dict):
            yield {name.lower(): text_of(value).encode() for name, value in item.items()}, None, 0
        else:
            yield None, "bad-json", len(piece)


def array_items(data):
    """The objects of an array, each as its own bytes; damage reaches to the next object that opens with a type."""
    opens = [match.start() for match in re.finditer(rb'\{\s*"type"', data)]
    for start, end in zip(opens, opens[1:] + [len(data.rstrip().removesuffix(b"]"))]):
        yield data[start:end].rstrip().removesuffix(b",").rstrip()


def text_of(value):
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def unpack(raw):
    """The bytes inside, and whether they came to a proper end."""
    for magic, decompressor in TOOLS:
        if not raw.startswith(magic):
            continue
        out, at, tool = bytearray(), 0, decompressor()
        while at < len(raw):
            piece = raw[at : at + 4096]
            at += len(piece)
            try:
                out += tool.decompress(piece)
            except (OSError, EOFError, zlib.error, lzma.LZMAError):
                return bytes(out), False
            if tool.eof:  # another member may follow
                at -= len(tool.unused_data)
                if not raw.startswith(magic, at):
                    break
                tool = decompressor()
        return bytes(out), tool.eof
    return raw, True


TOOLS = [
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", lzma.LZMADecompressor),
]


# ---------------------------------------------------------------- cells -> meaning

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?$")
AMERICAN = re.compile(r"(\d\d)/(\d\d)/(\d{4})[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?$")


def moment(cell):
    """Whole seconds since 1970, or None. A time without a zone is taken as UTC."""
    text = cell.decode("latin-1")
    if re.fullmatch(r"\d{1,11}(\.\d+)?", text):
        return int(text.split(".")[0])
    match = ISO.match(text)
    if match:
        year, month, day, *clock, zone = match.groups()
    else:
        match = AMERICAN.match(text)
        if not match:
            return None
        month, day, year, *clock, zone = match.groups()
    try:
        time = datetime.datetime(int(year), int(month), int(day), *map(int, clock), tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    seconds = int(time.timestamp())
    if zone and zone != "Z":
        away = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds -= away if zone[0] == "+" else -away
    return seconds


def rfc3339(seconds):
    if seconds is None:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical_ip(cell):
    text = cell.decode("utf-8", "replace").strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text or "(none)"
    if address.is_unspecified:
        return "(none)"
    mapped = getattr(address, "ipv4_mapped", None)
    return f"::ffff:{mapped}" if mapped else str(address)


def a_labels(domain):
    labels = []
    for label in domain.split("."):
        try:
            labels.append(label.encode("idna").decode().lower() if not label.isascii() else label)
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


def domain_of(record, kind):
    if kind == "tq":
        queue = record.get("queue", b"").decode("utf-8", "replace")
        domain = queue.split("/")[0]
    else:
        rcpt = record.get("rcpt", b"").decode("utf-8", "replace")
        domain = rcpt.rpartition("@")[2].rstrip().rstrip(">") if "@" in rcpt else ""
    return a_labels(domain.lower().removesuffix(".")) or "(none)"


# ---------------------------------------------------------------- who runs the mailbox


class Providers:
    """The project's own list: a recipient's domain, a remote host or a roll-up name -> provider."""

    def __init__(self, path):
        self.tables = {"domain": {}, "mx": {}, "queue": {}}
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    self.tables[row["kind"]][row["pattern"]] = row["isp"]

    def longest(self, kind, name):
        """The entry whose labels, the most of them, end the name; a label * stands for any one label."""
        labels = name.removesuffix(".").split(".")
        for first in range(len(labels)):
            end = labels[first:]
            found = [
                (pattern.split(".").count("*"), token)
                for pattern, token in self.tables[kind].items()
                if pattern.count(".") + 1 == len(end)
                and all(mine in ("*", theirs) for mine, theirs in zip(pattern.split("."), end))
            ]
            if found:
                return min(found)[1]
        return None

    def of_domain(self, domain):
        return self.longest("domain", domain)

    def of_host(self, dsn_mta):
        host = dsn_mta.decode("utf-8", "replace").split(" ")[0].lower()
        return self.longest("mx", host) if host else None

    def of_rollup(self, queue):
        name = queue.decode("utf-8", "replace").split("/")[0].lower()
        for ending in (".rollup", ".queue"):
            if name.endswith(ending):
                word = name.removesuffix(ending)
                tokens = {token for table in self.tables.values() for token in table.values()}
                return word if word in tokens else self.tables["queue"].get(word) or self.of_domain(word)
        return None


def name_isps(rows, providers):
    """Sets row["isp"]: the domain list, else the vote of the hosts, else the roll-up name, else the domain."""
    of_domain, of_host, of_rollup = map(functools.cache, (providers.of_domain, providers.of_host, providers.of_rollup))
    votes = collections.defaultdict(collections.Counter)
    for row in rows:
        if not of_domain(row["domain"]):
            provider = of_host(row["host"])
            if provider:
                votes[row["domain"]][provider] += 1
    for row in rows:
        voted = votes.get(row["domain"])
        row["isp"] = (
            of_domain(row["domain"])
            or (voted and min(voted, key=lambda token: (-voted[token], token)))
            or of_rollup(row["queue"])
            or row["domain"]
        )


# ---------------------------------------------------------------- records -> tables


def meaning(record):
    """What the tables need of one d, b, t or tq record."""
    kind = record["type"].decode()
    cell = lambda name: record.get(name, b"")
    if kind == "t":
        count = "deferred"
    elif kind == "tq":
        count = "queue_events"
    elif kind == "d":
        count = "delivered" if cell("dlvtype").lower() in (b"", b"smtp") else "other_deliveries"
    else:
        where = next((name for name in ("dlvdestinationip", "dlvsourceip") if name in record), None)
        count = "bounced" if where is None or cell(where) else "local_bounces"
    queued = moment(cell("timequeued"))
    message = None
    if queued is not None and cell("rcpt"):
        message = (queued, cell("orig"), cell("rcpt"), cell("jobid"), cell("envid"))
    return {
        "type": kind,
        "count": count,
        "time": moment(cell("timelogged")),
        "domain": domain_of(record, kind),
        "host": cell("dsnmta"),
        "queue": cell("queue"),
        "ip": canonical_ip(cell("dlvsourceip")),
        "pool": cell("vmtapool").decode("utf-8", "replace") or "(none)",
        "diag60": cell("dsndiag").decode("utf-8", "replace")[:60],
        "message": message,
    }


def seen(rows):
    times = [row["time"] for row in rows if row["time"] is not None]
    return {"first_seen": rfc3339(min(times, default=None)), "last_seen": rfc3339(max(times, default=None))}


def grouped(rows, *names):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return sorted(groups.items())


def groups_table(rows):
    keys = ("isp", "ip", "type", "diag60")
    replies = [row for row in rows if row["type"] in ("t", "b", "tq")]
    return [{**dict(zip(keys, key)), "count": len(group), **seen(group)} for key, group in grouped(replies, *keys)]


def ips_table(rows):
    table = []
    for key, group in grouped(rows, "isp", "pool", "ip"):
        counts = collections.Counter(row["count"] for row in group)
        attempts = [row for row in group if row["count"] in ("delivered", "bounced", "deferred")]
        messages = {row["message"] for row in attempts if row["message"]}
        deferred = {row["message"] for row in attempts if row["message"] and row["count"] == "deferred"}
        row = dict(zip(("isp", "pool", "ip"), key))
        row["attempts"] = len(attempts)
        for name in ("delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries"):
            row[name] = counts[name]
        row["message_deferral_rate"] = f"{len(deferred) / len(messages):.6f}" if messages else ""
        table.append({**row, **seen(group)})
    return table


# ---------------------------------------------------------------- in, out, compare


def files_of(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                for name in sorted(names):
                    yield os.path.join(folder, name), False
        else:
            yield path, True


def read_all(paths):
    """All records that the tables are made of, and one line about each input."""
    rows, inputs, known = [], [], set()
    for path, named_directly in files_of(paths):
        with open(path, "rb") as file:
            data, complete = unpack(file.read())
        digest = hashlib.sha256(data).digest()
        if data and digest in known:
            continue
        known.add(digest)
        is_json = re.match(rb"(?:\xef\xbb\xbf)?\s*[\[{]", data)
        about = collections.Counter()
        reasons, times = collections.Counter(), []
        for record, reason, size in (read_json if is_json else read_csv)(data):
            if record is None:
                about["skipped"] += 1
                about["skipped_bytes"] += size
                reasons[reason] += 1
                continue
            kind = record["type"].decode("latin-1")
            kind = kind if kind in TYPES[:-1] else "unknown"
            about["records"] += 1
            about[kind] += 1
            times.append({"time": moment(record.get("timelogged", b""))})
            if kind in ("d", "b", "t", "tq"):
                rows.append(meaning(record))
        if data and not about["records"] and not starts_header(data):
            if named_directly:
                print(f"{path}: no accounting records", file=sys.stderr)
            continue
        line = {"path": path, "bytes": len(data), "records": about["records"]}
        line.update((kind, about[kind]) for kind in TYPES)
        line.update(skipped=about["skipped"], skipped_bytes=about["skipped_bytes"])
        line["skip_reasons"] = ";".join(f"{reason}={count}" for reason, count in sorted(reasons.items()))
        inputs.append({**line, **seen(times), "complete": str(complete).lower()})
    return rows, inputs


def safe(value):
    """What a spreadsheet would run as a formula gets an apostrophe, as in every CSV of pmtriage."""
    text = str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write(table, file):
    if table:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(table[0])
        out.writerows([safe(value) for value in row.values()] for row in table)


def keyed(table, keys):
    """Key -> row. Rows that differ in columns unknown here (the cause of a reply) are added up."""
    rows = {}
    for row in table:
        key = tuple(row[name] for name in keys)
        if key not in rows:
            rows[key] = dict(row)
            continue
        kept = rows[key]
        kept["count"] = str(int(kept["count"]) + int(row["count"]))
        kept["first_seen"] = min(filter(None, (kept["first_seen"], row["first_seen"])), default="")
        kept["last_seen"] = max(kept["last_seen"], row["last_seen"])
    return rows


def agrees(name, mine, theirs, row):
    if mine == theirs:
        return True
    error = float(row.get("message_rate_error") or 0) if name == "message_deferral_rate" else 0
    return bool(error and mine and theirs) and abs(float(mine) - float(theirs)) <= 6 * error


def differences(table, path, keys):
    with open(path, encoding="utf-8", newline="") as file:
        theirs = keyed(csv.DictReader(file), keys)
    mine = {}
    for row in table:
        row = {name: safe(value) for name, value in row.items()}
        flooded = "diag60" in row and tuple(row[name] for name in keys) not in theirs
        if flooded and tuple([row["isp"], row["ip"], row["type"], "(other)"]) in theirs:
            row["diag60"] = "(other)"
        mine.setdefault(tuple(row[name] for name in keys), []).append(row)
    mine = keyed([row for rows in mine.values() for row in rows], keys)
    for key in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(key), theirs.get(key)
        if here is None or there is None:
            yield f"{key}: only {'pmtriage' if here is None else 'the independent reading'} has {here or there}"
            continue
        for name in here:
            if name in there and not agrees(name, here[name], there[name], there):
                yield f"{key}: {name} is {here[name]!r} here, {there[name]!r} in pmtriage"


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("paths", nargs="+", metavar="LOG")
    options.add_argument("--out", metavar="DIR", help="write groups.csv, ips.csv and inputs.csv there")
    options.add_argument("--compare", metavar="DIR", help="compare with what pmtriage --out-dir DIR wrote")
    options.add_argument("--isp-by", choices=["provider", "domain"], default="provider")
    options.add_argument("--providers", default=PROVIDERS, metavar="CSV", help="the provider list")
    asked = options.parse_args()

    rows, inputs = read_all(asked.paths)
    name_isps(rows, Providers(asked.providers if asked.isp_by == "provider" else ""))
    tables = {"groups": groups_table(rows), "ips": ips_table(rows), "inputs": inputs}

    if asked.compare:
        keys = {"groups": ("isp", "ip", "type", "diag60"), "ips": ("isp", "pool", "ip")}
        status = 0
        for name, key in keys.items():
            found = list(differences(tables[name], os.path.join(asked.compare, name + ".csv"), key))
            print(f"{name}.csv: {len(tables[name])} rows here, {len(found)} differences")
            for difference in found[:10]:
                print("  " + difference)
            status = status or bool(found)
        return int(status)
    if asked.out:
        os.makedirs(asked.out, exist_ok=True)
        for name, table in tables.items():
            with open(os.path.join(asked.out, name + ".csv"), "w", encoding="utf-8", newline="") as file:
                write(table, file)
        return 0
    for name in ("groups", "ips"):
        print(f"# {name}.csv")
        write(tables[name], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
