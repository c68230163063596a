# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU from the outside: a QMP client, a qtest client, and QEMU processes.

Only what the tests of the GPU need, on Python's standard library. Both
protocols are QEMU's, see docs/interop/qmp-spec and docs/devel/testing/qtest
there.
"""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time

# Where virt.patch puts the GPU.
MALI_BASE = 0x0B000000
MALI_SIZE = 0x200000
MALI_SPI = 10


class QmpError(Exception):
    """An error that a QMP command returned."""

    def __init__(self, error):
        super().__init__(error.get("desc", str(error)))
        self.cls = error.get("class")


def connect(path, timeout=20.0):
    """Connects to a socket that its server may still be about to make.

    Paths of sockets must be short, so go through a handle on the folder.
    """
    folder = os.open(os.path.dirname(path) or ".", os.O_PATH)
    short = f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    deadline = time.monotonic() + timeout
    try:
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(short)
                return sock
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
    finally:
        os.close(folder)


class Qmp:
    """A QMP session on a Unix socket."""

    def __init__(self, path, timeout=20.0):
        self.sock = connect(path, timeout)
        self.sock.settimeout(timeout)
        self.file = self.sock.makefile("rw")
        self.events = []
        if "QMP" not in json.loads(self.file.readline()):
            raise ConnectionError(f"{path} does not speak QMP")
        self.command("qmp_capabilities")

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _receive(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("QEMU closed the QMP connection")
        return json.loads(line)

    def command(self, name, **arguments):
        """Runs a command; words of its arguments have _ for -."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = {
                key.replace("_", "-"): value for key, value in arguments.items()
            }
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        while True:
            reply = self._receive()
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise QmpError(reply["error"])
            else:
                return reply["return"]

    def wait_event(self, name):
        """The next event of this name, old or new."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            reply = self._receive()
            if "event" in reply:
                self.events.append(reply)

    # --- The GPU ---------------------------------------------------------

    def translate(self, address_space, va):
        """Walks a GPU address; a dict as MaliTranslation in mali.json."""
        return self.command("x-mali-translate", **{"as": address_space, "va": va})

    def tables(self, address_space):
        """The page tables of an address space, a list of MaliTable."""
        return self.command("x-mali-tables", **{"as": address_space})

    def stats(self):
        """The counters of the GPU, a dict as MaliStats."""
        return self.command("x-mali-stats")

    def disassemble(self, address_space, va, **arguments):
        """The shader at a GPU address, a list of MaliInstr."""
        return self.command("x-mali-disassemble", **{"as": address_space, "va": va}, **arguments)

    def slots(self):
        """The group slots, a list of MaliSlot."""
        return self.command("x-mali-slots")

    def inject(self, kind, **arguments):
        """Has something go wrong, see MaliInjection."""
        return self.command("x-mali-inject", kind=kind, **arguments)

    def address_spaces(self):
        """Numbers of the address spaces that are enabled."""
        found = []
        for number in range(8):
            with contextlib.suppress(QmpError):
                self.translate(number, 0)
                found.append(number)
        return found

    def read_physical(self, pa, size):
        """Guest-physical memory, as the CPU would see it."""
        with tempfile.NamedTemporaryFile() as file:
            self.command("pmemsave", val=pa, size=size, filename=file.name)
            return file.read()


class Qtest:
    """Register accesses without a CPU: QEMU's qtest protocol."""

    def __init__(self, path, timeout=20.0):
        self.sock = connect(path, timeout)
        self.sock.settimeout(timeout)
        self.file = self.sock.makefile("rw")
        self.irqs = {}

    def close(self):
        self.file.close()
        self.sock.close()

    def command(self, *words):
        self.file.write(" ".join(str(word) for word in words) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError("QEMU closed the qtest connection")
            reply = line.split()
            if reply[0] == "IRQ":
                self.irqs[int(reply[2])] = reply[1] == "raise"
            elif reply[0] == "OK":
                return reply[1:]
            else:
                raise RuntimeError(f"qtest: {line.strip()}")

    def read(self, address, size=4):
        return int(self.command({4: "readl", 8: "readq"}[size], hex(address))[0], 0)

    def write(self, address, value, size=4):
        self.command({4: "writel", 8: "writeq"}[size], hex(address), hex(value))

    def clock_step(self, ns):
        """Lets virtual time pass, and the timers in it run."""
        self.command("clock_step", ns)

    def watch_irqs(self, path):
        """Keeps self.irqs, the levels of a controller's inputs, up to date."""
        self.command("irq_intercept_in", path)


class Qemu:
    """A QEMU process with the GPU, under qtest: no CPU runs."""

    def __init__(self, binary, machine="mali=on", arguments=()):
        self.dir = tempfile.TemporaryDirectory(prefix="mali-qmp-")
        self.log = os.path.join(self.dir.name, "log")
        command = [
            binary, "-nodefaults", "-no-user-config", "-display", "none",
            "-M", f"virt,gic-version=3,{machine}", "-cpu", "cortex-a76",
            "-m", "256M", "-accel", "qtest",
            "-qmp", "unix:qmp,server=on,wait=off",
            "-qtest", "unix:qtest,server=on,wait=off",
            "-qtest-log", "/dev/null",
            "-d", "guest_errors", "-D", self.log, *arguments,
        ]
        # Not a pipe: nobody reads it before the end.
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, cwd=self.dir.name, stdin=subprocess.DEVNULL,
            stderr=self.stderr)
        try:
            self.qmp = Qmp(os.path.join(self.dir.name, "qmp"))
            self.qtest = Qtest(os.path.join(self.dir.name, "qtest"))
        except Exception as error:
            self.process.kill()
            raise RuntimeError(
                f"QEMU does not start: {error!r} {self.messages()}") from None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.dir.cleanup()

    def quit(self):
        """Ends QEMU in an orderly way; its exit code."""
        with contextlib.suppress(ConnectionError):
            self.qmp.command("quit")
        return self.process.wait(timeout=20)

    def messages(self):
        """What QEMU has said on its standard error."""
        self.process.wait()
        self.stderr.seek(0)
        return self.stderr.read()

    def alive(self):
        return self.process.poll() is None

    def guest_errors(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()
        return []

    def device(self, kind):
        """QOM path of the machine's device of this type."""
        folder = "/machine/unattached"
        for child in self.qmp.command("qom-list", path=folder):
            if child["type"] == f"child<{kind}>":
                return f"{folder}/{child['name']}"
        raise LookupError(f"no {kind} in the machine")

    def watch_irqs(self):
        self.qtest.watch_irqs(self.device("arm-gicv3"))

    # Registers by their offset in the GPU's window.
    def read(self, offset, size=4):
        return self.qtest.read(MALI_BASE + offset, size)

    def write(self, offset, value, size=4):
        self.qtest.write(MALI_BASE + offset, value, size)

    def step_until(self, condition, ns=10_000_000, step=10_000):
        """Lets virtual time pass until condition() holds; whether it did."""
        for _ in range(ns // step):
            if condition():
                return True
            self.qtest.clock_step(step)
        return condition()
