/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many page-table pages the system holds for GPUs, counted exactly.
 *
 * Upstream's driver takes them from its own slab cache, "panthor-mmu-pt". A
 * slab cache hides free objects in per-CPU stores, except under a debug flag:
 * boot with slab_debug=F,panthor-mmu-pt to make the count exact. Tables that
 * come from the IOMMU page allocator are in NR_SECONDARY_PAGETABLE. The sum of
 * the two is the number, whichever a kernel uses.
 */
#ifndef VMBIND_ACCT_H
#define VMBIND_ACCT_H

#include <stdbool.h>

/* NULL when the count is exact, else why it is not */
const char *acct_why_not(void);

/* The driver has page tables in a slab cache of its own, as upstream's has */
bool acct_has_slab(void);

/* The pages held now, or a negative errno */
long acct_pages(void);

/* The same once deferred clean-up has come to rest */
long acct_settled(void);

/*
 * Tables in which nothing is mapped can stay for the next bind, up to 2 MiB a VM, and
 * those above them with them: two each, at worst. Reclaim takes them.
 */
#define ACCT_IDLE_LEAVES	512
#define ACCT_IDLE_MAX		(3 * ACCT_IDLE_LEAVES)

/* Let the kernel reclaim what it has at hand */
void acct_reclaim(void);

/* The pages held at rest when reclaim has taken what it can */
long acct_reclaimed(void);

/* The same once it is @pages, or at rest when it does not get there */
long acct_wait_for(long pages);

#endif /* VMBIND_ACCT_H */
