#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the virtual Mali over QMP while vmbind pauses for it.

    watch.py RUN-FOLDER RESULT.json

RUN-FOLDER is the guest's folder out/guest/NAME: vmbind's output grows in its
file "stdout", and making its file "go" lets vmbind continue. At "# pause:
tables va=.. pages=.. id=.." the page tables that the GPU's walker reaches are
counted; at "# pause: drawing va=.. id=.." they are listed; at "# pause: mapped va=..
bytes=.." one address is walked. Counters
are read at each pause, the last of them at "# pause: end". Ends when the guest
does.
"""

import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

FIRST_USER_AS = 1
NUM_AS = 8


class Qmp:
    """The few words of QMP that are needed, one command at a time."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        # The path may be longer than a socket address: go there by name.
        here = os.open(".", os.O_RDONLY)
        os.chdir(os.path.dirname(path))
        try:
            self.sock.connect(os.path.basename(path))
        finally:
            os.fchdir(here)
            os.close(here)
        self.file = self.sock.makefile("rw")
        self.file.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        """The command's answer, or None when it is refused."""
        self.file.write(json.dumps({"execute": command,
                                    "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("QEMU closed its QMP socket")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                return None


def find_as(qmp, va):
    """The walk of va in the address space that maps it."""
    for number in range(FIRST_USER_AS, NUM_AS):
        walk = qmp.run("x-mali-translate", **{"as": number, "va": va})
        if walk and walk["mapped"]:
            return number, walk
    return None, None


def list_tables(qmp, va):
    """Every table that the walker reaches in the address space that maps va, in the
    order of the walk: one that is shared is there each time that it is reached."""
    number, _ = find_as(qmp, va)
    tables = qmp.run("x-mali-tables", **{"as": number}) if number else None
    return number, [[t["level"], t["pa"], t["valid"]] for t in tables or []]


def look_at_tables(qmp, args):
    """Tables below the root; the root is not one of those that binds cost."""
    number, tables = list_tables(qmp, int(args["va"], 0))
    reached = {pa for _, pa, _ in tables}
    return {"kind": "tables", "id": args["id"], "as": number,
            "held": int(args["pages"]), "tables": tables,
            "reached": len(reached) - 1 if tables else None}


def look_at_drawing(qmp, args):
    number, tables = list_tables(qmp, int(args["va"], 0))
    return {"kind": "drawing", "id": args["id"], "as": number, "tables": tables}


def look_at_mapping(qmp, args):
    number, walk = find_as(qmp, int(args["va"], 0))
    return {"kind": "mapped", "va": args["va"], "as": number,
            "bytes": int(args["bytes"]), "walk": walk}


LOOKS = {"tables": look_at_tables, "drawing": look_at_drawing,
         "mapped": look_at_mapping}


def lines(run):
    """Lines of the guest's output as they come, until it has ended."""
    text = ""
    with open(os.path.join(run, "stdout"), errors="replace") as output:
        while True:
            ended = os.path.exists(os.path.join(run, "status"))
            text += output.read()
            *complete, text = text.split("\n")
            yield from complete
            if ended:
                return
            if not complete:
                yield None
                time.sleep(0.02)


def wait_for(path, alive):
    while not os.path.exists(path):
        if not alive():
            sys.exit("watch.py: the guest ended before it was looked at")
        time.sleep(0.05)


def parent_alive():
    """Our parent goes away when the guest's script does."""
    return os.getppid() != 1


def watch(run, result):
    looks, stats = [], None
    wait_for(os.path.join(run, "qmp.sock"), parent_alive)
    qmp = Qmp(os.path.join(run, "qmp.sock"))
    try:
        for line in lines(run):
            if line is None:
                if qmp.run("query-status") is None:
                    break
                continue
            if not line.startswith("# pause: "):
                continue
            kind, *rest = line[len("# pause: "):].split()
            args = dict(word.split("=", 1) for word in rest)
            if kind in LOOKS:
                looks.append(LOOKS[kind](qmp, args))
            stats = qmp.run("x-mali-stats")
            with open(os.path.join(run, "go"), "w"):
                pass
    except (EOFError, OSError):
        pass    # QEMU has ended, and with it what there is to see
    with open(result, "w") as out:
        json.dump({"looks": looks, "stats": stats}, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    watch(*arguments(__doc__, 2, 2))
