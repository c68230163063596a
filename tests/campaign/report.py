#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the boots of a campaign did, added up: tests/campaign/run.sh calls this.

    report.py DIR... OUT.json   each DIR has SEED.json and SEED.reports of its boots
    report.py --well FILE.json  how many binds, jobs and buffers of one boot succeeded
"""
import collections
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

SUMS = ("seconds", "rounds", "calls", "processes", "killed", "failed_allocations", "memory_gone",
        "left", "hung", "faults")
GROUPS = ("chaos", "wrong")
NO_IOCTLS = ("MMAP", "MUNMAP", "MREMAP", "MADVISE", "TOUCH", "MMIO_MAP", "DMABUF_MMAP",
             "FILE_OPEN", "FILE_CLOSE", "FORK", "FDINFO", "DEBUGFS")
# A file of a device that was unbound, and none: the driver was not asked
NOT_ASKED = ("ENODEV", "EBADF")
WELL = ("VM_BIND", "VM_BIND_ASYNC", "GROUP_SUBMIT", "BO_CREATE")


def well(path):
    with open(path, encoding="utf-8") as f:
        ioctls = json.load(f)["ioctls"]
    print(sum(ioctls.get(name, {}).get("OK", 0) for name in WELL))


def boots_of(directories, suffix):
    """(name of the boot, path) of each"""
    for directory in directories:
        for path in sorted(glob.glob(os.path.join(directory, f"[0-9]*.{suffix}"))):
            seed = os.path.basename(path).split(".")[0]
            name = f"{os.path.basename(directory.rstrip('/'))} {seed}"
            yield (name if len(directories) > 1 else seed), path


def add_up(directories):
    """All boots as one."""
    total = {name: 0 for name in SUMS}
    total["boots"] = 0
    total.update({name: collections.Counter() for name in GROUPS})
    total["ioctls"] = {}
    for _, path in boots_of(directories, "json"):
        with open(path, encoding="utf-8") as f:
            boot = json.load(f)
        total["boots"] += 1
        for name in SUMS:
            total[name] += boot.get(name, 0)
        for name in GROUPS:
            total[name].update(boot[name])
        for call, errors in boot["ioctls"].items():
            total["ioctls"].setdefault(call, collections.Counter()).update(errors)
    return total


def reports(directories):
    """{(kind, what): seeds}"""
    found = {}
    for seed, path in boots_of(directories, "reports"):
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                kind, _, what = line.rstrip("\n").partition("\t")
                found.setdefault((kind, what), []).append(seed)
    return found


def table(total, found):
    for name in ("boots", *SUMS):
        print(f"{name.replace('_', ' '):36}{total[name]:>12,}")
    asked = collections.Counter()
    for name, errors in total["ioctls"].items():
        if name not in NO_IOCTLS:
            asked.update(errors)
    gone = sum(asked.pop(e, 0) for e in NOT_ASKED)
    faults = total["faults"] + total["failed_allocations"] + total["killed"]
    print(f"{'ioctls':36}{sum(asked.values()):>12,}")
    print(f"{'  and to a device that is gone':36}{gone:>12,}")
    print(f"{'faults, allocations and kills':36}{faults:>12,}")
    print("\nwhat went wrong around the calls")
    for name, n in sorted(total["chaos"].items(), key=lambda item: -item[1]):
        print(f"  {name:34}{n:>12,}")
    print("\nwhat was wrong with calls")
    for name, n in sorted(total["wrong"].items(), key=lambda item: -item[1]):
        print(f"  {name if name != '-' else 'nothing':34}{n:>12,}")
    print(f"\n{'calls':28}{'all':>9}{'OK':>9}  errors")
    for name, errors in total["ioctls"].items():
        if not errors:
            continue
        rest = ", ".join(f"{e} {n}" for e, n in errors.most_common() if e != "OK")
        print(f"  {name:26}{sum(errors.values()):>9,}{errors['OK']:>9,}  {rest}")
    print("\nreports of the kernel, what was left, and how boots ended")
    for (kind, what), seeds in sorted(found.items()):
        print(f"  {kind:6}{len(seeds):>4}  {what[:300]}  (seed {', '.join(seeds[:5])})")
    if not found:
        print("  none")


def main():
    args = arguments(__doc__, 2)
    if args[0] == "--well":
        well(args[1])
        return
    *directories, out = args
    total, found = add_up(directories), reports(directories)
    table(total, found)
    total["reports"] = [{"kind": k, "what": w, "seeds": s} for (k, w), s in found.items()]
    with open(out, "w", encoding="utf-8") as f:
        json.dump(total, f, indent=1)


main()
