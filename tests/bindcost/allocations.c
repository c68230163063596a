// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations of pages and of slab objects between the start and the end of
 * panthor_vm_bind_run_job(), which is what the fence-signalling section of a
 * queued bind is in. The driver has no part in the counting, so that any kernel
 * is measured the same way: probes at the function's start and end, the
 * kernel's own events for each allocation, and probes where it has none, which
 * is allocating in bulk. What an interrupt allocates in between does not count.
 *
 * Nor does what SLUB allocates for itself: a free may find no room in the cache
 * of free objects and then try, without waiting, to get another such cache. It
 * has a count of its own.
 *
 * That the count can be other than nought shows in panthor_vm_bind_job_create(),
 * which prepares a bind and must allocate.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "costs.h"
#include "tap.h"
#include "trace.h"

#define MANY		512
#define BUFFER_KB	16384
#define LONG_BUFFER_KB	131072
#define MAX_TASKS	64

static const char *const probes[] = {
	"p:bindcost/run panthor:panthor_vm_bind_run_job",
	"r:bindcost/run_end panthor:panthor_vm_bind_run_job",
	"p:bindcost/create panthor:panthor_vm_bind_job_create",
	"r:bindcost/create_end panthor:panthor_vm_bind_job_create",
	"p:bindcost/objects kmem_cache_alloc_bulk_noprof n=%x2:u64",
	"p:bindcost/pages alloc_pages_bulk_noprof n=%x3:u64",
};

static const char *const kmem_events[] = {
	"kmalloc", "kmem_cache_alloc", "mm_page_alloc",
};

/*
 * A function that is entered and left, by several tasks at a time. What is
 * allocated in it is shown where it is not meant to.
 */
struct section {
	const char *start;
	const char *end;
	unsigned long entered;
	unsigned long left;
	unsigned long allocations;
	unsigned long slub;
	unsigned int tasks;
	bool show;
	int inside[MAX_TASKS];
};

struct count {
	struct section run;
	struct section create;
	unsigned long allocations;
};

static const struct count no_count = {
	.run = { .start = "run", .end = "run_end", .show = true },
	.create = { .start = "create", .end = "create_end" },
};

static int *find(struct section *s, int pid)
{
	for (unsigned int i = 0; i < s->tasks; i++)
		if (s->inside[i] == pid)
			return &s->inside[i];
	return NULL;
}

static unsigned long allocated(const struct trace_line *line)
{
	const char *n;

	for (unsigned int i = 0; i < ARRAY_SIZE(kmem_events); i++)
		if (!strcmp(line->event, kmem_events[i]))
			return 1;
	if (strcmp(line->event, "objects") && strcmp(line->event, "pages"))
		return 0;
	n = strstr(line->args, "n=");
	return n ? strtoul(n + 2, NULL, 0) : 1;
}

/* When an allocation leads to it, that has an event as well */
static bool slubs_own(const struct trace_line *line)
{
	return strstr(line->args, "call_site=__alloc_empty_sheaf+");
}

static void section_line(struct section *s, const struct trace_line *line)
{
	int *task = find(s, line->pid);

	if (!strcmp(line->event, s->start)) {
		s->entered++;
		if (!task && s->tasks < MAX_TASKS)
			s->inside[s->tasks++] = line->pid;
	} else if (!strcmp(line->event, s->end)) {
		s->left++;
		if (task)
			*task = s->inside[--s->tasks];
	} else if (task && !line->irq && slubs_own(line)) {
		s->slub++;
	} else if (task && !line->irq && allocated(line)) {
		s->allocations += allocated(line);
		if (s->show)
			note("%s: %s", line->event, line->args);
	}
}

static void count_line(const struct trace_line *line, void *data)
{
	struct count *count = data;

	count->allocations += allocated(line);
	section_line(&count->run, line);
	section_line(&count->create, line);
}

static void events(bool on)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kmem_events); i++)
		need(trace_event("kmem", kmem_events[i], on));
	need(trace_event("bindcost", "", on));
}

/* @filter: only allocations for which the kernel finds it true, or "0" */
static void start_counting(unsigned int buffer_kb, const char *filter)
{
	need(trace_buffer_kb(buffer_kb));
	for (unsigned int i = 0; i < ARRAY_SIZE(probes); i++)
		need(trace_probe(probes[i]));
	for (unsigned int i = 0; i < ARRAY_SIZE(kmem_events); i++)
		need(trace_filter("kmem", kmem_events[i], filter));
	need(trace_filter("bindcost", "objects", filter));
	need(trace_filter("bindcost", "pages", filter));
	need(trace_clear());
	events(true);
}

