#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Merges gcov's counts of several runs and says what was not reached.

    report.py --gcov GCOV --objects DIR --files PATTERN... --runs DIR
                [--reasons FILE [--apart]] --json FILE --minimum PERCENT [--blocks N]

Each folder in RUNS is one run, with the .gcda files of one boot; OBJECTS is the folder
in which that kernel was built, with .gcno files. PATTERNs are of sources and headers in
the kernel's tree that count. A line or function counts when any run reached it.

REASONS is a document with a table of functions: each row that starts with
"| `name` |" names one that no run reaches. The table must be true both ways, but
for rows "| `name` (inlined) |" and "| `name` (by chance) |": what a compiler leaves
a call of, and what takes a race, is not the same each time. With --apart the lines of the
functions that are named do not count: they are for others than those who run. Nor do those
that were not reached of a function in a row "| `name` (in part) |", which is.

Blocks are lines that follow each other in the code and were not reached.
"""

import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FOLDERS = ("drivers/gpu/drm/panthor", "drivers/gpu/drm", "drivers/iommu")


def gcov_json(gcov, objects, gcda):
    """What gcov says about one object of one run, as its own JSON."""
    name = os.path.basename(gcda).removesuffix(".gcda")
    notes = (os.path.join(objects, folder, name + ".gcno") for folder in FOLDERS)
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(next(path for path in notes if os.path.exists(path)), work)
        shutil.copy(gcda, work)
        out = subprocess.run([gcov, "--json-format", "--stdout", name + ".gcda"],
                             cwd=work, check=True, capture_output=True).stdout
    return [json.loads(line) for line in out.splitlines() if line]


class Coverage:
    """Lines and functions of every file, with how often each was reached."""

    def __init__(self, patterns):
        self.patterns = patterns
        self.lines = {}
        self.functions = {}
        self.places = {}

    def add(self, report):
        for file in report["files"]:
            path = file["file"]
            if not any(fnmatch.fnmatch(path, "*" + p) for p in self.patterns):
                continue
            name = os.path.basename(path)
            lines = self.lines.setdefault(name, {})
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
            functions = self.functions.setdefault(name, {})
            for function in file["functions"]:
                key = function["demangled_name"]
                calls, size = functions.get(key, (0, 0))
                functions[key] = (calls + function["execution_count"],
                                  max(size, function["blocks"]))
                self.places[name, key] = (function["start_line"], function["end_line"])

    def leave_out(self, named):
        """Functions that do not count, nor any of their lines."""
        for (file, name), (start, end) in self.places.items():
            if name not in named:
                continue
            self.functions[file].pop(name)
            for number in range(start, end + 1):
                self.lines[file].pop(number, None)

    def leave_out_parts(self, named):
        """Functions of which nothing but what was reached counts."""
        for (file, name), (start, end) in self.places.items():
            if name not in named:
                continue
            for number in range(start, end + 1):
                if not self.lines[file].get(number, 1):
                    self.lines[file].pop(number)

    def unreached(self):
        """Functions that no run called, as (file, name)."""
        return sorted((file, name) for file, functions in self.functions.items()
                      for name, (calls, _) in functions.items() if not calls)


def collect(args):
    coverage = Coverage(args.files)
    runs = sorted(os.listdir(args.runs)) if os.path.isdir(args.runs) else []
    for run in runs:
        folder = os.path.join(args.runs, run)
        for name in sorted(os.listdir(folder)):
            for report in gcov_json(args.gcov, args.objects,
                                    os.path.join(folder, name)):
                coverage.add(report)
    if not coverage.lines:
        sys.exit("coverage: nothing was collected; run tests/coverage/run.sh")
    return coverage, runs


def table(coverage):
    rows = []
    for file, lines in sorted(coverage.lines.items()):
        functions = coverage.functions.get(file, {})
        rows.append((file, sum(1 for n in lines.values() if n), len(lines),
                     sum(1 for calls, _ in functions.values() if calls),
                     len(functions)))
    rows.append(("total", *(sum(r[i] for r in rows) for i in range(1, 5))))
    return rows


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def show(rows):
    print(f"{'file':30} {'lines':>12} {'':>7} {'functions':>12}")
    for file, hit, lines, called, functions in rows:
        print(f"{file:30} {hit:5} of {lines:4} {percent(hit, lines):5.1f} % "
              f"{called:6} of {functions:3}")


def blocks(coverage):
    """Runs of lines not reached, as (number of lines, file, first, last)."""
    found = []
    for file, lines in coverage.lines.items():
        block = []
        for number in sorted(lines) + [0]:
            if number and not lines[number]:
                block.append(number)
            elif block:
                found.append((len(block), file, block[0], block[-1]))
                block = []
    return sorted(found, reverse=True)


def reasons(path):
    """Functions that the document says are not, need not be, or are in part reached."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return tuple(set(re.findall(rf"^\| `(\w+)`{how} \|", text, re.MULTILINE))
                 for how in ("", r" \((?:inlined|by chance)\)", r" \(in part\)"))


def compare(coverage, path, named, either):
    """Complaints about the document, empty when it is true."""
    document = os.path.join("docs", os.path.basename(path))
    unreached = {name for _, name in coverage.unreached()}
    known = {name for functions in coverage.functions.values()
             for name in functions}
    where = {name: file for file, name in coverage.unreached()}
    wrong = [f"{where[n]}: {n} is not reached, and {document} does not say why"
             for n in sorted(unreached - named - either)]
    wrong += [f"{document} says that {n} is not reached, but it is"
              for n in sorted(named & known - unreached)]
    # Inlined or compiled out: gcov has no such function
    wrong += [f"{document} names {n}, which is no function of these files"
              for n in sorted(named - known)]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("gcov", "objects", "runs", "json"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--files", required=True, nargs="+")
    parser.add_argument("--reasons")
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--minimum", type=float, required=True)
    parser.add_argument("--blocks", type=int, default=0)
    args = parser.parse_args()

    coverage, runs = collect(args)
    named = reasons(args.reasons) if args.reasons else None
    wrong = compare(coverage, args.reasons, *named[:2]) if named else []
    if args.apart:
        coverage.leave_out(named[0])
        coverage.leave_out_parts(named[2])
    rows = table(coverage)
    show(rows)
    for count, file, first, last in blocks(coverage)[:args.blocks]:
        print(f"{count:4} lines not reached in {file}:{first}-{last}")
    total = percent(rows[-1][1], rows[-1][2])
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump({"runs": runs, "percent": round(total, 1),
                   "files": [dict(zip(("file", "lines_hit", "lines",
                                       "functions_hit", "functions"), row))
                             for row in rows],
                   "unreached": [name for _, name in coverage.unreached()],
                   "lines_not_reached": {
                       name: sorted(n for n, count in lines.items() if not count)
                       for name, lines in coverage.lines.items()}},
                  file, indent=1)
    if total < args.minimum:
        wrong.append(f"{total:.1f} % of the lines, want {args.minimum:.0f} %")
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
