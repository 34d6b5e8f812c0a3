#!/usr/bin/env python3
"""`time` beside the reference server for time, on the same inputs.

    tests/beside/time.py target/release/toolrack manifests [--write]

Needs Debian's libfaketime and Python 3.11 with its zones (Debian's tzdata). The reference is PyPI's mcp-server-time in the
version below, which is installed into target/beside. It takes a time of day and no date, so both servers are given the clock of
each case. Answers are judged by what Python's zoneinfo makes of the same; `--write` puts the table into time.md. The run
fails where `time` is wrong.
"""

import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from stdio import Server

VERSION = "2026.10.19"
HERE = pathlib.Path(__file__).resolve().parent
MACHINE = "Europe/Berlin"
# How far the clock of a case goes on until its call is answered, at most.
LATER = timedelta(minutes=2)
FOUND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")
WINTER, SUMMER = "2026-01-15T12:00:00", "2026-07-15T12:00:00"


class Case:
    """One request in the words of each server, the clock in UTC, and what is wrong with an answer."""

    def __init__(self, name, clock, ours, theirs, wrong, why=""):
        self.name, self.clock, self.ours, self.theirs, self.wrong, self.why = name, clock, ours, theirs, wrong, why


def times(text):
    return [datetime.fromisoformat(found) for found in FOUND.findall(text)]


def has(text, right):
    """True if `text` shows that moment with that offset."""
    # Python holds no two times equal where one is in an hour that comes twice, except by their offsets.
    right = datetime.fromisoformat(right.isoformat())
    return any(time == right and time.utcoffset() == right.utcoffset() for time in times(text))


def refusal(*parts):
    def wrong(failed, text):
        if not failed:
            return "it answers"
        return next((f"{part!r} is missing" for part in parts if part not in text), "")

    return wrong


def now(name, clock, zone, meant=None, refused=None, ours=None, why=""):
    """The time in a zone at that clock."""
    def wrong(failed, text):
        if failed:
            return "it fails"
        begun = datetime.fromisoformat(clock).replace(tzinfo=UTC)
        right = begun.astimezone(ZoneInfo(meant or zone)).utcoffset()
        good = any(begun <= time <= begun + LATER and time.utcoffset() == right for time in times(text))
        return "" if good else f"the time at {right} is missing"

    arguments = {"zone": zone} if ours is None else ours
    judge = wrong if refused is None else refusal(*refused)
    return Case(f"now: {name}", clock, ("now", arguments), ("get_current_time", {"timezone": zone}), judge, why)


def convert(name, clock, time, source, target, wall=None, meant=(None, None), refused=None, why=""):
    """A time of day, or what `wall` says is meant, from one zone in another."""
    source_zone, target_zone = (meant[0] or source, meant[1] or target)

    def wrong(failed, text):
        zone = ZoneInfo(source_zone)
        today = datetime.fromisoformat(clock).replace(tzinfo=UTC).astimezone(zone).date()
        local = datetime.fromisoformat(wall if wall and "T" in wall else f"{today}T{wall or time}").replace(tzinfo=zone)
        first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            if "does not exist" not in text:
                return "it does not say that there is no such time"
            # Who goes on after that goes on by the offset before the change, as RFC 5545 has it.
            good = failed or has(text, first.astimezone(ZoneInfo(target_zone)))
            return "" if good else "it goes on with another time"
        right = first.astimezone(ZoneInfo(target_zone))
        if failed:
            return "it fails"
        if not has(text, right):
            return f"{right.isoformat()} is missing"
        if first != second and not re.search("twice|ambiguous", text):
            return "it does not say that the time comes twice"
        return ""

    ours = ("convert", {"time": time, "from": source, "to": [target]})
    theirs = ("convert_time", {"time": time, "source_timezone": source, "target_timezone": target})
    judge = wrong if refused is None else refusal(*refused)
    return Case(f"convert: {name}", clock, ours, theirs, judge, why)


