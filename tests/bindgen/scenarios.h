/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one file or a part of one each, and what the command line says.
 */
#ifndef BINDGEN_SCENARIOS_H
#define BINDGEN_SCENARIOS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct options - the command line
 * @seed: Where chance starts.
 * @seconds: How long a scenario that has no end of its own goes on.
 * @ops: After how many operations it ends at the latest; 0: never.
 * @quick: Leave out what takes long.
 */
struct options {
	uint64_t seed;
	unsigned int seconds;
	unsigned long ops;
	bool quick;
};

extern struct options options;

void run_random(void);
void run_residue(void);
void run_queued(void);
void run_vms(void);
void run_kills(void);
void run_finding_kill(void);
void run_pressure(void);
void run_finding_block(void);
void run_failing(void);
void run_resets(void);

#endif /* BINDGEN_SCENARIOS_H */
