// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's event traces; see traces.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "host.h"
#include "tap.h"
#include "traces.h"

#define TRACING	"/sys/kernel/tracing/"

static char text[262144];

void traces_open(void)
{
	if (mount("tracefs", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		need(-errno);
}

const char *traces_read(void)
{
	need(sysfs_read(TRACING "trace", text, sizeof(text)));
	return text;
}

/* What was read, as lines for strtok_r() */
static char *first_line(char **save)
{
	static char copy[sizeof(text)];

	memcpy(copy, text, sizeof(copy));
	return strtok_r(copy, "\n", save);
}

void traces_show(void)
{
	char *line, *save;

	for (line = first_line(&save); line; line = strtok_r(NULL, "\n", &save))
		note("%s", line);
}

unsigned int traces_lines(const char *a, const char *b)
{
	unsigned int n = 0;
	char *line, *save;

	for (line = first_line(&save); line; line = strtok_r(NULL, "\n", &save))
		n += strstr(line, a) && strstr(line, b);
	return n;
}
