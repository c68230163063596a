#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes first inputs for the fuzzer: seeds.py FOLDER.

Each is a short life of a guest that takes the model where chance would take
long to get: a heap that runs out of memory, work that is suspended while it is
under way, a reset and the boot after it. The numbers of actions, opcodes and
values are those of the tables in fuzz_model.c, whose order is a format.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

POWER_ON, BOOTED, GROUPS = range(3)
NO_PLAIN_RAM = 3

ACTIONS = ("emit_any emit_small emit_move write_register access_anything poke "
           "flip as_command ask_group ask_global acknowledge pass_time inject "
           "look emit_tiling emit_call put_code corrupt emit_compute put_shader").split()
OPCODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 17, 18, 20, 21, 22, 23, 24, 25,
           32, 33, 34, 36, 37, 38, 39, 40, 41, 42, 43, 44, 47, 48, 49, 50, 51,
           52, 53, 10, 255]
US, US100, MS, MS20, S3 = range(5)
(HANG, LOST_IRQ, SPURIOUS_IRQ, FW_STOP, FW_CRASH, BUS_ERROR, FAULT, GPU_FAULT,
 SLOW, CLEAR) = range(10)
SLOW_AS, SLOW_FLUSH, SLOW_POWER, SLOW_RESET, SLOW_FW, SLOW_STREAM = range(6)

# Regions, by the order in which machine.c notes them
LAST_TABLE, GLB_IN, CSG_IN, DATA_PAGE, IMAGE = 2, 3, 5, 44, 58

DATA = 0x10000000
HEAP = 0x20000000
RAM = 0x40000000
KICK = 0x80
# Suspend buffer: a header of 8 bytes, then struct mali_cs_ctx
CTX_DEPTH, CTX_HANDLER, CTX_NUM_OPS = 8 + 520, 8 + 552, 8 + 572


def act(name, *operands):
    return bytes([ACTIONS.index(name), *operands])


def literal(val, size=8):
    """Operand value(): a literal of that many bytes."""
    return [0x80 | (size - 1), *val.to_bytes(size, "little")]


def le(val, size):
    return list(val.to_bytes(size, "little"))


def ins(op, dst=0, src=0, src2=0, low=0, queue=0):
    word = low | src2 << 32 | src << 40 | dst << 48
    return act("emit_any", OPCODES.index(op), *le(word, 7), queue | KICK)


def move(reg, val, queue=0):
    return ins(1, low=val | reg << 48, queue=queue)


def code(at, op, word=0):
    return act("put_code", at, OPCODES.index(op), *le(word, 7))


def wait(how=MS):
    return act("pass_time", how)


def reg(offset, val, size=4):
    at = offset | (0x800000 if size == 8 else 0)
    return act("access_anything", *le(at, 3), 1, *le(val, size))


def look_at(offset):
    return act("access_anything", *le(offset, 3), 0)


def inject(kind, csg=0, cs=0, hard=0, line=0, count=1, place=(0, 0), size=8,
           va=DATA, exception=0xc3, slow=0, ns=1000, space=0):
    return act("inject", kind, csg, cs, hard, line, count, place[0],
               *le(place[1], 2), *le(size, 2), space, *literal(va), exception,
               0, slow, *literal(ns))


def group(slot, state, toggles=0):
    return act("ask_group", slot, state | toggles)


def tiling(vertices):
    return act("emit_tiling", *le(vertices, 2), *[KICK] * 6) + wait()


def chunk(name):
    return act("acknowledge", 0, 0, *literal(name)) + wait()


HANDLER = (move(80, DATA + 0x1000) + move(82, 16) + ins(25, src=80, src2=82))
TERMINATE, START, SUSPEND, RESUME = range(4)


def corrupt(offset, val, slot=0):
    return act("corrupt", slot, *le(offset, 2), *literal(val, 4)) + wait()


def boot():
    """What a driver does after power-on; the tables are in memory."""
    return (reg(0x1a0, 1) + reg(0x2408, 0x8888888888888888, 8) +
            reg(0x2400, RAM, 8) +
            reg(0x2430, 6 | 2 << 24 | 1 << 30 | 7 << 6, 8) +
            reg(0x2418, 1) + reg(0x1008, 0xffffffff) + reg(0x28, 0xffffffff) +
            reg(0x700, 2) + wait())


def sync(op, low=0, queue=0):
    return (move(0, DATA + 0x400, queue) + move(4, 1, queue) +
            ins(op, src=0, src2=4, low=low, queue=queue))


ADDRESS, LOAD, ADD, STORE, STORE_END, ENDLESS, BACK, BARRIER, END = range(9)


def shader(*words):
    """A program of fuzz_model.c's words; -1 is one that is no instruction."""
    return b"".join(act("put_shader", at, word) if word >= 0 else
                    act("put_shader", 0x80 | at, *[0xff] * 8)
                    for at, word in enumerate(words))


