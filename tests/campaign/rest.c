// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See rest.h. What is counted: buffers and VMs of the driver, page tables, dma-bufs; that
 * the GPU goes to sleep, so that nobody holds its power; that it still works; and what
 * kmemleak finds, where it is on (kmemleak=on).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "acct.h"
#include "chaos.h"
#include "cs.h"
#include "host.h"
#include "memory.h"
#include "rest.h"
#include "state.h"
#include "tap.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"
/* A reset after a reset, on a host that has no time; it takes that long only if need be */
#define SETTLE_MS	90000
#define SLEEP_MS	15000
#define SCAN_GAP_MS	6000	/* younger than 5 s is never a leak */
#define JOB_MS		20000
#define TEXT		(4 * SZ_1M)

/* --- A job --------------------------------------------------------------- */

static int run_job(struct pan *p, uint32_t vm, const struct pan_bo *bo, uint64_t va)
{
	struct cs cs = { .buf = bo->map, .va = va, .max = 64 };
	volatile uint64_t *word = (uint64_t *)bo->map + 256;
	struct drm_panthor_queue_submit job = { .stream_addr = va };
	struct drm_panthor_sync_op sync;
	uint32_t group, done;
	int ret;

	cs_set_sb(&cs, 1, CS_SB_LS);
	cs_mov48(&cs, 64, va + 256 * sizeof(*word));
	cs_mov48(&cs, 0, 0xca3);
	cs_store(&cs, 0, 64, 3, 0);
	cs_wait(&cs, CS_SB_LS);
	job.stream_size = cs.count * sizeof(uint64_t);
	ret = pan_group_create(p, vm, 1, &group);
	if (ret)
		return ret;
	ret = pan_syncobj_create(p, &done);
	sync = pan_signal(done, 0);
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	if (!ret)
		ret = pan_submit(p, group, &job, 1);
	if (!ret)
		ret = pan_syncobj_wait(p, done, 0, JOB_MS);
	if (!ret && *word != 0xca3)
		ret = -EIO;
	pan_group_destroy(p, group);
	return ret;
}

static int try_job(void)
{
	struct pan_bo bo = { };
	struct pan p;
	uint32_t vm;
	int ret = pan_open(&p);

	if (ret)
		return ret;
	ret = pan_vm_create(&p, &vm);
	if (!ret)
		ret = pan_bo_create(&p, SZ_4K, 0, &bo);
	if (!ret)
		ret = pan_map(&p, vm, SZ_2M, &bo, 0, SZ_4K, DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED);
	if (!ret)
		ret = run_job(&p, vm, &bo, SZ_2M);
	pan_bo_destroy(&p, &bo);
	pan_close(&p);
	return ret;
}

/* --- What is left -------------------------------------------------------- */

struct left {
	const char *what;
	const char *file;	/* of the driver's, that has a line for each */
	long (*count)(void);
	long before;
};

static char text[TEXT];
/* How often the driver was, before this round: it loses page tables, which is known */
static unsigned long unbound;

static long count_of(const char *what)
{
	long n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static long vms(void)
{
	if (debugfs_read("gpuvas", text, sizeof(text)))
		return -1;
	return count_of("DRM GPU VA space");
}

static long dma_bufs(void)
{
	const char *at;

	if (sysfs_read(BUFINFO, text, sizeof(text)))
		return 0;
	at = strstr(text, "Total ");
	return at ? strtol(at + 6, NULL, 10) : 0;
}

/* Without those in which nothing is mapped: the firmware's VM keeps some of its own */
static long page_tables(void)
{
	acct_reclaim();
	return acct_pages();
}

static struct left lefts[] = {
	{ "buffers", "gems", bo_count, 0 },
	{ "VMs", "gpuvas", vms, 0 },
	{ "dma-bufs", NULL, dma_bufs, 0 },
	{ "pages of page tables", "vm_tables", page_tables, 0 },
};

/* Counts of slabs are exact only under a debug flag */
static bool is_exact(const struct left *l)
{
	return l->count != page_tables || !acct_why_not();
}

void rest_begin(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lefts); i++)
		lefts[i].before = lefts[i].count();
	sysfs_write(KMEMLEAK, "scan=off");
	sysfs_write(KMEMLEAK, "clear");
}

