// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Injection: that each kind does what it says, for as long as it says, and
 * that all of it can be taken back.
 */
#include "cs_fixture.h"

#define inject(c, ...) \
	mali_inject((c)->d.m, &(struct mali_injection){ __VA_ARGS__ })

static uint32_t boot_again(struct cs *c)
{
	wr32(&c->d, GPU_CMD, GPU_CMD_SOFT_RESET);
	return rd32(&c->d, GPU_INT + RAWSTAT);
}

/* --- Hangs ----------------------------------------------------------------- */

static void test_hang(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_slot s;

	ok(!inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 1),
	   "the second stream will hang");
	RUN(c, I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 8, "the first is not concerned");
	drv_submit(d, &c->g, 1, I_ADD32(20, 20, 1));
	drv_run(d, 100 * MS);
	is_u64(drv_extract(d, &c->g.q[1]), 0, "the second hangs");
	mali_get_slot(d->m, 0, &s);
	is_u64(s.stream[1].block, MALI_CS_BLOCK_HANG, "seen from outside");
	ok(!s.idle, "the group is not idle");
	ok(!drv_csg_state(d, 0, S_SUSPEND), "and cannot be suspended");
	ok(drv_csg_state(d, 0, S_TERMINATE), "but terminated");
	cs_delete(c);
}

static void test_hang_any(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	inject(c, .kind = MALI_INJECT_HANG, .csg = MALI_ANY, .cs = MALI_ANY,
	       .hard = true);
	RUN(c, I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 0, "the next stream hangs, whichever it is");
	drv_submit(d, &c->g, 1, I_NOP);
	drv_run(d, 1 * MS);
	is_u64(drv_extract(d, &c->g.q[1]), 8, "only that one");
	ok(!drv_csg_state(d, 0, S_TERMINATE), "a hard one does not terminate");
	ok(boot_again(c) & IRQ_RESET, "a reset helps");
	cs_delete(c);

	c = cs_new();
	inject(c, .kind = MALI_INJECT_HANG, .csg = MALI_ANY, .cs = MALI_ANY, .hard = true);
	RUN(c, I_NOP);
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(&c->d, 1 * MS);
	ok(drv_csg_state(&c->d, 0, S_TERMINATE), "and so does the end of the injection");
	cs_delete(c);
}

static void test_hang_restarted(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	uint64_t req = d->cs_in[0][0] + CI_REQ;

	inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 0);
	RUN(c, I_NOP);
	put32(d, req, mem32(d, req) & ~C_STATE);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	put32(d, req, mem32(d, req) | C_START);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 8, "a stream that stops and starts hangs no more");
	cs_delete(c);
}

static void test_hang_cleared(void)
{
	struct cs *c = cs_new();

	inject(c, .kind = MALI_INJECT_HANG, .csg = MALI_ANY, .cs = MALI_ANY);
	RUN(c, I_ADD32(20, 20, 1));
	is_u64(result(c).extract, 0, "hung");
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(&c->d, 1 * MS);
	is_u64(result(c).extract, 8, "cleared: it goes on");
	cs_delete(c);
}

#define PROGRESS_EVENT	(1u << 31)

static void set_progress_timer(struct driver *d, uint32_t units)
{
	put32(d, d->glb_in + GI_PROGRESS, units);
	is_u64(drv_glb_toggle(d, G_PROGRESS), G_PROGRESS, "progress timer set");
}

