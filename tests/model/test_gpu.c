// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GPU control page as a driver that probes the device sees it: identity,
 * power, reset, cache flushes, counters, and what the register window does
 * with accesses that make no sense.
 */
#include "driver.h"
#include "tap.h"

static void test_identity(void)
{
	static const struct {
		const char *name;
		uint32_t reg, val;
	} regs[] = {
		{ "GPU_ID", 0x000, 0xa8670005 },
		{ "L2_FEATURES", 0x004, 0x07120306 },
		{ "CORE_FEATURES", 0x008, 0 },
		{ "TILER_FEATURES", 0x00c, 0x809 },
		{ "MEM_FEATURES", 0x010, 0x301 },
		{ "MMU_FEATURES", 0x014, 0x2830 },
		{ "AS_PRESENT", 0x018, 0xff },
		{ "CSF_ID", 0x01c, 0x040a0412 },
		{ "THREAD_MAX_THREADS", 0x0a0, 0x800 },
		{ "THREAD_MAX_WORKGROUP_SIZE", 0x0a4, 0x400 },
		{ "THREAD_MAX_BARRIER_SIZE", 0x0a8, 0x400 },
		{ "THREAD_FEATURES", 0x0ac, 0x04010000 },
		{ "TEXTURE_FEATURES_0", 0x0b0, 0xc1ffff9e },
		{ "SHADER_PRESENT", 0x100, 0x50005 },
		{ "TILER_PRESENT", 0x110, 1 },
		{ "L2_PRESENT", 0x120, 1 },
		{ "REVID", 0x280, 0xa8670005 },
		{ "COHERENCY_FEATURES", 0x300, 0x80000001 },
	};
	struct driver d;

	drv_init(&d);
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		is_u64(rd32(&d, regs[i].reg), regs[i].val, "%s",
		       regs[i].name);
		wr32(&d, regs[i].reg, ~regs[i].val);
		is_u64(rd32(&d, regs[i].reg), regs[i].val,
		       "%s is read-only", regs[i].name);
	}
	is_u64(rd64(&d, 0x100), 0x50005, "SHADER_PRESENT, 64 bits at once");
	is_u64(rd64(&d, 0x000), 0x07120306a8670005ull,
	       "two registers in one read");
	drv_free(&d);
}

static void test_coherency(void)
{
	static const struct mali_config cfg = { .coherent = false };
	struct sim sim;
	struct mali *m;

	sim_init(&sim);
	m = mali_new(&cfg, &sim_ops, &sim);
	is_u64(mali_mmio_read(m, 0x300, 4), 0x80000000,
	       "a GPU that is not coherent does not offer ACE-Lite");
	is_u64(mali_mmio_read(m, 0x304, 4), 31, "and its protocol is none");
	mali_free(m);
	sim_free(&sim);
}

static void test_power(struct driver *d, const char *name, uint32_t domain,
		       uint64_t present)
{
	unsigned int rises = d->sim.rises[MALI_IRQ_GPU];

	wr32(d, GPU_INT + CLEAR, ~0u);
	wr32(d, GPU_INT + MASK, IRQ_POWER);
	is_u64(rd64(d, PWR_READY + domain), 0, "%s is off", name);

	wr64(d, PWR_ON + domain, ~present);
	ok(!rd64(d, PWR_READY + domain) && !d->sim.irq[MALI_IRQ_GPU],
	   "%s: cores that are not present stay silent", name);

	wr64(d, PWR_ON + domain, present);
	is_u64(rd64(d, PWR_READY + domain), present, "%s is on", name);
	is_u64(rd64(d, PWR_ACTIVE + domain), present, "%s is active", name);
	is_u64(rd64(d, PWR_TRANS + domain), 0, "%s: no transition", name);
	ok(d->sim.rises[MALI_IRQ_GPU] == rises + 1 &&
	   rd32(d, GPU_INT + STAT) == IRQ_POWER, "%s: interrupt", name);
	ok(rd32(d, 0x34) & 2, "%s: GPU_STATUS says power", name);

	wr32(d, GPU_INT + CLEAR, IRQ_POWER);
	ok(!d->sim.irq[MALI_IRQ_GPU] && !rd32(d, GPU_INT + RAWSTAT),
	   "%s: interrupt cleared", name);

	wr64(d, PWR_OFF + domain, present & -present);
	is_u64(rd64(d, PWR_READY + domain), present & (present - 1),
	       "%s: one core off", name);
	ok(d->sim.irq[MALI_IRQ_GPU], "%s: interrupt on power-off", name);
	wr64(d, PWR_OFF + domain, ~0ull);
	is_u64(rd64(d, PWR_READY + domain), 0, "%s is off again", name);
	ok(!(rd32(d, 0x34) & 2), "%s: GPU_STATUS says no power", name);
}

