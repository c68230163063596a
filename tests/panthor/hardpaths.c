// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hardpaths: Panthor's hard paths, driven on purpose and checked.
 *
 * This file is the command line and the list of scenarios, nothing more.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acct.h"
#include "host.h"
#include "inject.h"
#include "pan.h"
#include "scenarios.h"
#include "tap.h"

#define DEFAULT_TIMEOUT_S	120

/*
 * INJECTS: nothing to see without a QMP port. LONG: takes seconds, or has to keep up
 * with them; not on a slow kernel. ENDS: upstream's kernel does not survive it, and runs
 * it by its name only.
 */
enum kind {
	PLAIN = 0,
	INJECTS = 1,
	LONG = 2,
	ENDS = 4,
};

static const struct scenario scenarios[] = {
	{ "query", "what the device says of itself and of time", run_query, PLAIN },
	{ "arguments", "bad arguments of groups and jobs", run_arguments, PLAIN },
	{ "signal-nothing", "what is signalled is not there", run_signal_nothing, ENDS },
	{ "wait-behind", "a job waits for the one behind it", run_wait_behind, PLAIN },
	{ "counts", "counts that nobody has memory for", run_counts, PLAIN },
	{ "arrays", "arrays that leave no memory for others", run_arrays, ENDS },
	{ "sync-points", "points of timelines as files and as fences of buffers",
	  run_sync_points, PLAIN },
	{ "buffers", "labels, flags and syncs of buffers", run_buffers, PLAIN },
	{ "profiling", "fdinfo: time, cycles and memory", run_profiling, PLAIN },
	{ "rotate", "more groups than slots, state in registers only", run_rotate, LONG },
	{ "vms", "more VMs than address spaces, busy all", run_vms, PLAIN },
	{ "wakeup", "a group that is woken up while others are idle", run_wakeup, INJECTS },
	{ "lost-wait", "what a group waits for is unmapped", run_lost_wait, INJECTS },
	{ "chain", "blocked groups are evicted and woken by others", run_chain, PLAIN },
	{ "priority", "who gets the GPU when all want it", run_priority, PLAIN },
	{ "timeouts", "work that never ends, in three ways", run_timeouts, INJECTS | LONG },
	{ "hard-hang", "a group that cannot be terminated", run_hard_hang, INJECTS | LONG },
	{ "evicted-hang", "a group that cannot be suspended", run_evicted_hang, INJECTS | LONG },
	{ "protected", "what there is no hardware for", run_protected, PLAIN },
	{ "firmware-busy", "the firmware stops under work", run_firmware_busy, INJECTS },
	{ "firmware-crash", "the firmware crashes under work",
	    run_firmware_crash, INJECTS },
	{ "firmware-idle", "the firmware stops and nobody works",
	    run_firmware_idle, INJECTS | LONG },
	{ "firmware-suspend", "the firmware stops before a suspend",
	    run_firmware_suspend, INJECTS },
	{ "firmware-boot", "the firmware does not start", run_firmware_boot, INJECTS },
	{ "reset", "resets under groups on all slots and off",
	    run_reset_survival, INJECTS | LONG },
	{ "reset-flush", "a reset while reclaim flushes",
	    run_reset_flush, INJECTS | LONG },
	{ "reset-lock", "binds while the GPU is reset", run_reset_lock, INJECTS },
	{ "reset-free", "a VM goes while the GPU is reset",
	  run_reset_free, INJECTS | LONG },
	{ "lost-job", "a job interrupt that does not come", run_lost_job, INJECTS | LONG },
	{ "lost-mmu", "an MMU interrupt that does not come", run_lost_mmu, INJECTS | LONG },
	{ "short-flush", "binds that need not sleep until a flush is over", run_short_flush,
	  INJECTS },
	{ "lost-gpu", "a GPU interrupt that does not come", run_lost_gpu, INJECTS },
	{ "spurious", "interrupts for nothing", run_spurious, INJECTS },
	{ "gpu-fault", "faults of the GPU itself", run_gpu_fault, INJECTS },
	{ "faults", "MMU faults of every kind", run_faults, INJECTS },
	{ "stale-fault", "a fault that nobody has seen, and the next VM",
	  run_stale_fault, INJECTS },
	{ "bus-errors", "memory that does not answer", run_bus_errors, INJECTS | LONG },
	{ "unusable", "a queued bind that cannot be done", run_unusable, INJECTS },
	{ "beside", "binds beside calls that fail", run_beside, INJECTS },
	{ "vm-race", "a VM is destroyed while binds are made in it", run_vm_race, PLAIN },
	{ "heap-race", "a VM is destroyed while heaps are made in it", run_heap_race, LONG },
	{ "heap-pool", "first heaps of a VM that two want, or that goes", run_heap_pool,
	  INJECTS | LONG },
	{ "slow", "slow, but within the driver's limits", run_slow, INJECTS },
	{ "slow-flush", "a cache flush that never ends", run_slow_flush, INJECTS },
	{ "late-flush", "a cache flush that ends when nobody waits any more", run_late_flush,
	  INJECTS },
	{ "stuck-gather", "tables that go when a flush never ends", run_stuck_gather, INJECTS },
	{ "late-cut", "a block is cut, and its LOCK fails", run_late_cut, INJECTS },
	{ "stuck-destroy", "a VM is destroyed while the MMU is stuck",
	  run_stuck_destroy, INJECTS },
	{ "freed-trim", "a VM is freed while reclaim is at work", run_freed_trim, INJECTS },
	{ "unmapped-memory", "memory of what is unmapped, until the flush",
	  run_unmapped_memory, INJECTS },
	{ "evicted-memory", "memory that is taken while a flush never ends",
	  run_evicted_memory, INJECTS },
	{ "late-evict", "memory is not taken when a LOCK fails", run_late_evict, INJECTS },
	{ "late-restore", "memory is not restored when a LOCK fails",
	  run_late_restore, INJECTS },
	{ "gone-vmas", "memory of what is unmapped, and not flushed yet",
	  run_gone_vmas, INJECTS },
	{ "busy-trim", "reclaim meets a VM that is at work", run_busy_trim, INJECTS },
	{ "moved-memory", "memory that moves from one VM to another",
	  run_moved_memory, INJECTS | ENDS },
	{ "slow-power", "power that comes late", run_slow_power, INJECTS },
	{ "late-l2", "an L2 that does not come in time", run_late_l2, INJECTS },
	{ "stuck-suspend", "a suspend meets a stuck MMU command",
	  run_stuck_suspend, INJECTS },
	{ "stuck-reset", "a suspend meets a stuck MMU command, and a reset that does not end",
	  run_stuck_reset, INJECTS },
	{ "resume-reset", "a resume meets a stuck MMU command", run_resume_reset, INJECTS },
	{ "reset-suspend", "a reset, a suspend and a job at once",
	  run_reset_suspend, INJECTS | ENDS },
	{ "shader-fault", "shaders that fault", run_shader_fault, PLAIN },
	{ "shader-endless", "a shader that never ends", run_shader_endless, INJECTS | LONG },
	{ "shader-rotate", "more dispatches than slots", run_shader_rotate, LONG },
	{ "shader-killed", "groups that go in the middle of a dispatch", run_shader_killed,
	  INJECTS | LONG },
	{ "heap-arguments", "bad arguments of tiler heaps", run_heap_arguments, PLAIN },
	{ "heap-growth", "a tiler that runs out of memory", run_heap_growth, PLAIN },
	{ "heap-limits", "a tiler that gets no more memory", run_heap_limits, PLAIN },
	{ "heap-many", "more tilers than slots", run_heap_many, PLAIN },
	{ "power", "runtime PM, many times", run_power, PLAIN },
	{ "module", "the module is unloaded and loaded", run_module, PLAIN },
	{ "dead", "firmware that does not start after a reset", run_dead, INJECTS },
	{ "dead-reset", "a reset that never ends", run_dead_reset, INJECTS },
	/* Last: what it leaks would be found when the module is unloaded */
	{ "unbind", "the driver is unbound and bound", run_unbind, PLAIN },
	{ "unbind-busy", "the driver is unbound under work", run_unbind_busy, PLAIN },
	{ "unbind-stuck", "the driver is unbound while a flush never ends",
	  run_unbind_stuck, INJECTS },
	{ "unbind-group", "groups are made as the driver is unbound", run_unbind_group, PLAIN },
};

