/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations in page tables of struct io_pgtable: what its formats call.
 */
#ifndef __IO_PGTABLE_RESERVE_H
#define __IO_PGTABLE_RESERVE_H

#include <linux/io-pgtable.h>

#include "iommu-reserve.h"

struct iopt_reserve *
io_pgtable_reserve_create(struct io_pgtable *iop,
			  const struct io_pgtable_cfg *cfg,
			  const struct iopt_reserve_fmt *fmt,
			  const struct iopt_geometry *geo, void *top);

#endif /* __IO_PGTABLE_RESERVE_H */
