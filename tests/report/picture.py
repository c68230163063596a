# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures for the report: PPM to PNG, and many of them to one PNG that moves.

A film is an APNG: each frame after the first is a chunk "fdAT" in place of "IDAT",
and before each stands an "fcTL" that says how long it is shown.
"""

import base64
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB = 2
UP = 2


def read_ppm(path):
    """Width, height and the bytes of a binary PPM."""
    with open(path, "rb") as f:
        magic, size, most = f.readline(), f.readline(), f.readline()
        data = f.read()
    width, height = (int(n) for n in size.split())
    if magic != b"P6\n" or most != b"255\n" or len(data) != 3 * width * height:
        raise ValueError(f"{path} is no PPM of 8 bits")
    return width, height, data


def chunk(name, data):
    return (struct.pack(">I", len(data)) + name + data
            + struct.pack(">I", zlib.crc32(name + data)))


def header(width, height):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0))


def less_above(row, above):
    return bytes((a - b) & 255 for a, b in zip(row, above))


def compressed(width, height, data):
    """Each row as its difference to the one above, which packs well."""
    stride = 3 * width
    rows = [data[y * stride:(y + 1) * stride] for y in range(height)]
    filtered = (bytes([UP]) + less_above(row, above)
                for row, above in zip(rows, [bytes(stride)] + rows))
    return zlib.compress(b"".join(filtered), 9)


def png(path):
    width, height, data = read_ppm(path)
    return (SIGNATURE + header(width, height)
            + chunk(b"IDAT", compressed(width, height, data)) + chunk(b"IEND", b""))


def control(number, width, height, ms):
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, ms, 1000, 0, 0))


def film(paths, ms=350, last_ms=1500):
    """A PNG that shows one after the other, again and again."""
    frames, number = [], 0
    for i, path in enumerate(paths):
        width, height, data = read_ppm(path)
        packed = compressed(width, height, data)
        shown = last_ms if i == len(paths) - 1 else ms
        frames.append(control(number, width, height, shown))
        number += 1
        if i == 0:
            frames.append(chunk(b"IDAT", packed))
            continue
        frames.append(chunk(b"fdAT", struct.pack(">I", number) + packed))
        number += 1
    return (SIGNATURE + header(width, height)
            + chunk(b"acTL", struct.pack(">II", len(paths), 0))
            + b"".join(frames) + chunk(b"IEND", b""))


def as_url(data):
    return "data:image/png;base64," + base64.b64encode(data).decode()
