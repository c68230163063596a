#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of "make run".

    report.py OUT.json KERNEL=VMBIND.json:GPU.json...

VMBIND.json is what vmbind --json wrote on that kernel, GPU.json what watch.py
saw from outside meanwhile. Prints what was done, what the GPU saw and what it
cost in page-table pages, one column a kernel; writes the same to OUT.json.
Exits 0 only when nothing failed.
"""

import json
import sys

COUNTERS = [
    ("cs-instrs", "command-stream instructions executed"),
    ("tlb-hits", "translations from the TLB"),
    ("tlb-misses", "translations that were walked"),
    ("walk-cache-hits", "walks that started below the root"),
    ("table-reads", "descriptors read from memory"),
    ("faults", "MMU faults, all of them provoked"),
    ("as-update", "MMU commands UPDATE"),
    ("as-lock", "MMU commands LOCK"),
    ("as-unlock", "MMU commands UNLOCK"),
    ("cache-flushes", "GPU cache flushes"),
]


def load(argument):
    kernel, files = argument.split("=", 1)
    vmbind, gpu = files.split(":", 1)
    with open(vmbind) as f:
        run = json.load(f)
    with open(gpu) as f:
        run.update(json.load(f))
    run["kernel"] = kernel
    run["points"] += [look_point(look) for look in run["looks"]]
    return run


def look_point(look):
    """What was seen from outside is a test point as any other."""
    if look["kind"] == "tables":
        name = f"the walker reaches the tables that the kernel holds ({look['id']})"
        good = look["reached"] == look["held"]
        detail = f"reached {look['reached']}, held {look['held']}"
    else:
        walk = look["walk"]
        size = walk["page-size"] if walk else None
        name = f"{look['va']} is mapped in a page of {look['bytes'] // 1024} KiB"
        good = size == look["bytes"]
        detail = f"seen {size}"
    return {"result": "pass" if good else "fail", "name": "walker: " + name,
            "detail": detail}


def count(run, result):
    return sum(p["result"] == result for p in run["points"])


def scenario_lines(run):
    tally = {}
    for point in run["points"]:
        name = point["name"].split(":")[0]
        tally.setdefault(name, {"pass": 0, "fail": 0, "skip": 0})
        tally[name][point["result"]] += 1
    for name, n in tally.items():
        yield (f"  {name:<10}{n['pass']:>4} passed"
               + (f", {n['fail']} FAILED" if n["fail"] else "")
               + (f", {n['skip']} skipped" if n["skip"] else ""))


def print_failures(run):
    for point in run["points"]:
        if point["result"] == "fail":
            print(f"  FAIL  {point['name']} ({point['detail']})")
        if point["result"] == "skip":
            print(f"  skip  {point['name']} ({point['detail']})")


def walk_line(look):
    walk = look["walk"]
    if not walk:
        return f"  {look['va']} is not mapped"
    rights = "".join(c if walk[k] else "-" for c, k in
                     (("r", "readable"), ("w", "writable"),
                      ("x", "executable")))
    tables = " -> ".join(f"{t:#x}" for t in walk["tables"] if t)
    return (f"  {look['va']} in AS {look['as']}: tables {tables}, level "
            f"{walk['level']}, {walk['page-size'] // 1024} KiB at "
            f"{walk['pa']:#x}, {rights}"
            + (", in the TLB" if walk["cached"] else ""))


def print_gpu(run):
    print(f"\nWhat the GPU saw ({run['kernel']})")
    for look in run["looks"]:
        if look["kind"] == "mapped":
            print(walk_line(look))
    for key, what in COUNTERS:
        if run["stats"]:
            print(f"  {run['stats'][key]:>12,}  {what}")


def print_pages(runs):
    if not any(run["pages"] for run in runs):
        return
    print("\nPage-table pages of 4 KiB: taken when a bind is queued, used once it has run,")
    print("kept when all is unmapped, left when the VM is gone")
    head = "".join(f"  {run['kernel']:^31}" for run in runs)
    print(f"  {'':<50}{head}")
    columns = "".join("  " + "".join(f"{c:>8}" for c in
                                     ("taken", "used", "kept", "left"))[1:]
                      for _ in runs)
    print(f"  {'':<50}{columns}")
    for row in runs[0]["pages"]:
        line = f"  {row['what']:<50}"
        for run in runs:
            same = [r for r in run["pages"] if r["id"] == row["id"]]
            line += "  " + ("".join(
                f"{same[0][c]:>8,}" for c in
                ("taken", "used", "kept", "left"))[1:] if same else "")
        print(line)


def main(out, runs):
    for run in runs:
        print(f"What was done ({run['kernel']})")
        for line in scenario_lines(run):
            print(line)
        print_failures(run)
        print_gpu(run)
    print_pages(runs)
    with open(out, "w") as f:
        json.dump(runs, f, indent=1)
        f.write("\n")
    total = {r: sum(count(run, r) for run in runs)
             for r in ("pass", "fail", "skip")}
    print(f"\n{total['pass']} passed, {total['fail']} failed, "
          f"{total['skip']} skipped")
    return 1 if total["fail"] or not total["pass"] else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], [load(a) for a in sys.argv[2:]]))
