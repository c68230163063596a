// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firmware as its driver sees it: boot and its failures, the global,
 * group and stream interface with their toggles, suspend and resume, events
 * and interrupts; and what it does with memory full of garbage.
 */
#include <stdlib.h>

#include "driver.h"
#include "tap.h"

/* A data page of each address space under test, and called buffers */
#define DATA	0x10000000ull
#define CODE	0x20000000ull
#define RING	4096u

/* Position of the descriptor in the image: data of the code section, 0x100 */
#define IMAGE_DESC	0x300u

/* --- Boot ------------------------------------------------------------------- */

static void test_boot(void)
{
	struct driver d;
	const char *err;

	drv_init(&d);
	drv_power_l2(&d);
	err = drv_load_firmware(&d);
	ok(!err, "the image loads%s%s", err ? ": " : "", err ? err : "");
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "the MCU is off");
	ok(drv_boot(&d), "it boots and says so");
	is_u64(rd32(&d, MCU_STAT), MCU_ENABLED, "MCU_STATUS is enabled");
	ok(rd32(&d, GPU_INT + RAWSTAT) & IRQ_MCU_STATUS,
	   "the GPU interrupt block knows");
	err = drv_init_ifaces(&d);
	ok(!err, "the control blocks are what Panthor expects%s%s",
	   err ? ": " : "", err ? err : "");
	is_u64(mem32(&d, d.shared_pa), 0x01010000, "interface version 1.1.0");
	is_u64(mem32(&d, d.shared_pa + 0x1040) >> 8 & 0xff, 8,
	       "8 scoreboard entries");
	ok(d.suspend_size && d.suspend_size % 4096 == 0,
	   "the suspend buffer has %u bytes", d.suspend_size);
	is_u64(rd32(&d, MMU_INT + RAWSTAT) & 0xffff, 0, "no fault");
	ok(!drv_boot(&d), "a start of what runs is no boot");
	drv_free(&d);
}

static void test_boot_without_l2(void)
{
	struct driver d;

	drv_init(&d);
	drv_load_firmware(&d);
	ok(!drv_boot(&d) && rd32(&d, MCU_STAT) == MCU_DISABLED,
	   "without L2 the MCU does not start");
	drv_power_l2(&d);
	drv_run(&d, 1 * MS);
	ok(rd32(&d, MCU_STAT) == MCU_ENABLED && d.sim.irq[MALI_IRQ_JOB],
	   "with L2 it does");
	drv_free(&d);
}

/* A start that is taken back before it could happen; a stop of what does not run */
static void test_boot_taken_back(void)
{
	struct driver d;

	drv_init(&d);
	drv_load_firmware(&d);
	drv_boot(&d);
	drv_mcu_stop(&d);
	drv_power_l2(&d);
	drv_run(&d, 1 * MS);
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "a start that was taken back does not happen");
	wr32(&d, GPU_INT + CLEAR, ~0u);
	drv_mcu_stop(&d);
	is_u64(rd32(&d, GPU_INT + RAWSTAT), 0, "a stop of what is stopped is no event");
	drv_free(&d);
}

/* A doorbell is for the firmware that runs, not for the next one. */
static void test_boot_old_doorbell(void)
{
	struct mali_injection slow = {
		.kind = MALI_INJECT_SLOW, .slow = MALI_SLOW_FIRMWARE, .ns = 1 * MS,
	};
	struct driver d;

	drv_up(&d);
	mali_inject(d.m, &slow);
	drv_ring_glb(&d);
	drv_mcu_stop(&d);
	slow.kind = MALI_INJECT_CLEAR;
	mali_inject(d.m, &slow);
	put32(&d, d.glb_in + GI_REQ, mem32(&d, d.glb_in + GI_REQ) ^ G_PING);
	ok(drv_boot(&d), "a boot");
	ok((mem32(&d, d.glb_in + GI_REQ) ^ mem32(&d, d.glb_out + GO_ACK)) & G_PING,
	   "nothing is answered before a doorbell rings");
	is_u64(drv_glb_toggle(&d, 0) | drv_glb_toggle(&d, G_PING), G_PING, "then it is");
	drv_free(&d);
}

enum damage {
	DAMAGE_MAGIC, DAMAGE_ABI, DAMAGE_CRC, DAMAGE_CODE, DAMAGE_LAST_BYTE,
	DAMAGE_SIZE, DAMAGE_GROUPS, DAMAGE_TRUNCATED, DAMAGE_UNMAPPED,
	DAMAGE_NOEXEC, DAMAGE_AS_OFF, DAMAGE_SHARED, DAMAGE_SHARED_RO,
	NUM_DAMAGES,
};

static const char *const damages[] = {
	[DAMAGE_MAGIC] = "magic",
	[DAMAGE_ABI] = "ABI number",
	[DAMAGE_CRC] = "checksum",
	[DAMAGE_CODE] = "a byte of code",
	[DAMAGE_LAST_BYTE] = "the last byte",
	[DAMAGE_SIZE] = "size of the code",
	[DAMAGE_GROUPS] = "number of groups",
	[DAMAGE_TRUNCATED] = "second page of the code not mapped",
	[DAMAGE_UNMAPPED] = "code not mapped",
	[DAMAGE_NOEXEC] = "code not executable",
	[DAMAGE_AS_OFF] = "address space disabled",
	[DAMAGE_SHARED] = "shared section not mapped",
	[DAMAGE_SHARED_RO] = "shared section read-only",
};

/* The section with code, for damage behind the driver's back */
static uint64_t code_pa(struct driver *d)
{
	return d->sections[0].pa;
}

static void flip(struct driver *d, uint64_t pa)
{
	put32(d, pa, mem32(d, pa) ^ 1);
}

/* True when an MMU fault must tell of it */
static bool do_damage(struct driver *d, enum damage what)
{
	uint64_t desc = code_pa(d) + 0x100, slot;

	switch (what) {
	case DAMAGE_MAGIC:
		flip(d, desc + 0x00);
		return false;
	case DAMAGE_ABI:
		flip(d, desc + 0x04);
		return false;
	case DAMAGE_CRC:
		flip(d, desc + 0x08);
		return false;
	case DAMAGE_CODE:
		flip(d, code_pa(d) + 0x80);
		return false;
	case DAMAGE_LAST_BYTE:
		flip(d, code_pa(d) + d->sections[0].size - 4);
		return false;
	case DAMAGE_SIZE:
		flip(d, desc + 0x0c);
		return false;
	case DAMAGE_GROUPS:
		flip(d, desc + 0x18);
		return false;
	case DAMAGE_TRUNCATED:
		sim_pt_clear(&d->sim, d->root[0], 0x1000, 3);
		return true;
	case DAMAGE_UNMAPPED:
		sim_pt_clear(&d->sim, d->root[0], 0, 3);
		return true;
	case DAMAGE_NOEXEC:
		sim_pt_map_one(&d->sim, d->root[0], 0, code_pa(d), 3, SIM_RO);
		return true;
	case DAMAGE_AS_OFF:
		drv_as_disable(d, 0);
		return false;
	case DAMAGE_SHARED:
		sim_pt_clear(&d->sim, d->root[0], MCU_SHARED_VA + 0x1000, 3);
		return true;
	default:
		slot = sim_pt_slot(&d->sim, d->root[0], MCU_SHARED_VA, 3, 0);
		sim_write64(&d->sim, slot,
			    sim_read64(&d->sim, slot) | SIM_PTE_RDONLY);
		return true;
	}
}

