"""Verifies exports of audit logs by docs/audit-log-verification.md and schemas/ alone.

usage: python3 verify.py SCHEMA_FOLDER < cases.json
cases: [{"folder": …, "checkpoint": path or null, "expected_hash": … or null}]; prints a list of lists of problems.

The content of Parquet files and of zstd needs a library that Python does not have; of those, only the stored bytes are checked.
"""

import calendar
import csv
import datetime
import hashlib
import io
import json
import os
import re
import sys
import time
import zlib

HEX = re.compile(r"[0-9a-f]{64}")
COLUMNS = (
    "audit_log_id,time,created_at,action,org_id,user_id,user_email,service_user_id,service_user_name,data,other,original"
)


csv.field_size_limit(2**31 - 1)
sys.setrecursionlimit(10_000)


class Problems(list):
    def add(self, where, what):
        self.append(f"{where}: {what}")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def no_number(name):
    raise ValueError(f"{name} is not JSON")


def parse(text):
    """The value of a JSON text; Python alone would also accept NaN and Infinity."""
    return json.loads(text, parse_constant=no_number)


def is_whole(value):
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def schema_problem(schema, value, path="it"):
    """The first violation of the parts of JSON Schema that the published schemas use."""
    types = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
        "integer": (int, float), "number": (int, float),
    }
    if "anyOf" in schema:
        if all(schema_problem(one, value, path) for one in schema["anyOf"]):
            return f"{path} fits none of its forms"
        return None
    wanted = schema.get("type")
    wanted = [wanted] if isinstance(wanted, str) else wanted or []
    fits = [
        isinstance(value, types[name])
        and (name == "boolean") == isinstance(value, bool)
        and (name != "integer" or is_whole(value))
        for name in wanted
    ]
    if wanted and not any(fits):
        return f"{path} is not {wanted}"
    if "const" in schema and value != schema["const"]:
        return f"{path} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{path} is not one of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema:
        # As in JavaScript, \d is ASCII, and $ is the very end.
        if not re.search(schema["pattern"].removesuffix("$") + r"\Z", value, re.ASCII):
            return f"{path} does not match"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return f"{path} is too small or too large"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                return f"{path}.{name} is missing"
        for name, inner in schema.get("properties", {}).items():
            problem = name in value and schema_problem(inner, value[name], f"{path}.{name}")
            if problem:
                return problem
    if isinstance(value, list):
        items = schema.get("items", {})
        if isinstance(items, list):
            if len(value) != len(items):
                return f"{path} has {len(value)} items"
        for at, one in enumerate(value):
            problem = schema_problem(items[at] if isinstance(items, list) else items, one, f"{path}[{at}]")
            if problem:
                return problem
    return None


def seconds(iso):
    return int(datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp())


