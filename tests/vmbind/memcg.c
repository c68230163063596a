// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A memcg for those who bind; see memcg.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "acct.h"
#include "host.h"
#include "memcg.h"
#include "tap.h"

#define CGROUPS	"/sys/fs/cgroup"
#define MEMCG	CGROUPS "/vmbind"

const char *memcg_make(void)
{
	char controllers[256] = "";

	if (acct_has_slab())
		return "this driver's tables are charged to nobody";
	mount("none", CGROUPS, "cgroup2", 0, NULL);
	sysfs_read(CGROUPS "/cgroup.controllers", controllers, sizeof(controllers));
	if (!strstr(controllers, "memory"))
		return "this kernel has no memcg";
	need(sysfs_write(CGROUPS "/cgroup.subtree_control", "+memory"));
	mkdir(MEMCG, 0755);
	return NULL;
}

void memcg_enter(void)
{
	need(sysfs_write(MEMCG "/cgroup.procs", "0"));
}

void memcg_leave(void)
{
	need(sysfs_write(CGROUPS "/cgroup.procs", "0"));
}

long memcg_limit(long more_kib)
{
	char text[64];
	long kib;

	if (!more_kib) {
		need(sysfs_write(MEMCG "/memory.max", "max"));
		return 0;
	}
	need(sysfs_read(MEMCG "/memory.current", text, sizeof(text)));
	kib = atol(text) / 1024 + more_kib;
	snprintf(text, sizeof(text), "%ldK", kib);
	need(sysfs_write(MEMCG "/memory.max", text));
	return kib;
}

long memcg_tables_kib(void)
{
	static char text[8192];
	const char *line;

	need(sysfs_read(MEMCG "/memory.stat", text, sizeof(text)));
	line = strstr(text, "sec_pagetables ");
	return line ? strtol(line + strlen("sec_pagetables "), NULL, 10) / 1024 : -1;
}

long memcg_tables_rise_to(long kib)
{
	for (int i = 0; i < 50 && memcg_tables_kib() < kib; i++)
		sleep_ms(100);
	return memcg_tables_kib();
}

long memcg_tables_fall_to(long kib)
{
	for (int i = 0; i < 50 && memcg_tables_kib() > kib; i++) {
		acct_reclaim();
		sleep_ms(100);
	}
	return memcg_tables_kib();
}
