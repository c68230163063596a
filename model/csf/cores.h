/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shader cores as command streams use them: memory by way of the MMU, code that
 * is dropped when hardware drops it, and counters.
 *
 * Invariant: between two calls the machine knows of every byte that was written.
 */
#ifndef MALI_CSF_CORES_H
#define MALI_CSF_CORES_H

#include "../gpu/gpu.h"
#include "../shader/shader.h"

struct mali_cores;

/* @keep_code: code is as stale as on hardware. NULL when the host is out of memory. */
struct mali_cores *mali_cores_new(struct mali_base *base, struct mali_mmu *mmu,
				  struct mali_gpu *gpu, bool keep_code);
void mali_cores_free(struct mali_cores *c);

/* What stands for an address space in struct shader_job; @as: up to 15 */
void *mali_cores_space(struct mali_cores *c, unsigned int as);

/**
 * mali_cores_run() - go on with a job
 * @c: The cores.
 * @job: The job.
 * @budget: Lane instructions; what was executed is taken off it.
 * @one_group: Stop after the workgroup under way.
 * @fault: Filled with SHADER_FAULT and SHADER_STALL.
 */
enum shader_result mali_cores_run(struct mali_cores *c, struct shader_job *job,
				  int64_t *budget, bool one_group,
				  struct shader_fault *fault);

#endif /* MALI_CSF_CORES_H */
