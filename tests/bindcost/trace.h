/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's event traces, through tracefs.
 */
#ifndef BINDCOST_TRACE_H
#define BINDCOST_TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* All return 0 or a negative errno. All events of @group where @event is "" */
int trace_event(const char *group, const char *event, bool on);
/* Only events for which the kernel finds @text true are written; "0": all */
int trace_filter(const char *group, const char *event, const char *text);
/* A line for kprobe_events */
int trace_probe(const char *line);
/* For each processor */
int trace_buffer_kb(unsigned int kb);
int trace_clear(void);

/* Events written since the start, those that were overwritten as well */
uint64_t trace_written(void);
/* Events that are lost: overwritten, or dropped */
uint64_t trace_lost(void);

/**
 * struct trace_line - one event
 * @irq: It happened in an interrupt, hard or soft.
 * @event: Its name, and @args what it says.
 */
struct trace_line {
	int pid;
	bool irq;
	const char *event;
	const char *args;
};

/* Calls @each for each event in the buffer, in their order */
int trace_for_each(void (*each)(const struct trace_line *line, void *data),
		   void *data);

#endif /* BINDCOST_TRACE_H */
