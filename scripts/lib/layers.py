#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of the model: who may include and call whom.

    scripts/lib/layers.py [MODEL] [CC]     check model/, with gcc

model/ has a folder for each block, from top to bottom those of ORDER, and above
them mali.h, mali.c and mali_blocks.h. Each folder has one public header, named as
it is. Checked are

  includes   a file includes headers of its own folder, and the public header of
             folders below, unless its folder stands ALONE; no header includes
             itself, however far around
  calls      an object file calls or names what its own folder defines, what the
             public header of a folder below declares, or what the C library has;
             and never a file that calls it, however far around

model/qemu/ is the world outside: it includes the model's mali.h and nothing else
of it. A host program is a folder's own business.
"""
import os
import re
import subprocess
import sys
import tempfile

from usage import arguments

ORDER = ["csf", "shader", "gpu", "mmu", "base"]
ALONE = {"shader"}      # what it needs it gets as callbacks
TOP = ""        # mali.h and mali.c
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
MAIN = re.compile(r"^(?:int )?main\(", re.M)


def sources(model):
    """Files of the model and of the device, relative to model/"""
    for folder, subfolders, names in os.walk(model):
        subfolders[:] = sorted(d for d in subfolders if d != "patches")
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), model)


def folder_of(path):
    return path.split("/")[0] if "/" in path else TOP


def level(folder):
    return -1 if folder == TOP else ORDER.index(folder)


def public(folder):
    return f"{folder}/{folder}.h" if folder != TOP else "mali.h"


def cycle(edges):
    """A circle in {node: nodes}, or None"""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for after in sorted(edges.get(node, ())):
            found = visit(after)
            if found:
                return found
        done.add(path.pop())
        return None

    for node in sorted(edges):
        found = visit(node)
        if found:
            return found
    return None


def bad_include(path, target):
    """What is wrong with an include of target, or None"""
    here, there = folder_of(path), folder_of(target)
    if here == there:
        return None
    if there not in ORDER + [TOP]:
        return f"{there}/ is not a folder of the model"
    if target != public(there):
        return f"{public(there)} is all that others may include of {there or 'the top'}"
    if level(there) < level(here):
        return f"{here}/ is below {there or 'the top'}"
    if here in ALONE:
        return f"{here}/ includes nothing of others"
    return None


def check_includes(model, files):
    edges = {}
    for path in files:
        with open(os.path.join(model, path), encoding="utf-8") as f:
            names = INCLUDE.findall(f.read())
        for name in names:
            target = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if folder_of(path) == "qemu":
                # QEMU's tree has links to the model, in core/
                target = os.path.relpath(target, "qemu/core") if "core/" in name else None
                if target and target != public(TOP):
                    yield f"{path} includes {target}: {public(TOP)} is all that a device may include"
                continue
            if not os.path.exists(os.path.join(model, target)):
                yield f"{path} includes \"{name}\", which is not there"
                continue
            wrong = bad_include(path, target)
            if wrong:
                yield f"{path} includes {target}: {wrong}"
            edges.setdefault(path, set()).add(target)
    around = cycle(edges)
    if around:
        yield "includes go around: " + " -> ".join(around)


def symbols(obj, *options):
    out = subprocess.run(["nm", "-P", *options, obj], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in out.splitlines()}


def compile_all(model, files, cc, out):
    """{source: object file}, without host programs"""
    objects = {}
    for path in files:
        full = os.path.join(model, path)
        with open(full, encoding="utf-8") as f:
            if not path.endswith(".c") or folder_of(path) == "qemu" or MAIN.search(f.read()):
                continue
        objects[path] = os.path.join(out, path.replace("/", "-") + ".o")
        # Without optimisation no call is lost to inlining.
        subprocess.run([cc, "-std=gnu11", "-O0", "-w", "-c", "-o", objects[path], full], check=True)
    return objects


def declares(model, header, name):
    with open(os.path.join(model, header), encoding="utf-8") as f:
        return re.search(rf"\b{name}\b", f.read())


def check_calls(model, files, cc):
    with tempfile.TemporaryDirectory() as out:
        objects = compile_all(model, files, cc, out)
        defined = {s: path for path, obj in objects.items() for s in symbols(obj, "-g", "--defined-only")}
        wanted = {path: symbols(obj, "-u") for path, obj in objects.items()}
    edges = {}
    for path, names in sorted(wanted.items()):
        for name in sorted(names):
            there = defined.get(name)
            if not there:
                if name.startswith("mali_"):
                    yield f"{path} calls {name}(), which nobody defines"
                continue
            edges.setdefault(path, set()).add(there)
            here, other = folder_of(path), folder_of(there)
            if here in ALONE and here != other:
                yield f"{path} calls {name}() of {there}: {here}/ calls nothing of others"
            elif level(other) < level(here):
                yield f"{path} calls {name}() of {there}, which is above it"
            elif here != other and not declares(model, public(other), name):
                yield f"{path} calls {name}() of {there}, which is not in {public(other)}"
    around = cycle(edges)
    if around:
        yield "calls go around: " + " -> ".join(around)


def main():
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    args = arguments(__doc__, 0, 2)
    model = args[0] if args else os.path.join(root, "model")
    cc = args[1] if len(args) > 1 else "gcc"
    files = list(sources(model))
    unknown = sorted({folder_of(f) for f in files} - set(ORDER) - {TOP, "qemu"})
    wrong = [f"{folder}/ has no place among the layers" for folder in unknown]
    # What includes the wrong things may not even compile.
    wrong = wrong or list(check_includes(model, files)) or list(check_calls(model, files, cc))
    for line in wrong:
        print(f"model/{line}")
    return bool(wrong)


sys.exit(main())