static void test_damage(enum damage what)
{
	const char *name = damages[what];
	struct driver d;
	bool fault;

	drv_init(&d);
	drv_power_l2(&d);
	drv_load_firmware(&d);
	fault = do_damage(&d, what);
	ok(!drv_boot(&d) && !rd32(&d, JOB_INT + RAWSTAT),
	   "%s: no boot, no job interrupt", name);
	is_u64(rd32(&d, MCU_STAT), MCU_FATAL, "%s: MCU_STATUS is fatal", name);
	is_u64(rd32(&d, MMU_INT + RAWSTAT) & 1, fault, "%s: fault of AS 0",
	       name);
	ok(d.sim.errors, "%s: logged", name);

	wr32(&d, MCU_CTL, 2);
	drv_run(&d, 1 * MS);
	is_u64(rd32(&d, MCU_STAT), MCU_FATAL,
	       "%s: starting again without a stop changes nothing", name);

	drv_mcu_stop(&d);
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "%s: stopped", name);
	memset(d.sections, 0, sizeof(d.sections));
	d.num_sections = 0;
	drv_load_firmware(&d);
	ok(drv_boot(&d) && !drv_init_ifaces(&d), "%s: repaired", name);
	drv_free(&d);
}

/* CRC-32 of the code section with its own word 0, into that word */
static void sign(struct driver *d)
{
	uint64_t pa = code_pa(d), word = pa + 0x108;
	uint32_t crc = ~0u;

	put32(d, word, 0);
	for (uint32_t i = 0; i < d->sections[0].size; i += 4) {
		uint32_t val = mem32(d, pa + i);

		for (unsigned int bit = 0; bit < 32; bit++, val >>= 1)
			crc = crc >> 1 ^ ((crc ^ val) & 1 ? 0xedb88320u : 0);
	}
	put32(d, word, ~crc);
}

/* An image that is whole, and some other firmware's */
static void test_other_image(void)
{
	static const uint8_t words[] = { 0x00, 0x04, 0x0c, 0x14, 0x18, 0x1c };
	unsigned int refused = 0;
	struct driver d;

	for (unsigned int i = 0; i < sizeof(words); i++) {
		drv_init(&d);
		drv_power_l2(&d);
		drv_load_firmware(&d);
		flip(&d, code_pa(&d) + 0x100 + words[i]);
		sign(&d);
		refused += !drv_boot(&d) && rd32(&d, MCU_STAT) == MCU_FATAL;
		drv_free(&d);
	}
	is_u64(refused, sizeof(words), "whole images of other firmware are refused");
	drv_init(&d);
	drv_power_l2(&d);
	drv_load_firmware(&d);
	put32(&d, code_pa(&d) + 0x80, ~0u);
	sign(&d);
	ok(drv_boot(&d), "but not for what else is in them");
	drv_free(&d);
}

/* The checks of the container are the driver's; mkfw must pass them. */
static void test_container(void)
{
	struct driver d;

	drv_init(&d);
	ok(!memcmp(d.image + IMAGE_DESC, "VIMF", 4),
	   "the descriptor is where this test looks for it");
	drv_load_firmware(&d);
	is_u64(d.num_sections, 3, "three sections");
	ok(!(d.sections[0].flags & 2) && d.sections[0].flags & 4,
	   "code is executable and not writable");
	ok(d.sections[2].va == MCU_SHARED_VA, "the last one is shared");
	drv_free(&d);
}

/* --- Global interface ---------------------------------------------------------- */

static void test_glb_requests(void)
{
	struct driver d;

	drv_up(&d);
	for (unsigned int bit = 0; bit < 11; bit++) {
		uint32_t req = 1u << bit;

		if (!(G_TOGGLES & req))
			continue;
		for (unsigned int irq = 0; irq < 2; irq++) {
			put32(&d, d.glb_in + GI_IRQ_MASK,
			      irq ? req : ~req);
			wr32(&d, JOB_INT + CLEAR, ~0u);
			is_u64(drv_glb_toggle(&d, req), req,
			       "global request %u is acknowledged", bit);
			is_u64(rd32(&d, JOB_INT + RAWSTAT),
			       irq ? 1u << 31 : 0,
			       "global request %u %s", bit,
			       irq ? "interrupts" : "is silent when masked");
		}
	}
	wr32(&d, JOB_INT + CLEAR, ~0u);
	is_u64(drv_glb_toggle(&d, G_PROTM_ENTER), 0,
	       "protected mode is not entered");
	is_u64(rd32(&d, MCU_STAT), MCU_ENABLED, "and the firmware lives on");
	drv_free(&d);
}

static void test_halt(void)
{
	struct driver d;
	struct group g;
	uint64_t data;

	drv_up(&d);
	data = d.sections[1].pa + 0x123 * 4;
	put32(&d, data, 0xdecaf);
	drv_as_new(&d, 1);
	drv_group_new(&d, &g, 1, 1, RING);
	drv_group_start(&d, &g, 0);

	ok(drv_halt(&d), "the MCU halts");
	is_u64(mem32(&d, d.glb_out + GO_HALT_STATUS), 0, "without a complaint");
	drv_submit(&d, &g, 0, I_NOP, I_NOP);
	is_u64(drv_glb_toggle(&d, G_PING), 0, "it does not answer");
	is_u64(drv_extract(&d, &g.q[0]), 0, "nor execute");
	drv_mcu_stop(&d);
	is_u64(rd32(&d, MCU_STAT), MCU_DISABLED, "stopped");

	put32(&d, d.glb_in + GI_REQ, mem32(&d, d.glb_in + GI_REQ) & ~G_HALT);
	ok(drv_boot(&d) && !drv_init_ifaces(&d), "fast reset: boots");
	is_u64(mem32(&d, data), 0xdecaf, "fast reset: memory is kept");
	is_u64(drv_glb_toggle(&d, G_PING), G_PING, "fast reset: answers");
	drv_kick(&d, &g, 0);
	drv_run(&d, 1 * MS);
	is_u64(drv_extract(&d, &g.q[0]), 0, "fast reset: no group survives");

	drv_mcu_stop(&d);
	drv_reload_sections(&d, true);
	is_u64(mem32(&d, data), 0, "slow reset: memory is fresh");
	ok(drv_boot(&d) && !drv_init_ifaces(&d), "slow reset: boots");
	is_u64(drv_glb_toggle(&d, G_PING), G_PING, "slow reset: answers");
	ok(drv_group_start(&d, &g, 0), "slow reset: a group starts");
	drv_run(&d, 1 * MS);
	is_u64(drv_extract(&d, &g.q[0]), 16, "slow reset: and executes");
	drv_free(&d);
}

/* --- Groups -------------------------------------------------------------------- */

/* A GPU with one group of @queues in AS 1, a data page and a code page */
struct one {
	struct driver d;
	struct group g;
	uint64_t data, code;
};

static void one_init(struct one *o, unsigned int queues)
{
	drv_up(&o->d);
	drv_as_new(&o->d, 1);
	o->data = drv_map(&o->d, 1, DATA, 1, SIM_RW);
	o->code = drv_map(&o->d, 1, CODE, 2, SIM_RW);
	drv_group_new(&o->d, &o->g, 1, queues, RING);
}

static struct one *one_start(unsigned int queues)
{
	struct one *o = malloc(sizeof(*o));

	if (!o)
		abort();
	one_init(o, queues);
	if (!drv_group_start(&o->d, &o->g, 0))
		abort();
	return o;
}

static void one_free(struct one *o)
{
	drv_free(&o->d);
	free(o);
}

/* Write @val to @va with registers 0 to 2 */
#define STORE_WORD(va, val) \
	I_MOVE(0, va), I_MOVE32(2, val), I_STORE(2, 0, 1, 0)
