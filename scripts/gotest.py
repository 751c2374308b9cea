#!/usr/bin/env python3
"""Reads `go test -json` on standard input and prints what a person wants to see: a line for each package, the whole
output of what failed, and at the end the slowest tests, what failed again with what it said first, and one line of counts.
Ends with 1 when something failed."""

import json
import re
import sys
from collections import defaultdict

# (package, test) -> lines printed so far; test is "" for the package itself
output: dict[tuple[str, str], list[str]] = defaultdict(list)
builds: dict[str, list[str]] = defaultdict(list)
ran: dict[str, int] = defaultdict(int)
counts = {"pass": 0, "fail": 0, "skip": 0}
failed: list[str] = []
skipped: list[str] = []
took: list[tuple[float, str]] = []  # seconds of each test, those with parts included


def finish(event: dict) -> None:
    action, package, test = event["Action"], event["Package"], event.get("Test", "")
    lines = output.pop((package, test), [])
    if test:
        counts[action] += 1
        ran[package] += 1
        took.append((event.get("Elapsed", 0), f"{package} {test}"))
        if action == "skip":
            reason = next((line.strip() for line in lines if not line.lstrip().startswith(("---", "==="))), "")
            skipped.append(f"{package} {test}: {reason}")
        if action == "fail":
            said = [line.strip()[:300] for line in lines if re.match(r" +\w+_test\.go:\d+: ", line)]
            failed.append("\n    ".join([f"{package} {test}", *said[:6]]))
            sys.stdout.write("".join(lines))
        return
    seconds = event.get("Elapsed", 0)
    if action == "fail":
        if not any(name.startswith(package + " ") for name in failed):  # did not compile, panicked, timed out
            counts["fail"] += 1
            failed.append(package)
        sys.stdout.write("".join(builds.pop(event.get("FailedBuild", ""), [])) + "".join(lines))
        print(f"FAIL  {package}  {seconds:.1f}s")
        for key in [k for k in output if k[0] == package]:  # what was running when it ended
            sys.stdout.write("".join(output.pop(key)))
    elif ran[package]:
        print(f"ok    {package}  {seconds:.1f}s  {ran[package]} tests")
    sys.stdout.flush()


for line in sys.stdin:
    try:
        event = json.loads(line)
    except ValueError:
        sys.stdout.write(line)
        continue
    match event.get("Action"):
        case "output":
            output[event["Package"], event.get("Test", "")].append(event["Output"])
        case "build-output":
            builds[event["ImportPath"]].append(event["Output"])
        case "pass" | "fail" | "skip":
            finish(event)

took.sort(reverse=True)
print("\nslowest:")
for seconds, name in took[:20]:
    print(f"  {seconds:6.1f}s  {name}")
if skipped:
    print("\nskipped:\n  " + "\n  ".join(skipped))
if failed:
    print("\nfailed:\n  " + "\n  ".join(failed))
print(f"\n{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
sys.exit(1 if failed else 0)