static void test_progress_timer(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	set_progress_timer(d, 2000);	/* of 1024 cycles: 2.048 ms */
	put32(d, d->csg_in[0] + SI_IRQ_MASK, ~0u);
	/* Work without an end is not work without progress */
	drv_submit(d, &c->g, 1, I_BRANCH(ALWAYS, 0, -1));
	drv_run(d, 5 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "a loop is progress");
	inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 0);
	RUN(c, I_NOP);
	drv_run(d, 1700 * US);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "a hang: not yet");
	wr32(d, JOB_INT + CLEAR, ~0u);
	drv_run(d, 400 * US);
	ok(drv_csg_events(d, 0) & PROGRESS_EVENT, "now it is reported");
	ok(rd32(d, JOB_INT + RAWSTAT) & 1, "with an interrupt");
	drv_csg_ack(d, 0, PROGRESS_EVENT);
	drv_run(d, 10 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "once");

	fresh(c);
	set_progress_timer(d, 0);
	inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 0);
	RUN(c, I_NOP);
	drv_run(d, 100 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "0 switches it off");

	/* With nothing else to do, it is time that wakes it */
	fresh(c);
	set_progress_timer(d, 2000);
	inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 0);
	RUN(c, I_NOP);
	drv_run(d, 3 * MS);
	ok(drv_csg_events(d, 0) & PROGRESS_EVENT, "a hang and nothing beside it is reported");
	drv_csg_state(d, 0, S_TERMINATE);

	/* What the last firmware was told, and the word that is still there */
	set_progress_timer(d, 2000);
	drv_mcu_stop(d);
	if (!drv_boot(d))
		abort();
	fresh(c);
	drv_glb_toggle(d, G_PING);
	inject(c, .kind = MALI_INJECT_HANG, .csg = 0, .cs = 0);
	RUN(c, I_NOP);
	drv_run(d, 100 * MS);
	ok(!(drv_csg_events(d, 0) & PROGRESS_EVENT), "nor is it on when nobody asked");
	cs_delete(c);
}

/* --- Interrupts -------------------------------------------------------------- */

static void test_lost_irq(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	unsigned int rises;

	wr32(d, GPU_INT + CLEAR, ~0u);
	wr32(d, GPU_INT + MASK, ~0u);
	rises = d->sim.rises[MALI_IRQ_GPU];
	ok(!inject(c, .kind = MALI_INJECT_LOST_IRQ, .line = MALI_IRQ_GPU,
		   .count = 2), "two edges to be lost");
	for (unsigned int i = 0; i < 3; i++) {
		wr32(d, GPU_CMD, GPU_CMD_FLUSH);
		ok(rd32(d, GPU_INT + STAT) & IRQ_CLEAN, "flush %u is done", i);
		is_u64(d->sim.irq[MALI_IRQ_GPU], i == 2, "line after it");
		wr32(d, GPU_INT + CLEAR, ~0u);
		ok(!d->sim.irq[MALI_IRQ_GPU], "low when cleared");
	}
	is_u64(d->sim.rises[MALI_IRQ_GPU], rises + 1, "one edge got through");
	cs_delete(c);
}

static void test_spurious_irq(void)
{
	static const uint32_t stat[] = {
		[MALI_IRQ_JOB] = JOB_INT + STAT,
		[MALI_IRQ_MMU] = MMU_INT + STAT,
		[MALI_IRQ_GPU] = GPU_INT + STAT,
	};
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	wr32(d, JOB_INT + CLEAR, ~0u);
	wr32(d, GPU_INT + CLEAR, ~0u);
	for (unsigned int line = 0; line < MALI_NUM_IRQS; line++) {
		inject(c, .kind = MALI_INJECT_SPURIOUS_IRQ, .line = line);
		ok(d->sim.irq[line], "line %u is high", line);
		is_u64(rd32(d, stat[line]), 0, "without an event");
		ok(!d->sim.irq[line], "and low when that was looked at");
	}
	cs_delete(c);
}

/* --- The firmware -------------------------------------------------------------- */

static void test_firmware_stop(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	is_u64(drv_glb_toggle(d, G_PING), G_PING, "a ping is answered");
	ok(!inject(c, .kind = MALI_INJECT_FIRMWARE_STOP), "stopped");
	is_u64(drv_glb_toggle(d, G_PING), 0, "a ping is not answered");
	is_u64(rd32(d, MCU_STAT), MCU_ENABLED, "the MCU claims to run");
	RUN(c, I_NOP);
	is_u64(result(c).extract, 0, "nor do streams");
	drv_mcu_stop(d);
	ok(drv_boot(d), "it starts again");
	cs_delete(c);
}