def iso(at):
    try:
        return datetime.datetime.fromtimestamp(at // 1, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "an impossible time"


# Events ---------------------------------------------------------------------------------------------------------------


class NoEvent(Exception):
    pass


D = "[0-9]{2}"
ISO_8601 = re.compile(
    rf"([0-9]{{4}}-{D}-{D}T{D}:{D})(:{D})?(?:\.([0-9]+))?(?:[Zz]|([+-])({D}):?({D}))?"
)


def wellformed(text):
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def time_of(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{9,11}(\.[0-9]+)?", value):
        return float(value)
    iso_8601 = isinstance(value, str) and ISO_8601.fullmatch(value)
    if iso_8601:
        date, second, fraction, sign, hours, minutes = iso_8601.groups()
        at = calendar.timegm(time.strptime(f"{date}{second or ':00'}", "%Y-%m-%dT%H:%M:%S"))
        offset = int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60) if sign else 0
        # To the millisecond.
        return at - offset + int(f"{fraction or ''}000"[:3]) / 1000
    raise NoEvent


def from_original(text):
    if not isinstance(text, str):
        raise NoEvent
    try:
        event = parse(text)
    except ValueError as error:
        raise NoEvent from error
    if not isinstance(event, dict) or not isinstance(event.get("audit_log_id"), str) or event["audit_log_id"] == "":
        raise NoEvent
    created = event.get("created_at")
    org = event.get("org_id")
    return {
        "id": event["audit_log_id"],
        "at": time_of(event.get("timestamp") if created is None else created),
        "org": org if isinstance(org, str) and org else None,
        "text": text,
    }


def agreeing(original, own_id, ms):
    event = from_original(original)
    if not isinstance(own_id, str) or wellformed(event["id"]) != wellformed(own_id):
        raise NoEvent
    if not abs(event["at"] * 1000 - ms) < 1.001:
        raise NoEvent
    return event


def member(value, *path):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def document(line):
    try:
        return parse(line)
    except ValueError as error:
        raise NoEvent from error


def read_ocsf(line):
    value = document(line)
    original = member(value, "raw_data")
    original = member(value, "unmapped", "original") if original is None else original
    if not isinstance(member(value, "time"), (int, float)):
        raise NoEvent
    return agreeing(original, member(value, "metadata", "uid"), value["time"])


def read_ecs(line):
    value = document(line)
    stamp = member(value, "@timestamp")
    if not isinstance(stamp, str):
        raise NoEvent
    try:
        ms = round(datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError as error:
        raise NoEvent from error
    return agreeing(member(value, "event", "original"), member(value, "event", "id"), ms)


def unescaped(text):
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), text)


def read_cef(line):
    head = re.match(r"CEF:0(?:\|(?:[^|\\]|\\.)*){6}\|rt=([0-9]+) externalId=((?:[^\\=]|\\.)*?) act=", line)
    if head is None or head[2] == "":
        raise NoEvent
    org = re.search(r" cs1Label=orgId cs1=((?:[^\\=]|\\.)*?) cs2Label=", line)
    lossy = org is not None and re.search("[ \ufffd]", org[1]) is not None
    return {
        "id": unescaped(head[2]), "at": int(head[1]) / 1000, "org": org and unescaped(org[1]), "text": line, "rounded": True,
        "lossy": lossy,
    }


def lines_of(text):
    if text and not text.endswith("\n"):
        raise NoEvent
    return text.split("\n")[:-1]


def csv_events(text):
    # Within quotes, a record may contain any line break.
    records, begin, quoted = [], 0, False
    for match in re.finditer(r'"|\n', text):
        if match[0] == '"':
            quoted = not quoted
        elif not quoted:
            records.append(text[begin : match.end()])
            begin = match.end()
    if begin != len(text) or not all(record.endswith("\r\n") for record in records):
        raise NoEvent
    if not records or records[0] != COLUMNS + "\r\n":
        raise NoEvent
    for record in records[1:]:
        rows = list(csv.reader(io.StringIO(record[:-2], newline=""), strict=True))
        if len(rows) != 1 or len(rows[0]) != COLUMNS.count(",") + 1:
            raise NoEvent
        cells = rows[0]
        own_id = re.sub("^'(?='*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])", "", cells[0])
        if not re.fullmatch(r"[0-9.e+-]+", cells[2]):
            raise NoEvent
        yield agreeing(cells[-1], own_id, float(cells[2]) * 1000)


def events_of(kind, text):
    if kind == "csv":
        yield from csv_events(text)
        return
    read = {"jsonl": from_original, "ocsf": read_ocsf, "ecs": read_ecs, "cef": read_cef}[kind]
    for line in lines_of(text):
        yield read(line)


# Files ----------------------------------------------------------------------------------------------------------------