/* What there is goes to a file: a number alone says nothing about who it belongs to */
static void write_down(unsigned int round, const struct left *l)
{
	char path[64];
	FILE *f;

	if (!l->file || debugfs_read(l->file, text, sizeof(text)))
		return;
	snprintf(path, sizeof(path), "/out/left-%u-%s", round, l->file);
	f = fopen(path, "w");
	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

/* What only waits until the GPU has something to do is another mistake than a leak */
static long after_another_job(const struct left *l)
{
	int ret = try_job();

	if (ret)
		printf("# a job, to see if that lets it go: %s\n", strerror(-ret));
	sleep_ms(SLEEP_MS);
	return l->count();
}

static void report_left(unsigned int round, struct left *l, long now)
{
	long then;

	write_down(round, l);
	then = after_another_job(l);
	printf("left: round %u: %s: %ld, and %ld before; %ld after one more job\n", round,
	       l->what, now, l->before, then);
	/* Once is enough */
	l->before = then;
}

static unsigned int is_left(unsigned int round, struct left *l)
{
	long end = now_ms() + SETTLE_MS, now = l->count();

	if (!is_exact(l))
		return 0;
	while (now != l->before && now_ms() < end) {
		sleep_ms(100);
		now = l->count();
	}
	if (now == l->before)
		return 0;
	if (l->count == page_tables && chaos_unbound() != unbound) {
		printf("known: round %u: the driver was unbound: %ld pages of tables are lost\n",
		       round, now - l->before);
		l->before = now;
		return 0;
	}
	report_left(round, l, now);
	return 1;
}

/* --- It works ------------------------------------------------------------ */

/*
 * A device that was given up is bound again: its driver has said why, and that resets
 * fail twice is what was asked for.
 */
static unsigned int works(unsigned int round)
{
	int ret = try_job();

	if (ret == -ENODEV) {
		printf("# round %u: the device was given up, and is bound again\n", round);
		driver_unbind();
		driver_bind();
		rest_begin();
	}
	for (int i = 0; i < 3 && ret; i++) {
		sleep_ms(1000);
		ret = try_job();
	}
	if (ret)
		printf("left: round %u: a job of a new client: %s\n", round, strerror(-ret));
	return ret != 0;
}

/* --- kmemleak ------------------------------------------------------------ */

static unsigned int leaks(unsigned int round)
{
	char path[64];
	FILE *f;

	if (!options.leaks || access(KMEMLEAK, W_OK))
		return 0;
	/* What was found once and is gone at the second look was none */
	sysfs_write(KMEMLEAK, "scan");
	sleep_ms(SCAN_GAP_MS);
	sysfs_write(KMEMLEAK, "scan");
	if (sysfs_read(KMEMLEAK, text, sizeof(text)) || !text[0])
		return 0;
	printf("left: round %u: %ld objects of the kernel's memory\n", round,
	       count_of("unreferenced object"));
	snprintf(path, sizeof(path), "/out/kmemleak-%u", round);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	sysfs_write(KMEMLEAK, "clear");
	return 1;
}

unsigned int rest_check(unsigned int round)
{
	unsigned int n = works(round);

	for (unsigned int i = 0; i < ARRAY_SIZE(lefts); i++)
		n += is_left(round, &lefts[i]);
	if (!sleeps(SLEEP_MS)) {
		printf("left: round %u: the GPU does not go to sleep\n", round);
		n++;
	}
	n += leaks(round);
	unbound = chaos_unbound();
	fflush(stdout);
	return n;
}
