// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What there is to see of page tables; see sight.h.
 */
#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "acct.h"
#include "sight.h"

#define VM_TABLES	"/sys/kernel/debug/dri/0/vm_tables"
#define PM_CONTROL	"/sys/bus/platform/drivers/panthor/*/power/control"

static const struct {
	const char *label;
	size_t at;
} figures[] = {
	{ "  tables %ld", offsetof(struct sight, tables) },
	{ "  in use %ld", offsetof(struct sight, used) },
	{ "  waiting %ld", offsetof(struct sight, waiting) },
	{ "  idle %ld", offsetof(struct sight, idle) },
};

#define NUM_FIGURES	(sizeof(figures) / sizeof(figures[0]))

static long *figure(struct sight *s, unsigned int i)
{
	return (long *)((char *)s + figures[i].at);
}

/* Each is in the file once for each VM */
static void take_line(struct sight *s, const char *line)
{
	long n;

	for (unsigned int i = 0; i < NUM_FIGURES; i++)
		if (sscanf(line, figures[i].label, &n) == 1)
			*figure(s, i) += n;
}

static void take_tables(struct sight *s)
{
	FILE *f = fopen(VM_TABLES, "r");
	char line[128];

	for (unsigned int i = 0; i < NUM_FIGURES; i++)
		*figure(s, i) = f ? 0 : -1;
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		take_line(s, line);
	fclose(f);
}

void sight_take(struct sight *s)
{
	s->pages = acct_pages();
	take_tables(s);
}

void sight_take_settled(struct sight *s)
{
	s->pages = acct_settled();
	take_tables(s);
}

bool sight_stay_awake(bool awake)
{
	bool good = false;
	glob_t found;
	FILE *f;

	if (glob(PM_CONTROL, 0, NULL, &found))
		return false;
	f = fopen(found.gl_pathv[0], "w");
	globfree(&found);
	if (!f)
		return false;
	good = fputs(awake ? "on" : "auto", f) >= 0;
	return !fclose(f) && good;
}
