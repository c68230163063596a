#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the QEMU device and its QMP commands that need no guest.

    test_qmp.py QEMU-BINARY [TEST...]

QEMU runs under its qtest accelerator: no CPU executes, the tests play the
driver. Prints TAP. What a guest program does to the GPU is tested elsewhere.
"""

import os
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qmp import MALI_SIZE, MALI_SPI, Qemu, QmpError  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

BINARY = ""

# Registers, as in the kernel's panthor_gpu_regs.h and panthor_mmu_regs.h
GPU_ID = 0x000
GPU_INT_RAWSTAT = 0x020
GPU_INT_CLEAR = 0x024
GPU_INT_MASK = 0x028
GPU_INT_STAT = 0x02C
GPU_COMMAND = 0x030
GPU_COHERENCY_FEATURES = 0x300
SOFT_RESET = 1 | 1 << 8
RESET_COMPLETED = 1 << 8
IRQ_GPU = MALI_SPI + 2


def AS(number, register):
    return 0x2400 + number * 0x40 + register


TRANSTAB, MEMATTR, LOCKADDR, COMMAND, STATUS, TRANSCFG = (
    0x00, 0x08, 0x10, 0x18, 0x28, 0x30)
AS_UPDATE = 1
# AArch64 4K, 48 bits of input and 40 of output address
TRANSCFG_4K = 6 | (55 - 48) << 6 | (55 - 40) << 14

RAM = 0x40000000


class Failure(Exception):
    """What a test found, in words."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(got, want, what):
    if got != want:
        form = hex if isinstance(got, int) and not isinstance(got, bool) else repr
        raise Failure(f"{what} is {form(got)}, expected {form(want)}")


def check_error(function, what, text):
    """The call must fail with a message that has this text."""
    try:
        result = function()
    except QmpError as error:
        check(text in str(error), f"{what}: the error says '{error}'")
    else:
        raise Failure(f"{what}: no error but {result}")


def qtest_error(function, what):
    """The access must be answered, with an error or without."""
    try:
        function()
    except ConnectionError:
        raise Failure(f"{what}: QEMU is gone") from None
    except RuntimeError:
        pass


# --- The machine ---------------------------------------------------------


def test_device_present():
    with Qemu(BINARY) as qemu:
        path = qemu.device("mali-csf")
        check_equal(qemu.qmp.command("qom-get", path=path, property="realized"),
                    True, "realized")


def test_device_absent_by_default():
    with Qemu(BINARY, machine="highmem=on") as qemu:
        check_error(qemu.qmp.stats, "x-mali-stats", "no Mali GPU")
        check_error(lambda: qemu.qmp.translate(0, 0), "x-mali-translate", "no Mali GPU")
        check_error(lambda: qemu.qmp.tables(0), "x-mali-tables", "no Mali GPU")


def device_property(qemu, name):
    path = qemu.device("mali-csf")
    return qemu.qmp.command("qom-get", path=path, property=name)


def test_properties():
    with Qemu(BINARY) as qemu:
        check_equal(device_property(qemu, "coherent"), True, "coherent")
        check_equal(device_property(qemu, "ignore"), 0, "ignore")
        check_equal(device_property(qemu, "lane-ps"), 0, "lane-ps")
        check_equal(qemu.read(GPU_COHERENCY_FEATURES) & 1, 1, "ACE-Lite bit")
    with Qemu(BINARY, machine="mali=on,mali-coherent=off,mali-ignore=5,mali-lane-ps=20") as qemu:
        check_equal(device_property(qemu, "coherent"), False, "coherent")
        check_equal(device_property(qemu, "ignore"), 5, "ignore")
        check_equal(device_property(qemu, "lane-ps"), 20, "lane-ps")
        check_equal(qemu.read(GPU_COHERENCY_FEATURES) & 1, 0, "ACE-Lite bit")


