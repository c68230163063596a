/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the base. Each part belongs to one file, which alone changes it:
 * lines to irq.c, what is armed to inject.c and to whoever counts it down there.
 */
#ifndef MALI_BASE_STATE_H
#define MALI_BASE_STATE_H

#include "base.h"

/**
 * struct mali_line - an interrupt line on its way to the machine
 * @wanted: Its level as the GPU drives it.
 * @driven: Its level as the machine sees it.
 * @lose: Rising edges still to be lost.
 * @losing: The machine does not see the level that the GPU drives.
 * @spurious: High without a reason.
 */
struct mali_line {
	bool wanted;
	bool driven;
	unsigned int lose;
	bool losing;
	bool spurious;
};

/* What is armed; a count of 0 is nothing. */
struct mali_armed {
	struct {
		uint64_t pa;
		uint64_t size;
		unsigned int count;
	} bus;
	struct {
		int as;
		uint64_t page;
		uint8_t exception;
		unsigned int count;
	} fault;
	struct {
		uint64_t ns;
		unsigned int count;
	} slow[MALI_NUM_SLOW];
	struct {
		bool armed;
		int csg;
		int cs;
		bool hard;
	} hang;
};

struct mali_base {
	struct mali_host_ops ops;
	void *host;
	uint32_t timer_hz;
	struct mali_mem mem;
	struct mali_stats stats;
	struct mali_line line[MALI_NUM_IRQS];
	struct mali_armed armed;
	bool looking;
};

/* A bus error was armed, or is not any more: memory.c */
void base_update_mem(struct mali_base *b);
/* Let the machine see what a line is to be: irq.c */
void base_drive_line(struct mali_base *b, enum mali_irq line);

#endif /* MALI_BASE_STATE_H */