static void test_irq_block(struct driver *d)
{
	wr32(d, GPU_INT + MASK, 0);
	wr32(d, GPU_INT + CLEAR, ~0u);
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	ok(rd32(d, GPU_INT + RAWSTAT) == IRQ_CLEAN &&
	   !rd32(d, GPU_INT + STAT) && !d->sim.irq[MALI_IRQ_GPU],
	   "a masked event is in RAWSTAT only");
	wr32(d, GPU_INT + MASK, IRQ_CLEAN);
	ok(d->sim.irq[MALI_IRQ_GPU], "unmasking raises the line");
	wr32(d, GPU_INT + CLEAR, ~IRQ_CLEAN);
	ok(d->sim.irq[MALI_IRQ_GPU], "clearing others leaves it");
	wr32(d, GPU_INT + STAT, 0);
	ok(d->sim.irq[MALI_IRQ_GPU], "STAT is read-only");
	wr32(d, GPU_INT + CLEAR, IRQ_CLEAN);
	ok(!d->sim.irq[MALI_IRQ_GPU], "clearing lowers it");
	wr32(d, GPU_INT + RAWSTAT, IRQ_CLEAN);
	ok(d->sim.irq[MALI_IRQ_GPU], "software may raise an event");
	wr32(d, GPU_INT + CLEAR, IRQ_CLEAN);
}

/* A GPU in use: everything that a reset has to undo */
static void make_busy(struct driver *d)
{
	drv_up(d);
	drv_as_new(d, 3);
	wr64(d, PWR_ON + PWR_SHADER, ~0ull);
	wr64(d, PWR_ON + PWR_TILER, ~0ull);
	wr32(d, 0x48, 0x12345678);
	wr32(d, 0x304, 7);
	wr64(d, 0x88, 0x1122334455667788ull);
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	wr32(d, GPU_INT + MASK, IRQ_RESET);
}

static void test_reset(uint32_t cmd, const char *name)
{
	struct driver d;
	struct mali_stats s;

	make_busy(&d);
	wr32(&d, GPU_CMD, cmd);
	is_u64(rd32(&d, GPU_INT + RAWSTAT), IRQ_RESET,
	       "%s: RESET_COMPLETED and nothing else is pending", name);
	is_u64(rd32(&d, GPU_INT + MASK), IRQ_RESET,
	       "%s: the mask of the GPU interrupt survives", name);
	ok(d.sim.irq[MALI_IRQ_GPU], "%s: the interrupt came", name);
	is_u64(rd64(&d, PWR_READY + PWR_SHADER) |
	       rd64(&d, PWR_READY + PWR_TILER) |
	       rd64(&d, PWR_READY + PWR_L2), 0, "%s: power is off", name);
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "%s: the MCU is off", name);
	is_u64(rd32(&d, MCU_CTL), 0, "%s: and not asked to run", name);
	is_u64(rd32(&d, JOB_INT + MASK) | rd32(&d, JOB_INT + RAWSTAT) |
	       rd32(&d, MMU_INT + MASK) | rd32(&d, MMU_INT + RAWSTAT), 0,
	       "%s: job and MMU interrupts are off", name);
	is_u64(rd64(&d, AS_REG(3, AS_TRANSTAB)), 0,
	       "%s: address spaces are gone", name);
	is_u64(rd32(&d, FLUSH_ID), 1, "%s: the flush identity restarts", name);
	is_u64(rd32(&d, 0x48) | rd64(&d, 0x88) | rd32(&d, 0x304), 0,
	       "%s: L2_CONFIG, TIMESTAMP_OFFSET, COHERENCY_PROTOCOL", name);
	drv_ring_glb(&d);
	drv_run(&d, 1 * MS);
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "%s: a doorbell wakes nothing",
	       name);

	drv_power_l2(&d);
	drv_as_enable(&d, 0, d.root[0]);
	drv_reload_sections(&d, true);
	ok(drv_boot(&d) && !drv_init_ifaces(&d), "%s: and it boots again",
	   name);
	mali_get_stats(d.m, &s);
	is_u64(s.resets, 1, "%s: was counted", name);
	drv_free(&d);
}

static void test_power_on_reset(void)
{
	struct driver d;
	struct mali_stats s;

	make_busy(&d);
	wr32(&d, GPU_CMD, GPU_CMD_FLUSH);
	mali_reset(d.m);
	is_u64(rd32(&d, GPU_INT + RAWSTAT), 0,
	       "power-on reset: no event is pending");
	is_u64(rd32(&d, GPU_INT + MASK), 0, "power-on reset: all masked");
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "power-on reset: MCU off");
	is_u64(d.sim.deadline_ns, MALI_NEVER, "power-on reset: nothing to do");
	ok(!d.sim.irq[0] && !d.sim.irq[1] && !d.sim.irq[2],
	   "power-on reset: lines low");
	mali_get_stats(d.m, &s);
	is_u64(s.cache_flushes + s.resets + s.as_update + s.cs_instrs, 0,
	       "power-on reset: counters restart");
	drv_free(&d);
}

