// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scenario-hangs JSON NAME...: scenarios that do not end, and one that looks at nothing,
 * for tests/vmbind/tap.c.
 * One is killed when its time is over, the other one can not be. A process that is
 * stopped stands for one that waits in the kernel: both take no signal but SIGKILL,
 * and the latter not even that.
 */
#include <signal.h>
#include <unistd.h>

#include "tap.h"

static void waits(void)
{
	for (;;)
		pause();
}

static void stops(void)
{
	raise(SIGSTOP);
}

static void says_nothing(void)
{
}

static void passes(void)
{
	ok(true, "it ends");
}

int main(int argc, char **argv)
{
	static const struct scenario all[] = {
		{ "waits", "until it is killed", waits, 0 },
		{ "passes", "after that", passes, 0 },
		{ "silent", "has no test point", says_nothing, 0 },
		{ "stops", "and can not be killed", stops, 1 },
		{ "never", "comes after that", passes, 1 },
	};

	if (argc < 3)
		return 2;
	tap_init("scenario-hangs");
	tap_set_json(argv[1]);
	tap_run_names(all, sizeof(all) / sizeof(all[0]), argv + 2, 0, tap_run, 1);
	return tap_json() ? 1 : 0;
}
