#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of IGT's form gave on each kernel: tests/igt/run.sh calls this.

    report.py RAW EXPECTED OUT

RAW has lines "KERNEL <tab> pass|fail|skip|log <tab> TEST@SUBTEST <tab> detail"; "log" is
a complaint of the kernel while the subtest ran. EXPECTED is igt/expected. Writes
OUT/results/igt.tsv, OUT/igt.json and OUT/igt.txt; prints a table of programs and kernels,
and what is not as it has to be. Exits 1 if there is such.
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
    """Entries (kernels, tests, result, reason), as patterns of fnmatch."""
    entries = []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 4 or fields[2] not in ("skip", "fail"):
                sys.exit(f"{path}: not an entry: {line!r}")
            entries.append(fields)
    return entries


def read_raw(path):
    """{test: {kernel: [result, detail]}}; a complaint makes the result a failure."""
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
        results.setdefault(name, {})[kernel] = ["fail", "the kernel: " + detail]
    return results


def expected_of(entries, kernel, test):
    for kernels, tests, result, reason in entries:
        if fnmatch.fnmatch(kernel, kernels) and fnmatch.fnmatch(test, tests):
            return result, reason
    return None, None


def judge(results, entries):
    """A dict a test and kernel, in the order of the run."""
    for test, by_kernel in results.items():
        for kernel, (result, detail) in by_kernel.items():
            want, reason = expected_of(entries, kernel, test)
            seconds = re.match(r"\((\d+\.\d+)s\)$", detail)
            verdict = "pass"
            if want == result:
                verdict, detail = "skip", reason
            elif want:
                verdict, detail = "fail", f"igt/expected says {want}, it is {result} {detail}"
            elif result == "skip":
                verdict, detail = "fail", f"skipped: {detail}"
            elif result == "fail":
                verdict = "fail"
            yield {"test": test, "kernel": kernel, "result": result, "verdict": verdict,
                   "seconds": float(seconds[1]) if seconds else None,
                   "detail": "" if seconds else detail}


def regressions(points):
    """Tests that pass on upstream's kernel and not on the one with the series."""
    got = {(p["test"], p["kernel"]): p["result"] for p in points}
    for (test, kernel), result in got.items():
        if kernel.startswith("base-") and result == "pass":
            other = kernel.replace("base-", "reserve-")
            if got.get((test, other), "pass") != "pass":
                yield test, other


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
                         " / ".join(str(r.count(w)) for w in ("pass", "fail", "skip")))
        print(f"{program:28}", *(f"{c:>15}" for c in cells))


def main():
    raw, expected, out = arguments(__doc__, 3, 3)
    entries = read_expected(expected)
    points = list(judge(read_raw(raw), entries))
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
    for test, kernel in regressions(points):
        print(f"passes on upstream's kernel, and not on {kernel}: {test}")
    n = [sum(p["verdict"] == v for p in points) for v in ("pass", "fail", "skip")]
    print("{} passed, {} failed, {} skipped".format(*n))
    return 1 if n[1] else 0


sys.exit(main())