/* Signal the 64-bit sync object at @va */
#define SIGNAL(va) I_MOVE(0, va), I_MOVE(2, 1), I_ADD_SYNC64(0, 2, PROPAGATE)
/* Wait until the 32-bit word at @va is above @val */
#define WAIT_ABOVE(va, val) \
	I_MOVE(0, va), I_MOVE32(2, val), I_WAIT_SYNC32(GT, 0, 2, 0)

static void test_group(void)
{
	struct one *o = malloc(sizeof(*o));
	struct driver *d = &o->d;

	one_init(o, 2);
	wr32(d, JOB_INT + CLEAR, ~0u);
	ok(drv_group_start(d, &o->g, 4), "a group starts");
	ok(rd32(d, JOB_INT + RAWSTAT) & 1 << 4, "and interrupts for its slot");
	is_u64(mem32(d, d->csg_out[4] + SO_EP_CURRENT), 0x010404,
	       "the endpoint request is in force");
	drv_submit(d, &o->g, 1, STORE_WORD(DATA, 0x1234));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0x1234, "its stream executes");
	is_u64(drv_extract(d, &o->g.q[1]), 24, "EXTRACT follows");
	is_u64(mem32(d, o->g.q[1].io_pa + 4096 + 8), 0, "not active");

	ok(drv_group_stop(d, &o->g, S_TERMINATE), "it terminates");
	drv_submit(d, &o->g, 1, STORE_WORD(DATA, 0x5678));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0x1234, "and executes no more");

	put32(d, d->csg_in[4] + SI_IRQ_MASK, 0);
	wr32(d, JOB_INT + CLEAR, ~0u);
	drv_csg_toggle(d, 4, S_STATUS_UPDATE);
	is_u64(rd32(d, JOB_INT + RAWSTAT), 0, "the group's mask is honoured");
	drv_group_start(d, &o->g, 4);
	drv_submit(d, &o->g, 0, I_MOVE32(9, 0x77));
	drv_run(d, 1 * MS);
	ok(drv_csg_state(d, 4, S_RESUME), "a resume of what runs is acknowledged");
	drv_submit(d, &o->g, 0, I_MOVE(0, DATA), I_STORE(9, 0, 1, 0));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0x77, "and changes nothing");
	drv_group_stop(d, &o->g, S_TERMINATE);
	drv_cs_doorbell(d, 4, 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, d->cs_out[4][0] + CO_ACK) & C_STATE, C_START,
	       "a free slot has no streams that could acknowledge");
	put32(d, d->csg_in[4] + SI_IRQ_MASK, S_STATUS_UPDATE);
	wr32(d, JOB_INT + CLEAR, ~0u);
	drv_csg_toggle(d, 4, S_STATUS_UPDATE);
	is_u64(rd32(d, JOB_INT + RAWSTAT), 1 << 4, "an acknowledgment interrupts for its slot");
	ok(drv_csg_state(d, 4, 6), "an unknown state is acknowledged");
	ok(d->sim.errors, "and logged");
	is_u64(drv_glb_toggle(d, G_PING), G_PING, "no harm done");
	one_free(o);
}

/* Two nested buffers; the inner one waits. Each stores what it has. */
static void nested_program(struct one *o)
{
	const uint64_t outer[] = {
		I_MOVE(20, CODE + 0x800), I_MOVE32(22, 8 * 8),
		I_MOVE32(30, 0xaaaa), I_CALL(20, 22),
		/* after the inner one: registers 30 and 31 at DATA + 0x10 */
		I_MOVE(0, DATA + 0x10), I_STORE(30, 0, 3, 0),
	};
	const uint64_t inner[] = {
		I_MOVE32(31, 0xbbbb), WAIT_ABOVE(DATA, 7),
		I_ADD32(31, 31, 1), I_MOVE(0, DATA + 8),
		I_STORE(31, 0, 1, 0), I_NOP,
	};

	sim_write(&o->d.sim, o->code, outer, sizeof(outer));
	sim_write(&o->d.sim, o->code + 0x800, inner, sizeof(inner));
}

static void submit_nested(struct one *o)
{
	nested_program(o);
	drv_submit(&o->d, &o->g, 0, I_MOVE(4, CODE), I_MOVE32(6, 6 * 8),
		   I_CALL(4, 6), STORE_WORD(DATA + 0x18, 0xcccc));
	drv_run(&o->d, 1 * MS);
}

static void check_waits(struct one *o, unsigned int slot, const char *name)
{
	struct driver *d = &o->d;
	uint64_t out = d->cs_out[slot][0];

	is_u64(mem64(d, out + CO_CMD_PTR), CODE + 0x800 + 3 * 8,
	       "%s: at the wait in the inner buffer", name);
	is_u64(mem32(d, out + CO_WAIT), 1u << 31 | 1 << 24,
	       "%s: waits for a 32-bit object to be above", name);
	is_u64(mem64(d, out + CO_WAIT_PTR), DATA, "%s: its address", name);
	is_u64(mem32(d, out + CO_WAIT_VALUE), 7, "%s: its reference", name);
	is_u64(mem32(d, out + CO_WAIT_HI), 0, "%s: upper half", name);
	is_u64(mem32(d, out + CO_BLOCKED), 3, "%s: blocked on sync", name);
	is_u64(mem32(d, out + CO_SCOREBOARDS), 0, "%s: scoreboards", name);
}

static void check_nested_done(struct one *o, const char *name)
{
	struct driver *d = &o->d;

	is_u64(mem32(d, o->data + 0x08), 0xbbbc, "%s: inner buffer", name);
	is_u64(mem32(d, o->data + 0x10), 0xaaaa, "%s: register kept", name);
	is_u64(mem32(d, o->data + 0x14), 0xbbbc, "%s: and the other", name);
	is_u64(mem32(d, o->data + 0x18), 0xcccc, "%s: back in the ring", name);
	is_u64(drv_extract(d, &o->g.q[0]), 48, "%s: EXTRACT", name);
}

/* Another tenant of the slot that uses the same registers */
static void run_other_group(struct one *o, unsigned int slot)
{
	struct driver *d = &o->d;
	struct group other;
	uint64_t pa;

	drv_as_new(d, 2);
	pa = drv_map(d, 2, DATA, 1, SIM_RW);
	drv_group_new(d, &other, 2, 1, RING);
	ok(drv_group_start(d, &other, slot), "another group in the slot");
	drv_submit(d, &other, 0, I_MOVE32(30, 1), I_MOVE32(31, 2),
		   STORE_WORD(DATA, 0x77));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, pa), 0x77, "it executes");
	drv_group_stop(d, &other, S_TERMINATE);
}

static void test_suspend(unsigned int slot, unsigned int later, bool combined)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	drv_group_stop(d, &o->g, S_TERMINATE);
	drv_group_start(d, &o->g, slot);
	submit_nested(o);
	is_u64(drv_extract(d, &o->g.q[0]), 24, "EXTRACT is behind the call");
	is_u64(mem32(d, o->g.q[0].io_pa + 4096 + 8), 1, "and active");
	ok(drv_csg_toggle(d, slot, S_STATUS_UPDATE), "status update");
	check_waits(o, slot, "status update");
	put32(d, d->cs_out[slot][0] + CO_BLOCKED, 99);
	put32(d, d->cs_out[slot][0] + CO_WAIT, 99);

	if (combined)
		put32(d, d->csg_in[slot] + SI_REQ,
		      mem32(d, d->csg_in[slot] + SI_REQ) ^ S_STATUS_UPDATE);
	ok(drv_group_stop(d, &o->g, S_SUSPEND), "suspended%s",
	   combined ? ", with a status update" : "");
	check_waits(o, slot, "suspend");
	is_u64(mem32(d, d->csg_out[slot] + SO_STATE) & 1, 1, "and idle");
	run_other_group(o, slot);
	put32(d, o->data, 8);
	drv_ring_glb(d);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data + 8), 0, "nothing runs while suspended");

	ok(drv_group_resume(d, &o->g, later), "resumed in slot %u", later);
	drv_run(d, 1 * MS);
	check_nested_done(o, "resume");
	is_u64(drv_cs_events(d, later, 0), 0, "no exception");
	one_free(o);
}