def compute(threads, groups, queue=0):
    return act("emit_compute", *le(threads - 1, 2), groups, *[queue] * 9, queue | KICK)


COUNT = shader(ADDRESS, LOAD, ADD, STORE_END)

SEEDS = {
    "boot": (POWER_ON, boot() + act("ask_global", 0xff, 0x07) + wait(S3)),
    "reset": (GROUPS, reg(0x30, 0x101) + wait() + boot() + wait(MS20)),
    "slow-reset": (GROUPS, inject(SLOW, slow=SLOW_RESET, ns=10**6) +
                   reg(0x30, 0x201) + wait(US) + reg(0x700, 2) + wait() +
                   inject(CLEAR) + wait() + look_at(0x20)),
    "power": (GROUPS, inject(SLOW, slow=SLOW_POWER, ns=10**6) + reg(0x1e0, 1) +
              reg(0x180, 0x50005) + wait(US) + look_at(0x200) + wait() +
              reg(0x1c0, 1) + reg(0x1a0, 1) + wait()),
    "heap-grows": (GROUPS, tiling(600) + chunk(HEAP + 0x2000 | 2) +
                   chunk(HEAP + 0x4000 | 2)),
    "heap-empty": (GROUPS, tiling(6000) + chunk(0) + ins(47)),
    "heap-handler": (GROUPS, HANDLER + code(0, 11, 1 | 20 << 40 | 24 << 32) +
                     code(1, 3) + move(20, HEAP + 0x6000 | 2) +
                     move(24, HEAP + 0x6000) + tiling(6000) + chunk(0) +
                     wait() + chunk(HEAP + 0x2000 | 2)),
    "heap-tiles-in-handler": (GROUPS, HANDLER + code(0, 5) + tiling(6000) +
                              chunk(0) + wait()),
    "heap-handler-loads": (GROUPS, move(80, DATA + 0x1000) + move(82, 128) +
                           ins(25, src=80, src2=82) + ins(23, low=1) +
                           b"".join(code(k, 20, 8 << 48 | 1 << 16)
                                    for k in range(16)) +
                           move(0, DATA) + tiling(6000) + chunk(0) + wait()),
    "heap-suspended": (GROUPS, HANDLER + tiling(6000) + group(0, SUSPEND) +
                       wait() + group(0, RESUME) + chunk(HEAP + 0x2000 | 2)),
    "heap-fault": (GROUPS, tiling(100) + inject(FAULT, va=HEAP, count=2) +
                   tiling(600) + act("as_command", 5, 0, 4) + wait()),
    "calls": (GROUPS, act("put_code", 0x80) +
              b"".join(act("emit_call", w, *[KICK] * 3) for w in range(4)) +
              wait()),
    "branch": (GROUPS, ins(16, dst=8, src=8, low=0xffffffff) +
               ins(22, src=8, low=5 << 28 | 0xfffe) + wait(MS20)),
    "sync-wait": (GROUPS, sync(53, low=1 << 28, queue=1) + wait() +
                  sync(51) + wait() + sync(52, low=4) + wait(S3)),
    "sync-32": (GROUPS, sync(39, low=1 << 28 | 1) + wait() + sync(37, queue=1) +
                wait() + sync(38, low=1, queue=1) + wait()),
    "progress": (GROUPS, move(0, 2) + ins(24, src=0, low=1) + wait() +
                 ins(42, src=0, queue=2) + ins(43, dst=4) + wait() +
                 ins(3, low=1 << 32, queue=2) + wait()),
    "error-state": (GROUPS, ins(4) + move(0, DATA + 0x400) +
                    ins(20, dst=8, src=0, low=0xff0000) + sync(51, low=1) +
                    ins(40, src=0, src2=3) + ins(47) + wait()),
    "slow-work-suspended": (GROUPS, inject(SLOW, slow=SLOW_STREAM, ns=10**6) +
                            move(0, DATA) + ins(20, dst=8, src=0, low=0xf0000) +
                            ins(21, dst=8, src=0, low=0xf0040) +
                            ins(36, src=12, low=0xff0233) + ins(3, low=0xff << 16) +
                            wait(US) + group(0, SUSPEND) + wait() +
                            group(0, RESUME) + wait(MS20)),
    "never-done": (GROUPS, inject(SLOW, slow=SLOW_STREAM, ns=2**63 - 1) +
                   move(0, DATA) + ins(20, dst=8, src=0, low=0xf0000) +
                   ins(3, low=0xff << 16) + wait() + group(0, SUSPEND) + wait() +
                   inject(CLEAR) + wait()),
    "hang": (GROUPS, act("poke", GLB_IN, 0x10, 0, *literal(1)) +
             act("ask_global", 2, 0) + inject(HANG) + ins(0) + wait(MS20) +
             wait(S3) + group(0, SUSPEND) + wait() + group(0, TERMINATE) + wait()),
    "hard-hang": (GROUPS, inject(HANG, hard=1) + ins(0) + wait() +
                  group(0, TERMINATE) + wait() + reg(0x30, 0x101) + wait()),
    "suspend-depth": (GROUPS, corrupt(CTX_DEPTH, 9) + wait()),
    "suspend-handler": (GROUPS, HANDLER + wait() + corrupt(CTX_HANDLER, 8) +
                        tiling(6000) + chunk(0) + wait()),
    "suspend-ops": (GROUPS, tiling(6000) + corrupt(CTX_NUM_OPS, 3) + wait()),
    "firmware": (GROUPS, inject(FW_STOP) + act("ask_global", 0, 1) + wait() +
                 inject(CLEAR) + wait() + inject(FW_CRASH) + wait()),
    "halt": (GROUPS, act("ask_global", 1, 0) + wait() + reg(0x700, 0) +
             reg(0x700, 2) + wait()),
    "lock": (GROUPS, act("as_command", 5, *literal(DATA | 20), 2) +
             sync(51) + wait() + act("as_command", 1, 3) + wait()),
    "slow-as": (GROUPS, inject(SLOW, slow=SLOW_AS, ns=10**6) +
                act("as_command", 1, 4) + act("as_command", 1, 1) + wait()),
    "fault": (GROUPS, move(0, 0x5000) + ins(20, dst=8, src=0, low=0x10000) +
              wait() + look_at(0x245c) + reg(0x2470, 1, 8) + reg(0x2458, 1) +
              wait()),
    "bus-error": (GROUPS, inject(BUS_ERROR, place=(DATA_PAGE, 0), size=0x1000) +
                  sync(51) + wait() + look_at(0x200c)),
    "interrupts": (GROUPS, inject(LOST_IRQ, line=0, count=2) +
                   inject(SPURIOUS_IRQ, line=1) + look_at(0x200c) +
                   inject(GPU_FAULT) + reg(0x24, 0xffffffff) + reg(0x30, 7) +
                   act("ask_global", 0, 1) + wait() + reg(0x1004, 0xffffffff)),
    "no-such-space": (GROUPS, group(0, TERMINATE) + wait() +
                      act("poke", CSG_IN, 0x50, 0, *literal(9)) + group(0, START) +
                      ins(0) + wait()),
    "bad-image": (POWER_ON, act("poke", IMAGE, 0, 1, *literal(0)) + boot()),
    "freed-table": (GROUPS, act("poke", LAST_TABLE, 0, 0,
                                *literal(0x6b6b6b6b6b6b6b6b)) +
                    act("as_command", 1, 4) + sync(51) + wait()),
    "compute": (GROUPS, COUNT + compute(16, 4) + ins(3, low=0xff << 16) + wait() +
                compute(20, 15, queue=2) + wait()),
    "compute-endless": (GROUPS, shader(ENDLESS) + compute(16, 1) + wait() +
                        group(0, SUSPEND) + wait() + group(0, TERMINATE) + wait(S3)),
    "compute-suspended": (GROUPS, shader(ADDRESS, LOAD, ADD, STORE, BACK, END) +
                          compute(32, 15) + wait(US100) + group(0, SUSPEND) + wait() +
                          group(0, RESUME) + wait(MS20)),
    "compute-reset": (GROUPS, shader(ENDLESS) + compute(16, 2) + wait() +
                      reg(0x30, 0x101) + wait() + boot() + wait()),
    "compute-stops": (GROUPS, shader(BARRIER, ENDLESS) + compute(32, 2) + wait() +
                      reg(0x700, 0) + wait()),
    "compute-invalid": (GROUPS, shader(-1) + compute(16, 1) + wait() + ins(47) +
                        wait() + ins(4) + wait()),
    "compute-fault": (GROUPS, COUNT + inject(FAULT, va=DATA + 0x2000, count=2) +
                      compute(16, 2) + wait() + act("as_command", 5, 0, 4) + wait()),
    "compute-bus-error": (GROUPS, COUNT + compute(16, 2) + wait() +
                          inject(BUS_ERROR, place=(DATA_PAGE + 2, 0), size=0x100) +
                          compute(16, 2) + wait() + act("as_command", 5, 0, 4) + wait()),
    "compute-locked": (GROUPS, COUNT + act("as_command", 5, *literal(DATA | 20), 2) +
                       compute(16, 2) + wait() + act("as_command", 1, 3) + wait()),
    "look": (GROUPS, act("look", 0x81) + act("look", 0x40) +
             act("look", 1, *literal(DATA)) + act("look", 1, *literal(HEAP))),
}


def main():
    folder = arguments(__doc__, 1, 1)[0]
    os.makedirs(folder, exist_ok=True)
    for name, (start, life) in SEEDS.items():
        for ram in (0, NO_PLAIN_RAM):
            path = os.path.join(folder, f"{name}-{ram}")
            with open(path, "wb") as f:
                f.write(bytes([start + ram]) + life)


if __name__ == "__main__":
    main()
