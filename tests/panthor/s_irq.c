// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts that do not come, and some that come for nothing.
 */
#include <errno.h>

#include "host.h"
#include "inject.h"
#include "scenarios.h"
#include "tap.h"
#include "work.h"

/* The driver looks at the results when the job's time is over: it is done. */
void run_lost_job(void)
{
	struct copier c;
	struct pan p;
	long start;

	copier_open_awake(&c, &p, "a copy is right");
	kmsg_mark();
	need(inject_lost("job"));
	start = now_ms();
	is(copier_run(&c), 0, "one whose interrupt is lost is right as well");
	note("after %ld ms", now_ms() - start);
	ok(now_ms() - start > 1000, "but late");
	not_said("job timeout");
	need(inject_clear());
	start = now_ms();
	is(copier_run(&c), 0, "the next copy is right");
	ok(now_ms() - start < 1000, "and in time");
	copier_close(&c);
	stay_awake(false);
	pan_close(&p);
}

/* The fault is never reported: the stream stands still until its time is over */
void run_lost_mmu(void)
{
	struct copier c;
	struct pan p;
	struct cs cs;

	copier_open_awake(&c, &p, "a copy is right");
	kmsg_mark();
	need(inject_lost("mmu"));
	cs = gpu_cs(&c.gpu);
	cs_copy(&cs, COPY_VA + SZ_1M, COPY_VA + SZ_1G, SZ_4K);
	need(gpu_queue(&c.gpu, 0, &cs, 0, c.gpu.done));
	ok(ends(&c.gpu, 8000), "a job that faults unheard has an end");
	said("job timeout");
	not_said("Unhandled Page fault");
	group_is(&c.gpu, DRM_PANTHOR_GROUP_STATE_TIMEDOUT, -ETIMEDOUT,
		 "it timed out");
	/* Now the line rises, for a fault that is long over */
	need(inject_clear());
	said("Unhandled Page fault");
	sleep_ms(50);
	need(gpu_revive(&c.gpu));
	is(copier_run(&c), 0, "a new group in the VM works");
	copier_close(&c);
	stay_awake(false);
	life_goes_on("after a lost fault");
	pan_close(&p);
}

/* The flush was made, so the driver finds after its time-out */
void run_lost_gpu(void)
{
	uint64_t resets;
	struct copier c;
	struct pan p;
	long start;
	int ret;

	copier_open_awake(&c, &p, "a copy is right");
	kmsg_mark();
	resets = gpu_stat("resets");
	/* Longer than the driver looks for its end */
	need(inject_slow("flush", MS));
	need(inject_lost("gpu"));
	start = now_ms();
	ret = pan_map(&p, c.gpu.vm, DATA_VA, &c.src, 0, SZ_64K, 0);
	is(ret, 0, "a bind whose flush is never announced is made");
	note("after %ld ms", now_ms() - start);
	ok(now_ms() - start > 80, "but late");
	not_said("Flush caches timeout");
	is(gpu_stat("resets") - resets, 0, "without a reset");
	need(inject_clear());
	start = now_ms();
	need(pan_unmap(&p, c.gpu.vm, DATA_VA, SZ_64K));
	ok(now_ms() - start < 80, "the next one is in time");
	is(copier_run(&c), 0, "and a copy is right");

	/* Its bit stays where the driver found it */
	need(inject_slow("flush", MS));
	need(inject_lost("gpu"));
	start = now_ms();
	need(pan_map(&p, c.gpu.vm, DATA_VA, &c.src, 0, SZ_64K, 0));
	ok(now_ms() - start > 80, "another one that is never announced");
	bind_with_stuck(&c.gpu, &c.dst, "flush");
	need(inject_clear());
	said("Flush caches timeout");
	ok(reset_within(resets, 2000), "a flush that does not end is not taken for the one before");
	copier_close(&c);
	stay_awake(false);
	pan_close(&p);
}

/*
 * Interrupts of the GPU while something is mapped and unmapped @n times, also those that are
 * taken back before a processor takes them
 */
