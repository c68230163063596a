// SPDX-License-Identifier: MIT
/*
 * Memory that is scarce: buffers are taken away and come back in every mapping, tables in
 * which nothing is go, and what page tables take is charged to who binds.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "panthor_bind.h"

IGT_TEST_DESCRIPTION("Checks VM_BIND and reclaim, and the limits of a memcg.");

enum { BO_ID = 1, OTHER_ID };

#define SIZE		(4 * BLOCK)
#define PAGES		(SIZE / PAGE)
#define EVICT_MS	5000
/* Shorter than the time-out of a job */
#define IN_USE_MS	2500
#define RESIDENT	"drm-resident-memory:"

static int device = -1;
static struct pb p;
static struct panthor_bo bo;

/* Until the file has lost @size of its memory; nobody may use the GPU meanwhile */
static void evict(uint64_t size)
{
	long before = fdinfo(p.fd, RESIDENT), end = now_ms() + EVICT_MS;

	igt_require_f(before >= 0, "fdinfo does not say what is resident\n");
	sleep_ms(100);
	do {
		reclaim();
		if (before - fdinfo(p.fd, RESIDENT) >= (long)size)
			return;
		sleep_ms(20);
	} while (now_ms() < end);
	igt_assert_f(false, "of %ld KiB that are resident %ld stay\n", before / 1024,
		     fdinfo(p.fd, RESIDENT) / 1024);
}

/* --- Buffers ------------------------------------------------------------- */

static void comes_back(void)
{
	require_swap();
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	for (unsigned int i = 0; i < 3; i++) {
		gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
		evict(SIZE);
		gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
		evict(SIZE);
		igt_assert(pb_is_marked(bo.map, SIZE, BO_ID));
	}
}

static void in_many_places(void)
{
	require_swap();
	for (unsigned int i = 0; i < 16; i++)
		do_map(&p, TEST_VA + i * GB(1) + i * PAGE, &bo, i * TILE, BLOCK);
	evict(SIZE);
	for (unsigned int i = 0; i < 16; i++)
		gpu_sees(&p, TEST_VA + i * GB(1) + i * PAGE, BO_ID, i * 16, 512);
}

