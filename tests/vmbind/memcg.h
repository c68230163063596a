/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memcg for those who bind, and the page tables that are charged to it. All functions
 * leave the scenario when something fails.
 */
#ifndef VMBIND_MEMCG_H
#define VMBIND_MEMCG_H

/* NULL if there is a memcg to work in, else why not */
const char *memcg_make(void);

/* From here on the process is in it; and not any more */
void memcg_enter(void);
void memcg_leave(void);

/* It may have so many KiB more than it has now; 0: as many as there are. Returns the limit */
long memcg_limit(long more_kib);

/* KiB of page tables that are charged to it */
long memcg_tables_kib(void);
/*
 * The same once they have come to @kib, within a few seconds: the kernel sums up its
 * counters every other second. The second one has idle tables reclaimed
 */
long memcg_tables_rise_to(long kib);
long memcg_tables_fall_to(long kib);

#endif /* VMBIND_MEMCG_H */