/* A group that is still blocked after it was resumed */
static void test_suspend_blocked(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	submit_nested(o);
	for (int i = 0; i < 3; i++) {
		drv_group_stop(d, &o->g, S_SUSPEND);
		drv_group_resume(d, &o->g, 0);
		drv_run(d, 1 * MS);
	}
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	check_waits(o, 0, "blocked again");
	put32(d, o->data, 8);
	drv_kick(d, &o->g, 0);
	drv_run(d, 1 * MS);
	check_nested_done(o, "woken by a doorbell");
	one_free(o);
}

/* A suspend buffer is memory that anybody may have damaged. */
static void test_suspend_garbage(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	uint8_t *good = malloc(d->suspend_size);
	uint32_t skipped = 0;
	bool alive = true;

	submit_nested(o);
	put32(d, o->data, 8);
	drv_group_stop(d, &o->g, S_SUSPEND);
	sim_read(&d->sim, o->g.suspend_pa, good, d->suspend_size);
	for (uint32_t at = 0; alive && at < d->suspend_size; at += 4) {
		const uint32_t *word = (const uint32_t *)(good + at);
		const uint32_t bad[] = {
			~*word, *word ^ 3, *word | 0xffd, *word ^ 0x80000000,
		};

		for (int i = 0; i < 4; i++) {
			sim_write(&d->sim, o->g.suspend_pa, good,
				  d->suspend_size);
			put32(d, o->g.suspend_pa + at, bad[i]);
			drv_group_resume(d, &o->g, 0);
			drv_run(d, 200 * US);
			skipped += drv_cs_events(d, 0, 0) != 0;
			alive &= rd32(d, MCU_STAT) == MCU_ENABLED;
			drv_cs_ack(d, 0, 0, ~0u);
			drv_group_stop(d, &o->g, S_TERMINATE);
		}
	}
	ok(alive, "the firmware survives any damage of a suspend buffer");
	ok(skipped > 8, "and refuses some (%u)", skipped);

	sim_write(&d->sim, o->g.suspend_pa, good, d->suspend_size);
	put32(d, o->data + 0x18, 0);
	drv_group_resume(d, &o->g, 0);
	drv_run(d, 1 * MS);
	check_nested_done(o, "undamaged");
	free(good);
	one_free(o);
}

/* An instruction that straddles a page would be fetched from beyond it. */
static void test_suspend_misaligned(bool end)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	uint64_t at = o->g.suspend_pa;

	submit_nested(o);
	drv_group_stop(d, &o->g, S_SUSPEND);
	put32(d, o->data, 8);
	while (mem64(d, at) != CODE + 0x800 + 3 * 8)
		at += 8;
	put64(d, at + 8 * end, CODE + 0xffd);
	drv_group_resume(d, &o->g, 0);
	drv_run(d, 1 * MS);
	is_u64(drv_cs_events(d, 0, 0), C_FATAL,
	       "a misaligned %s in a suspend buffer: fatal", end ? "end" : "position");
	is_u64(mem32(d, d->cs_out[0][0] + CO_FATAL), EXC_CONFIG,
	       "it is a configuration fault");
	one_free(o);
}

/* One stream of a group stops, and starts again, while it waits for its driver. */
static void test_stream_restarts(void)
{
	struct one *o = one_start(2);
	struct driver *d = &o->d;
	uint64_t in = d->cs_in[0][0], out = d->cs_out[0][0];
	uint32_t req;

	drv_submit(d, &o->g, 0, WAIT_ABOVE(DATA, 10));
	drv_run(d, 1 * MS);
	req = mem32(d, in + CI_REQ);
	put32(d, in + CI_REQ, req & ~C_STATE);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	drv_csg_toggle(d, 0, S_STATUS_UPDATE);
	ok(!mem32(d, out + CO_WAIT) && !mem64(d, out + CO_WAIT_PTR) &&
	   !mem32(d, out + CO_BLOCKED), "a stream that stopped waits for nothing");

	put64(d, o->g.q[0].io_pa + 4096, 0x123450);	/* EXTRACT, which nobody reads */
	put64(d, o->g.q[0].io_pa + 8, 2 * 8);
	put32(d, in + CI_REQ, req);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(drv_extract(d, &o->g.q[0]), 16, "one that starts tells its EXTRACT");
	drv_group_stop(d, &o->g, S_TERMINATE);
	put64(d, o->g.q[0].io_pa + 4096, 3 * 8);
	drv_group_start(d, &o->g, 0);
	drv_submit(d, &o->g, 0, OP(7), STORE_WORD(DATA, 5));
	drv_run(d, 1 * MS);
	is_u64(drv_cs_events(d, 0, 0), C_FAULT, "it faults");
	put32(d, in + CI_REQ, mem32(d, in + CI_REQ) & ~C_STATE);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0, "and stops, not acknowledged");
	put64(d, o->g.q[0].io_pa + 8, 4 * 8);
	put32(d, in + CI_REQ, mem32(d, in + CI_REQ) | C_START);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 5, "what starts in its place is not held");
	one_free(o);
}

static void test_suspend_lost(uint32_t word)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	drv_group_stop(d, &o->g, S_SUSPEND);
	put32(d, o->g.suspend_pa + word, 0);
	drv_group_resume(d, &o->g, 0);
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	drv_run(d, 1 * MS);
	is_u64(drv_cs_events(d, 0, 0), C_FATAL,
	       "a suspend buffer that is none: fatal");
	is_u64(mem32(d, d->cs_out[0][0] + CO_FATAL), EXC_CONFIG,
	       "it is a configuration fault");
	is_u64(drv_cs_events(d, 0, 1), 0, "of the streams that there are");
	is_u64(mem32(d, o->data), 0, "nothing executes");
	one_free(o);
}

/* --- Events -------------------------------------------------------------------- */

/* Did the slot interrupt since this was last asked? */
static bool took_irq(struct driver *d, unsigned int slot)
{
	uint32_t stat = rd32(d, JOB_INT + RAWSTAT);

	wr32(d, JOB_INT + CLEAR, stat);
	return stat >> slot & 1;
}

