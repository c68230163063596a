// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's event traces; see trace.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

#define TRACEFS	"/sys/kernel/tracing/"

static int put(const char *file, const char *text, int flags)
{
	char path[160];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

int trace_event(const char *group, const char *event, bool on)
{
	char file[120];

	snprintf(file, sizeof(file), "events/%s/%s%senable", group, event,
		 *event ? "/" : "");
	return put(file, on ? "1" : "0", 0);
}

int trace_filter(const char *group, const char *event, const char *text)
{
	char file[120];

	snprintf(file, sizeof(file), "events/%s/%s/filter", group, event);
	return put(file, text, 0);
}

int trace_probe(const char *line)
{
	return put("kprobe_events", line, O_APPEND);
}

int trace_buffer_kb(unsigned int kb)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", kb);
	return put("buffer_size_kb", text, 0);
}

int trace_clear(void)
{
	return put("trace", "", O_TRUNC);
}

static bool cpu_stat(unsigned int cpu, const char *name, uint64_t *sum)
{
	unsigned long long n;
	char line[160];
	FILE *f;

	snprintf(line, sizeof(line), TRACEFS "per_cpu/cpu%u/stats", cpu);
	f = fopen(line, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		if (!strcmp(line, name) && sscanf(colon + 1, "%llu", &n) == 1)
			*sum += n;
	}
	fclose(f);
	return true;
}

/* Of all processors */
static uint64_t stat(const char *name)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu_stat(cpu, name, &sum); cpu++)
		;
	return sum;
}

uint64_t trace_written(void)
{
	return stat("entries") + stat("overrun") + stat("read events");
}

uint64_t trace_lost(void)
{
	return stat("overrun") + stat("dropped events");
}

/*
 * "  kworker/u5:1-38      [000] d.s1.     1.234567: kmalloc: call_site=..."; a
 * task's name may have anything in it.
 */
static bool parse(char *text, struct trace_line *line)
{
	char flags[16], *at = text;
	int event, end;

	while ((at = strchr(at, '-'))) {
		at++;
		end = 0;
		if (sscanf(at, "%d [%*d] %15s %*f: %n%*[^:]:%n", &line->pid,
			   flags, &event, &end) == 2 && end)
			break;
	}
	if (!at)
		return false;
	line->irq = strlen(flags) > 2 && strchr("hHsSzZ", flags[2]);
	line->event = at + event;
	line->args = at + end;
	at[end - 1] = '\0';
	return true;
}

int trace_for_each(void (*each)(const struct trace_line *line, void *data),
		   void *data)
{
	FILE *f = fopen(TRACEFS "trace", "r");
	struct trace_line line;
	char text[512];

	if (!f)
		return -errno;
	while (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		if (text[0] != '#' && parse(text, &line))
			each(&line, data);
	}
	fclose(f);
	return 0;
}
