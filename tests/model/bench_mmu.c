// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast the MMU translates, on one core of this machine.
 *
 *   bench_mmu [FILE]
 *
 * prints a table and appends one JSON object a line to FILE. Each row runs
 * for a fixed time, and checks that it measured what it says it did.
 */
#include <stdio.h>
#include <time.h>

#include "mmu_fixture.h"

#define VA		(1ull << 39)
#define SECONDS		0.5
#define BATCH		4096u

struct row {
	const char *scenario;
	const char *what;
	unsigned int pages;
	bool blocks;
	unsigned int stride;	/* pages from one access to the next, odd */
	/* One access; the sum keeps the compiler from dropping it. */
	uint64_t (*access)(struct fixture *f, uint64_t va);
	double hit_rate_min;
	double hit_rate_max;
};

static void die(const char *why)
{
	fprintf(stderr, "error: %s\n", why);
	exit(1);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec * 1.0 / 1000000000;
}

static uint64_t access_translate(struct fixture *f, uint64_t va)
{
	struct mali_mmu_fault fault;
	struct mali_mmu_xlat x;

	if (mali_mmu_translate(f->mmu, 1, va, READ, &x, &fault))
		die("a translation failed");
	return x.pa;
}

static uint64_t access_read32(struct fixture *f, uint64_t va)
{
	struct mali_mmu_fault fault;
	uint32_t val;

	if (mali_mmu_read32(f->mmu, 1, va, &val, READ, &fault))
		die("a read failed");
	return val;
}

static uint64_t access_write32(struct fixture *f, uint64_t va)
{
	struct mali_mmu_fault fault;

	if (mali_mmu_write32(f->mmu, 1, va, 1, WRITE, &fault))
		die("a write failed");
	return 0;
}

/* Nothing cached at all: four descriptors for each. */
static uint64_t access_cold(struct fixture *f, uint64_t va)
{
	/* A command in each access, the cheapest that drops. */
	command(f, 1, UPDATE);
	return access_translate(f, va);
}

static uint64_t access_lock_unlock(struct fixture *f, uint64_t va)
{
	lock_unlock(f, 1, va, 15);
	return 0;
}

static const struct row rows[] = {
	{ "M1", "TLB hits, 64 pages", 64, false, 1, access_translate, 0.99, 1 },
	{ "M2", "TLB hits, 2048 pages", 2048, false, 17, access_translate, 0.99, 1 },
	{ "M3", "TLB hits, 32-bit reads", 2048, false, 17, access_read32, 0.99, 1 },
	{ "M4", "TLB hits, 32-bit writes", 2048, false, 17, access_write32, 0.99, 1 },
	{ "M5", "pages of 2M blocks", 65536, true, 521, access_translate, 0.99, 1 },
	{ "M6", "TLB misses, walk cache hits", 65536, false, 521,
	  access_translate, 0, 0.05 },
	{ "M7", "UPDATE, then a cold walk", 2048, false, 17, access_cold, 0, 0 },
	{ "M8", "LOCK and UNLOCK of 32 KiB", 2048, false, 17,
	  access_lock_unlock, 0, 1 },
};

static void map(struct fixture *f, const struct row *r)
{
	uint64_t pa = sim_alloc_aligned(&f->sim, 1024, 2 * MB);

	for (unsigned int i = 0; i < r->pages; i++) {
		if (!r->blocks)
			sim_pt_map(&f->sim, f->root, VA + i * 0x1000ull,
				   pa + i % 1024 * 0x1000ull, 0x1000, SIM_RW);
		else if (i % 512 == 0)
			sim_pt_map_one(&f->sim, f->root, VA + i * 0x1000ull,
				       pa, 2, SIM_RW);
	}
}

static double measure(struct fixture *f, const struct row *r)
{
	uint64_t page = 0, count = 0, sum = 0;
	double start, now;

	for (unsigned int i = 0; i < r->pages; i++)
		sum += r->access(f, VA + i * 0x1000ull);
	memset(f->stats, 0, sizeof(*f->stats));

	start = seconds();
	do {
		for (unsigned int i = 0; i < BATCH; i++) {
			sum += r->access(f, VA + page * 0x1000 + 8 * (i % 512));
			page = (page + r->stride) % r->pages;
		}
		count += BATCH;
		now = seconds();
	} while (now - start < SECONDS);

	__asm__ volatile("" : : "r"(sum));
	return count / (now - start);
}

static double hit_rate(const struct mali_stats *s)
{
	uint64_t all = s->tlb_hits + s->tlb_misses;

	return all ? (double)s->tlb_hits / all : 0;
}

static void run(const struct row *r, FILE *json)
{
	struct fixture f;
	double rate, hits;

	fixture_init(&f, 0);
	map(&f, r);
	rate = measure(&f, r);
	hits = hit_rate(f.stats);
	if (hits < r->hit_rate_min || hits > r->hit_rate_max)
		die("a row did not measure what it says");
	printf("%-3s %-30s %9.2f M/s  %8.1f ns\n", r->scenario, r->what,
	       rate / 1e6, 1e9 / rate);
	if (json)
		fprintf(json, "{\"scenario\": \"%s\", \"metric\": \"%s\", "
			"\"unit\": \"1/s\", \"value\": %.0f}\n", r->scenario, r->what,
			rate);
	fixture_free(&f);
}

int main(int argc, char **argv)
{
	FILE *json = NULL;

	if (argc > 1) {
		json = fopen(argv[1], "a");
		if (!json)
			die("cannot open the result file");
	}
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i], json);
	if (json && fclose(json))
		die("cannot write the result file");
	return 0;
}