static void test_firmware_stop_cleared(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	inject(c, .kind = MALI_INJECT_FIRMWARE_STOP);
	drv_glb_toggle(d, G_PING);
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(d, 1 * MS);
	ok(!((mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	     G_PING), "cleared: it answers what it was asked");
	cs_delete(c);
}

static void test_firmware_crash(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	wr32(d, GPU_INT + CLEAR, ~0u);
	ok(!inject(c, .kind = MALI_INJECT_FIRMWARE_CRASH), "crashed");
	is_u64(rd32(d, MCU_STAT), MCU_FATAL, "the MCU says so");
	ok(rd32(d, GPU_INT + RAWSTAT) & IRQ_MCU_STATUS, "with an event");
	ok(inject(c, .kind = MALI_INJECT_FIRMWARE_STOP),
	   "what does not run cannot be stopped");
	drv_mcu_stop(d);
	ok(drv_boot(d), "it starts again");
	cs_delete(c);
}

/* --- Memory ---------------------------------------------------------------------- */

static void test_bus_error_data(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	set32(c, DATA, 7);
	/* Known to the TLB, host pages and all */
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(1));
	ok(!inject(c, .kind = MALI_INJECT_BUS_ERROR, .pa = c->data[0],
		   .size = 4096, .count = 1), "a bad page of data");
	RUN(c, I_LOAD(9, 4, 1, 0), I_WAIT(1), I_ADD32(10, 9, 0));
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0xff, 0x80, "a GPU bus fault");
	is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), DATA, "at the address");
	wr32(d, MMU_INT + CLEAR, ~0u);
	drv_as_lock(d, 1, DATA, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	is_u64(reg(c, 10), 7, "it goes well the second time");

	/* Beside what is bad nothing is */
	set32(c, DATA + 0x100, 8);
	set32(c, DATA + 0x108, 9);
	ok(!inject(c, .kind = MALI_INJECT_BUS_ERROR, .pa = c->data[0] + 0x104, .size = 4,
		   .count = 1), "a bad word");
	RUN(c, I_LOAD(12, 4, 1, 0x100), I_LOAD(13, 4, 1, 0x108), I_WAIT(1));
	ok(!(rd32(d, MMU_INT + RAWSTAT) & 2) && reg(c, 12) == 8 && reg(c, 13) == 9,
	   "and those on both sides of it");
	cs_delete(c);
}

static void test_bus_error_table(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_translation t;

	mali_translate(d->m, 1, DATA, &t);
	inject(c, .kind = MALI_INJECT_BUS_ERROR, .pa = t.tables[3],
	       .size = 4096, .count = 1);
	mali_translate(d->m, 1, DATA, &t);
	ok(t.mapped, "looking does not use it up");
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(1));
	is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0xff, 0x80,
	       "a bad table: a GPU bus fault");
	cs_delete(c);
}

static void test_fault(void)
{
	static const uint8_t codes[] = {
		0xc0, 0xc1, 0xc2, 0xc3, 0xc8, 0xcb, 0xd9, 0xdb, 0xe0, 0xe4,
		0xe7, 0xe8, 0xeb, 0x80, 0x88, 0x89, 0x8a,
	};
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	unsigned int answered = 0;

	for (unsigned int i = 0; i < sizeof(codes); i++) {
		inject(c, .kind = MALI_INJECT_FAULT, .as = 1, .va = DATA + 8,
		       .exception = codes[i], .count = 1);
		RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 64), I_WAIT(1));
		is_u64(rd32(d, AS_REG(1, AS_FAULT)) & 0xff, codes[i],
		       "fault 0x%x", codes[i]);
		is_u64(rd64(d, AS_REG(1, AS_FAULTADDR)), DATA + 64,
		       "at the address of the access");
		fresh(c);
	}
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 64), I_WAIT(1));
	is_u64(result(c).extract, 24, "then no more");
	inject(c, .kind = MALI_INJECT_FAULT, .as = 2, .va = DATA,
	       .exception = 0xc3, .count = 1);
	RUN(c, I_LOAD(8, 4, 1, 64), I_WAIT(1));
	is_u64(result(c).extract, 40, "nor in another address space");
	inject(c, .kind = MALI_INJECT_FAULT, .as = MALI_ANY, .va = DATA,
	       .exception = 0xc3, .count = 2);
	RUN(c, I_LOAD(8, 4, 1, 64), I_WAIT(1));
	is_u64(result(c).extract, 48, "any address space means this one, too");
	drv_as_lock(d, 1, DATA, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 48, "twice");
	drv_as_lock(d, 1, DATA, 15);
	drv_as_cmd(d, 1, AS_UNLOCK);
	drv_run(d, 1 * MS);
	is_u64(result(c).extract, 56, "not three times");
	/* Wherever it keeps what it shares with the driver */
	for (unsigned int i = 0; i < 8; i++) {
		inject(c, .kind = MALI_INJECT_FAULT, .as = MALI_ANY,
		       .va = MCU_SHARED_VA + i * 4096, .exception = 0xc3, .count = 1);
		answered += drv_glb_toggle(d, G_PING) == G_PING;
	}
	is_u64(answered, 8, "but never the firmware's");
	inject(c, .kind = MALI_INJECT_FAULT, .as = 0, .va = MCU_SHARED_VA + 4 * 4096,
	       .exception = 0xc3, .count = 1);
	is_u64(drv_glb_toggle(d, G_PING), 0, "if it is not named");
	cs_delete(c);
}

