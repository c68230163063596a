/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests that are programs, and what their threads leave at DATA.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include "../model/tap.h"
#include "machine.h"

/* Lines of assembly, and a job of all that was set up */
static inline enum shader_result run(struct machine *m, const char *code)
{
	machine_code(m, code);
	return machine_run(m);
}

/* One that has to come to its end */
static inline void run_through(struct machine *m, const char *code)
{
	if (run(m, code) != SHADER_DONE)
		diag("%s", m->fault.why);
}

/* What a program of one warp takes off its budget, beside what each warp does */
static inline uint64_t work_of(struct machine *m, const char *code)
{
	struct shader_stats a, b;

	shader_get_stats(m->sh, &a);
	run_through(m, code);
	shader_get_stats(m->sh, &b);
	return b.work - a.work - SHADER_WARP_COST;
}

/* The same beside its lanes' instructions as well */
static inline uint64_t extra_of(struct machine *m, const char *code)
{
	struct shader_stats a, b;
	uint64_t work;

	shader_get_stats(m->sh, &a);
	work = work_of(m, code);
	shader_get_stats(m->sh, &b);
	return work - (b.lane_instrs - a.lane_instrs);
}

#endif