static void test_late_ack(void)
{
	struct one *o = one_start(2);
	struct driver *d = &o->d;

	drv_csg_ack(d, 0, S_EVENTS);
	drv_run(d, 1 * MS);
	took_irq(d, 0);
	drv_submit(d, &o->g, 0, SIGNAL(DATA));
	drv_run(d, 100 * US);
	ok(drv_csg_events(d, 0) & S_SYNC_UPDATE && took_irq(d, 0),
	   "a sync update is reported");
	drv_submit(d, &o->g, 0, SIGNAL(DATA));
	drv_submit(d, &o->g, 1, SIGNAL(DATA));
	drv_run(d, 100 * US);
	is_u64(mem64(d, o->data), 3, "two more while the driver sleeps");
	ok(drv_csg_events(d, 0) & S_SYNC_UPDATE, "the event stays pending");
	drv_csg_ack(d, 0, S_EVENTS);
	drv_run(d, 100 * US);
	ok(drv_csg_events(d, 0) & S_SYNC_UPDATE && took_irq(d, 0),
	   "after the acknowledgment the next comes");
	drv_csg_ack(d, 0, S_EVENTS);
	drv_run(d, 100 * US);
	ok(!(drv_csg_events(d, 0) & S_SYNC_UPDATE), "and then there is none");

	/* The same for a stream's events; opcode 4 has no resource */
	took_irq(d, 0);
	drv_submit(d, &o->g, 1, OP(4), I_ERROR_BARRIER, OP(4));
	drv_run(d, 100 * US);
	is_u64(drv_cs_events(d, 0, 1), C_FAULT, "two faults: one event");
	ok(took_irq(d, 0), "it interrupts");
	drv_cs_ack(d, 0, 1, ~0u);
	drv_run(d, 100 * US);
	is_u64(drv_cs_events(d, 0, 1), C_FAULT, "acknowledged: the second");
	ok(took_irq(d, 0), "it interrupts too");
	drv_cs_ack(d, 0, 1, ~0u);
	drv_run(d, 100 * US);
	is_u64(drv_cs_events(d, 0, 1), 0, "acknowledged: no more");
	one_free(o);
}

/* An event that waits to be sent is not acknowledged by what came before it. */
static void test_unsent_fault(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	uint64_t req = d->cs_in[0][0] + CI_REQ;

	put32(d, req, mem32(d, req) ^ C_FAULT);
	drv_submit(d, &o->g, 0, OP(7), STORE_WORD(DATA, 1));
	drv_run(d, 1 * MS);
	put32(d, req, mem32(d, req) ^ C_FAULT);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	ok(drv_cs_events(d, 0, 0) == C_FAULT && drv_extract(d, &o->g.q[0]) == 8,
	   "a fault whose event could not be sent before holds its stream");
	drv_cs_ack(d, 0, 0, C_FAULT);
	drv_run(d, 1 * MS);
	ok(!drv_cs_events(d, 0, 0), "until it is acknowledged");
	one_free(o);
}

static void test_cs_irq(void)
{
	struct one *o = one_start(8);
	struct driver *d = &o->d;
	uint64_t req = d->csg_out[0] + SO_CS_IRQ_REQ;
	uint64_t ack = d->csg_in[0] + SI_CS_IRQ_ACK;

	drv_submit(d, &o->g, 3, OP(255));
	drv_run(d, 100 * US);
	is_u64(mem32(d, req) ^ mem32(d, ack), 1 << 3,
	       "stream 3 is in CS_IRQ_REQ");
	drv_submit(d, &o->g, 5, OP(4));
	drv_run(d, 100 * US);
	is_u64(mem32(d, req) ^ mem32(d, ack), 1 << 3 | 1 << 5,
	       "stream 5 joins it");
	/* The fault is acknowledged, the interrupt is not */
	drv_submit(d, &o->g, 5, OP(255));
	put32(d, d->cs_in[0][5] + CI_REQ,
	      mem32(d, d->cs_in[0][5] + CI_REQ) ^ C_FAULT);
	drv_cs_doorbell(d, 0, 1 << 5);
	drv_run(d, 100 * US);
	is_u64(mem32(d, req) ^ mem32(d, ack), 1 << 3 | 1 << 5,
	       "a second event of stream 5 does not take its bit away");
	is_u64(drv_cs_events(d, 0, 5), C_FATAL, "it is pending");
	drv_cs_ack(d, 0, 5, ~0u);
	drv_run(d, 100 * US);
	is_u64(mem32(d, req) ^ mem32(d, ack), 0, "acknowledged");

	took_irq(d, 0);
	put32(d, d->cs_in[0][6] + CI_IRQ_MASK, 0);
	drv_submit(d, &o->g, 6, OP(4));
	drv_run(d, 100 * US);
	ok(drv_cs_events(d, 0, 6) == C_FAULT && !took_irq(d, 0) &&
	   mem32(d, req) == mem32(d, ack),
	   "a stream whose events are masked does not interrupt");
	one_free(o);
}

static unsigned int count_idle(struct driver *d, unsigned int slot)
{
	unsigned int n = 0;

	while (drv_csg_events(d, slot) & S_IDLE) {
		drv_csg_ack(d, slot, S_EVENTS);
		drv_run(d, 100 * US);
		n++;
	}
	return n;
}

static void test_csg_idle(void)
{
	struct one *o = one_start(2);
	struct driver *d = &o->d;

	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 1, "an empty group is idle, once");
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 1, "its state says so");
	drv_run(d, 10 * MS);
	drv_ring_csg(d, 1);
	drv_kick(d, &o->g, 0);
	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 0, "not again without work");

	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 1, "after a short job it is idle anew");

	drv_submit(d, &o->g, 1, I_ADD32(0, 0, 1), I_BRANCH(ALWAYS, 0, -2));
	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 0, "an endless job is not idle");
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 0, "its state says so");
	drv_group_stop(d, &o->g, S_TERMINATE);

	drv_group_start(d, &o->g, 0);
	count_idle(d, 0);
	drv_submit(d, &o->g, 0, WAIT_ABOVE(DATA, 10));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 0,
	       "a busy stream beside a waiting one: not idle");
	one_free(o);
}

static void test_csg_idle_wait(void)
{
	struct one *o = one_start(2);
	struct driver *d = &o->d;

	drv_run(d, 1 * MS);
	count_idle(d, 0);
	drv_submit(d, &o->g, 0, WAIT_ABOVE(DATA, 10));
	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 1, "a group that only waits is idle");
	drv_ring_glb(d);
	drv_run(d, 1 * MS);
	is_u64(count_idle(d, 0), 0, "looking at the object is no work");

	/* The driver may ask for waiting not to count */
	put32(d, d->cs_in[0][0] + CI_REQ,
	      mem32(d, d->cs_in[0][0] + CI_REQ) & ~C_IDLE_SYNC);
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, d->csg_out[0] + SO_STATE) & 1, 0,
	       "without CS_IDLE_SYNC_WAIT it is not");
	one_free(o);
}

static bool csg_idle(struct driver *d)
{
	drv_run(d, 1 * MS);
	return mem32(d, d->csg_out[0] + SO_STATE) & 1;
}

/* What ends a stream's work, and what only looks like it */
static void test_csg_idle_empty(void)
{
	const uint64_t endless[] = { I_ADD32(0, 0, 1), I_BRANCH(ALWAYS, 0, -2) };
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	uint64_t req = d->cs_in[0][0] + CI_REQ;
	struct mali_slot s;

	ok(csg_idle(d), "idle");
	drv_submit(d, &o->g, 0, OP(7));
	ok(!csg_idle(d) && drv_cs_events(d, 0, 0) == C_FAULT,
	   "a stream that waits for its fault to be acknowledged is not");
	drv_cs_ack(d, 0, 0, C_FAULT);
	drv_cs_doorbell(d, 0, 1);
	ok(csg_idle(d), "one that went on is");
	put32(d, req, mem32(d, req) & ~C_IDLE_EMPTY);
	drv_cs_doorbell(d, 0, 1);
	ok(!csg_idle(d), "without CS_IDLE_EMPTY an empty ring is not");
	put32(d, req, mem32(d, req) | C_IDLE_EMPTY);
	drv_cs_doorbell(d, 0, 1);
	ok(csg_idle(d), "with it, it is");

	sim_write64(&d->sim, o->code, I_PROGRESS_WAIT(1, 4));
	drv_submit(d, &o->g, 0, I_MOVE(4, 1), I_MOVE(80, CODE), I_MOVE32(82, 8),
		   I_CALL(80, 82));
	ok(!csg_idle(d), "nor is one whose last call has not returned");
	is_u64(mem32(d, o->g.q[0].io_pa + 4096 + 8), 1, "which is active");
	drv_group_stop(d, &o->g, S_TERMINATE);
	drv_group_start(d, &o->g, 0);
	drv_submit(d, &o->g, 0, OP(200), I_NOP);
	ok(csg_idle(d) && drv_cs_events(d, 0, 0) & C_FATAL,
	   "a dead stream is idle, whatever its ring has");
	drv_group_stop(d, &o->g, S_TERMINATE);
	mali_get_slot(d->m, 0, &s);
	ok(!s.active && !s.idle, "nobody is idle in a slot that is free");
	put64(d, o->g.q[0].io_pa + 4096, o->g.q[0].insert);
	drv_emit(d, &o->g.q[0], endless, 2);
	drv_publish(d, &o->g.q[0]);
	drv_group_start(d, &o->g, 0);
	ok(!csg_idle(d), "nor the next group, which is busy from its start");
	one_free(o);
}