def folder_of(partition, event):
    if partition == "org":
        if event["org"] is None:
            return "org_id=__HIVE_DEFAULT_PARTITION__/"
        encoded = event["org"].encode("utf-8", "surrogatepass")
        name = "".join(chr(byte) if re.match(rb"[a-z0-9_-]", bytes([byte])) else f"%{byte:02X}" for byte in encoded)
        if len(name) > 150:
            name = f"{name[:150]}-{sha256(name.encode())[:16]}"
        return f"org_id={name}/"
    moment = datetime.datetime.fromtimestamp(event["at"] // 1, datetime.timezone.utc)
    return moment.strftime("year=%Y/month=%m/day=%d/" + ("hour=%H/" if partition == "hour" else ""))


def plain_of(compression, data):
    """The text of a file; raises zlib.error unless it is exactly one compressed text."""
    if compression == "none":
        return data
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(data) + unpacker.flush()
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("not exactly one compressed text")
    return plain


def check_file(root, manifest, entry, problems, add_id):
    """Checks one file; returns how many of its events came late."""
    path = entry["path"]
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    if len(data) != entry["bytes"] or sha256(data) != entry["sha256"]:
        problems.add(path, "its bytes were changed")
    if manifest["format"] == "parquet" and (len(data), sha256(data)) != (entry["plain_bytes"], entry["plain_sha256"]):
        problems.add(path, "its text was changed")
    if manifest["format"] == "parquet" or manifest["compression"] == "zstd":
        return None
    try:
        plain = plain_of(manifest["compression"], data)
    except zlib.error as error:
        problems.add(path, f"cannot be decompressed: {error}")
        return None
    if len(plain) != entry["plain_bytes"] or sha256(plain) != entry["plain_sha256"]:
        problems.add(path, "its text was changed")
    window = manifest["window"]
    begin, since = seconds(window["reread_from"]), seconds(window["since"])
    end = seconds(window["until"]) + (1 if manifest["has_more"] else 0)
    late, times, last = 0, [], None
    try:
        for event in events_of(manifest["format"], plain.decode("utf-8")):
            at = event["at"]
            times.append(at)
            late += at < since
            if not begin <= at < end:
                problems.add(path, "an event is outside of the window")
            unknown = manifest["partition"] == "none" or (manifest["partition"] == "org" and event.get("lossy"))
            if not unknown and folder_of(manifest["partition"], event) != path[: path.rfind("/") + 1]:
                problems.add(path, "an event belongs into another folder")
            key = (at, "" if event.get("rounded") else event["id"].encode("utf-16-be", "surrogatepass").hex())
            if last is not None and key < last:
                problems.add(path, "events are not in order")
            last = key
            if not add_id(event):
                problems.add(path, f"repeats the event {event['id']!r}")
    # Python has no folder for some times, and calls that an overflow or a wrong value.
    except (NoEvent, csv.Error, ValueError, OverflowError, OSError):
        problems.add(path, "is not text of its format")
        return None
    if len(times) != entry["events"]:
        problems.add(path, "has another number of events")
    elif times and (iso(times[0]) != entry["oldest"] or iso(times[-1]) != entry["newest"]):
        problems.add(path, "has other times")
    return late


def listing(root, problems):
    files = set()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in [*names, *folders]:
            place = os.path.join(folder, name)
            path = os.path.relpath(place, root).replace(os.sep, "/")
            if name.startswith("."):
                continue
            if os.path.islink(place) or not (os.path.isfile(place) or os.path.isdir(place)):
                problems.add(path, "is a link or a special file")
            elif os.path.isfile(place):
                files.add(path)
    return files


def is_manifest(path):
    return path.startswith("manifests/") and path.endswith(".manifest.json")


def is_inside(path):
    parts = path.split("/")
    odd = "\\" in path or "\0" in path or re.match("[A-Za-z]:", path)
    return not odd and all(part and not part.startswith(".") for part in parts)


# Chains ---------------------------------------------------------------------------------------------------------------


def check_manifest(path, manifest, problems):
    files, window, shard = manifest["files"], manifest["window"], manifest["shard"]
    if (manifest["sequence"] == 0) != (manifest["previous"] is None):
        problems.add(path, "its sequence does not fit")
    if sum(file["events"] for file in files) != manifest["events"]:
        problems.add(path, "its number of events does not fit")
    oldest, newest = min((f["oldest"] for f in files), default=None), max((f["newest"] for f in files), default=None)
    if (oldest, newest) != (manifest["oldest"], manifest["newest"]):
        problems.add(path, "its times do not fit")
    if not seconds(window["reread_from"]) <= seconds(window["since"]) <= seconds(window["until"]):
        problems.add(path, "its window does not fit")
    if shard is not None and not 1 <= shard["index"] <= shard["count"]:
        problems.add(path, "its shard does not fit")


def previous(found):
    return (found["manifest"]["previous"] or {}).get("sha256")


def since(found):
    return seconds(found["manifest"]["window"]["since"])


def until(found):
    return seconds(found["manifest"]["window"]["until"])


def order(found):
    return (since(found), until(found), found["manifest"]["sequence"], found["path"])


def chains_of(manifests, problems):
    known = {}
    for found in sorted(manifests, key=order):
        if found["sha256"] in known:
            problems.add(found["path"], "is a copy")
        known.setdefault(found["sha256"], found)
    followers = {}
    for found in known.values():
        if previous(found) in known:
            followers.setdefault(previous(found), []).append(found)
    for several in followers.values():
        for other in several[1:]:
            problems.add(other["path"], "the chain forks")
    chains = []
    for found in known.values():
        before = known.get(previous(found))
        if before is not None and followers[before["sha256"]][0] is found:
            continue
        chain = [found]
        while chain[-1]["sha256"] in followers:
            chain.append(followers[chain[-1]["sha256"]][0])
        chains.append(chain)
    for found in known.values():
        before = known.get(previous(found))
        if before is None:
            continue
        own, other = found["manifest"], before["manifest"]
        if own["scope"] != other["scope"]:
            problems.add(found["path"], "has another scope than the manifest it follows")
        if own["sequence"] != other["sequence"] + 1:
            problems.add(found["path"], "its sequence does not follow")
        if since(found) != until(before):
            problems.add(found["path"], "its window does not follow")
    return chains


def shard(chain):
    first = chain[0]["manifest"]
    return first["shard"] if first["previous"] is None else None


def is_single(chain):
    return len(chain) == 1 and chain[0]["manifest"]["previous"] is None and shard(chain) is None


def check_stream(chains, problems):
    chains.sort(key=lambda chain: order(chain[0]))
    plain = [chain for chain in chains if shard(chain) is None]
    for at, chain in enumerate(plain[1:], 1):
        if previous(chain[0]) is not None:
            problems.add(chain[0]["path"], "the manifest that it follows is missing")
        elif not all(map(is_single, plain[:at])):
            problems.add(chain[0]["path"], "begins a second chain")
    for before, chain in zip(chains, chains[1:]):
        one, other = shard(before), shard(chain)
        gap = chain[0]["manifest"]["previous"] is None and (
            is_single(before) or is_single(chain) or bool(one and other and other["index"] <= one["index"])
        )
        if since(chain[0]) < until(before[-1]):
            problems.add(chain[0]["path"], "its window overlaps")
        if since(chain[0]) > until(before[-1]) and not gap:
            problems.add(chain[0]["path"], "there is a gap before its window")
    groups = {}
    for chain in filter(shard, chains):
        first = chain[0]["manifest"]
        key = (first["run"].get("run_id"), first["shard"]["count"], first["compression"], first["partition"])
        groups.setdefault(key, []).append(chain[0])
    for group in groups.values():
        sets = []
        for found in group:
            index = found["manifest"]["shard"]["index"]
            if not sets or index <= sets[-1][-1]["manifest"]["shard"]["index"]:
                sets.append([])
            sets[-1].append(found)
        for members in sets:
            if len(members) != members[0]["manifest"]["shard"]["count"]:
                problems.add(members[0]["path"], "shards are missing")


def check_checkpoint(path, schema, chains, problems):
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8").strip("\ufeff \t\r\n")
        checkpoint = parse(text)
    except ValueError:
        checkpoint = None
    problem = schema_problem(schema, checkpoint)
    if problem:
        return problems.add("checkpoint", problem)
    tail = f',"sha256":"{checkpoint["sha256"]}"}}'
    if not text.endswith(tail) or sha256((text.removesuffix(tail) + "}").encode()) != checkpoint["sha256"]:
        return problems.add("checkpoint", "was damaged")
    chain = next((one for one in chains if one[-1]["sha256"] == checkpoint["last_manifest"]["sha256"]), None)
    if chain is None:
        return problems.add("checkpoint", "the end of the chain is another")
    first, last = chain[0]["manifest"], chain[-1]["manifest"]
    if first["previous"] is not None or since(chain[0]) != checkpoint["since"]:
        problems.add("checkpoint", "the beginning of the chain is missing")
    if until(chain[-1]) != checkpoint["high_water"]:
        problems.add("checkpoint", "the mark was moved")
    if (last["scope"], last["sequence"]) != (checkpoint["scope"], checkpoint["sequence"]):
        problems.add("checkpoint", "belongs to another manifest")
    return None


def verify(schemas, folder, checkpoint=None, expected_hash=None):
    problems = Problems()
    files = listing(folder, problems)
    manifests, named, ids = [], {}, {}
    for path in sorted(files):
        if not is_manifest(path):
            continue
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        try:
            manifest = parse(data.decode("utf-8"))
        except ValueError:
            manifest = None
        problem = schema_problem(schemas["manifest"], manifest)
        if problem:
            problems.add(path, problem)
            continue
        manifests.append({"path": path, "sha256": sha256(data), "manifest": manifest})
    if not manifests:
        problems.add("manifests", "there are none")
    for found in manifests:
        path, manifest = found["path"], found["manifest"]
        check_manifest(path, manifest, problems)
        stream = json.dumps([manifest["scope"], manifest["format"]], sort_keys=True)
        seen = ids.setdefault(stream, set())

        def add_id(event, seen=seen):
            key = (event["id"], event["text"])
            isnew = key not in seen
            seen.add(key)
            return isnew

        lates = []
        for entry in manifest["files"]:
            if entry["path"] in named:
                problems.add(path, f"names {entry['path']} again")
                continue
            named[entry["path"]] = path
            if not is_inside(entry["path"]) or entry["path"] not in files:
                problems.add(entry["path"], "is missing")
                continue
            lates.append(check_file(folder, manifest, entry, problems, add_id))
        if None not in lates and len(lates) == len(manifest["files"]) and sum(lates) != manifest["late_events"]:
            problems.add(path, "its number of late events does not fit")
    chains = chains_of(manifests, problems)
    streams = {}
    known = {found["sha256"] for found in manifests}
    for chain in chains:
        if previous(chain[0]) not in known:
            key = json.dumps([chain[0]["manifest"]["scope"], chain[0]["manifest"]["format"]], sort_keys=True)
            streams.setdefault(key, []).append(chain)
    for stream in streams.values():
        check_stream(stream, problems)
    for path in sorted(files):
        if path in named or is_manifest(path):
            continue
        with open(os.path.join(folder, path), "rb") as file:
            if not file.read(80).startswith(b'{"schema_version":1,"kind":"devin-audit-checkpoint"'):
                problems.add(path, "no manifest names it")
    if checkpoint is not None:
        check_checkpoint(checkpoint, schemas["checkpoint"], chains, problems)
    if expected_hash is not None and all(chain[-1]["sha256"] != expected_hash.strip().lower() for chain in chains):
        problems.add("expected_hash", "no chain ends with it")
    return problems


if __name__ == "__main__":
    loaded = {}
    for kind in ("manifest", "checkpoint"):
        with open(os.path.join(sys.argv[1], f"audit-{kind}.schema.json"), encoding="utf-8") as schema_file:
            loaded[kind] = json.load(schema_file)
    cases = json.load(sys.stdin)
    json.dump([verify(loaded, one["folder"], one.get("checkpoint"), one.get("expected_hash")) for one in cases], sys.stdout)