/* What is remembered of tables is in the L2's domain. */
static void test_power_of_tlb(void)
{
	static const uint32_t domain[] = { PWR_SHADER, PWR_TILER, PWR_L2 };

	for (unsigned int i = 0; i < 3; i++) {
		struct mali_stats a, b;
		struct driver d;

		drv_up(&d);
		wr64(&d, PWR_ON + domain[i], ~0ull);
		drv_glb_toggle(&d, G_PING);
		mali_get_stats(d.m, &a);
		wr64(&d, PWR_OFF + domain[i], ~0ull);
		wr64(&d, PWR_ON + domain[i], ~0ull);
		drv_glb_toggle(&d, G_PING);
		mali_get_stats(d.m, &b);
		is_u64(b.tlb_misses > a.tlb_misses, domain[i] == PWR_L2,
		       "domain 0x%x: tables are walked again after the L2 was off only",
		       domain[i]);
		drv_free(&d);
	}
}

static void test_flush(void)
{
	struct driver d;
	struct mali_stats s;

	drv_init(&d);
	wr32(&d, GPU_INT + CLEAR, ~0u);
	is_u64(rd32(&d, FLUSH_ID), 1, "the first flush identity is not 0");
	for (unsigned int i = 0; i < 3; i++)
		wr32(&d, GPU_CMD, GPU_CMD_FLUSH);
	is_u64(rd32(&d, FLUSH_ID), 4, "each flush makes a new one");
	is_u64(rd32(&d, GPU_INT + RAWSTAT), IRQ_CLEAN, "and reports itself");
	wr32(&d, FLUSH_ID, 77);
	is_u64(rd32(&d, FLUSH_ID), 4, "the identity is read-only");
	mali_get_stats(d.m, &s);
	is_u64(s.cache_flushes, 3, "flushes are counted");
	drv_free(&d);
}

static void test_time(void)
{
	struct driver d;
	uint64_t t, c;

	drv_init(&d);
	d.sim.now_ns = 1000000000ull;
	is_u64(rd64(&d, 0x98), 62500000, "a second is 62.5 million ticks");
	is_u64(rd64(&d, 0x90), 1000000000, "and 10^9 cycles");
	t = rd64(&d, 0x98);
	c = rd64(&d, 0x90);
	d.sim.now_ns += 16;
	is_u64(rd64(&d, 0x98), t + 1, "the timestamp follows the clock");
	is_u64(rd64(&d, 0x90), c + 16, "the cycle counter follows the clock");
	d.sim.now_ns = 1ull << 62;
	is_u64(rd64(&d, 0x98), (1ull << 62) / 16, "after a century as well");
	is_u64(rd32(&d, 0x9c), (1ull << 62) / 16 >> 32, "its upper half");
	d.sim.now_ns = 1600;
	wr64(&d, 0x88, 0x100000000ull);
	is_u64(rd64(&d, 0x98), 0x100000064ull, "TIMESTAMP_OFFSET is added");
	wr64(&d, 0x88, -50ull);
	is_u64(rd64(&d, 0x98), 50, "a negative one too");
	is_u64(rd64(&d, 0x88), -50ull, "and reads back");
	wr64(&d, 0x98, 1);
	wr64(&d, 0x90, 1);
	is_u64(rd64(&d, 0x98), 50, "the timestamp is read-only");
	is_u64(rd64(&d, 0x90), 1600, "the cycle counter is read-only");
	drv_free(&d);
}

/* A hash of everything that can be read without side effect */
static uint64_t snapshot(struct driver *d)
{
	uint64_t h = 0;

	for (uint32_t reg = 0; reg < 0x3000; reg += 4)
		h = (h ^ rd32(d, reg)) * 0x100000001b3ull;
	return h ^ rd32(d, FLUSH_ID);
}

