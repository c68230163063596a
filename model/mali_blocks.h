/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What struct mali consists of, for mali.c and for the fuzzer, which looks inside.
 */
#ifndef MALI_BLOCKS_H
#define MALI_BLOCKS_H

#include "csf/csf.h"
#include "gpu/gpu.h"
#include "mali.h"

/* The blocks of one GPU, each of which keeps its state to itself */
struct mali {
	struct mali_base *base;
	struct mali_mmu *mmu;
	struct mali_gpu *gpu;
	struct mali_csf *csf;
};

#endif /* MALI_BLOCKS_H */