/* How many events were lost */
static uint64_t stop_counting(struct count *count)
{
	uint64_t lost;

	events(false);
	lost = trace_lost();
	need(trace_for_each(count_line, count));
	/* Takes the events out of the buffer as well */
	need(trace_probe("-:bindcost/"));
	return lost;
}

/*
 * Binds of all kinds, queued and waited for, in a VM that has an address space of
 * the GPU's: they have to flush what that knows of the page table.
 */
struct work {
	struct gpu gpu;
	uint32_t done;
	struct pan_bo bo;
	struct drm_panthor_vm_bind_op ops[MANY];
};

static void run_ops(struct work *w, unsigned int n)
{
	need(gpu_touch(&w->gpu));
	queue_and_wait(w->gpu.pan, w->gpu.vm, w->ops, n, w->done);
}

/* A tile in each 2 MiB of 1 GiB */
static void run_tiles(struct work *w, uint64_t at, uint64_t offset)
{
	for (unsigned int i = 0; i < MANY; i++)
		w->ops[i] = pan_op_map(DATA_VA + i * SZ_2M + at, &w->bo, offset,
				       SZ_64K);
	run_ops(w, MANY);
}

static void run_scattered(struct work *w)
{
	for (unsigned int i = 0; i < MANY; i++)
		w->ops[i] = pan_op_map(DATA_VA + 2 * SZ_1G + i * SZ_4K, &w->bo,
				       (MANY - 1 - i) * SZ_4K, SZ_4K);
	run_ops(w, MANY);
}

/* Blocks of 2 MiB, each then cut by an unmap */
static void run_split(struct work *w)
{
	unsigned int n = MANY / 2;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t va = DATA_VA + 3 * SZ_1G + i * SZ_2M;

		w->ops[2 * i] = pan_op_map(va, &w->bo, 0, SZ_2M);
		w->ops[2 * i + 1] = pan_op_unmap(va + SZ_1M, SZ_64K);
	}
	run_ops(w, MANY);
}

static void run_sparse(struct work *w)
{
	uint64_t va = DATA_VA + 16 * SZ_1G;

	w->ops[0] = pan_op_sparse(va, 16 * SZ_1G);
	for (unsigned int i = 1; i < MANY; i++)
		w->ops[i] = pan_op_map(va + i * 13 * SZ_2M + SZ_64K, &w->bo, 0,
				       SZ_64K);
	run_ops(w, MANY);
}

static void run_nothing_left(struct work *w)
{
	w->ops[0] = pan_op_unmap(DATA_VA, 64 * SZ_1G);
	run_ops(w, 1);
}

static void run_work(struct work *w)
{
	run_tiles(w, 0, 0);
	run_tiles(w, 0, SZ_64K);
	run_tiles(w, SZ_1M, 0);
	run_scattered(w);
	run_split(w);
	run_sparse(w);
	run_nothing_left(w);
}

void cost_allocations(struct pan *p)
{
	struct count count = no_count;
	struct work w = {};
	uint64_t lost;

	gpu_open(&w.gpu, p);
	need(pan_syncobj_create(p, &w.done));
	need(pan_bo_create(p, SZ_2M, 0, &w.bo));
	start_counting(BUFFER_KB, "0");
	run_work(&w);
	lost = stop_counting(&count);
	note("%lu jobs ran, SLUB allocated %lu times, %lu were prepared, %llu events lost",
	     count.run.left, count.run.slub, count.create.left,
	     (unsigned long long)lost);
	if (!lost && count.run.entered == count.run.left &&
	    count.create.entered == count.create.left) {
		printf("bench: P8 jobs %lu\n", count.run.left);
		printf("bench: P8 allocations_signalling %lu\n",
		       count.run.allocations);
		printf("bench: P8 allocations_preparing %lu\n",
		       count.create.allocations);
	}
	gpu_close(&w.gpu);
	pan_bo_destroy(p, &w.bo);
	pan_syncobj_destroy(p, w.done);
}

static int run_command(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int allocations_during(char **argv)
{
	struct count count = no_count;
	uint64_t lost;
	int ret;

	/* Queued binds run in the kernel's workers. A filter, for the buffer's sake */
	start_counting(LONG_BUFFER_KB, "COMM ~ \"kworker*\"");
	ret = run_command(argv);
	lost = stop_counting(&count);
	note("%lu bind jobs ran, %lu of %lu allocations were in their fence-signalling sections",
	     count.run.left, count.run.allocations, count.allocations);
	note("and %lu of SLUB's own; %llu events lost", count.run.slub,
	     (unsigned long long)lost);
	/* Workers do allocate elsewhere: where none was seen, nothing was counted */
	if (lost || !count.run.left || !count.allocations || count.run.allocations)
		return 3;
	return ret;
}