def dtb(machine):
    """The machine's device tree, as one string of bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "dtb")
        subprocess.run(
            [BINARY, "-nodefaults", "-display", "none", "-cpu", "cortex-a76",
             "-M", f"virt,gic-version=3,{machine},dumpdtb={path}"],
            check=True, capture_output=True)
        with open(path, "rb") as file:
            return file.read()


def test_device_tree():
    tree = dtb("mali=on")
    check(b"gpu@b000000\0" in tree, "no node gpu@b000000")
    for text in (b"arm,mali-valhall-csf\0", b"job\0mmu\0gpu\0", b"opp-table\0"):
        check(text in tree, f"no {text!r}")
    # What an overridden coherency is called in the strings block.
    check(b"dma-noncoherent\0" not in tree, "dma-noncoherent on a coherent GPU")
    check(b"dma-noncoherent\0" in dtb("mali=on,mali-coherent=off"),
          "no dma-noncoherent with mali-coherent=off")
    check(b"mali" not in dtb("mali=off"), "a GPU node with mali=off")


# --- QMP -----------------------------------------------------------------


def test_stats_zero():
    with Qemu(BINARY) as qemu:
        stats = qemu.qmp.stats()
        check(len(stats) >= 16, f"only {len(stats)} counters")
        check(not any(stats.values()), f"not zero after power-on: {stats}")


def test_disabled_as():
    with Qemu(BINARY) as qemu:
        for number in range(8):
            check_error(lambda n=number: qemu.qmp.translate(n, 0x1000),
                        f"x-mali-translate in AS {number}", "disabled")
            check_error(lambda n=number: qemu.qmp.tables(n),
                        f"x-mali-tables of AS {number}", "disabled")
        check_equal(qemu.qmp.address_spaces(), [], "list of address spaces")


def test_bad_as():
    with Qemu(BINARY) as qemu:
        for number in (8, 9, 0xFFFFFFFF):
            check_error(lambda n=number: qemu.qmp.translate(n, 0),
                        f"x-mali-translate in AS {number}", "does not exist")
            check_error(lambda n=number: qemu.qmp.tables(n),
                        f"x-mali-tables of AS {number}", "does not exist")
        for number in (-1, 1 << 32, "x"):
            check_error(lambda n=number: qemu.qmp.translate(n, 0),
                        f"x-mali-translate in AS {number}", "arameter")


def descriptors(qemu, table, entries):
    for index, value in entries.items():
        qemu.qtest.write(table + 8 * index, value, 8)


def enable_as(qemu, number, root):
    qemu.write(AS(number, TRANSTAB), root, 8)
    qemu.write(AS(number, MEMATTR), 0x8888888888888888, 8)
    qemu.write(AS(number, TRANSCFG), TRANSCFG_4K, 8)
    qemu.write(AS(number, COMMAND), AS_UPDATE)
    check(qemu.step_until(lambda: not qemu.read(AS(number, STATUS)) & 1),
          "UPDATE does not complete")


def four_levels(qemu):
    """One page, one block and one read-only page below one root."""
    l0, l1, l2, l3 = (RAM + 0x100000 + 0x1000 * i for i in range(4))
    table, page, block = 3, 3 | 1 << 10 | 1 << 6, 1 | 1 << 10 | 1 << 6
    descriptors(qemu, l0, {1: l1 | table})
    descriptors(qemu, l1, {2: l2 | table})
    descriptors(qemu, l2, {3: l3 | table, 4: (RAM + 0x200000) | block})
    descriptors(qemu, l3, {5: (RAM + 0x300000) | page,
                           6: (RAM + 0x301000) | page | 1 << 7})
    enable_as(qemu, 3, l0)
    return (l0, l1, l2, l3), 1 << 39 | 2 << 30 | 3 << 21


def test_translate():
    with Qemu(BINARY) as qemu:
        tables, base = four_levels(qemu)
        before = qemu.qmp.stats()
        got = qemu.qmp.translate(3, base + 0x5123)
        check_equal(got["mapped"], True, "mapped")
        check_equal(got["pa"], RAM + 0x300123, "pa")
        check_equal(got["level"], 3, "level")
        check_equal(got["page-size"], 4096, "page size")
        check_equal(got["tables"], list(tables), "tables")
        check_equal((got["readable"], got["writable"]), (True, True), "permissions")
        check_equal(got["cached"], False, "cached")

        got = qemu.qmp.translate(3, base + 0x6000)
        check_equal((got["readable"], got["writable"]), (True, False), "permissions")

        got = qemu.qmp.translate(3, base + (1 << 21) + 0x12345)
        check_equal(got["pa"], RAM + 0x212345, "pa in a block")
        check_equal((got["level"], got["page-size"]), (2, 2 << 20), "block")
        check_equal(got["tables"], list(tables[:3]) + [0], "tables to a block")

        got = qemu.qmp.translate(3, base + 0x7000)
        check_equal((got["mapped"], got["level"]), (False, 3), "hole in a table")
        got = qemu.qmp.translate(3, 0)
        check_equal((got["mapped"], got["level"]), (False, 0), "hole in the root")
        check_equal(qemu.qmp.stats(), before, "statistics after looking")
        check_error(lambda: qemu.qmp.translate(3, 1 << 48), "VA of 49 bits", "beyond")
        check_equal(qemu.qmp.address_spaces(), [3], "list of address spaces")


PROGRAM = {
    0x01A3C20020273C80: "SHADDX.u64 r2, u0, r60.w0, shift:0x2",
    0x0091C00000000082: "MOV.i32 r0, u2",
    0x7861400218000002: "STORE.i32.slot0.end @r0, r2, offset:0",
}


def test_disassemble():
    with Qemu(BINARY) as qemu:
        _, base = four_levels(qemu)
        before = qemu.qmp.stats()
        # Over the border of the two pages, then a word that is none
        start = base + 0x6000 - 8
        words = list(PROGRAM) + [0xFFFFFFFFFFFFFFFF, 0x0091C00000000082]
        for index, word in enumerate(words):
            qemu.qtest.write(RAM + 0x300FF8 + 8 * index, word, 8)
        got = qemu.qmp.disassemble(3, start)
        check_equal([i["va"] for i in got], [start + 8 * n for n in range(4)], "addresses")
        check_equal([i["word"] for i in got], words[:4], "words")
        check_equal([i["text"] for i in got[:3]], list(PROGRAM.values()), "texts")
        check(got[3]["text"], "why a word is no instruction is not told")
        check_equal(qemu.qmp.disassemble(3, start, count=2), got[:2], "two instructions")
        check_equal(qemu.qmp.disassemble(3, start, count=0), [], "no instruction")
        for index in range(512):
            qemu.qtest.write(RAM + 0x301000 + 8 * index, words[1], 8)
        got = qemu.qmp.disassemble(3, base + 0x6000, count=10000)
        check_equal(len(got), 512, "instructions up to a hole")
        check_equal(qemu.qmp.disassemble(3, base + 0x7000), [], "what is in a hole")
        check_equal(qemu.qmp.stats(), before, "statistics after looking")
        check_error(lambda: qemu.qmp.disassemble(3, start, count=65537), "65537", "at most")
        check_error(lambda: qemu.qmp.disassemble(3, start + 4), "misaligned", "misaligned")
        check_error(lambda: qemu.qmp.disassemble(3, 1 << 48), "VA of 49 bits", "beyond")
        check_error(lambda: qemu.qmp.disassemble(2, start), "disabled AS", "disabled")
        check_error(lambda: qemu.qmp.disassemble(8, start), "AS 8", "does not exist")


def test_tables():
    with Qemu(BINARY) as qemu:
        tables, _ = four_levels(qemu)
        got = {t["pa"]: (t["level"], t["valid"]) for t in qemu.qmp.tables(3)}
        want = dict(zip(tables, ((0, 1), (1, 1), (2, 2), (3, 2))))
        check_equal(got, want, "list of tables")


def test_tables_loop():
    """A root that is its own table, and tables beyond all memory."""
    with Qemu(BINARY) as qemu:
        root = RAM + 0x100000
        descriptors(qemu, root, {0: root | 3, 1: root | 3, 2: 0xFFFFFFF000 | 3})
        enable_as(qemu, 2, root)
        qemu.qmp.tables(2)
        qemu.qmp.translate(2, 0)
        check_equal(qemu.qmp.translate(2, 2 << 39)["mapped"], False,
                    "a table that is not in memory: mapped")
        check(qemu.alive(), "QEMU is gone")


def test_migration_refused():
    with Qemu(BINARY) as qemu:
        check_error(lambda: qemu.qmp.command("migrate", uri="exec:cat >/dev/null"),
                    "migrate", "mali-csf")
        check(qemu.alive(), "QEMU is gone")
    with Qemu(BINARY, machine="highmem=on") as qemu:
        qemu.qmp.command("migrate", uri="exec:cat >/dev/null")


def test_slots():
    with Qemu(BINARY) as qemu:
        slots = qemu.qmp.slots()
        check_equal(len(slots), 8, "group slots")
        for slot in slots:
            check_equal(slot["active"], False, "active without a driver")
            check_equal([s["block"] for s in slot["streams"]], ["none"] * 8,
                        "why streams wait")


def test_inject_refused():
    with Qemu(BINARY) as qemu:
        inject = qemu.qmp.inject
        for kind, missing in (("lost-irq", "line"), ("spurious-irq", "line"),
                              ("bus-error", "pa"), ("fault", "va and exception"),
                              ("gpu-fault", "exception"), ("slow", "what and ns")):
            check_error(lambda k=kind: inject(k), kind, f"needs {missing}")
        check_error(lambda: inject("hang", csg=8), "hang", "no such group slot")
        check_error(lambda: inject("hang", cs=9), "hang", "no such stream")
        check_error(lambda: inject("fault", va=0, exception=1, **{"as": 8}),
                    "fault", "no such address space")
        check_error(lambda: inject("lost-irq", line="job", count=0), "lost-irq", "count")
        check_error(lambda: inject("bus-error", pa=1, size=0), "bus-error", "size")
        check_error(lambda: inject("firmware-stop"), "firmware-stop", "not running")
        check_error(lambda: inject("slow", what="guest", ns=1), "slow", "guest")
        check_error(lambda: inject("nothing"), "an unknown kind", "nothing")


def test_inject_irq():
    """An edge that is lost, one without a cause, and both cleared."""
    with Qemu(BINARY) as qemu:
        qemu.watch_irqs()
        qemu.write(GPU_INT_CLEAR, 0xFFFFFFFF)
        qemu.write(GPU_INT_MASK, RESET_COMPLETED)
        qemu.qmp.inject("lost-irq", line="gpu")
        qemu.write(GPU_COMMAND, SOFT_RESET)
        check_equal(qemu.read(GPU_INT_STAT), RESET_COMPLETED, "GPU_INT_STAT")
        check(not qemu.qtest.irqs.get(IRQ_GPU), "the lost edge came")
        qemu.write(GPU_INT_CLEAR, RESET_COMPLETED)
        qemu.write(GPU_COMMAND, SOFT_RESET)
        qemu.read(GPU_ID)
        check(qemu.qtest.irqs.get(IRQ_GPU), "the next edge did not come")
        qemu.write(GPU_INT_CLEAR, RESET_COMPLETED)
        qemu.qmp.inject("spurious-irq", line="gpu")
        qemu.read(GPU_ID)
        check(qemu.qtest.irqs.get(IRQ_GPU), "no spurious interrupt")
        check_equal(qemu.read(GPU_INT_STAT), 0, "GPU_INT_STAT of none")
        qemu.read(GPU_ID)
        check(not qemu.qtest.irqs.get(IRQ_GPU), "it stays after it was looked at")
        qemu.qmp.inject("spurious-irq", line="gpu")
        qemu.qmp.inject("clear")
        qemu.read(GPU_ID)
        check(not qemu.qtest.irqs.get(IRQ_GPU), "it stays when cleared")


def test_inject_slow():
    """Commands take virtual time, and a reset of the machine forgets that."""
    with Qemu(BINARY) as qemu:
        qemu.qmp.inject("slow", what="reset", ns=1_000_000)
        qemu.qmp.inject("slow", what="as", ns=1_000_000)
        qemu.write(GPU_INT_CLEAR, 0xFFFFFFFF)
        qemu.write(GPU_COMMAND, SOFT_RESET)
        qemu.qtest.clock_step(900_000)
        check_equal(qemu.read(GPU_INT_RAWSTAT) & RESET_COMPLETED, 0, "too early")
        qemu.qtest.clock_step(200_000)
        check(qemu.read(GPU_INT_RAWSTAT) & RESET_COMPLETED, "the reset does not end")
        qemu.write(AS(1, COMMAND), AS_UPDATE)
        check_equal(qemu.read(AS(1, STATUS)) & 1, 1, "ACTIVE")
        qemu.qtest.clock_step(1_100_000)
        check_equal(qemu.read(AS(1, STATUS)) & 1, 0, "ACTIVE after its time")
        qemu.qmp.inject("slow", what="as", ns=1_000_000, count=1)
        qemu.write(AS(1, COMMAND), AS_UPDATE)
        qemu.write(AS(2, COMMAND), AS_UPDATE)
        check_equal(qemu.read(AS(1, STATUS)) & 1, 1, "the one that is counted")
        check_equal(qemu.read(AS(2, STATUS)) & 1, 0, "another one")
        qemu.qmp.inject("slow", what="as", ns=1_000_000)
        qemu.qmp.command("system_reset")
        qemu.qmp.wait_event("RESET")
        qemu.write(AS(1, COMMAND), AS_UPDATE)
        check_equal(qemu.read(AS(1, STATUS)) & 1, 0, "ACTIVE after a system reset")


def test_inject_bus_error():
    with Qemu(BINARY) as qemu:
        tables, base = four_levels(qemu)
        qemu.qmp.inject("bus-error", pa=tables[3], count=1000)
        check_equal(qemu.qmp.translate(3, base + 0x5000)["mapped"], True,
                    "what a look at it says: mapped")


def test_system_reset():
    with Qemu(BINARY) as qemu:
        four_levels(qemu)
        qemu.write(GPU_INT_MASK, 0xFFFFFFFF)
        check(any(qemu.qmp.stats().values()), "nothing was counted")
        qemu.qmp.command("system_reset")
        qemu.qmp.wait_event("RESET")
        check_equal(qemu.read(GPU_INT_MASK), 0, "GPU_INT_MASK after a reset")
        check_equal(qemu.qmp.address_spaces(), [], "list of address spaces")
        check(not any(qemu.qmp.stats().values()), "statistics are kept over a reset")


def test_quit():
    qemu = Qemu(BINARY)
    four_levels(qemu)
    check_equal(qemu.quit(), 0, "exit code of QEMU")


# --- Registers -----------------------------------------------------------


def test_gpu_id():
    with Qemu(BINARY) as qemu:
        gpu_id = qemu.read(GPU_ID)
        arch = (gpu_id >> 28, gpu_id >> 24 & 0xF, gpu_id >> 20 & 0xF)
        check_equal(arch, (10, 8, 6), "architecture of GPU_ID")
        check_equal(gpu_id >> 16 & 0xF, 7, "product of GPU_ID")
        qemu.write(GPU_ID, 0)
        check_equal(qemu.read(GPU_ID), gpu_id, "GPU_ID after a write")


def test_soft_reset():
    with Qemu(BINARY) as qemu:
        qemu.watch_irqs()
        qemu.write(GPU_INT_CLEAR, 0xFFFFFFFF)
        qemu.write(GPU_INT_MASK, RESET_COMPLETED)
        qemu.write(GPU_COMMAND, SOFT_RESET)
        check(qemu.step_until(
            lambda: qemu.read(GPU_INT_RAWSTAT) & RESET_COMPLETED),
            "RESET_COMPLETED does not show in GPU_INT_RAWSTAT")
        check_equal(qemu.qmp.stats()["resets"], 1, "counted resets")


def test_interrupt_line():
    """The line follows RAWSTAT and MASK, and CLEAR lowers it."""
    with Qemu(BINARY) as qemu:
        qemu.watch_irqs()
        qemu.write(GPU_INT_CLEAR, 0xFFFFFFFF)
        qemu.write(GPU_COMMAND, SOFT_RESET)
        qemu.step_until(lambda: qemu.read(GPU_INT_RAWSTAT) & RESET_COMPLETED)
        check(not qemu.qtest.irqs.get(IRQ_GPU), "the line is up while masked")
        qemu.write(GPU_INT_MASK, RESET_COMPLETED)
        check_equal(qemu.read(GPU_INT_STAT), RESET_COMPLETED, "GPU_INT_STAT")
        check(qemu.qtest.irqs.get(IRQ_GPU), "the line is down, but not masked")
        qemu.write(GPU_INT_CLEAR, RESET_COMPLETED)
        qemu.read(GPU_INT_STAT)
        check(not qemu.qtest.irqs.get(IRQ_GPU), "the line is up after CLEAR")
        check_equal(qemu.qmp.stats()["irq-gpu"], 1, "counted interrupts")


def test_wide_access():
    with Qemu(BINARY) as qemu:
        # At a multiple of 8, and only at one of 4.
        for offset in (0x000, 0x004, 0x00C, 0x120):
            both = qemu.read(offset) | qemu.read(offset + 4) << 32
            check_equal(qemu.read(offset, 8), both, f"64 bits at {offset:#x}")
        qemu.write(AS(1, TRANSTAB), RAM, 8)
        check_equal(qemu.read(AS(1, TRANSTAB), 8), RAM, "TRANSTAB")


def test_odd_access():
    """Bytes, unaligned words and the end of the window."""
    with Qemu(BINARY) as qemu:
        base = 0x0B000000
        for name in ("readb", "readw", "readl", "readq"):
            for offset in (1, 2, 3, 5, MALI_SIZE - 4, MALI_SIZE - 1):
                qtest_error(lambda n=name, o=offset:
                            qemu.qtest.command(n, hex(base + o)), f"{name} {offset:#x}")
        for name in ("writeb", "writew", "writel", "writeq"):
            for offset in (1, 2, 3, 5, MALI_SIZE - 4, MALI_SIZE - 1):
                qtest_error(lambda n=name, o=offset:
                            qemu.qtest.command(n, hex(base + o), "0xff"),
                            f"{name} {offset:#x}")
        check_equal(qemu.read(GPU_ID) >> 28, 10, "GPU_ID after all that")


def test_unknown_registers():
    with Qemu(BINARY) as qemu:
        for offset in (0x7FC, 0x3FFC, 0x7000, 0x1FFFFC):
            check_equal(qemu.read(offset), 0, f"unknown register {offset:#x}")
            qemu.write(offset, 0xFFFFFFFF)
            check_equal(qemu.read(offset), 0, f"unknown register {offset:#x}")


# --- Fuzzing -------------------------------------------------------------

# Registers of every block, so that most accesses mean something.
BLOCKS = (
    (0x0000, 0x400), (0x0700, 0x10), (0x1000, 0x10), (0x2000, 0x10),
    (0x2400, 0x200), (0x10000, 0x4), (0x80000, 0x180000),
)
VALUES = (
    0, 1, 2, 3, 4, 5, 0x101, 0x201, 0x304, 0xFFFFFFFF, RAM, RAM + 0x100000,
    TRANSCFG_4K, 0x8888888888888888, 0xFFFFFFFFFFFFFFFF, 0x3E,
)


def random_offset(rng, size):
    start, length = rng.choice(BLOCKS)
    if rng.random() < 0.05:
        start, length = 0, MALI_SIZE
    offset = start + rng.randrange(0, length, 4)
    return min(offset, MALI_SIZE - size)


def random_memory(qemu, rng):
    """Tables, firmware interface, rings: anything that the GPU may read."""
    table = RAM + 0x1000 * rng.randrange(16)
    for _ in range(8):
        target = rng.choice((RAM + 0x1000 * rng.randrange(16), rng.getrandbits(40)))
        value = rng.choice((target & ~0xFFF | rng.choice((1, 3, 0x443, 0x4C3)),
                            rng.getrandbits(64)))
        qemu.qtest.write(table + 8 * rng.randrange(512), value, 8)


def fuzz_step(qemu, rng):
    action = rng.random()
    size = rng.choice((4, 4, 8))
    if action < 0.45:
        value = rng.choice((rng.choice(VALUES), rng.getrandbits(64)))
        qemu.write(random_offset(rng, size), value & (1 << 8 * size) - 1, size)
    elif action < 0.75:
        qemu.read(random_offset(rng, size), size)
    elif action < 0.85:
        random_memory(qemu, rng)
    elif action < 0.95:
        qemu.qtest.clock_step(rng.choice((1, 1000, 100_000, 10_000_000)))
    elif action < 0.98:
        number = rng.randrange(8)
        enable_as_unchecked(qemu, number, RAM + 0x1000 * rng.randrange(16))
    else:
        try:
            qemu.qmp.translate(rng.randrange(8), rng.getrandbits(48))
        except QmpError:
            pass


def enable_as_unchecked(qemu, number, root):
    qemu.write(AS(number, TRANSTAB), root, 8)
    qemu.write(AS(number, TRANSCFG), TRANSCFG_4K, 8)
    qemu.write(AS(number, COMMAND), AS_UPDATE)
    qemu.write(0x700, 1)


def test_fuzz(seconds=10.0):
    """Random accesses never end QEMU. The sequence depends on no clock."""
    steps = 0
    seed = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rng = random.Random(seed)
        with Qemu(BINARY) as qemu:
            try:
                for number in range(4000):
                    fuzz_step(qemu, rng)
            except (ConnectionError, TimeoutError) as error:
                raise Failure(f"seed {seed}, step {number}: {error!r}") from None
            steps += number + 1
            qemu.qmp.command("system_reset")
            check_equal(qemu.read(GPU_ID) >> 28, 10, f"GPU_ID after seed {seed}")
            check_equal(qemu.quit(), 0, f"exit code after seed {seed}")
        seed += 1
    print(f"# {steps} accesses in {seed} runs")


def test_repeatable():
    """The same accesses give the same answers and the same counters."""

    def trace():
        rng = random.Random(42)
        seen = []
        with Qemu(BINARY) as qemu:
            four_levels(qemu)
            for _ in range(1500):
                fuzz_step(qemu, rng)
                if rng.random() < 0.3:
                    seen.append(qemu.read(random_offset(rng, 4)))
            seen.append(sorted(qemu.qmp.stats().items()))
        return seen

    check(trace() == trace(), "two runs differ")


TESTS = [
    test_device_present, test_device_absent_by_default, test_properties,
    test_device_tree, test_stats_zero, test_disabled_as, test_bad_as,
    test_translate, test_disassemble, test_tables, test_tables_loop, test_slots,
    test_inject_refused, test_inject_irq, test_inject_slow,
    test_inject_bus_error, test_migration_refused,
    test_system_reset, test_quit, test_gpu_id, test_soft_reset,
    test_interrupt_line, test_wide_access, test_odd_access,
    test_unknown_registers, test_repeatable, test_fuzz,
]


def main():
    global BINARY
    binary, *names = arguments(__doc__, 1)
    BINARY = os.path.abspath(binary)
    chosen = [t for t in TESTS if not names or t.__name__ in names]
    if len(chosen) < len(names):
        sys.exit(f"no such test; there are {' '.join(t.__name__ for t in TESTS)}")
    failed = 0
    print(f"TAP version 13\n1..{len(chosen)}", flush=True)
    for number, test in enumerate(chosen, 1):
        name = test.__name__.removeprefix("test_").replace("_", " ")
        try:
            test()
        except Failure as failure:
            failed += 1
            print(f"# {failure}\nnot ok {number} - {name}", flush=True)
        except (QmpError, LookupError, OSError, RuntimeError) as error:
            failed += 1
            print(f"# {error!r}\nnot ok {number} - {name}", flush=True)
        else:
            print(f"ok {number} - {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
