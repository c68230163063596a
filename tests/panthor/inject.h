/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP from inside the guest: the virtio port "qmp" leads to a monitor of the
 * QEMU that this guest runs in (scripts/guest/guest.sh --inject). With it a scenario
 * makes the GPU fail, and looks at it from outside.
 */
#ifndef PANTHOR_INJECT_H
#define PANTHOR_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "tap.h"

/* Of a millisecond, and never: delays of inject_slow() */
#define MS		1000000ull
#define INJECT_NEVER	INT64_MAX

#define SLOTS		8
#define STREAMS		8

/* A group slot, as x-mali-slots describes it */
struct slot {
	bool active;
	bool idle;
	unsigned int as;
	unsigned int priority;
	struct {
		bool started;
		char block[16];
		uint64_t cmd_ptr;
		uint64_t extract;
		uint64_t insert;
	} stream[STREAMS];
};

/*
 * Opens the port and negotiates; 0, -ENODEV when there is no such port. Open
 * it once: what forks inherits it.
 */
int inject_open(void);

/* From here on nothing is injected, and every inject*() succeeds */
void inject_dry(void);

/* There is a port */
bool inject_ready(void);

/*
 * Execute a command with arguments (JSON, NULL for none). The answer stays
 * valid until the next call; NULL when it was an error, see inject_error().
 */
const char *qmp(const char *command, const char *arguments);

/* What QEMU, or the time-out, said last */
const char *inject_error(void);

/* x-mali-inject with these members: "\"kind\": \"clear\"". 0 or -EINVAL */
__printf(1, 2)
int induce(const char *fmt, ...);

int inject_clear(void);
int inject_slow(const char *what, uint64_t ns);
/* The next command of an address space never ends; a reset forgets it */
int inject_stuck(void);
int inject_lost(const char *line);
int inject_spurious(const char *line);

/* A counter of x-mali-stats */
uint64_t gpu_stat(const char *name);

/* False when QEMU does not answer */
bool gpu_slots(struct slot slots[SLOTS]);

/* The slot that a stream in [va, va + size) runs on, or -1; in AS @as if >= 0 */
int gpu_slot_of(uint64_t va, uint64_t size, int as);

/* The address space of the slot, or -1 */
int gpu_slot_as(unsigned int slot);

/* x-mali-translate: the physical address, and the table of level @level */
uint64_t gpu_translate(unsigned int as, uint64_t va);
uint64_t gpu_table(unsigned int as, uint64_t va, unsigned int level);

#endif /* PANTHOR_INJECT_H */