static char mark(const struct scenario *s)
{
	if (s->kind & ENDS)
		return '!';
	return s->kind & INJECTS ? '*' : ' ';
}

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: hardpaths [OPTION]... [SCENARIO]...\n"
		"Panthor's hard paths: schedules, hangs, resets, faults, loss of power. Prints\n"
		"TAP; exits 0 only when no test point failed.\n"
		"\n"
		"  --short        leave out those that take long\n"
		"  --dry          inject nothing: each scenario with a * has to fail\n"
		"  --rounds N     of \"beside\", in place of a few hundred\n"
		"  --timeout S    seconds that a scenario may take (%d)\n"
		"  --list         the names of the scenarios\n"
		"  --help         this text\n"
		"\n"
		"Without a SCENARIO all run, but those with a ! not on upstream's kernel, which does\n"
		"not survive them (docs/panthor-findings.md). Those with a * need the virtual Mali's\n"
		"QMP in the guest (scripts/guest/guest.sh --inject) and are skipped without it:\n",
		DEFAULT_TIMEOUT_S);
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(f, " %c%-18s%s\n", mark(&scenarios[i]),
			scenarios[i].name, scenarios[i].about);
}

/* Whatever it leaves behind, the next one starts with a GPU that works. */
static void run(const struct scenario *s, unsigned int timeout_s)
{
	if (s->kind & INJECTS && !inject_ready()) {
		skip("there is no QMP port in this guest", "%s", s->name);
		return;
	}
	tap_run(s, timeout_s);
	if (inject_ready())
		inject_clear();
	stay_awake(false);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "dry", no_argument, NULL, 'd' },
		{ "short", no_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned int timeout_s = DEFAULT_TIMEOUT_S;
	unsigned int without = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			timeout_s = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			beside_set_rounds(strtoul(optarg, NULL, 0));
			break;
		case 'd':
			inject_dry();
			break;
		case 's':
			without |= LONG;
			break;
		case 'l':
			tap_list(scenarios, ARRAY_SIZE(scenarios));
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	tap_check_names(scenarios, ARRAY_SIZE(scenarios), argv + optind);
	tap_init("hardpaths");
	inject_open();
	if (acct_has_slab())
		without |= ENDS;
	tap_run_names(scenarios, ARRAY_SIZE(scenarios), argv + optind, without, run,
		      timeout_s);
	return tap_done();
}
