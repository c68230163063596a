/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that repeats over a range of IOVA: what a page-table format does for it.
 */
#ifndef __IO_PGTABLE_REPEAT_H
#define __IO_PGTABLE_REPEAT_H

#include <linux/errno.h>
#include <linux/io-pgtable.h>
#include <linux/types.h>

struct iopt_reserve;

/**
 * struct iopt_repeat_fmt - What the general code must know of a format
 * @leaves: Write entries that map memory side by side into a table of a level
 * @fill: Write all entries of a table of a level with one value
 * @value: Value of an entry that shows a shared table to the hardware
 * @map: Write a value into entries side by side of the table of a level on the
 *	way to an IOVA, as far as that table goes, and count them. Fails as
 *	io_pgtable_ops::map_pages does. Does not allocate or sleep
 * @own: Give a table the entries of the shared one that an entry shows, and put
 *	it there instead, in an entry that still says that it is shared. False if
 *	the entry shows none. Called under the lock
 */
struct iopt_repeat_fmt {
	void (*leaves)(struct io_pgtable *iop, void *table, unsigned int level,
		       unsigned int index, unsigned int nr, phys_addr_t paddr,
		       int prot);
	void (*fill)(struct io_pgtable *iop, void *table, unsigned int level,
		     u64 value);
	u64 (*value)(struct io_pgtable *iop, void *table);
	int (*map)(struct io_pgtable *iop, unsigned long iova,
		   unsigned int level, u64 value, unsigned long nr,
		   unsigned long *done);
	bool (*own)(struct io_pgtable *iop, void *entry, void *table);
};

#ifdef CONFIG_IOMMU_IO_PGTABLE_REPEAT
int iopt_repeat_own(struct iopt_reserve *rsv, unsigned long iova,
		    unsigned int level);
#else
static inline int iopt_repeat_own(struct iopt_reserve *rsv, unsigned long iova,
				  unsigned int level)
{
	return -ENOENT;
}
#endif

#endif /* __IO_PGTABLE_REPEAT_H */