static void test_gpu_fault(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	wr32(d, GPU_INT + CLEAR, ~0u);
	inject(c, .kind = MALI_INJECT_GPU_FAULT, .exception = 0x80,
	       .va = 0x123456789000);
	is_u64(rd32(d, GPU_INT + RAWSTAT), 1, "a GPU fault");
	is_u64(rd32(d, 0x3c), 0x80, "its status");
	is_u64(rd64(d, 0x40), 0x123456789000, "its address");
	inject(c, .kind = MALI_INJECT_GPU_FAULT, .exception = 0x88, .va = 8);
	is_u64(rd32(d, 0x3c), 0x80, "the first one stays");
	wr32(d, GPU_CMD, 7);
	is_u64(rd32(d, 0x3c), 0, "until it is cleared");
	inject(c, .kind = MALI_INJECT_GPU_FAULT, .protm = true);
	ok(rd32(d, GPU_INT + RAWSTAT) & 2, "one in protected mode");
	cs_delete(c);
}

/* --- Slow commands ------------------------------------------------------------------ */

static void slow(struct cs *c, enum mali_slow what, uint64_t ns)
{
	ok(!inject(c, .kind = MALI_INJECT_SLOW, .slow = what, .ns = ns),
	   "slow %u", what);
}

#define AS_STATUS	0x28

static void test_slow_as(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	slow(c, MALI_SLOW_AS, 1 * MS);
	wr64(d, AS_REG(1, AS_LOCKADDR), DATA | 14);
	wr32(d, AS_REG(1, AS_CMD), AS_LOCK);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 1, "a command is active");
	wr32(d, AS_REG(1, AS_CMD), AS_UPDATE);
	ok(d->sim.errors, "another one meanwhile is an error");
	drv_run(d, 900 * US);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 1, "still");
	drv_run(d, 200 * US);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 0, "done");
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(1));
	is_u64(result(c).extract, 16, "the lock is in force");
	wr32(d, AS_REG(1, AS_CMD), AS_UNLOCK);
	is_u64(result(c).extract, 16, "until UNLOCK");
	drv_run(d, 2 * MS);
	is_u64(result(c).extract, 24, "has ended");
	slow(c, MALI_SLOW_AS, INT64_MAX);
	wr32(d, AS_REG(1, AS_CMD), AS_UPDATE);
	drv_run(d, 10000 * MS);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 1, "one that never ends");
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(d, 1 * MS);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 0, "but when it is cleared");
	cs_delete(c);
}

/* What is counted needs nobody who clears it in time */
static void test_slow_as_counted(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	ok(!inject(c, .kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_AS,
		   .ns = INT64_MAX, .count = 2), "two commands never end");
	wr32(d, AS_REG(1, AS_CMD), AS_UPDATE);
	wr32(d, AS_REG(2, AS_CMD), AS_UPDATE);
	wr32(d, AS_REG(3, AS_CMD), AS_UPDATE);
	drv_run(d, 10000 * MS);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 1, "the first");
	is_u64(rd32(d, AS_REG(2, AS_STATUS)), 1, "the second");
	is_u64(rd32(d, AS_REG(3, AS_STATUS)), 0, "the third is none of them");
	wr32(d, GPU_CMD, GPU_CMD_SOFT_RESET);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 0, "a reset ends the first");
	wr32(d, AS_REG(1, AS_CMD), AS_UPDATE);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 0, "and it is not slow again");
	ok(!inject(c, .kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_AS,
		   .ns = INT64_MAX, .count = 1), "one more");
	inject(c, .kind = MALI_INJECT_CLEAR);
	wr32(d, AS_REG(1, AS_CMD), AS_UPDATE);
	is_u64(rd32(d, AS_REG(1, AS_STATUS)), 0, "is cleared before it comes");
	cs_delete(c);
}