static bool glb_idle(struct driver *d)
{
	return (mem32(d, d->glb_in + GI_REQ) ^ mem32(d, d->glb_out + GO_ACK)) &
	       G_IDLE;
}

static void glb_idle_ack(struct driver *d)
{
	put32(d, d->glb_in + GI_REQ,
	      (mem32(d, d->glb_in + GI_REQ) & ~G_IDLE) |
	      (mem32(d, d->glb_out + GO_ACK) & G_IDLE));
}

static void test_glb_idle(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	wr32(d, JOB_INT + CLEAR, ~0u);
	drv_run(d, 600 * US);
	ok(!glb_idle(d), "no GLB_IDLE before the hysteresis");
	drv_run(d, 300 * US);
	ok(glb_idle(d), "GLB_IDLE after it");
	ok(rd32(d, JOB_INT + RAWSTAT) >> 31, "it interrupts");
	glb_idle_ack(d);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "once");

	for (int i = 0; i < 4; i++) {
		drv_submit(d, &o->g, 0, STORE_WORD(DATA, i));
		drv_run(d, 500 * US);
	}
	ok(!glb_idle(d), "short jobs in between restart the hysteresis");
	drv_run(d, 500 * US);
	ok(glb_idle(d), "and then it comes");
	glb_idle_ack(d);

	drv_group_stop(d, &o->g, S_TERMINATE);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "without a group there is no event");
	drv_group_start(d, &o->g, 0);
	drv_run(d, 600 * US);
	ok(!glb_idle(d), "a new group starts a new hysteresis");
	drv_run(d, 300 * US);
	ok(glb_idle(d), "and ends it");
	glb_idle_ack(d);

	put32(d, d->glb_in + GI_IDLE_TIMER, 5 * 1000 | 1u << 31);
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 9));
	drv_ring_glb(d);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "a hysteresis in cycles");
	drv_run(d, 1 * MS);
	ok(glb_idle(d), "ends as well");
	glb_idle_ack(d);

	drv_glb_toggle(d, G_IDLE_EN);
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 9));
	drv_run(d, 20 * MS);
	ok(!glb_idle(d), "switched off");
	one_free(o);
}

/* A driver that is slow to acknowledge hears of the next idle period as well */
static void test_glb_idle_late(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	drv_run(d, 5 * MS);
	ok(glb_idle(d), "GLB_IDLE, which nobody acknowledges yet");
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	drv_run(d, 5 * MS);
	glb_idle_ack(d);
	drv_ring_glb(d);
	drv_run(d, 1 * MS);
	ok(glb_idle(d), "it comes for the period after that when the first is acknowledged");
	glb_idle_ack(d);
	drv_ring_glb(d);
	drv_run(d, 20 * MS);
	ok(!glb_idle(d), "once");
	one_free(o);
}

/* The ring's last instruction is a call, of more than a slice */
static void test_active_ends(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	sim_write64(&d->sim, o->code, I_ADD32(2, 2, -1));
	sim_write64(&d->sim, o->code + 8, I_BRANCH(NE, 2, -2));
	drv_submit(d, &o->g, 0, I_MOVE32(2, 20000), I_MOVE(4, CODE), I_MOVE32(6, 16),
		   I_CALL(4, 6));
	drv_run(d, 20 * US);
	is_u64(mem32(d, o->g.q[0].io_pa + 4096 + 8), 1, "a stream in a called buffer is active");
	drv_run(d, 50 * MS);
	ok(drv_extract(d, &o->g.q[0]) == o->g.q[0].insert &&
	   !mem32(d, o->g.q[0].io_pa + 4096 + 8), "and is not when that has returned");
	one_free(o);
}

/* What begins an idle period, and what does not */
static void test_glb_idle_again(void)
{
	struct one *o = malloc(sizeof(*o));
	struct driver *d = &o->d;
	struct group busy;

	one_init(o, 1);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "no group there ever was: no GLB_IDLE");
	drv_group_start(d, &o->g, 0);
	drv_run(d, 1 * MS);
	ok(glb_idle(d), "GLB_IDLE");
	glb_idle_ack(d);
	drv_glb_toggle(d, G_PING);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "not again for a doorbell");

	/* Work is there when it starts, so that it never was idle */
	drv_group_new(d, &busy, 1, 1, RING);
	drv_submit(d, &busy, 0, I_ADD32(0, 0, 1), I_BRANCH(ALWAYS, 0, -2));
	drv_group_start(d, &busy, 3);
	drv_run(d, 5 * MS);
	ok(!glb_idle(d), "nor beside a group that is busy");
	drv_group_stop(d, &busy, S_TERMINATE);
	drv_run(d, 500 * US);
	ok(!glb_idle(d), "that is gone: a new hysteresis");
	drv_run(d, 500 * US);
	ok(glb_idle(d), "and its end");
	one_free(o);
}

static void test_doorbells(void)
{
	struct one *o = one_start(2);
	struct driver *d = &o->d;
	const uint64_t prog[] = { STORE_WORD(DATA, 1) };

	drv_emit(d, &o->g.q[0], prog, 3);
	drv_publish(d, &o->g.q[0]);
	drv_run(d, 100 * MS);
	is_u64(mem32(d, o->data), 0, "without a doorbell nothing happens");
	wr32(d, DOORBELL(5), 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0, "nor with another one's");
	drv_ring_glb(d);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0, "nor with the global one");
	drv_cs_doorbell(d, 0, 2);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0, "nor with the other stream's");
	drv_cs_doorbell(d, 0, 1);
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 1, "the stream's bit at the group starts it");
	is_u64(mem32(d, d->csg_in[0] + SI_DB_REQ),
	       mem32(d, d->csg_out[0] + SO_DB_ACK), "and is acknowledged");
	is_u64(mem32(d, d->glb_in + GI_DB_REQ), mem32(d, d->glb_out + GO_DB_ACK),
	       "as the group's is");

	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 2));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 2, "the user doorbell starts it");
	wr64(d, DOORBELL(1) + 4, ~0ull);
	drv_submit(d, &o->g, 1, I_NOP);
	is_u64(drv_extract(d, &o->g.q[1]), 0, "a doorbell takes no time");
	drv_run(d, 1 * MS);
	is_u64(drv_extract(d, &o->g.q[1]), 8, "its work is done later");
	one_free(o);
}

/* --- Bad input ------------------------------------------------------------------ */