def says(*parts):
    def wrong(failed, text):
        if failed:
            return "it fails"
        return next((f"{part!r} is missing" for part in parts if part not in text), "")

    return wrong


def several(clock, wall, source, targets):
    local = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(source))

    def wrong(failed, text):
        missing = [zone for zone in targets if not has(text, local.astimezone(ZoneInfo(zone)))]
        return "it fails" if failed else ", ".join(missing)

    return Case("convert: to three zones at once", clock, ("convert", {"time": wall, "from": source, "to": targets}), None, wrong,
                "theirs converts to one zone a call")


LATER_DAY = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC) + timedelta(hours=24)
DAYS = (datetime(2026, 12, 24) - datetime(2026, 7, 15)).days
NO_DATES = "theirs takes `HH:MM` of today alone"
NO_WORDS = "theirs takes `HH:MM` alone"
NAMES = "theirs takes the exact names of the database alone"

CASES = [
    now("winter in Berlin", WINTER, "Europe/Berlin"),
    now("summer in New York", SUMMER, "America/New_York"),
    now("five and a half hours ahead", WINTER, "Asia/Kolkata"),
    now("five and three quarters ahead", WINTER, "Asia/Kathmandu"),
    now("half an hour of daylight saving", WINTER, "Australia/Lord_Howe"),
    now("a minute before clocks go forward", "2026-03-29T00:56:00", "Europe/Berlin"),
    now("after clocks went forward", "2026-03-29T01:00:05", "Europe/Berlin"),
    now("the second time of an hour that comes twice", "2026-10-25T01:10:00", "Europe/Berlin"),
    now("a date ahead of UTC's", "2026-12-31T20:00:00", "Pacific/Auckland"),
    now("an old name", SUMMER, "Asia/Calcutta"),
    now("the machine's own zone", SUMMER, MACHINE, ours={}),
    now("small letters", SUMMER, "europe/warsaw", meant="Europe/Warsaw", why=NAMES),
    now("a city", SUMMER, "Tokyo", meant="Asia/Tokyo", why=NAMES),
    now("an offset", SUMMER, "+05:30", meant="Asia/Kolkata", why=NAMES),
    now("an abbreviation that is a name", SUMMER, "EST", meant="Etc/GMT+5"),
    now("an abbreviation that is none", WINTER, "PST", meant="America/Los_Angeles", why=NAMES),
    now("an abbreviation of several zones", SUMMER, "IST", refused=["Asia/Kolkata", "Europe/Dublin"],
        why="theirs does not say which could be meant"),
    now("a slip of the pen", SUMMER, "Europe/Berln", refused=["Europe/Berlin"], why="theirs does not say what may be meant"),
    now("a city that has no zone of its own", SUMMER, "America/San_Francisco", refused=[]),
    now("a path", SUMMER, "../../etc/passwd", refused=[]),
    now("no name", SUMMER, "", refused=[]),
    convert("winter", WINTER, "14:30", "Europe/Berlin", "Asia/Tokyo"),
    convert("summer", SUMMER, "14:30", "Europe/Berlin", "Asia/Tokyo"),
    convert("weeks where one of two zones has changed", "2026-03-15T12:00:00", "14:30", "America/New_York", "Europe/London"),
    convert("winter and summer at once", WINTER, "09:00", "Australia/Sydney", "Europe/London"),
    convert("into the next day", SUMMER, "22:00", "America/New_York", "Asia/Tokyo"),
    convert("into the day before", SUMMER, "06:00", "Pacific/Auckland", "America/Los_Angeles"),
    convert("into the next year", "2026-12-31T18:00:00", "20:00", "America/New_York", "Europe/Paris"),
    convert("half an hour", SUMMER, "09:00", "Europe/London", "Asia/Kolkata"),
    convert("three quarters on both sides", SUMMER, "09:00", "Asia/Kathmandu", "Pacific/Chatham"),
    convert("25 hours apart", SUMMER, "00:30", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
    convert("where it is tomorrow already", "2026-01-15T23:30:00", "09:00", "Asia/Tokyo", "Europe/London"),
    convert("a time that is skipped", "2026-03-29T10:00:00", "02:30", "Europe/Berlin", "UTC"),
    convert("half an hour that is skipped", "2026-10-03T20:00:00", "02:15", "Australia/Lord_Howe", "UTC"),
    convert("a midnight that is skipped", "2026-04-24T10:00:00", "00:30", "Africa/Cairo", "UTC"),
    convert("a time that comes twice", "2026-10-25T10:00:00", "02:30", "Europe/Berlin", "UTC",
            why="theirs takes the first and does not say so"),
    convert("to the first of two", "2026-10-25T10:00:00", "00:30", "UTC", "Europe/Berlin"),
    convert("to the second of two", "2026-10-25T10:00:00", "01:30", "UTC", "Europe/Berlin"),
    convert("the last minute before a change", "2026-03-08T12:00:00", "01:59", "America/New_York", "UTC"),
    convert("the first minute after it", "2026-03-08T12:00:00", "03:00", "America/New_York", "UTC"),
    convert("an hour of one digit", SUMMER, "9:05", "UTC", "Asia/Tokyo", wall="09:05"),
    convert("pm", SUMMER, "2:30 pm", "America/New_York", "UTC", wall="14:30", why=NO_WORDS),
    convert("am without minutes", SUMMER, "9am", "America/New_York", "UTC", wall="09:00", why=NO_WORDS),
    convert("noon", SUMMER, "noon", "America/New_York", "UTC", wall="12:00", why=NO_WORDS),
    convert("seconds", SUMMER, "14:30:15", "Europe/Berlin", "UTC", why=NO_WORDS),
    convert("a date and a time", SUMMER, "2026-12-24 18:00", "Europe/Berlin", "Asia/Tokyo", wall="2026-12-24T18:00", why=NO_DATES),
    convert("a date in words", SUMMER, "24 December 2026 6 pm", "Europe/Berlin", "Asia/Tokyo", wall="2026-12-24T18:00", why=NO_DATES),
    convert("tomorrow", SUMMER, "tomorrow 9:00", "Europe/Berlin", "UTC", wall="2026-07-16T09:00", why=NO_DATES),
    convert("a zone in the text", SUMMER, "14:30 Asia/Tokyo", "Europe/Berlin", "UTC", wall="14:30", meant=("Asia/Tokyo", None), why=NO_WORDS),
    convert("Unix seconds", SUMMER, "@1774787400", "Europe/Berlin", "Asia/Tokyo", wall="2026-03-29T14:30", why=NO_DATES),
    convert("hour 25", SUMMER, "25:00", "Europe/Berlin", "UTC", refused=[]),
    convert("minute 60", SUMMER, "7:60", "Europe/Berlin", "UTC", refused=[]),
    convert("words that are no time", SUMMER, "half past two", "Europe/Berlin", "UTC", refused=[]),
    convert("no time", SUMMER, "", "Europe/Berlin", "UTC", refused=[]),
    convert("to a slip of the pen", SUMMER, "14:30", "Europe/Berlin", "America/New_Yrok", refused=["America/New_York"],
            why="theirs does not say what may be meant"),
    several(SUMMER, "2026-07-15T14:30", "Europe/Berlin", ["UTC", "Asia/Tokyo", "America/New_York"]),
    Case("days until a date", SUMMER, ("difference", {"start": "today", "end": "2026-12-24", "largest": "days"}), None,
         says(f'"calendar_days":{DAYS},'), "theirs has no tool for it"),
    Case("a time some hours later", SUMMER, ("add", {"time": "2026-03-28 12:00", "duration": "24 hours", "zone": "Europe/Berlin"}), None,
         says(LATER_DAY.astimezone(ZoneInfo("Europe/Berlin")).isoformat()), "theirs has no tool for it"),
]


def clocked(clock):
    """The environment of a machine in the zone `MACHINE`, where it is that time."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        sys.exit("libfaketime is missing: `apt-get install faketime`")
    begun = datetime.fromisoformat(clock).replace(tzinfo=UTC)
    # Time-outs and the times of files are those of the true clock.
    return {**os.environ, "LD_PRELOAD": str(library), "FAKETIME": f"@{begun.timestamp():.0f}", "FAKETIME_FMT": "%s", "NO_FAKE_STAT": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": MACHINE}


def ours(toolrack, manifests):
    home = pathlib.Path(tempfile.mkdtemp())
    plugins = home / "plugins"
    plugins.mkdir()
    for ending in ("toml", "wasm"):
        shutil.copy(manifests / f"time.{ending}", plugins)
    (plugins / "time.local.toml").write_text("[grants]\nconfig = { host_zone = true }\n")
    command = [str(toolrack), "serve", "--plugins", str(plugins)]
    return lambda clock: Server(command, clocked(clock) | {"TOOLRACK_HOME": str(home / "home")})


def theirs():
    place = HERE.parent.parent / "target" / "beside" / "time"
    python = place / "bin" / "python"
    if not (place / "bin" / "mcp-server-time").exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", f"mcp-server-time=={VERSION}"], check=True)
    return lambda clock: Server([str(python), "-m", "mcp_server_time"], clocked(clock))


def tried(case, tool, start, prefix):
    """What the server answers, and what is wrong with it."""
    if tool is None:
        return "(no such tool)", "it has no tool for it"
    server = start(case.clock)
    try:
        failed, text = server.call(prefix + tool[0], tool[1])
    except (queue.Empty, EOFError):
        return "(no answer)", "it does not answer"
    finally:
        server.process.kill()
    return text, case.wrong(failed, text)


def short(text):
    if text.startswith("{") and FOUND.search(text):
        noted = re.search(r'"note":"(.*?)"', text)
        text = " ".join([*(re.sub(r"\.\d+", "", found) for found in FOUND.findall(text)), *(noted.groups() if noted else ())])
    text = text if len(text) <= 160 else f"{text[:140]}... ({len(text.encode())} bytes)"
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("|", "\\|").replace("`", "'")
    return f"`{shown}`"


def main():
    toolrack, manifests = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    start_ours, start_theirs = ours(toolrack, manifests), theirs()
    rows, wrong, cost, right = [], [], [], [0, 0]
    for name, start in (("time", start_ours), ("reference", start_theirs)):
        server = start(SUMMER)
        tools = server.tools()
        cost.append(f"{name}: {len(tools)} tools, {len(json.dumps(tools, separators=(',', ':')))} bytes")
        server.end()
    for case in CASES:
        found = [tried(case, case.ours, start_ours, "time_"), tried(case, case.theirs, start_theirs, "")]
        if found[0][1]:
            wrong.append(f"{case.name}: {found[0][1]}: {found[0][0]!r}")
        right = [count + (not problem) for count, (_, problem) in zip(right, found)]
        verdict = [problem.replace("|", "\\|") or "right" for _, problem in found]
        why = case.why if found[1][1] else ""
        rows.append(f"| {case.name} | {verdict[0]} | {short(found[0][0])} | {verdict[1]} | {short(found[1][0])} | {why} |")
        print(f"{case.name}: time {verdict[0]}, reference {verdict[1]}", flush=True)
    counted = f"Of {len(CASES)} requests `time` answers {right[0]} right, the reference {right[1]}."
    print("\n".join([counted, *cost]))
    if "--write" in sys.argv:
        (HERE / "time.md").write_text(page(counted, rows, cost))
    if wrong:
        sys.exit("time is wrong:\n" + "\n".join(wrong))


def page(counted, rows, cost):
    head = (HERE / "time.md").read_text().split("<!-- table -->")[0]
    table = ["| request | `time` | its answer | reference | its answer | why |", "|---|---|---|---|---|---|", *rows]
    listed = "In `tools/list`: " + "; ".join(cost) + "."
    return f"{head}<!-- table -->\n\n{counted}\n\n" + "\n".join(table) + f"\n\n{listed}\n"


if __name__ == "__main__":
    main()
