// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The base's life, time, and the guest's errors.
 *
 * Time is the machine's: nothing here or above looks at the host's clock, so that
 * two runs under a deterministic clock are equal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_state.h"

#define NS_HZ			1000000000u
/* Rate of the cycle counter: the core clock that the device tree states */
#define CORE_HZ			1000000000u

struct mali_base *mali_base_new(const struct mali_host_ops *ops, void *host,
				uint32_t timer_hz)
{
	struct mali_base *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->ops = *ops;
	b->host = host;
	b->timer_hz = timer_hz;
	base_update_mem(b);
	return b;
}

void mali_base_free(struct mali_base *b)
{
	free(b);
}

void mali_base_reset(struct mali_base *b)
{
	memset(&b->stats, 0, sizeof(b->stats));
	mali_schedule(b, MALI_NEVER);
}

struct mali_stats *mali_base_stats(struct mali_base *b)
{
	return &b->stats;
}

const struct mali_mem *mali_base_mem(struct mali_base *b)
{
	return &b->mem;
}

/* --- Time ----------------------------------------------------------------- */

/* @a * @mul / @div without overflow, for @mul and @div below 2^32 */
static uint64_t mul_div(uint64_t a, uint64_t mul, uint64_t div)
{
	return a / div * mul + a % div * mul / div;
}

uint64_t mali_now(const struct mali_base *b)
{
	return b->ops.clock_ns(b->host);
}

uint64_t mali_timestamp(const struct mali_base *b)
{
	return mul_div(mali_now(b), b->timer_hz, NS_HZ);
}

uint64_t mali_cycles(const struct mali_base *b)
{
	return mul_div(mali_now(b), CORE_HZ, NS_HZ);
}

uint64_t mali_timestamp_ns(const struct mali_base *b, uint64_t counts)
{
	return mul_div(counts, NS_HZ, b->timer_hz);
}

uint64_t mali_cycles_ns(uint64_t counts)
{
	return mul_div(counts, NS_HZ, CORE_HZ);
}

void mali_schedule(struct mali_base *b, uint64_t deadline)
{
	b->ops.schedule(b->host, deadline);
}

void mali_kick(struct mali_base *b)
{
	mali_schedule(b, mali_now(b));
}

/* --- The guest's errors --------------------------------------------------- */

void mali_guest_error(struct mali_base *b, const char *fmt, ...)
{
	char msg[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	b->ops.guest_error(b->host, msg);
}
