#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a kernel log with KTAP in it and write normalized results.

Usage: ktap.py [--prefix NAME] [--require FILE] < log > results.tsv

Each line of the output is "pass|fail|skip<tab>test<tab>detail". Only the
innermost results count as tests. What is not there counts as failed: results
that a plan promised, suites that FILE names (one a line, # comments), a log
without any KTAP, and a kernel that crashed or reported a fault on the way.
Several logs may follow one another; each is judged.
A short summary for people, one line a suite, goes to stderr.
"""

import argparse
import re
import sys

RESULT = re.compile(r"^( *)(ok|not ok) (\d+)(?: -)?(?: ([^#]*?))?\s*(?:# (.*))?$")
PLAN = re.compile(r"^( *)1\.\.(\d+)\s*$")
VERSION = re.compile(r"^KTAP version \d+\s*$")
SUBTEST = re.compile(r"^( *)# Subtest: (.*?)\s*$")
FAULT = re.compile(
    r"Kernel panic|Oops|BUG: |KASAN: |UBSAN: |Internal error|"
    r"possible recursive locking|possible circular locking|"
    r"possible irq lock inversion|inconsistent lock state|"
    r"Unable to handle kernel|Segfault with no mm"
)
TIMESTAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ")


class Level:
    """One nesting level while it is being read."""

    def __init__(self):
        self.plan = None
        self.name = None
        self.results = []  # (status, path, detail)
        self.seen = 0
        self.failures = []  # diagnostic lines since the last result


class Reader:
    """Collects results from the lines of a log."""

    def __init__(self):
        self.levels = [Level()]
        self.faults = []
        self.suites = []
        self.results = []  # of the logs that have ended
        self.logs = 0

    def level(self, depth):
        """The level at a depth; deeper ones stay until a result closes them."""
        while len(self.levels) <= depth:
            self.levels.append(Level())
        return self.levels[depth]

    def line(self, line):
        line = TIMESTAMP.sub("", line.rstrip("\r\n"))
        if FAULT.search(line):
            self.faults.append(line.strip())
        if VERSION.match(line):
            self.end_log()
            return
        found = PLAN.match(line)
        if found:
            level = self.level(len(found[1]) // 4)
            level.plan = int(found[2])
            return
        found = SUBTEST.match(line)
        if found:
            self.level(len(found[1]) // 4).name = found[2]
            return
        found = RESULT.match(line)
        if found:
            self.result(len(found[1]) // 4, found[2] == "ok", found[4] or found[3], found[5] or "")
            return
        text = line.strip()
        if "EXPECTATION FAILED" in text or "ASSERTION FAILED" in text:
            self.levels[-1].failures.append(text.lstrip("# "))

    def close(self, depth):
        """Take the levels below a result; return its children's results."""
        results = []
        for level in self.levels[depth + 1:]:
            results += level.results
            if level.plan is not None and level.plan != level.seen:
                results.append(("fail", "(plan)", f"{level.plan} results promised, {level.seen} seen"))
        del self.levels[depth + 1:]
        return results

    def result(self, depth, passed, name, directive):
        failures = [f for level in self.levels[depth:] for f in level.failures]
        children = self.close(depth)
        level = self.level(depth)
        level.failures = []
        level.seen += 1
        skipped = directive.upper().startswith("SKIP")
        if children:
            mine = [(status, f"{name}.{path}", detail) for status, path, detail in children]
            if not passed and not any(status == "fail" for status, _, _ in children):
                mine.append(("fail", name, "failed, though no test in it did"))
        else:
            status = "skip" if skipped else "pass" if passed else "fail"
            detail = directive[4:].strip() if skipped else " ".join(failures) if not passed else ""
            mine = [(status, name, detail)]
        level.results += mine
        if depth == 0:
            self.suites.append((name, mine))

    def end_log(self):
        """Judge the log that ends here, if one had begun."""
        top = self.levels[0]
        if len(self.levels) > 1:
            running = ".".join(level.name for level in self.levels[1:] if level.name)
            self.results += [entry for level in self.levels[1:] for entry in level.results]
            self.results.append(("fail", running or "(unfinished)", "the log ends inside this suite"))
        self.results += top.results
        if top.plan is not None:
            self.logs += 1
            if top.plan != top.seen:
                self.results.append(("fail", "(log)", f"{top.plan} suites promised, {top.seen} seen"))
        self.levels = [Level()]

    def finish(self, required):
        """All results, and what should have been among them."""
        self.end_log()
        results = self.results
        if not self.logs:
            results.append(("fail", "(log)", "there is no KTAP in the log"))
        have = {name for name, _ in self.suites}
        for name in required:
            if name not in have:
                results.append(("fail", name, "this suite did not run"))
        for fault in self.faults[:5]:
            results.append(("fail", "(kernel)", fault))
        return results


def summary(reader):
    """One line a suite."""
    for name, results in reader.suites:
        count = {"pass": 0, "fail": 0, "skip": 0}
        for status, _, _ in results:
            count[status] += 1
        print(f"  {name:<44} {count['pass']:>5} passed {count['fail']:>3} failed {count['skip']:>3} skipped",
              file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", default="")
    parser.add_argument("--require")
    args = parser.parse_args()
    required = []
    if args.require:
        with open(args.require, encoding="utf-8") as lines:
            required = [line.split("#")[0].strip() for line in lines]
    reader = Reader()
    for line in sys.stdin.buffer:
        reader.line(line.decode("utf-8", "replace"))
    results = reader.finish([name for name in required if name])
    summary(reader)
    for status, path, detail in results:
        print(status, args.prefix + path, detail.replace("\t", " "), sep="\t")


main()