static void test_bad_ring(void)
{
	static const struct {
		const char *name;
		uint32_t size;
		uint32_t base;		/* added to the right one */
		uint64_t extract;
		uint64_t insert;
	} rings[] = {
		{ "no size", 0, 0, 0, 0 },
		{ "a size that is no power of two", 0x3000, 0, 0, 0 },
		{ "a size below an instruction", 4, 0, 0, 0 },
		{ "a misaligned base", RING, 4, 0, 0 },
		{ "a misaligned EXTRACT", RING, 0, 4, 4 },
		{ "EXTRACT alone misaligned", RING, 0, 4, 8 },
		{ "a misaligned INSERT", RING, 0, 0, 12 },
		{ "more inserted than fits", RING, 0, 0, RING + 8 },
		{ "INSERT before EXTRACT", RING, 0, 64, 56 },
	};
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	struct queue *q = &o->g.q[0];

	drv_group_stop(d, &o->g, S_TERMINATE);
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		put64(d, q->io_pa + 4096, rings[i].extract);
		put64(d, q->io_pa, rings[i].insert);
		drv_group_prog(d, &o->g, 0);
		put64(d, d->cs_in[0][0] + CI_BASE, q->ring_va + rings[i].base);
		put32(d, d->cs_in[0][0] + CI_SIZE, rings[i].size);
		ok(drv_csg_state(d, 0, S_START), "%s: the group starts",
		   rings[i].name);
		drv_run(d, 1 * MS);
		is_u64(drv_cs_events(d, 0, 0), C_FATAL, "%s: fatal",
		       rings[i].name);
		is_u64(mem32(d, d->cs_out[0][0] + CO_FATAL), EXC_CONFIG,
		       "%s: configuration fault", rings[i].name);
		drv_cs_ack(d, 0, 0, ~0u);
		drv_group_stop(d, &o->g, S_TERMINATE);
	}

	put64(d, q->io_pa + 4096, 0);
	put64(d, q->io_pa, 0);
	drv_group_start(d, &o->g, 0);
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	drv_run(d, 1 * MS);
	ok(mem32(d, o->data) == 1 && !drv_cs_events(d, 0, 0),
	   "a good ring in the same slot runs");
	one_free(o);
}

/* INSERT goes wrong while the stream runs */
static void test_bad_insert(uint64_t insert, const char *name)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	struct mali_slot s;

	drv_submit(d, &o->g, 0, I_NOP, I_NOP);
	drv_run(d, 1 * MS);
	o->g.q[0].insert = insert;
	drv_kick(d, &o->g, 0);
	drv_run(d, 1 * MS);
	is_u64(drv_cs_events(d, 0, 0), C_FATAL, "%s: fatal", name);
	is_u64(mem32(d, d->cs_out[0][0] + CO_FATAL), EXC_CONFIG,
	       "%s: configuration fault", name);
	is_u64(drv_extract(d, &o->g.q[0]), 16, "%s: nothing executes", name);
	mali_get_slot(d->m, 0, &s);
	is_u64(s.stream[0].insert, 16, "%s: nor is there more", name);
	drv_kick(d, &o->g, 0);
	drv_cs_ack(d, 0, 0, ~0u);
	drv_run(d, 1 * MS);
	is_u64(drv_cs_events(d, 0, 0), 0, "%s: reported once", name);
	one_free(o);
}

/* A driver whose memory is full of garbage */
static void fuzz_round(struct driver *d, struct group *groups, uint64_t *seed)
{
	uint64_t r = sim_random(seed);
	uint64_t val = sim_random(seed) >> sim_random(seed) % 64;
	struct group *g = &groups[r >> 8 & 3];
	struct queue *q = &g->q[r >> 10 & 1];
	uint64_t instr;

	switch (r & 0xf) {
	case 0 ... 2:		/* any word of the shared section */
		put32(d, d->shared_pa + 0x4000 + (r >> 16) % 0x14000 / 4 * 4,
		      val);
		break;
	case 3 ... 5:		/* a request, with a known state */
		put32(d, d->csg_in[g->slot] + SI_REQ, val << 4 | (r >> 20) % 5);
		drv_ring_csg(d, 1u << g->slot);
		break;
	case 6:
		put32(d, q->io_pa + (r >> 16) % 32 / 4 * 4, val);
		break;
	case 7:
		put32(d, g->suspend_pa + (r >> 16) % d->suspend_size / 4 * 4,
		      val);
		break;
	case 8 ... 11:		/* a real opcode with random operands */
		instr = OP((r >> 20) % 54) | (sim_random(seed) & ~OP(0xff));
		drv_emit(d, q, &instr, 1);
		drv_kick(d, g, r >> 10 & 1);
		break;
	case 12:
		drv_as_cmd(d, r >> 20 & 3, r >> 22 & 7);
		break;
	case 13:
		put32(d, d->cs_in[g->slot][r >> 10 & 1] + (r >> 16) % 0x40 / 4 * 4,
		      val);
		drv_cs_doorbell(d, g->slot, val);
		break;
	case 14:
		drv_group_prog(d, g, g->slot);
		drv_csg_state(d, g->slot, 1 + (r >> 20 & 2));
		break;
	default:
		put32(d, d->glb_in + (r >> 16) % 0x84 / 4 * 4, val & ~G_HALT);
		drv_ring_glb(d);
		break;
	}
}

static uint64_t fuzz(uint64_t seed, unsigned int rounds)
{
	struct driver d;
	struct group g[4];
	uint64_t hash;

	drv_up(&d);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int as = 1 + i % 3;

		if (i < 3) {
			drv_as_new(&d, as);
			drv_map(&d, as, 0, 4, SIM_RW);
			drv_map(&d, as, DATA, 4, SIM_RW);
		}
		drv_group_new(&d, &g[i], as, 2, 256);
		drv_group_start(&d, &g[i], i);
	}
	for (unsigned int i = 0; i < rounds; i++) {
		fuzz_round(&d, g, &seed);
		if (i % 8 == 0)
			drv_run(&d, 50 * US);
		/* A crash is legal, but ends the fun */
		if (rd32(&d, MCU_STAT) != MCU_ENABLED) {
			drv_mcu_stop(&d);
			drv_as_enable(&d, 0, d.root[0]);
			drv_reload_sections(&d, true);
			if (!drv_boot(&d))
				break;
		}
	}
	hash = d.sim.now_ns ^ d.sim.errors << 20 ^ d.sim.accesses << 32;

	drv_mcu_stop(&d);
	drv_as_enable(&d, 0, d.root[0]);
	drv_reload_sections(&d, true);
	if (!drv_boot(&d) || drv_init_ifaces(&d))
		hash = 0;
	drv_free(&d);
	return hash;
}

static void test_fuzz(void)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		uint64_t hash = fuzz(seed * 7919, 6000);

		ok(hash, "seed %" PRIu64 ": garbage in every block", seed);
		is_u64(fuzz(seed * 7919, 6000), hash,
		       "seed %" PRIu64 ": the same again", seed);
	}
}

/* --- Address space of the MCU ------------------------------------------------------ */

static void test_crash(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	uint64_t va = MCU_SHARED_VA + 0x4000;
	unsigned int errors;

	wr32(d, JOB_INT + CLEAR, ~0u);
	sim_pt_clear(&d->sim, d->root[0], va, 3);
	is_u64(drv_glb_toggle(d, G_PING), G_PING,
	       "the TLB keeps the firmware going");
	drv_as_lock(d, 0, va, 15);
	drv_as_cmd(d, 0, AS_UNLOCK);
	wr32(d, JOB_INT + CLEAR, ~0u);
	errors = d->sim.errors;
	is_u64(drv_glb_toggle(d, G_PING), 0, "without memory it does not answer");
	is_u64(rd32(d, MCU_STAT), MCU_FATAL, "MCU_STATUS is fatal");
	is_u64(d->sim.errors, errors + 1, "one access failed, and none came after it");
	ok(rd32(d, MMU_INT + RAWSTAT) & 1 && d->sim.irq[MALI_IRQ_MMU],
	   "fault of AS 0");
	is_u64(rd64(d, AS_REG(0, AS_FAULTADDR)), va, "its address");
	is_u64(rd32(d, AS_REG(0, AS_FAULT)) & 0x3ff, 0x2c3,
	       "a translation fault of level 3, of a read");
	is_u64(rd32(d, JOB_INT + RAWSTAT), 0, "no job interrupt");
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	drv_run(d, 1 * MS);
	is_u64(mem32(d, o->data), 0, "streams stand still");
	one_free(o);
}