static void test_nonsense(void)
{
	static const uint32_t cmds[] = {
		2, 3, 5, 0xff, 1 | 3 << 8, 1, 0x80000006, 0xffffffff,
	};
	unsigned int errors;
	struct driver d;
	uint64_t before;
	bool good = true;

	drv_up(&d);
	before = snapshot(&d);
	errors = d.sim.errors;
	wr32(&d, GPU_CMD, 0);
	is_u64(d.sim.errors, errors, "NOP is a command");
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		wr32(&d, GPU_CMD, cmds[i]);
	is_u64(d.sim.errors, errors + sizeof(cmds) / sizeof(cmds[0]),
	       "unknown commands are logged");
	is_u64(snapshot(&d), before, "and change nothing");

	for (uint32_t reg = 0x500; reg < 0x700; reg += 4)
		wr32(&d, reg, ~0u);
	for (uint32_t reg = 0x3000; reg < FLUSH_ID; reg += 4)
		good &= !rd32(&d, reg), wr32(&d, reg, ~0u);
	for (uint32_t reg = FLUSH_ID + 4; reg < 0x80000; reg += 0x44)
		good &= !rd32(&d, reg), wr32(&d, reg, ~0u);
	ok(good, "what is no register reads as zero");
	is_u64(snapshot(&d), before, "and takes no write");
	is_u64(rd32(&d, DOORBELL(3)), 0, "a doorbell reads as zero");

	good = true;
	for (uint32_t reg = 1; reg < 0x3000; reg += 1 + reg % 3) {
		if (reg % 4 == 0)
			continue;
		good &= !mali_mmio_read(d.m, reg, 4);
		mali_mmio_write(d.m, reg, ~0ull, 4);
		mali_mmio_write(d.m, reg, ~0ull, 8);
	}
	ok(good && snapshot(&d) == before, "misaligned accesses do nothing");

	good = !mali_mmio_read(d.m, MALI_MMIO_SIZE - 4, 8) &&
	       !mali_mmio_read(d.m, MALI_MMIO_SIZE, 4) &&
	       !mali_mmio_read(d.m, 0xfffffffc, 8);
	mali_mmio_write(d.m, MALI_MMIO_SIZE - 4, ~0ull, 8);
	mali_mmio_write(d.m, MALI_MMIO_SIZE, ~0ull, 4);
	mali_mmio_write(d.m, 0xfffffffc, ~0ull, 8);
	ok(good && snapshot(&d) == before,
	   "accesses that leave the window do nothing");
	drv_run(&d, 1 * MS);
	is_u64(drv_glb_toggle(&d, G_PING), G_PING, "the firmware lives on");
	drv_free(&d);
}

/* Where a random access goes: mostly where there is something */
static uint32_t random_offset(uint64_t *seed)
{
	uint64_t r = sim_random(seed);

	switch (r >> 60) {
	case 0 ... 5:
		return r % 0x800;
	case 6 ... 7:
		return 0x1000 + r % 0x10;
	case 8 ... 11:
		return 0x2000 + r % 0x620;
	case 12 ... 13:
		return 0x80000 + (r % 32) * 0x10000;
	default:
		return r % (MALI_MMIO_SIZE + 64);
	}
}

static uint64_t fuzz(uint64_t seed, unsigned int rounds)
{
	struct driver d;
	uint64_t hash;

	drv_up(&d);
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t off = random_offset(&seed);
		unsigned int size = sim_random(&seed) & 1 ? 4 : 8;
		uint64_t val = sim_random(&seed) >> sim_random(&seed) % 64;

		if (sim_random(&seed) % 4)
			mali_mmio_write(d.m, off, val, size);
		else
			mali_mmio_read(d.m, off, size);
		if (i % 16 == 0)
			drv_run(&d, 50 * US);
	}
	hash = snapshot(&d) + d.sim.now_ns + d.sim.errors;

	/* Whatever happened, a reset makes a working GPU of it */
	mali_reset(d.m);
	drv_power_l2(&d);
	drv_as_enable(&d, 0, d.root[0]);
	drv_reload_sections(&d, true);
	if (!drv_boot(&d) || drv_init_ifaces(&d))
		hash = 0;
	drv_free(&d);
	return hash;
}

static void test_fuzz(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		uint64_t hash = fuzz(seed, 20000);

		ok(hash, "seed %" PRIu64 ": random accesses, then a reset",
		   seed);
		is_u64(fuzz(seed, 20000), hash,
		       "seed %" PRIu64 ": the same again", seed);
	}
}

int main(void)
{
	struct driver d;

	test_identity();
	test_coherency();
	drv_init(&d);
	test_power(&d, "shader cores", PWR_SHADER, 0x50005);
	test_power(&d, "tiler", PWR_TILER, 1);
	test_power(&d, "L2", PWR_L2, 1);
	test_irq_block(&d);
	drv_free(&d);
	test_reset(GPU_CMD_SOFT_RESET, "soft reset");
	test_reset(GPU_CMD_HARD_RESET, "hard reset");
	test_power_on_reset();
	test_power_of_tlb();
	test_flush();
	test_time();
	test_nonsense();
	test_fuzz();
	return done_testing();
}
