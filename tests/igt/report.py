#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of IGT's form gave on each kernel: tests/igt/run.sh calls this.

    report.py RAW EXPECTED OUT

RAW has lines "KERNEL <tab> pass|fail|skip|log <tab> TEST@SUBTEST <tab> detail"; "log" is
a complaint of the kernel while the subtest ran. EXPECTED is igt/expected. Writes
OUT/results/igt.tsv, OUT/igt.json and OUT/igt.txt; prints a table of programs and kernels,
and what is not as it has to be. Exits 1 if there is such. A complaint is never expected,
and where a test is known to fail, EXPECTED has a piece of what it says then. What passes
on upstream's kernel passes on the same one with the series, if that ran.
"""
import fnmatch
import json
import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

KERNELS = ["base-plain", "base-debug", "reserve-plain", "reserve-debug"]


def read_expected(path):
    """Entries (kernels, tests, result, reason, text), the first two patterns of fnmatch."""
    entries = []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != {"skip": 4, "fail": 5}.get(fields[2] if fields[2:] else None):
                sys.exit(f"{path}: not an entry: {line!r}")
            entries.append((fields + [""])[:5])
    return entries


def read_raw(path):
    """{test: {kernel: [result, detail]}}; a complaint is the result of what it came in."""
    results, complaints = {}, []
    for line in open(path, encoding="utf-8", errors="replace"):
        kernel, result, test, *rest = line.rstrip("\n").split("\t")
        detail = rest[0].strip() if rest else ""
        if result == "log":
            complaints.append((kernel, test, detail))
        else:
            results.setdefault(test, {})[kernel] = [result, detail]
    for kernel, test, detail in complaints:
        name = test if test != "outside" else "between subtests"
        results.setdefault(name, {})[kernel] = ["report", "the kernel: " + detail]
    return results


def expected_of(entries, kernel, test):
    """What an entry says of a test: result, reason, and what a failure says."""
    for kernels, tests, *rest in entries:
        if fnmatch.fnmatch(kernel, kernels) and fnmatch.fnmatch(test, tests):
            return rest
    return None, None, None


def judge(results, entries):
    """A dict a test and kernel, in the order of the run."""
    for test, by_kernel in results.items():
        for kernel, (result, detail) in by_kernel.items():
            want, reason, text = expected_of(entries, kernel, test)
            seconds = re.match(r"\((\d+\.\d+)s\)$", detail)
            verdict = "pass"
            if want == result and text in detail:
                verdict, detail = "skip", reason
            elif want:
                said = f" with {text}" if text else ""
                verdict, detail = "fail", f"igt/expected says {want}{said}, it is {result} {detail}"
            elif result == "skip":
                verdict, detail = "fail", f"skipped: {detail}"
            elif result != "pass":
                verdict = "fail"
            yield {"test": test, "kernel": kernel, "result": result, "verdict": verdict,
                   "seconds": float(seconds[1]) if seconds else None,
                   "detail": "" if seconds else detail}


def regressions(points):
    """What passes on upstream's kernel and not on the one with the series, as points."""
    got = {(p["test"], p["kernel"]): p for p in points}
    ran = {p["kernel"] for p in points}
    for (test, kernel), p in got.items():
        other = kernel.replace("base-", "reserve-")
        if not kernel.startswith("base-") or p["result"] != "pass" or other not in ran:
            continue
        if (test, other) not in got:
            yield {"test": test, "kernel": other, "result": "none", "verdict": "fail",
                   "seconds": None, "detail": "passes on upstream's kernel, and did not run"}
        elif got[test, other]["verdict"] == "skip":
            yield {**got[test, other], "verdict": "fail",
                   "detail": "passes on upstream's kernel: " + got[test, other]["detail"]}


def with_regressions(points):
    """The points, with what is worse than upstream as failures."""
    worse = {(p["test"], p["kernel"]): p for p in regressions(points)}
    return [worse.pop((p["test"], p["kernel"]), p) for p in points] + list(worse.values())


def write_tsv(points, path):
    with open(path, "w", encoding="utf-8") as f:
        for p in points:
            print(p["verdict"], f'{p["kernel"]}: {p["test"]}', p["detail"], sep="\t", file=f)


def kernels_of(points):
    return [k for k in KERNELS if any(p["kernel"] == k for p in points)]


def test_table(points, f):
    """A line a test, a column a kernel."""
    kernels, by_test = kernels_of(points), {}
    for p in points:
        by_test.setdefault(p["test"], {})[p["kernel"]] = p
    width = max(len(t) for t in by_test)
    print(f'{"test":{width}}', *(f"{k:>14}" for k in kernels), file=f)
    for test, row in by_test.items():
        cells = []
        for k in kernels:
            p = row.get(k)
            text = "-" if not p else p["result"]
            if p and p["seconds"] is not None:
                text += f' {p["seconds"]:.2f}'
            cells.append(f"{text:>14}")
        print(f"{test:{width}}", *cells, file=f)


def program_table(points):
    """A line a program: how many passed, failed and were skipped on each kernel."""
    kernels, rows = kernels_of(points), {}
    for p in points:
        row = rows.setdefault(p["test"].split("@")[0], {})
        row.setdefault(p["kernel"], []).append(p["result"])
    print(f'{"passed / failed / skipped":28}', *(f"{k:>15}" for k in kernels))
    for program, row in rows.items():
        cells = []
        for k in kernels:
            r = row.get(k)
            cells.append("-" if r is None else
                         "{} / {} / {}".format(r.count("pass"), len(r) - r.count("pass") -
                                               r.count("skip"), r.count("skip")))
        print(f"{program:28}", *(f"{c:>15}" for c in cells))


def main():
    raw, expected, out = arguments(__doc__, 3, 3)
    entries = read_expected(expected)
    points = with_regressions(list(judge(read_raw(raw), entries)))
    if not points:
        sys.exit("no test ran")
    write_tsv(points, f"{out}/results/igt.tsv")
    with open(f"{out}/igt.json", "w", encoding="utf-8") as f:
        json.dump(points, f, indent=1)
    with open(f"{out}/igt.txt", "w", encoding="utf-8") as f:
        test_table(points, f)
    program_table(points)
    for p in points:
        if p["verdict"] == "fail":
            print(f'FAIL  {p["kernel"]}: {p["test"]}: {p["detail"]}')
    n = [sum(p["verdict"] == v for p in points) for v in ("pass", "fail", "skip")]
    print("{} passed, {} failed, {} skipped".format(*n))
    return 1 if n[1] else 0


sys.exit(main())
