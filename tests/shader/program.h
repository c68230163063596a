/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests that are programs, and what their threads leave at DATA.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include "machine.h"

/* Lines of assembly, and a job of all that was set up */
static inline enum shader_result run(struct machine *m, const char *code)
{
	machine_code(m, code);
	return machine_run(m);
}

#endif
