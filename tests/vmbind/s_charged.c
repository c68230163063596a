// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables and the memcg of who binds: they are charged to it while they are
 * there, and its limit holds. Upstream's driver takes tables from a slab cache that
 * is charged to nobody.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu.h"
#include "memcg.h"
#include "scenarios.h"
#include "tap.h"

#define TABLES		256
#define VMS		16
/* What a VM has at hand for its first bind: one of each level below the top */
#define STOCK_TABLES	3
#define FAR_VA		(DATA_VA + SZ_1G * 1024ull)
/* Upper tables, and what a batch of RCU callbacks has yet to free */
#define MORE_TABLES	8
/* Of a sparse mapping, at least: one of 2 MiB blocks, one of such tables */
#define SHARED_TABLES	2
/* More than the limit has room for, with or without what describes tables */
#define LIMIT_KIB	2048
#define TOO_MANY	4096
#define CHILD_LIMITED	3

static void tables_are_charged(struct gpu *g, const struct pan_bo *bo)
{
	long unit = sysconf(_SC_PAGESIZE) / 1024, least = TABLES * 4, before, grown;

	memcg_enter();
	before = memcg_tables_kib();
	for (unsigned int i = 0; i < TABLES; i++)
		gpu_map(g, FAR_VA + i * SZ_2M, bo, 0, SZ_64K);
	grown = memcg_tables_rise_to(before + least) - before;
	detail("%ld KiB for %ld of tables", grown, least);
	ok(grown >= least && grown <= least + MORE_TABLES * unit,
	   "tables are charged to who binds, and as much as they are");

	need(pan_unmap(g->pan, g->vm, FAR_VA, TABLES * SZ_2M));
	is(memcg_tables_fall_to(before), before, "nothing is charged once they are gone");
	memcg_leave();
}

static void stocks_are_charged(struct pan *p)
{
	long least = VMS * STOCK_TABLES * 4, before;
	uint32_t vms[VMS];

	memcg_enter();
	before = memcg_tables_kib();
	for (unsigned int i = 0; i < VMS; i++)
		need(pan_vm_create(p, &vms[i]));
	detail("%ld KiB", memcg_tables_rise_to(before + least) - before);
	ok(memcg_tables_kib() >= before + least,
	   "the first tables of a VM are charged to who makes it");
	for (unsigned int i = 0; i < VMS; i++)
		need(pan_vm_destroy(p, vms[i]));
	is(memcg_tables_fall_to(before), before, "and go with it");
	memcg_leave();
}

/*
 * So many sparse mappings, one every @step bytes, are charged @tables at least, and
 * nothing once they are gone.
 */
static void sparse_is_charged(struct gpu *g, uint64_t va, uint64_t size, uint64_t step,
			      unsigned int nr, unsigned int tables, const char *what)
{
	long before, least = tables * 4;

	memcg_enter();
	before = memcg_tables_kib();
	for (unsigned int i = 0; i < nr; i++)
		need(pan_map_sparse(g->pan, g->vm, va + i * step, size));
	detail("%ld KiB", memcg_tables_rise_to(before + least) - before);
	ok(memcg_tables_kib() >= before + least, "%s", what);

	need(pan_unmap(g->pan, g->vm, va, nr * step));
	is(memcg_tables_fall_to(before), before, "and nothing when they are gone");
	memcg_leave();
}

static void sparse_mappings_are_charged(struct gpu *g)
{
	const uint64_t top = 2 * 512 * SZ_1G;

	/* Entries of the top; two tables may fit in a larger page that was charged before */
	if (sysconf(_SC_PAGESIZE) == (long)SZ_4K)
		sparse_is_charged(g, 8 * top, top, top, 1, SHARED_TABLES,
				  "so are those that sparse mappings share");
	/* Alone in its GiB, each needs a table there */
	sparse_is_charged(g, FAR_VA, 2 * SZ_2M, SZ_1G, TABLES, TABLES,
			  "so are those that they have at their ends");
}

/* In a process of its own, which the kernel may kill */
static void bind_beyond_the_limit(void)
{
	struct pan_bo bo;
	struct gpu g;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &bo);
	memset(bo.map, 1, SZ_64K);
	memcg_limit(LIMIT_KIB);
	for (unsigned int i = 0; i < TOO_MANY; i++) {
		int ret = pan_map(&p, g.vm, FAR_VA + (uint64_t)i * SZ_2M, &bo, 0, SZ_4K, 0);

		if (ret)
			_exit(ret == -ENOMEM ? CHILD_LIMITED : 1);
	}
	_exit(0);
}

static void limit_holds(struct gpu *g, const struct pan_bo *src, const struct pan_bo *dst)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		memcg_enter();
		bind_beyond_the_limit();
	}
	need(pid);
	need(waitpid(pid, &status, 0) == pid ? 0 : -errno);
	detail("status %#x", status);
	ok((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	   (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_LIMITED),
	   "who binds more than its memcg allows gets ENOMEM, or is killed");
	is(memcg_tables_fall_to(0), 0, "and leaves nothing that is charged");

	fill(src->map, 1, SZ_64K);
	ok(!gpu_copy(g, DATA_VA + SZ_1G, DATA_VA, SZ_64K) && holds(dst->map, 1, 0, SZ_64K),
	   "others go on");
	memcg_limit(0);
}

void run_charged(void)
{
	const char *why = memcg_make();
	struct pan_bo src, dst;
	struct gpu g;
	struct pan p;

	if (why) {
		skip(why, "page tables are charged");
		return;
	}
	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &src);
	gpu_bo(&g, SZ_64K, &dst);
	gpu_map(&g, DATA_VA, &src, 0, SZ_64K);
	gpu_map(&g, DATA_VA + SZ_1G, &dst, 0, SZ_64K);
	tables_are_charged(&g, &src);
	sparse_mappings_are_charged(&g);
	stocks_are_charged(&p);
	limit_holds(&g, &src, &dst);
	gpu_close(&g);
	pan_close(&p);
}
