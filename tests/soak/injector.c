// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The injector: every few seconds the GPU fails in one of the ways that end in
 * a reset, and the next failure waits until the driver has done that.
 */
#include "host.h"
#include "inject.h"
#include "soak.h"

struct injected injected[NUM_KINDS] = {
	{ .what = "an MMU command that never ends" },
	{ .what = "a hang that does not terminate" },
	{ .what = "firmware that stops" },
	{ .what = "firmware that crashes" },
	{ .what = "a lost interrupt of the firmware" },
};

static int fail(unsigned int kind)
{
	switch (kind) {
	case 0:
		return inject_stuck();
	case 1:
		return induce("\"kind\": \"hang\", \"hard\": true");
	case 2:
		return induce("\"kind\": \"firmware-stop\"");
	case 3:
		return induce("\"kind\": \"firmware-crash\"");
	default:
		return inject_lost("job");
	}
}

/* The driver's ping, which finds a silent firmware, comes every 12 s. */
static bool wait_for_reset(struct injector *in, uint64_t before,
			   unsigned int ms)
{
	long end = now_ms() + ms;

	do {
		sleep_ms(50);
		in->resets = gpu_stat("resets");
	} while (in->resets == before && now_ms() < end);
	return in->resets > before;
}

static void one(struct injector *in)
{
	unsigned int kind = in->next++ % NUM_KINDS;
	uint64_t before = gpu_stat("resets");

	/* Between a reset and the next boot there is no firmware to stop */
	if (fail(kind))
		return;
	injected[kind].times++;
	/* One interrupt more or less is something that the driver survives */
	if (wait_for_reset(in, before, kind == 4 ? 500 : 20000))
		injected[kind].resets++;
	inject_clear();
}

void *injector_run(void *injector)
{
	struct injector *in = injector;

	while (!atomic_load(&soak_over)) {
		sleep_ms(in->every_ms);
		if (!atomic_load(&soak_over))
			one(in);
	}
	return NULL;
}