static void in_two_vms(void)
{
	struct pb other;

	require_swap();
	pb_open_on(&other, p.fd);
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	do_map(&other, TEST_VA + BLOCK, &bo, 0, SIZE);
	gpu_sees(&other, TEST_VA + BLOCK, BO_ID, 0, PAGES);
	evict(SIZE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	gpu_sees(&other, TEST_VA + BLOCK, BO_ID, 0, PAGES);
	gpu_faults(&other, TEST_VA);
	pb_close_on(&other);
}

/* Cut, replaced and unmapped while the memory is away */
static void cut_while_away(void)
{
	struct panthor_bo other;

	require_swap();
	pb_bo(&p, &other, TILE, OTHER_ID);
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	evict(SIZE);
	do_unmap(&p, TEST_VA + TILE, TILE);
	do_map(&p, TEST_VA + BLOCK + PAGE, &other, 0, TILE);
	do_sparse(&p, TEST_VA + 2 * BLOCK + MB(1), BLOCK);
	gpu_sees(&p, TEST_VA, BO_ID, 0, 16);
	gpu_faults(&p, TEST_VA + TILE);
	gpu_sees(&p, TEST_VA + 2 * TILE, BO_ID, 32, 512 - 31);
	gpu_sees(&p, TEST_VA + BLOCK + PAGE, OTHER_ID, 0, 16);
	gpu_sees(&p, TEST_VA + BLOCK + PAGE + TILE, BO_ID, 512 + 17, 1024 + 256 - 512 - 17);
	gpu_sparse(&p, TEST_VA + 2 * BLOCK + MB(1));
	gpu_sparse(&p, TEST_VA + 3 * BLOCK + MB(1) - PAGE);
	gpu_sees(&p, TEST_VA + 3 * BLOCK + MB(1), BO_ID, 1536 + 256, 256);
	evict(SIZE);
	do_unmap(&p, TEST_VA, SIZE);
	gpu_faults(&p, TEST_VA);
}

/* Queued before the memory goes, run while it is away */
static void queued_while_away(void)
{
	uint32_t out = syncobj_create(p.fd, 0);

	require_swap();
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	igt_assert_eq(bind_queued(&p, op_unmap(TEST_VA + BLOCK + 3 * PAGE, BLOCK),
				  gate_shut(&p), out), 0);
	evict(SIZE);
	gate_open(&p);
	igt_assert_eq(fence_settled(p.fd, out), 1);
	gpu_sees(&p, TEST_VA, BO_ID, 0, 512 + 3);
	gpu_faults(&p, TEST_VA + BLOCK + 3 * PAGE);
	gpu_faults(&p, TEST_VA + 2 * BLOCK + 2 * PAGE);
	gpu_sees(&p, TEST_VA + 2 * BLOCK + 3 * PAGE, BO_ID, 1024 + 3, 1024 - 3);
}

/* The GPU's own writes are what comes back */
static void written(void)
{
	require_swap();
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	for (unsigned int i = 0; i < PAGES; i += 97)
		igt_assert_eq(gpu_write(&p, TEST_VA + i * PAGE, pb_word(OTHER_ID, i)), 0);
	evict(SIZE);
	for (unsigned int i = 0; i < PAGES; i += 97)
		gpu_sees(&p, TEST_VA + i * PAGE, OTHER_ID, i, 1);
	gpu_sees(&p, TEST_VA + PAGE, BO_ID, 1, 96);
}

/* And is read-only if it was, what was cut meanwhile as well */
static void read_only_comes_back(void)
{
	struct drm_panthor_vm_bind_op op = op_map(TEST_VA, bo.handle, 0, SIZE);
	static const uint64_t places[] = { 0, 2 * BLOCK - 8, 2 * BLOCK + PAGE, SIZE - 8 };

	require_swap();
	op.flags |= OP_RO;
	igt_assert_eq(bind_now(&p, op), 0);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	evict(SIZE);
	do_unmap(&p, TEST_VA + 2 * BLOCK, PAGE);
	for (unsigned int i = 0; i < LEN(places); i++)
		igt_assert_eq(gpu_write(&p, TEST_VA + places[i], 3), -EIO);
	gpu_sees(&p, TEST_VA, BO_ID, 0, 1024);
	gpu_sees(&p, TEST_VA + 2 * BLOCK + PAGE, BO_ID, 1025, PAGES - 1025);
}

/* What a job uses stays, however much the kernel wants it */
static void in_use(void)
{
	long before, end;

	require_swap();
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	gpu_start(&p);
	before = fdinfo(p.fd, RESIDENT);
	for (end = now_ms() + IN_USE_MS; now_ms() < end; sleep_ms(20)) {
		reclaim();
		igt_assert_eq(fdinfo(p.fd, RESIDENT), before);
	}
	igt_assert_eq(gpu_stop(&p), 0);
	/* What was asked for in vain is to be had now */
	evict(SIZE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
}

/* --- What has nothing in it ---------------------------------------------- */

static void sparse_stays(void)
{
	require_swap();
	do_sparse(&p, TEST_VA, GB(4));
	gpu_sparse(&p, TEST_VA + GB(1));
	do_map(&p, TEST_VA + GB(2), &bo, 0, TILE);
	for (unsigned int i = 0; i < 4; i++) {
		sleep_ms(100);
		reclaim();
		gpu_sparse(&p, TEST_VA + i * GB(1) + MB(7));
		gpu_sees(&p, TEST_VA + GB(2), BO_ID, 0, 16);
	}
}

static void idle_tables_go(void)
{
	long before;

	require_reservations(device);
	reclaim();
	before = tables_at_rest(device, "tables");
	for (unsigned int i = 0; i < 300; i++)
		do_map(&p, TEST_VA + i * BLOCK, &bo, 0, TILE);
	do_unmap(&p, TEST_VA, 300 * BLOCK);
	igt_assert_lte_s64(200, tables(device, "idle"));
	for (unsigned int i = 0; i < 40 && tables(device, "idle"); i++)
		reclaim();
	igt_assert_eq(tables(device, "idle"), 0);
	igt_assert_eq(tables_at_rest(device, "tables"), before);
	do_map(&p, TEST_VA, &bo, 0, TILE);
	gpu_sees(&p, TEST_VA, BO_ID, 0, 16);
}

/* Reclaim in one process all the time, binds in this one */
static void beside_binds(void)
{
	unsigned long *reclaims = shared_memory(sizeof(*reclaims));

	require_swap();
	/* A child may not skip */
	reclaim();
	igt_fork(child, 1) {
		for (;;) {
			reclaim();
			__atomic_add_fetch(reclaims, 1, __ATOMIC_SEQ_CST);
		}
	}
	for (unsigned int i = 0; i < 60; i++) {
		uint64_t va = TEST_VA + i % 5 * GB(1);

		do_map(&p, va, &bo, i % 3 * BLOCK, BLOCK + TILE);
		gpu_sees(&p, va, BO_ID, i % 3 * 512, 512 + 16);
		do_unmap(&p, va + PAGE, BLOCK);
		gpu_sees(&p, va + BLOCK + PAGE, BO_ID, i % 3 * 512 + 513, 15);
		do_unmap(&p, va, BLOCK + TILE);
	}
	igt_assert_lt_s64(0, __atomic_load_n(reclaims, __ATOMIC_SEQ_CST));
	end_children();
	munmap(reclaims, sizeof(*reclaims));
}

/* --- A memcg ------------------------------------------------------------- */

#define MEMCG		"/sys/fs/cgroup/igt"
#define ROOT_PROCS	"/sys/fs/cgroup/cgroup.procs"
#define TABLES		256
#define LIMIT		MB(2)
#define TOO_MANY	4096

/* Upstream's tables come from a cache that is charged to nobody */
static void require_memcg(void)
{
	char controllers[256] = "";

	require_reservations(device);
	mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	read_file("/sys/fs/cgroup/cgroup.controllers", controllers, sizeof(controllers));
	igt_require_f(strstr(controllers, "memory"), "no memcg\n");
	igt_require(write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory"));
	mkdir(MEMCG, 0755);
}

static long charged(void)
{
	char text[KB(8)];
	const char *line;

	igt_assert(read_file(MEMCG "/memory.stat", text, sizeof(text)));
	line = strstr(text, "sec_pagetables ");
	return line ? strtol(line + strlen("sec_pagetables "), NULL, 10) : -1;
}

/* The kernel sums its counters up every other second */
static long charged_at_least(long bytes)
{
	for (unsigned int i = 0; i < 50 && charged() < bytes; i++)
		sleep_ms(100);
	return charged();
}

static long charged_at_most(long bytes)
{
	for (unsigned int i = 0; i < 50 && charged() > bytes; i++) {
		reclaim();
		sleep_ms(100);
	}
	return charged();
}

static void is_charged(void)
{
	long before, least = TABLES * PAGE;

	require_memcg();
	igt_assert(write_file(MEMCG "/cgroup.procs", "0"));
	before = charged();
	for (unsigned int i = 0; i < TABLES; i++)
		do_map(&p, TEST_VA + GB(9) + i * BLOCK, &bo, 0, TILE);
	igt_assert_lte_s64(before + least, charged_at_least(before + least));
	igt_assert_lte_s64(charged(), before + least + 16 * PAGE);
	do_unmap(&p, TEST_VA + GB(9), TABLES * BLOCK);
	igt_assert_eq(charged_at_most(before), before);
	igt_assert(write_file(ROOT_PROCS, "0"));
}

#define FEW		12
#define SPARSE_VA	(TEST_VA + TB(8))

static int take_tile(unsigned int i)
{
	return bind_now(&p, op_map(TEST_VA + i * GB(512) + TILE, bo.handle, 0, TILE));
}

/* Half of them over the edge of a table of the second level */
static int take_blocks(unsigned int i)
{
	uint64_t va = TEST_VA + (i + FEW) * GB(512) + (i % 2 ? GB(1) - BLOCK : GB(1));

	return bind_now(&p, op_map(va, bo.handle, 0, SIZE));
}

static int take_in_two(unsigned int i)
{
	return bind_now(&p, op_map(TEST_VA + (i + 1) * GB(8) + BLOCK - TILE, bo.handle, 0,
				   2 * TILE));
}

static int take_queued(unsigned int i)
{
	return bind_queued(&p, op_map(TEST_VA + GB(256) + i * GB(1), bo.handle, 0, PAGE), p.gate,
			   0);
}

static int take_sparse_page(unsigned int i)
{
	return bind_now(&p, op_sparse(SPARSE_VA - GB(100) + i * GB(1) + PAGE, PAGE));
}

/* Its tables are one of each level for all of it, and those at its ends */
static int take_sparse(unsigned int i)
{
	return bind_now(&p, op_sparse(SPARSE_VA + i * TB(1) + PAGE, TB(1) - 2 * PAGE));
}

static int take_hole(unsigned int i)
{
	return bind_now(&p, op_unmap(SPARSE_VA + i * TB(1) + GB(300) + PAGE, PAGE));
}

static int take_queued_hole(unsigned int i)
{
	return bind_queued(&p, op_unmap(SPARSE_VA + i * TB(1) + GB(500) + PAGE, PAGE), p.gate, 0);
}

static int take_tile_in_sparse(unsigned int i)
{
	return bind_now(&p, op_map(SPARSE_VA + i * TB(1) + GB(700), bo.handle, 0, TILE));
}

static uint32_t vms[FEW];

/* Its root, and what it has for its first bind */
static int take_vm(unsigned int i)
{
	igt_panthor_vm_create(p.fd, &vms[i], 0);
	return 0;
}

/* One of each level below the root */
#define SHARED		3

/*
 * Each FEW times, the tables that this takes at least, and those that debugfs does not count:
 * roots, and what all sparse mappings of a VM share, with the first of them
 */
static const struct {
	const char *name;
	int (*take)(unsigned int i);
	unsigned int least;
	unsigned int uncounted;
} takers[] = {
	{ "tiles", take_tile, 2 * FEW, 0 },
	{ "blocks", take_blocks, FEW, 0 },
	{ "tiles in two tables", take_in_two, 2 * FEW, 0 },
	{ "queued pages", take_queued, 2 * FEW, 0 },
	{ "sparse pages", take_sparse_page, 2 * FEW, SHARED },
	{ "sparse terabytes", take_sparse, 2, 0 },
	{ "holes in sparse ranges", take_hole, 2 * FEW, 0 },
	{ "queued holes", take_queued_hole, 2 * FEW, 0 },
	{ "tiles in sparse ranges", take_tile_in_sparse, 2 * FEW, 0 },
	{ "VMs", take_vm, 0, FEW },
};

static long charged_within_a_while(long bytes)
{
	for (unsigned int i = 0; i < 50 && charged() != bytes; i++)
		sleep_ms(100);
	return charged();
}

/* Whatever takes tables, all of them are charged, and nothing else is */
static void each_kind_is_charged(void)
{
	long charge;

	require_memcg();
	igt_assert(write_file(MEMCG "/cgroup.procs", "0"));
	gate_shut(&p);
	/* What others of these tests were charged for is summed up late, too */
	sleep_ms(2500);
	charge = charged();
	for (unsigned int i = 0; i < LEN(takers); i++) {
		long before = tables_at_rest(device, "tables"), want;

		for (unsigned int j = 0; j < FEW; j++)
			igt_assert_eq(takers[i].take(j), 0);
		want = tables_at_rest(device, "tables");
		igt_assert_f(want - before >= takers[i].least, "%s: %ld tables\n",
			     takers[i].name, want - before);
		charge += (want - before + takers[i].uncounted) * (long)PAGE;
		igt_assert_f(charged_within_a_while(charge) == charge,
			     "%s: %ld pages are charged, not %ld\n", takers[i].name,
			     charged() / (long)PAGE, charge / (long)PAGE);
	}
	gate_open(&p);
	/* The file is there as long as a mapping of a buffer */
	for (unsigned int i = 0; i < FEW; i++)
		igt_panthor_vm_destroy(p.fd, vms[i], 0);
	igt_assert(write_file(ROOT_PROCS, "0"));
}

/* The child binds until it is refused, or killed */
static void bind_beyond(void)
{
	struct panthor_bo tile;
	struct pb q;
	char text[64];
	int ret = 0;

	igt_assert(write_file(MEMCG "/cgroup.procs", "0"));
	pb_open(&q, device);
	pb_bo(&q, &tile, TILE, BO_ID);
	igt_assert(read_file(MEMCG "/memory.current", text, sizeof(text)));
	snprintf(text, sizeof(text), "%ld", atol(text) + (long)LIMIT);
	igt_assert(write_file(MEMCG "/memory.max", text));
	for (unsigned int i = 0; i < TOO_MANY && !ret; i++)
		ret = bind_now(&q, op_map(TEST_VA + i * BLOCK, tile.handle, 0, PAGE));
	igt_assert_eq(ret, -ENOMEM);
}

static void limit_holds(void)
{
	int err;

	require_memcg();
	do_map(&p, TEST_VA, &bo, 0, SIZE);
	igt_fork(child, 1)
		bind_beyond();
	err = __igt_waitchildren();
	igt_assert_f(!err || err == 128 + SIGKILL, "the child ended with %d\n", err);
	igt_assert(write_file(MEMCG "/memory.max", "max"));
	igt_assert_eq(charged_at_most(0), 0);
	gpu_sees(&p, TEST_VA, BO_ID, 0, PAGES);
	do_map(&p, TEST_VA + GB(1), &bo, 0, SIZE);
	gpu_sees(&p, TEST_VA + GB(1), BO_ID, 0, PAGES);
}

static const struct {
	const char *name;
	const char *about;
	void (*run)(void);
} subtests[] = {
	{ "comes-back", "A buffer is taken away and back again, by the GPU and the CPU",
	  comes_back },
	{ "many-places", "It is back in each of its mappings", in_many_places },
	{ "two-vms", "And in each VM", in_two_vms },
	{ "cut-while-away", "Mappings are cut and replaced while their memory is away",
	  cut_while_away },
	{ "queued-while-away", "So they are by what was queued before", queued_while_away },
	{ "written", "What the GPU wrote is what comes back", written },
	{ "read-only-comes-back", "What was read-only is so again", read_only_comes_back },
	{ "in-use", "What a job uses is not taken", in_use },
	{ "sparse-stays", "Sparse ranges do not notice", sparse_stays },
	{ "idle-tables-go", "Tables in which nothing is mapped are taken", idle_tables_go },
	{ "beside-binds", "Reclaim without an end beside binds", beside_binds },
	{ "charged", "Page tables are charged to who binds", is_charged },
	{ "charged-each-kind", "So they are for each kind of bind, and for VMs",
	  each_kind_is_charged },
	{ "limit", "A memcg's limit ends who binds too much, and nobody else", limit_holds },
};

int igt_main()
{
	igt_fixture()
		device = drm_open_driver(DRIVER_PANTHOR);

	for (unsigned int i = 0; i < LEN(subtests); i++) {
		igt_describe_f("%s", subtests[i].about);
		igt_subtest_f("%s", subtests[i].name) {
			pb_open(&p, device);
			pb_bo(&p, &bo, SIZE, BO_ID);
			subtests[i].run();
			pb_close(&p);
		}
	}

	igt_fixture()
		drm_close_driver(device);
}
