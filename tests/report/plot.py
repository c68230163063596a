# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots as inline SVG. Colours are classes, so that the page's style decides them.

A plot is as wide as the column that it is in; its text is legible where that is a
telephone's, so the drawing is 440 units wide and no more.
"""

import math

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 14, 34


def text(x, y, content, anchor="start", cls="label"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls}">{content}</text>'


def svg(body, height, title):
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">'
            f"<title>{title}</title>{''.join(body)}</svg>")


def step_of(most):
    """A round distance between ticks, so that there are three to six of them."""
    rough = max(most, 1e-9) / 4
    power = 10 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)


def number(n):
    return f"{n:,.0f}" if n == int(n) else f"{n:,.2f}".rstrip("0")


class Axes:
    """Where things are: frames from left to right, values upwards from 0."""

    def __init__(self, count, most, unit):
        self.count, self.unit = count, unit
        self.step = step_of(most)
        self.most = self.step * math.ceil(max(most, 1e-9) / self.step)

    def x(self, i):
        return LEFT + (i + 0.5) * (WIDTH - LEFT - RIGHT) / self.count

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.most * (HEIGHT - BOTTOM - TOP)

    def draw(self):
        ticks = round(self.most / self.step)
        for i in range(ticks + 1):
            y = self.y(i * self.step)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="grid"/>'
            yield text(LEFT - 5, y + 4, number(i * self.step), "end")
        for i in range(0, self.count, max(1, self.count // 5)):
            yield text(self.x(i), HEIGHT - BOTTOM + 16, str(i + 1), "middle")
        yield text(WIDTH - RIGHT, HEIGHT - 3, "picture", "end")
        yield text(2, HEIGHT - 3, self.unit)


def line(axes, values, cls):
    points = " ".join(f"{axes.x(i):.1f},{axes.y(v):.1f}" for i, v in enumerate(values))
    return f'<polyline points="{points}" class="line {cls}"/>'


def dots(axes, values, cls):
    for i, v in enumerate(values):
        yield f'<circle cx="{axes.x(i):.1f}" cy="{axes.y(v):.1f}" r="3" class="dot {cls}"/>'


def lines(title, unit, series):
    """Lines over the frames; series are (class, values)."""
    axes = Axes(len(series[0][1]), max(max(values) for _, values in series), unit)
    body = list(axes.draw())
    for cls, values in series:
        body.append(line(axes, values, cls))
        body += dots(axes, values, cls)
    return svg(body, HEIGHT, title)


def zigzag(title, unit, series):
    """What goes up while something waits, and down behind it: three values a frame."""
    frames = len(series[0][1])
    axes = Axes(frames, max(max(max(v) for v in values) for _, values in series), unit)
    body = list(axes.draw())
    third = (WIDTH - LEFT - RIGHT) / frames / 3
    for cls, values in series:
        points = " ".join(f"{axes.x(i) + (k - 1) * third:.1f},{axes.y(v):.1f}"
                          for i, three in enumerate(values) for k, v in enumerate(three))
        body.append(f'<polyline points="{points}" class="line {cls}"/>')
    return svg(body, HEIGHT, title)


def bars(title, unit, stacks, over=None):
    """Bars over the frames, stacked; stacks are (class, values). A line over them."""
    count = len(stacks[0][1])
    tops = [sum(values[i] for _, values in stacks) for i in range(count)]
    axes = Axes(count, max(tops + (over[1] if over else [])), unit)
    width = (WIDTH - LEFT - RIGHT) / count * 0.7
    body = list(axes.draw())
    for i in range(count):
        at = 0
        for cls, values in stacks:
            top, bottom = axes.y(at + values[i]), axes.y(at)
            body.append(f'<rect x="{axes.x(i) - width / 2:.1f}" y="{top:.1f}" '
                        f'width="{width:.1f}" height="{bottom - top:.1f}" class="bar {cls}"/>')
            at += values[i]
    if over:
        body.append(line(axes, over[1], over[0]))
    return svg(body, HEIGHT, title)