static long interrupts_of(struct copier *c, unsigned int n)
{
	uint64_t before = gpu_stat("irq-gpu");

	for (unsigned int i = 0; i < n; i++) {
		need(pan_map(c->gpu.pan, c->gpu.vm, DATA_VA, &c->src, 0, SZ_64K, 0));
		need(pan_unmap(c->gpu.pan, c->gpu.vm, DATA_VA, SZ_64K));
	}
	return gpu_stat("irq-gpu") - before;
}

/*
 * Of four mappings made and taken away, each with a flush that takes @ns: all eight interrupts
 * come, within 10 ms each. Now and then another interrupt or a busy host holds the processor for
 * as long as a flush takes, so that it is over when the driver looks first; but a driver that
 * does not sleep never gets all eight.
 */
static bool each_interrupts(struct copier *c, unsigned long ns)
{
	need(inject_slow("flush", ns));
	for (int try = 0; try < 30; try++) {
		long start = now_ms();

		if (interrupts_of(c, 4) == 8 && now_ms() - start < 80)
			return true;
	}
	return false;
}

/* Only who sleeps until a flush is over is told so by an interrupt */
void run_short_flush(void)
{
	uint64_t flushes;
	struct copier c;
	struct pan p;

	copier_open_awake(&c, &p, "a copy is right");
	flushes = gpu_stat("cache-flushes");
	is(interrupts_of(&c, 16), 0, "binds whose flush is over at once interrupt nobody");
	ok(gpu_stat("cache-flushes") >= flushes + 32, "though each flushes");
	ok(each_interrupts(&c, 100000), "each that takes 100 us does");
	ok(each_interrupts(&c, MS), "each that takes a millisecond does, and not much longer");
	need(inject_slow("flush", 0));
	is(interrupts_of(&c, 16), 0, "nor do those after it");
	is(copier_run(&c), 0, "a copy is right then");
	copier_close(&c);
	stay_awake(false);
	pan_close(&p);
}

/*
 * How many interrupts come when a line is raised three times for nothing, -1 if the
 * monitor does not obey
 */
static long raise_three(const char *line, const char *interrupt)
{
	long before = interrupt_count(interrupt);

	for (int k = 0; k < 3; k++) {
		if (inject_spurious(line))
			return -1;
		sleep_ms(20);
	}
	return interrupt_count(interrupt) - before;
}

/*
 * The driver pings the firmware every few seconds, and the answer is a job interrupt. Two
 * of them can not be in two tries that follow each other.
 */
static long raise_three_undisturbed(const char *line, const char *interrupt)
{
	long came = raise_three(line, interrupt);

	if (came > 3) {
		detail("%ld interrupts came, tried again", came);
		came = raise_three(line, interrupt);
	}
	return came;
}

void run_spurious(void)
{
	static const struct {
		const char *line, *interrupt;
	} lines[] = {
		{ "job", "panthor-job" },
		{ "mmu", "panthor-mmu" },
		{ "gpu", "panthor-gpu" },
	};
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	copier_open(&c, &p);
	for (unsigned int i = 0; i < 3; i++) {
		long came;

		sleep_ms(50);
		came = raise_three_undisturbed(lines[i].line, lines[i].interrupt);
		detail("%ld interrupts came", came);
		ok(came == 3, "three for nothing on the %s line arrive", lines[i].line);
		is(copier_run(&c), 0, "and do no harm");
	}
	copier_close(&c);
	stay_awake(false);
	pan_close(&p);
}

void run_gpu_fault(void)
{
	struct copier c;
	struct pan p;

	need(pan_open(&p));
	ok(stay_awake(true), "the GPU is awake");
	copier_open(&c, &p);
	kmsg_mark();
	need(induce("\"kind\": \"gpu-fault\", \"exception\": %d, \"address\": %d",
		    0x88, 0x12345000));
	said("(GPU_SHAREABILITY_FAULT) at 0x0000000012345000");
	is(copier_run(&c), 0, "work goes on after a GPU fault");
	need(induce("\"kind\": \"gpu-fault\", \"exception\": %d, \"protected\": true",
		    0x8a));
	said("GPU Fault in protected mode");
	is(copier_run(&c), 0, "and after one in protected mode");
	copier_close(&c);
	stay_awake(false);
	pan_close(&p);
}