static void test_slow_gpu(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	struct mali_stats s;

	wr32(d, GPU_INT + CLEAR, ~0u);
	slow(c, MALI_SLOW_FLUSH, 1 * MS);
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	ok(!(rd32(d, GPU_INT + RAWSTAT) & IRQ_CLEAN), "a flush under way");
	drv_run(d, 1100 * US);
	ok(rd32(d, GPU_INT + RAWSTAT) & IRQ_CLEAN, "ends");

	slow(c, MALI_SLOW_POWER, 1 * MS);
	wr64(d, PWR_OFF + PWR_SHADER, 0);
	wr64(d, PWR_ON + PWR_SHADER, 1);
	is_u64(rd64(d, PWR_TRANS + PWR_SHADER), 1, "a core on its way up");
	is_u64(rd64(d, PWR_READY + PWR_SHADER) & 1, 0, "is not ready");
	drv_run(d, 1100 * US);
	is_u64(rd64(d, PWR_TRANS + PWR_SHADER), 0, "arrives");
	is_u64(rd64(d, PWR_READY + PWR_SHADER) & 1, 1, "ready");
	wr64(d, PWR_OFF + PWR_SHADER, 1);
	is_u64(rd64(d, PWR_READY + PWR_SHADER) & 1, 1, "on its way down");
	drv_run(d, 1100 * US);
	is_u64(rd64(d, PWR_READY + PWR_SHADER) & 1, 0, "down");

	slow(c, MALI_SLOW_RESET, 1 * MS);
	ok(!(boot_again(c) & IRQ_RESET), "a reset under way");
	wr64(d, PWR_ON + PWR_L2, 1);
	drv_run(d, 1100 * US);
	ok(rd32(d, GPU_INT + RAWSTAT) & IRQ_RESET, "ends");
	is_u64(rd64(d, PWR_READY + PWR_L2), 0,
	       "what was written meanwhile is lost");
	mali_get_stats(d->m, &s);
	is_u64(s.reset_writes, 2, "and counted");
	cs_delete(c);
}

/* What a reset, the end of the injection or the opposite does to what is under way */
static void test_slow_gpu_ended(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;
	unsigned int errors;

	slow(c, MALI_SLOW_FLUSH, 1 * MS);
	slow(c, MALI_SLOW_POWER, 1 * MS);
	drv_mcu_stop(d);
	wr32(d, GPU_INT + CLEAR, ~0u);
	is_u64(rd32(d, 0x34) & 1, 0, "GPU_STATUS: not active");
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	is_u64(rd32(d, 0x34) & 1, 1, "but while it flushes");
	errors = d->sim.errors;
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	is_u64(d->sim.errors, errors + 1, "a second flush meanwhile is an error");
	inject(c, .kind = MALI_INJECT_GPU_FAULT, .exception = 0x80, .va = 0x1000);
	wr64(d, PWR_ON + PWR_SHADER, 1);
	ok(boot_again(c) & IRQ_RESET, "a reset beside a flush, a fault and a core on its way");
	wr32(d, GPU_INT + CLEAR, ~0u);
	ok(!rd32(d, 0x3c) && !rd64(d, 0x40), "forgets the fault");
	is_u64(rd64(d, PWR_TRANS + PWR_SHADER), 0, "and the core");
	drv_run(d, 5 * MS);
	ok(!rd32(d, GPU_INT + RAWSTAT) && !rd64(d, PWR_READY + PWR_SHADER),
	   "nothing of it ends later");

	wr64(d, PWR_ON + PWR_SHADER, 5);
	wr64(d, PWR_OFF + PWR_SHADER, 1);
	drv_run(d, 2 * MS);
	is_u64(rd64(d, PWR_READY + PWR_SHADER), 4, "a core that is switched off on its way up");
	wr64(d, PWR_OFF + PWR_SHADER, 4);
	wr64(d, PWR_ON + PWR_SHADER, 4);
	drv_run(d, 2 * MS);
	is_u64(rd64(d, PWR_READY + PWR_SHADER), 4, "and one switched on while it goes down");

	slow(c, MALI_SLOW_FLUSH, INT64_MAX);
	wr32(d, GPU_INT + CLEAR, ~0u);
	wr32(d, GPU_CMD, GPU_CMD_FLUSH);
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(d, 1 * MS);
	ok(rd32(d, GPU_INT + RAWSTAT) & IRQ_CLEAN, "cleared: a flush that never ended does");
	slow(c, MALI_SLOW_RESET, INT64_MAX);
	boot_again(c);
	wr32(d, GPU_INT + MASK, IRQ_RESET);
	is_u64(rd32(d, GPU_INT + MASK), IRQ_RESET, "interrupts can be written during a reset");
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(d, 1 * MS);
	ok(rd32(d, GPU_INT + RAWSTAT) & IRQ_RESET, "cleared: a reset that never ended does");
	cs_delete(c);
}

