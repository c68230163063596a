#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn a tar stream on stdin into a one-commit git fast-import stream.

Usage: tar-import.py REF STRIP MESSAGE < tree.tar | git fast-import --done

A kernel tree has some 90,000 files. "git add" stores each as a loose object;
fast-import writes one pack, in half the time, and the tree is never unpacked
to be read back. The commit's identity and date are fixed, so that the same
tree always gives the same commit.
"""

import os
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

IDENT = b"panthor-reserve <panthor-reserve@localhost> 1767225600 +0000"


def quote(path):
    """Quote a path as fast-import wants it."""
    path = path.encode("utf-8", "surrogateescape")
    return b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def entry(tar, member):
    """Return mode and content of a tar member, or None for a folder."""
    if member.isdir():
        return None
    if member.issym():
        return b"120000", member.linkname.encode("utf-8", "surrogateescape")
    if member.isreg():
        mode = b"100755" if member.mode & 0o100 else b"100644"
        return mode, tar.extractfile(member).read()
    raise SystemExit(f"{member.name}: neither file nor link nor folder")


def main():
    ref, strip, message = arguments(__doc__, 3, 3)
    strip, message = int(strip), message.encode()
    out = sys.stdout.buffer.write
    count = 0

    out(b"commit %s\ncommitter %s\n" % (ref.encode(), IDENT))
    out(b"data %d\n%s\n" % (len(message), message))
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|", bufsize=1 << 20) as tar:
        for member in tar:
            parts = [p for p in member.name.split("/") if p not in ("", ".")]
            found = entry(tar, member)
            tar.members = []  # else every header stays in memory
            if not found or len(parts) <= strip:
                continue
            mode, data = found
            out(b"M %s inline %s\ndata %d\n" % (mode, quote("/".join(parts[strip:])), len(data)))
            out(data)
            out(b"\n")
            count += 1
            if count % 5000 == 0:
                print(f"{count} files", file=sys.stderr, flush=True)
    if not count:
        raise SystemExit("the archive holds no files")
    # Without this line fast-import throws everything away: a stream that was
    # cut short leaves no commit behind.
    out(b"done\n")


main()
