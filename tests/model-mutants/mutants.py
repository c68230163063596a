#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mutants.py check|run [FILE|"FILE N"...]: the mistakes of mutants.txt in the GPU model

check  says of each whether what it replaces stands in the model, once
run    plants one after another in a copy of the model and says which test notices it

Lines of a result file on standard output, "pass|fail<tab>name<tab>detail"; progress on
standard error. Ends with 1 if one failed. `run` wants in the environment
  MODEL_COPY   a copy of model/, in which nothing else changes
  MODEL_BUILD  a folder for what is built
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))
from usage import arguments  # noqa: E402

TIMEOUT = 120
# Of the tests of the whole core those that have shader cores' work to do
WITH_SHADERS = ["test_compute", "test_async"]


class Mutant:
    """One mistake: in `file` the text `old` becomes `new`."""

    def __init__(self, file, number, old, new):
        self.file, self.number = file, number
        self.old, self.new = old, new

    def name(self):
        return f"{self.file} {self.number}"

    def text(self, model):
        """The file with the mistake, or None if what it replaces is not there once."""
        text = (model / self.file).read_text()
        old, new = "\n".join(self.old), "\n".join(self.new)
        return text.replace(old, new) if text.count(old) == 1 else None

    def about(self):
        return " ".join(" ".join(self.old).split())[:60]


def mutants():
    """Of mutants.txt: what an empty line ends is one, after a line with its file's name or
    one more of the same file."""
    found, file, number = [], None, 0
    text = (ROOT / "tests/model-mutants/mutants.txt").read_text()
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("#"):
            continue
        if lines[0][:1] not in ("-", "+"):
            file, number = lines.pop(0), 0
        number += 1
        found.append(Mutant(file, number, [i[1:] for i in lines if i[0] == "-"],
                            [i[1:] for i in lines if i[0] == "+"]))
    return found


def tests_of(file):
    """(room, test), those that are most likely to notice something first."""
    model = sorted(p.stem for p in (ROOT / "tests/model").glob("test_*.c"))
    shader = sorted(p.stem for p in (ROOT / "tests/shader").glob("test_*.c"))
    if file.startswith("shader/"):
        return [("shader", t) for t in shader] + [("model", t) for t in WITH_SHADERS]
    if file.startswith("mmu/"):
        model.sort(key=lambda t: not t.startswith("test_mmu"))
    return [("model", t) for t in model]


def program(room, test, copy, build):
    """Builds a test; the path of it, or None if it does not compile."""
    where = f"{build}/{room}"
    if room == "shader":
        args = [f"MODEL={copy}/shader", f"O={where}"]
    else:
        args = [f"MODEL={copy}", f"BUILD={where}"]
    done = subprocess.run(["make", "-s", "-C", ROOT / "tests" / room, *args,
                           "CFLAGS=-w", f"{where}/san/{test}"],
                          capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return f"{where}/san/{test}"


def noticed(path):
    """What a test found, or None."""
    try:
        done = subprocess.run([path], capture_output=True, text=True, errors="replace",
                              timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "no end in time"
    failed = re.search(r"^not ok \d+ - (.*)", done.stdout, re.M)
    if failed:
        return failed[1][:100]
    if done.returncode:
        report = re.search(r"runtime error: .*|ERROR: AddressSanitizer: .*", done.stderr)
        return report[0][:100] if report else f"ends with {done.returncode}"
    return None


def judge(file, copy, build):
    """(passed, what is to be said) of the copy as it is"""
    for room, test in tests_of(file):
        path = program(room, test, copy, build)
        if not path:
            return False, f"{test} does not compile"
        said = noticed(path)
        if said:
            return True, f"killed by {test}: {said}"
    return False, "lives"


def result(passed, name, detail):
    print("pass" if passed else "fail", name, detail, sep="\t", flush=True)
    return passed


def check(chosen):
    good = True
    for m in chosen:
        fits = m.text(ROOT / "model") is not None
        good &= result(fits, f"model {m.name()}",
                       "" if fits else f"what it replaces does not stand there once: {m.about()}")
    return good


def run(chosen):
    copy = pathlib.Path(os.environ["MODEL_COPY"])
    build = os.environ["MODEL_BUILD"]
    for file in ("shader/exec.c", "mali.c"):
        passed, said = judge(file, copy, build)
        if passed or said != "lives":
            sys.exit(f"the tests of the model fail without a mistake: {said}")
    good = True
    for n, m in enumerate(chosen, 1):
        text = m.text(copy)
        if text is None:
            good &= result(False, m.name(), f"does not fit: {m.about()}")
            continue
        path = copy / m.file
        before = path.read_text()
        path.write_text(text)
        passed, said = judge(m.file, copy, build)
        path.write_text(before)
        if said == "lives":
            said = f"lives: {m.about()}"
        good &= result(passed, m.name(), said)
        print(f"  {n}/{len(chosen)} {m.name()}: {said}", file=sys.stderr, flush=True)
    return good


def main():
    args = arguments(__doc__, 1)
    if args[0] not in ("check", "run"):
        sys.exit(__doc__.strip())
    chosen = [m for m in mutants()
              if not args[1:] or m.file in args[1:] or m.name() in args[1:]]
    if not chosen:
        sys.exit("no such mistake in tests/model-mutants/mutants.txt")
    sys.exit(not {"check": check, "run": run}[args[0]](chosen))


main()