static void test_slow_firmware(void)
{
	struct cs *c = cs_new();
	struct driver *d = &c->d;

	slow(c, MALI_SLOW_FIRMWARE, 50 * MS);
	put32(d, d->glb_in + GI_REQ, mem32(d, d->glb_in + GI_REQ) ^ G_PING);
	drv_ring_glb(d);
	drv_run(d, 49 * MS);
	ok((mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	   G_PING, "no answer yet");
	drv_run(d, 2 * MS);
	ok(!((mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	     G_PING), "an answer");

	/* The first doorbell wakes it, the second does not put it to sleep again */
	put32(d, d->glb_in + GI_REQ, mem32(d, d->glb_in + GI_REQ) ^ G_PING);
	drv_ring_glb(d);
	drv_run(d, 40 * MS);
	drv_ring_glb(d);
	drv_run(d, 11 * MS);
	ok(!((mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	     G_PING), "a second doorbell is no delay");
	slow(c, MALI_SLOW_FIRMWARE, INT64_MAX);
	put32(d, d->glb_in + GI_REQ, mem32(d, d->glb_in + GI_REQ) ^ G_PING);
	drv_ring_glb(d);
	inject(c, .kind = MALI_INJECT_CLEAR);
	drv_run(d, 1 * MS);
	ok(!((mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	     G_PING), "nor is the injection when it is cleared");
	cs_delete(c);
}

/* --- Nonsense ------------------------------------------------------------------------- */

static void test_refused(void)
{
	struct cs *c = cs_new();

	ok(inject(c, .kind = MALI_INJECT_HANG, .csg = 8), "no slot 8");
	ok(inject(c, .kind = MALI_INJECT_HANG, .cs = 8), "no stream 8");
	ok(inject(c, .kind = MALI_INJECT_LOST_IRQ, .line = 3, .count = 1),
	   "no line 3");
	ok(inject(c, .kind = MALI_INJECT_LOST_IRQ), "no count of 0");
	ok(inject(c, .kind = MALI_INJECT_BUS_ERROR, .size = 1), "nor here");
	ok(inject(c, .kind = MALI_INJECT_BUS_ERROR, .pa = -4096, .size = 8192,
		  .count = 1), "no range that wraps");
	ok(inject(c, .kind = MALI_INJECT_FAULT, .as = 8, .count = 1), "no AS 8");
	ok(inject(c, .kind = MALI_INJECT_SLOW, .slow = MALI_NUM_SLOW),
	   "nothing else to slow down");
	ok(inject(c, .kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_RESET, .ns = 1,
		  .count = 1), "resets are not counted");
	ok(inject(c, .kind = 99), "no kind 99");
	RUN(c, I_MOVE(4, DATA), I_LOAD(8, 4, 1, 0), I_WAIT(1));
	is_u64(result(c).extract, 24, "none of them did anything");
	cs_delete(c);
}

int main(void)
{
	test_hang();
	test_hang_any();
	test_hang_restarted();
	test_hang_cleared();
	test_progress_timer();
	test_lost_irq();
	test_spurious_irq();
	test_firmware_stop();
	test_firmware_stop_cleared();
	test_firmware_crash();
	test_bus_error_data();
	test_bus_error_table();
	test_fault();
	test_gpu_fault();
	test_slow_as();
	test_slow_as_counted();
	test_slow_gpu();
	test_slow_gpu_ended();
	test_slow_firmware();
	test_refused();
	return done_testing();
}
