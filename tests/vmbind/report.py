#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of "make run".

    report.py OUT.json KERNEL=FOLDER...

FOLDER has what was found out about that kernel: vmbind.json, written by vmbind
--json; gpu.json, what watch.py saw from outside meanwhile; huge.json, vmbind's
scenario of that name, and a file "warned" when the kernel did; costs.console,
with what bindcost printed; and in "flight" what tests/stream left. Prints what was
done, what the GPU saw and what it cost, one column a kernel; writes the same to
OUT.json. Exits 0 only when nothing failed.
"""

import filecmp
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

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


PAGES = ("taken", "held", "used", "idle", "kept")

PAGES_WIDTH = 2 + 8 * len(PAGES)

COSTS = [
    ("tile", "a 64 KiB tile bound and unbound, others near it"),
    ("alone", "the same where nothing else is bound"),
    ("rebind", "a tile bound over one that is there"),
    ("batch", "256 tiles in one call, for each of them"),
    ("active", "a tile, in a VM that the GPU has at hand"),
]

COST = re.compile(r"bench: P[78] (\w+) ([\d.]+)\s*$")


def load(argument):
    kernel, folder = argument.split("=", 1)

    def read(name):
        with open(os.path.join(folder, name)) as f:
            return json.load(f)

    run = read("vmbind.json")
    run.update(read("gpu.json"))
    huge = read("huge.json")
    warned = os.path.exists(os.path.join(folder, "warned"))
    for row in huge["pages"]:
        row["warned"] = warned
    run["kernel"] = kernel
    run["folder"] = folder
    run["flight"] = read("flight/flight.json")
    run["drawings"] = read("flight/gpu.json")["looks"]
    run["flight_stats"] = read("flight/gpu.json")["stats"]
    run["points"] += read("flight/points.json")["points"]
    run["points"] += [look_point(look) for look in run["looks"]] + huge["points"]
    run["pages"] += huge["pages"]
    run["costs"] = read_costs(os.path.join(folder, "costs.console"))
    run["points"] += cost_points(run["costs"])
    return run


def read_costs(path):
    with open(path, errors="replace") as console:
        found = [COST.match(line) for line in console]
    return {m.group(1): int(float(m.group(2))) for m in found if m}


def point(good, name, detail):
    return {"result": "pass" if good else "fail", "name": name, "detail": detail}


def cost_points(costs):
    missing = [f"{how}_{what}" for what, _ in COSTS for how in ("sync", "async")
               if f"{how}_{what}_instrs" not in costs]
    yield point(not missing, "costs: each figure was taken",
                "no " + ", ".join(missing))
    jobs = costs.get("jobs", 0)
    preparing = costs.get("allocations_preparing", 0)
    yield point(jobs and preparing, "costs: allocations were counted",
                f"{preparing} while {jobs} jobs were prepared")
    signalling = costs.get("allocations_signalling")
    yield point(signalling == 0,
                "costs: none in the fence-signalling sections of the jobs",
                f"{signalling} in {jobs} jobs")


def held_by(look):
    """How many tables the walker may reach, by how many the kernel holds."""
    held = look["held"]
    # Sparse mappings share one table of each of three levels. 16 GiB of blocks
    # are reached through one of them, the others wait for other sizes.
    return (held, held - 2) if look["id"] == "sparse-16g" else (held,)


def look_point(look):
    """What was seen from outside is a test point as any other."""
    if look["kind"] == "tables":
        name = f"the walker reaches the tables that the kernel holds ({look['id']})"
        good = look["reached"] in held_by(look)
        detail = f"reached {look['reached']}, held {look['held']}"
    else:
        walk = look["walk"]
        size = walk["page-size"] if walk else None
        name = f"{look['va']} is mapped in a page of {look['bytes'] // 1024} KiB"
        good = size == look["bytes"]
        detail = f"seen {size}"
    return point(good, "walker: " + name, detail)


def pictures(run):
    return sorted(glob.glob(os.path.join(run["folder"], "flight", "frame-*.ppm")))


def same_pictures(first, other):
    """Both kernels must have shown the same, byte by byte."""
    pairs = list(zip(pictures(first), pictures(other)))
    same = sum(filecmp.cmp(a, b, shallow=False) for a, b in pairs)
    frames = len(first["flight"]["frames"])
    return point(same == frames == len(pictures(other)),
                 f"flight: the pictures are those of {first['kernel']}",
                 f"{same} of {frames}")


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


def pages_cells(row):
    """The row of one kernel, as wide as its head."""
    if row is None:
        return f"{'':{PAGES_WIDTH}}"
    if row["error"]:
        text = row["error"] + (", and the kernel warns" if row.get("warned") else "")
        return f"{text:>{PAGES_WIDTH}}"
    return "  " + "".join(f"{'-' if row[c] is None else format(row[c], ','):>8}"
                   for c in PAGES)


def find_row(run, row):
    same = [r for r in run["pages"] if r["id"] == row["id"]]
    return same[0] if same else None


def print_pages(runs):
    if not any(run["pages"] for run in runs):
        return
    print("\nPage-table pages of 4 KiB: taken when binds are queued, held while they are,")
    print("used once they have run, idle when all is unmapped, kept when memory is scarce,")
    print("until the VM is destroyed")
    print(f"  {'':<50}" + "".join(f"{run['kernel']:>{PAGES_WIDTH}}" for run in runs))
    print(f"  {'':<50}" + ("  " + "".join(f"{c:>8}" for c in PAGES)) * len(runs))
    for row in runs[0]["pages"]:
        print(f"  {row['what']:<50}"
              + "".join(pages_cells(find_row(run, row)) for run in runs))


def figure(run, key):
    return f"{run['costs'][key]:,}" if key in run["costs"] else "-"


def gain(runs, key):
    """The first kernel's figure by the last one's: above 1 is a gain."""
    first, last = (run["costs"].get(key) for run in (runs[0], runs[-1]))
    return f"{first / last:8.2f}" if first and last else f"{'-':>8}"


def print_costs(runs):
    print("\nInstructions of the guest for each, the kernel's and the program's; queued ones")
    print("(async) are waited for")
    kernels = "".join(f"  {run['kernel']:>18}" for run in runs)
    print(f"  {'':<50}{kernels}" + (f"{'gain':>16}" if len(runs) > 1 else ""))
    print(f"  {'':<50}" + f"{'sync':>10}{'async':>10}" * len(runs)
          + (f"{'sync':>8}{'async':>8}" if len(runs) > 1 else ""))
    for what, text in COSTS:
        keys = [f"{how}_{what}_instrs" for how in ("sync", "async")]
        cells = "".join(f"{figure(run, key):>10}" for run in runs for key in keys)
        print(f"  {text:<50}{cells}"
              + ("".join(gain(runs, key) for key in keys) if len(runs) > 1 else ""))


def print_allocations(runs):
    print("\nAllocations of memory, pages and objects")
    print(f"  {'':<50}" + "".join(f"{run['kernel']:>20}" for run in runs))
    for key, text in (
        ("jobs", "queued operations"),
        ("allocations_preparing", "while they are prepared"),
        ("allocations_signalling", "in their fence-signalling sections"),
    ):
        cells = "".join(f"{figure(run, key):>20}" for run in runs)
        print(f"  {text:<50}{cells}")


def most(frames, value):
    return max(value(frame) for frame in frames)


def mean_us(frames, time, number):
    """Microseconds for each of what the frames have."""
    return sum(f[time] for f in frames) / 1000 / max(1, sum(f[number] for f in frames))


def flight_figures(flight):
    """What a flight cost, in the order of its lines."""
    frames = flight["frames"]
    empty = flight["empty"]["pages"]
    return [
        ("pages for the space, nothing bound", flight["made"]["pages"] - empty),
        ("more pages while a picture's binds are queued, at most",
         most(frames, lambda f: f["queued"]["pages"] - f["before"]["pages"])),
        ("pages with all that, at most", most(frames, lambda f: f["queued"]["pages"]) - empty),
        ("pages kept of it when no tile is there and memory is scarce",
         flight["reclaimed"]["pages"] - empty),
        ("milliseconds to make the space", flight["make_ns"] / 1e6),
        ("microseconds of vkQueueBindSparse for each bind", mean_us(frames, "call_ns", "binds")),
    ]


def print_flight(runs):
    flight = runs[0]["flight"]
    frames = flight["frames"]
    print(f"\nA flight over {flight['size'] / 2**30:.1f} GiB in {flight['tiles']:,} tiles of "
          f"64 KiB, {flight['budget'] >> 20} MiB of which have memory:")
    print(f"{len(frames)} pictures, {sum(f['loads'] for f in frames)} tiles bound and filled, "
          f"{sum(f['evictions'] for f in frames)} evicted ({flight['driver']})")
    print(f"  {'':<62}" + "".join(f"{run['kernel']:>14}" for run in runs))
    for lines in zip(*(flight_figures(run["flight"]) for run in runs)):
        cells = "".join(f"{n:>14,}" if isinstance(n, int) else f"{n:>14,.1f}"
                        for _, n in lines)
        print(f"  {lines[0][0]:<62}{cells}")


def main(out, runs):
    runs[1:] = [dict(run, points=run["points"] + [same_pictures(runs[0], run)])
                for run in runs[1:]]
    for run in runs:
        print(f"What was done ({run['kernel']})")
        for line in scenario_lines(run):
            print(line)
        print_failures(run)
        print_gpu(run)
    print_pages(runs)
    print_costs(runs)
    print_allocations(runs)
    print_flight(runs)
    with open(out, "w") as f:
        json.dump(runs, f, indent=1)
        f.write("\n")
    total = {r: sum(count(run, r) for run in runs)
             for r in ("pass", "fail", "skip")}
    print(f"\n{total['pass']} passed, {total['fail']} failed, "
          f"{total['skip']} skipped")
    return 1 if total["fail"] or not total["pass"] else 0


if __name__ == "__main__":
    out, *kernels = arguments(__doc__, 2)
    sys.exit(main(out, [load(k) for k in kernels]))