/* Memory of its answers that it cannot write, for a request of each kind */
static void test_crash_writing(uint32_t req, const char *name)
{
	uint64_t va = MCU_SHARED_VA + 0x5000, slot;
	struct one *o = one_start(1);
	struct driver *d = &o->d;
	unsigned int errors = d->sim.errors;

	slot = sim_pt_slot(&d->sim, d->root[0], va, 3, 0);
	sim_write64(&d->sim, slot, sim_read64(&d->sim, slot) | SIM_PTE_RDONLY);
	drv_as_lock(d, 0, va, 15);
	drv_as_cmd(d, 0, AS_UNLOCK);
	put32(d, d->glb_in + GI_REQ, mem32(d, d->glb_in + GI_REQ) ^ req);
	drv_ring_csg(d, 1);
	drv_run(d, 1 * MS);
	is_u64(rd32(d, MCU_STAT), MCU_FATAL, "%s: an answer that cannot be written is fatal",
	       name);
	is_u64(d->sim.errors, errors + 1, "%s: it is the last access", name);
	one_free(o);
}

static void test_as0_locked(void)
{
	struct one *o = one_start(1);
	struct driver *d = &o->d;

	drv_as_lock(d, 0, 0x40000000, 15);
	drv_submit(d, &o->g, 0, STORE_WORD(DATA, 1));
	is_u64(drv_glb_toggle(d, G_PING), 0, "locked AS 0: no answer");
	is_u64(mem32(d, o->data), 0, "locked AS 0: no execution");
	is_u64(rd32(d, MCU_STAT), MCU_ENABLED, "locked AS 0: still alive");
	drv_as_cmd(d, 0, AS_UNLOCK);
	drv_run(d, 1 * MS);
	ok(mem32(d, o->data) == 1 &&
	   !((mem32(d, d->glb_in + GI_REQ) ^
	      mem32(d, d->glb_out + GO_ACK)) & G_PING),
	   "unlocked: both happened");

	drv_mcu_stop(d);
	drv_as_lock(d, 0, 0, 48);
	ok(!drv_boot(d) && rd32(d, MCU_STAT) == MCU_DISABLED,
	   "locked AS 0: no boot");
	drv_as_cmd(d, 0, AS_FLUSH_MEM);
	drv_run(d, 1 * MS);
	is_u64(rd32(d, MCU_STAT), MCU_ENABLED, "flushed: it boots");
	one_free(o);
}

/* --- Concurrency ---------------------------------------------------------------------- */

static void test_two_spaces(void)
{
	struct driver d;
	struct group g[2];
	uint64_t pa[2];

	drv_up(&d);
	for (unsigned int i = 0; i < 2; i++) {
		drv_as_new(&d, 1 + i);
		pa[i] = drv_map(&d, 1 + i, DATA, 1, SIM_RW);
		drv_group_new(&d, &g[i], 1 + i, 1, RING);
		drv_group_start(&d, &g[i], 3 * i);
		drv_submit(&d, &g[i], 0, STORE_WORD(DATA, 100 + i),
			   I_ADD32(5, 5, 1), I_STORE(5, 0, 1, 4));
	}
	drv_run(&d, 1 * MS);
	ok(mem32(&d, pa[0]) == 100 && mem32(&d, pa[1]) == 101,
	   "one address, two address spaces");
	ok(mem32(&d, pa[0] + 4) == 1 && mem32(&d, pa[1] + 4) == 1,
	   "each has its own registers");

	/* One dies with its address space, the other does not notice */
	drv_as_disable(&d, 1);
	for (unsigned int i = 0; i < 2; i++)
		drv_submit(&d, &g[i], 0, STORE_WORD(DATA, 200 + i));
	drv_run(&d, 1 * MS);
	is_u64(drv_cs_events(&d, 0, 0), C_FATAL, "one address space disabled");
	is_u64(mem32(&d, d.cs_out[0][0] + CO_FATAL), EXC_BUS, "bus fault");
	is_u64(mem32(&d, pa[1]), 201, "the other group goes on");
	drv_free(&d);
}

static void test_all_streams(void)
{
	uint32_t least = ~0u, most = 0;
	struct driver d;
	struct group g[8];
	uint64_t data;

	drv_up(&d);
	drv_as_new(&d, 1);
	data = drv_map(&d, 1, DATA, 1, SIM_RW);
	for (unsigned int i = 0; i < 8; i++) {
		drv_group_new(&d, &g[i], 1, 8, RING);
		drv_group_start(&d, &g[i], i);
		for (unsigned int j = 0; j < 8; j++)
			drv_submit(&d, &g[i], j,
				   I_MOVE(0, DATA + (i * 8 + j) * 4),
				   I_ADD32(2, 2, 1), I_STORE(2, 0, 1, 0),
				   I_BRANCH(ALWAYS, 0, -3));
	}
	drv_run(&d, 20 * MS);
	for (unsigned int i = 0; i < 64; i++) {
		uint32_t n = mem32(&d, data + i * 4);

		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	ok(least > 1000, "64 endless streams: the slowest made %u rounds",
	   least);
	ok(most - least <= most / 2, "the fastest made %u", most);
	for (unsigned int i = 0; i < 8; i++)
		ok(drv_group_stop(&d, &g[i], i & 1 ? S_SUSPEND : S_TERMINATE),
		   "group %u lets itself be stopped", i);
	drv_run(&d, 1 * MS);
	is_u64(d.sim.deadline_ns, MALI_NEVER, "and then the GPU sleeps");
	drv_free(&d);
}

int main(void)
{
	test_boot();
	test_boot_without_l2();
	test_boot_taken_back();
	test_boot_old_doorbell();
	test_container();
	for (int i = 0; i < NUM_DAMAGES; i++)
		test_damage(i);
	test_other_image();
	test_glb_requests();
	test_halt();
	test_group();
	test_suspend(0, 0, false);
	test_suspend(2, 7, true);
	test_suspend_blocked();
	test_suspend_garbage();
	test_suspend_misaligned(false);
	test_suspend_misaligned(true);
	test_suspend_lost(0);
	test_suspend_lost(4);
	test_stream_restarts();
	test_late_ack();
	test_unsent_fault();
	test_cs_irq();
	test_csg_idle();
	test_csg_idle_wait();
	test_csg_idle_empty();
	test_glb_idle();
	test_glb_idle_again();
	test_glb_idle_late();
	test_active_ends();
	test_doorbells();
	test_bad_ring();
	test_bad_insert(12, "a misaligned INSERT");
	test_bad_insert(8, "INSERT before EXTRACT");
	test_bad_insert(16 + RING + 8, "INSERT a ring ahead");
	test_fuzz();
	test_crash();
	test_crash_writing(G_PING, "a ping");
	test_crash_writing(G_HALT, "a halt");
	test_as0_locked();
	test_two_spaces();
	test_all_streams();
	return done_testing();
}
