/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small driver for the tests of the whole GPU: what Linux's Panthor does to
 * load and boot the firmware, to start groups and to feed rings, step by step
 * and under the test's control. It reaches the model through registers and
 * guest memory only, and spells out every offset, bit and encoding itself, so
 * that a wrong one in the model shows.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "mali.h"
#include "sim.h"

/* --- Registers ----------------------------------------------------------- */

#define GPU_INT		0x20		/* RAWSTAT, CLEAR, MASK, STAT */
#define JOB_INT		0x1000
#define MMU_INT		0x2000
#define RAWSTAT		0x0
#define CLEAR		0x4
#define MASK		0x8
#define STAT		0xc

#define GPU_CMD		0x30
#define GPU_CMD_SOFT_RESET	(1 | 1 << 8)
#define GPU_CMD_HARD_RESET	(1 | 2 << 8)
#define GPU_CMD_FLUSH	(4 | 0x33 << 8)
#define IRQ_RESET	(1u << 8)
#define IRQ_POWER	(3u << 9)
#define IRQ_CLEAN	(1u << 17)
#define IRQ_MCU_STATUS	(1u << 19)

#define PWR_SHADER	0x00		/* to be added to a base below */
#define PWR_TILER	0x10
#define PWR_L2		0x20
#define PWR_PRESENT	0x100
#define PWR_READY	0x140
#define PWR_ON		0x180
#define PWR_OFF		0x1c0
#define PWR_TRANS	0x200
#define PWR_ACTIVE	0x240

#define MCU_CTL		0x700
#define MCU_STAT	0x704
enum { MCU_DISABLED, MCU_ENABLED, MCU_HALTED, MCU_FATAL };

#define FLUSH_ID	0x10000
#define DOORBELL(n)	(0x80000 + (n) * 0x10000)

#define AS_REG(n, reg)	(0x2400 + (n) * 0x40 + (reg))
#define AS_TRANSTAB	0x00
#define AS_MEMATTR	0x08
#define AS_LOCKADDR	0x10
#define AS_CMD		0x18
#define AS_FAULT	0x1c
#define AS_FAULTADDR	0x20
#define AS_TRANSCFG	0x30
enum { AS_NOP, AS_UPDATE, AS_LOCK, AS_UNLOCK, AS_FLUSH_PT, AS_FLUSH_MEM };

/* --- Firmware interface --------------------------------------------------- */

#define MAX_SLOTS	8
#define MAX_STREAMS	8
#define MCU_SHARED_VA	0x04000000u

/* Global blocks: byte offsets in the input and in the output block */
#define GI_REQ		0x00
#define GI_IRQ_MASK	0x04
#define GI_DB_REQ	0x08
#define GI_PROGRESS	0x10
#define GI_IDLE_TIMER	0x80
#define GO_ACK		0x00
#define GO_DB_ACK	0x08
#define GO_HALT_STATUS	0x10
#define G_HALT		(1u << 0)
#define G_PROGRESS	(1u << 1)
#define G_ALLOC_EN	(1u << 2)
#define G_POWEROFF	(1u << 3)
#define G_PROTM_ENTER	(1u << 4)
#define G_PING		(1u << 8)
#define G_IDLE_EN	(1u << 10)
#define G_IDLE		(1u << 26)
/* Requests that are answered by their acknowledge bit */
#define G_TOGGLES	0x7eeu

#define SI_REQ		0x00		/* group slot */
#define SI_IRQ_MASK	0x04
#define SI_DB_REQ	0x08
#define SI_CS_IRQ_ACK	0x0c
#define SI_ALLOW_COMPUTE	0x20
#define SI_EP_REQ	0x34
#define SI_SUSPEND_BUF	0x40
#define SI_CONFIG	0x50
#define SO_ACK		0x00
#define SO_DB_ACK	0x08
#define SO_CS_IRQ_REQ	0x0c
#define SO_EP_CURRENT	0x10
#define SO_STATE	0x18
enum { S_TERMINATE, S_START, S_SUSPEND, S_RESUME };
#define S_STATE		7u
#define S_EP_CONFIG	(1u << 4)
#define S_STATUS_UPDATE	(1u << 5)
#define S_SYNC_UPDATE	(1u << 28)
#define S_IDLE		(1u << 29)
#define S_EVENTS	(S_SYNC_UPDATE | S_IDLE | 1u << 31)

#define CI_REQ		0x00		/* stream slot */
#define CI_CONFIG	0x04
#define CI_IRQ_MASK	0x0c
#define CI_BASE		0x10
#define CI_SIZE		0x18
#define CI_INPUT	0x30
#define CI_OUTPUT	0x38
#define CO_ACK		0x00
#define CO_CMD_PTR	0x40
#define CO_WAIT		0x48
#define CO_RESOURCE	0x4c
#define CO_WAIT_PTR	0x50
#define CO_WAIT_VALUE	0x58
#define CO_SCOREBOARDS	0x5c
#define CO_BLOCKED	0x60
#define CO_WAIT_HI	0x64
#define CO_FAULT	0x80
#define CO_FATAL	0x84
#define CO_FAULT_INFO	0x88
#define CO_FATAL_INFO	0x90
#define C_START		1u
#define C_STATE		7u
#define C_IDLE_SYNC	(1u << 8)
#define C_IDLE_EMPTY	(1u << 10)
#define C_FATAL		(1u << 30)
#define C_FAULT		(1u << 31)
#define C_EVENTS	(3u << 26 | C_FATAL | C_FAULT)

#define EXC_CONFIG	0x40
#define EXC_ENDPOINT	0x44
#define EXC_BUS		0x48
#define EXC_INVALID	0x49
#define EXC_OVERFLOW	0x4a
#define EXC_INHERIT	0x4b

/* --- The driver ------------------------------------------------------------- */

/* A section of the firmware image, as loaded */
struct fw_section {
	uint32_t flags;
	uint32_t va;
	uint32_t size;
	uint32_t data;
	uint32_t data_size;
	uint64_t pa;
};

/**
 * struct driver - driver state of one GPU on one simulated machine
 * @sim: The machine.
 * @m: The GPU.
 * @image: Firmware file; a test may damage it before it is loaded.
 * @image_size: Its bytes.
 * @sections: What was loaded.
 * @num_sections: Their number.
 * @root: Root table of each address space, 0 when not in use.
 * @next_mcu_va: Where the next allocation of the MCU's address space goes.
 * @glb_in: Physical address of each block, from the control blocks.
 */
struct driver {
	struct sim sim;
	struct mali *m;
	uint8_t image[16384];
	size_t image_size;
	struct fw_section sections[8];
	unsigned int num_sections;
	uint64_t root[MALI_NUM_AS];
	uint32_t next_mcu_va;
	uint64_t shared_pa;
	uint32_t suspend_size;
	uint64_t glb_in, glb_out;
	uint64_t csg_in[MAX_SLOTS], csg_out[MAX_SLOTS];
	uint64_t cs_in[MAX_SLOTS][MAX_STREAMS];
	uint64_t cs_out[MAX_SLOTS][MAX_STREAMS];
};

/* One ring and its pair of user pages */
struct queue {
	uint64_t ring_va, ring_pa;
	uint32_t ring_size;
	uint32_t io_va;		/* input page; the output page follows */
	uint64_t io_pa;
	uint64_t insert;
};

/* A group: what survives while it is in no slot */
struct group {
	unsigned int as;
	unsigned int slot;
	unsigned int priority;
	unsigned int num_queues;
	uint32_t suspend_va;
	uint64_t suspend_pa;
	struct queue q[MAX_STREAMS];
};

/* --- Registers and time */

static inline uint32_t rd32(struct driver *d, uint32_t reg)
{
	return mali_mmio_read(d->m, reg, 4);
}

static inline uint64_t rd64(struct driver *d, uint32_t reg)
{
	return mali_mmio_read(d->m, reg, 8);
}

static inline void wr32(struct driver *d, uint32_t reg, uint32_t val)
{
	mali_mmio_write(d->m, reg, val, 4);
}

static inline void wr64(struct driver *d, uint32_t reg, uint64_t val)
{
	mali_mmio_write(d->m, reg, val, 8);
}

#define US	1000ull
#define MS	(1000 * US)

/* Let the model do what it has to do within @ns */
static inline void drv_run(struct driver *d, uint64_t ns)
{
	sim_run_for(&d->sim, d->m, ns);
}

/* Guest memory, by physical address */
static inline uint32_t mem32(struct driver *d, uint64_t pa)
{
	return sim_read32(&d->sim, pa);
}

static inline uint64_t mem64(struct driver *d, uint64_t pa)
{
	return sim_read64(&d->sim, pa);
}

static inline void put32(struct driver *d, uint64_t pa, uint32_t val)
{
	sim_write32(&d->sim, pa, val);
}

static inline void put64(struct driver *d, uint64_t pa, uint64_t val)
{
	sim_write64(&d->sim, pa, val);
}

/* --- Life. drv_init() is a machine with a GPU and the firmware file. */

/* MALI_IGNORE_* of the next GPU */
extern uint32_t drv_ignore;
/* Picoseconds a lane instruction takes of it; 0 is what the model thinks */
extern uint32_t drv_lane_ps;
void drv_init(struct driver *d);
void drv_free(struct driver *d);
/* NULL, or what Panthor would complain of */
const char *drv_load_firmware(struct driver *d);
/* Copy the sections' data again: all of them, or the writable ones */
void drv_reload_sections(struct driver *d, bool all);
void drv_power_l2(struct driver *d);
/* Start the MCU; true when it reported itself through the job interrupt */
bool drv_boot(struct driver *d);
/* Read and check the control blocks; NULL or what is wrong with them */
const char *drv_init_ifaces(struct driver *d);
/* All of it, and the global configuration; aborts when something fails */
void drv_up(struct driver *d);

/* --- Address spaces */

/* A fresh root for address space @as, enabled */
void drv_as_new(struct driver *d, unsigned int as);
void drv_as_enable(struct driver *d, unsigned int as, uint64_t root);
void drv_as_disable(struct driver *d, unsigned int as);
void drv_as_cmd(struct driver *d, unsigned int as, unsigned int cmd);
/* LOCK of the 2^@bits bytes around @va */
void drv_as_lock(struct driver *d, unsigned int as, uint64_t va,
		 unsigned int bits);
/* Fresh memory, mapped at @va with @bits (SIM_R*); its physical address */
uint64_t drv_map(struct driver *d, unsigned int as, uint64_t va,
		 unsigned int pages, uint64_t bits);
/* The same in the MCU's address space, at an address that *@va gets */
uint64_t drv_mcu_alloc(struct driver *d, unsigned int pages, uint32_t *va);

/* --- Global interface */

void drv_ring_glb(struct driver *d);
/* Toggle @reqs, ring, run; the bits of @reqs that were acknowledged */
uint32_t drv_glb_toggle(struct driver *d, uint32_t reqs);
/* Graceful halt, stop; true when the MCU said so */
bool drv_halt(struct driver *d);
void drv_mcu_stop(struct driver *d);

/* --- Groups */

void drv_group_new(struct driver *d, struct group *g, unsigned int as,
		   unsigned int num_queues, uint32_t ring_size);
/* Ring the doorbell of slots (bit mask) through the global interface */
void drv_ring_csg(struct driver *d, uint32_t slots);
/* Write the input blocks of @slot for @g, as before a start or a resume */
void drv_group_prog(struct driver *d, struct group *g, unsigned int slot);
/* Request @state of a slot and run; true when it was acknowledged */
bool drv_csg_state(struct driver *d, unsigned int slot, unsigned int state);
bool drv_group_start(struct driver *d, struct group *g, unsigned int slot);
bool drv_group_resume(struct driver *d, struct group *g, unsigned int slot);
bool drv_group_stop(struct driver *d, struct group *g, unsigned int state);
/* Toggle non-state requests of a slot; true when acknowledged */
bool drv_csg_toggle(struct driver *d, unsigned int slot, uint32_t reqs);
/* Toggle stream doorbells of a slot and ring it */
void drv_cs_doorbell(struct driver *d, unsigned int slot, uint32_t streams);
/* Pending events of a slot or a stream, and their acknowledgment */
uint32_t drv_csg_events(struct driver *d, unsigned int slot);
uint32_t drv_cs_events(struct driver *d, unsigned int slot, unsigned int cs);
void drv_csg_ack(struct driver *d, unsigned int slot, uint32_t events);
void drv_cs_ack(struct driver *d, unsigned int slot, unsigned int cs,
		uint32_t events);

/* --- Rings */

/* Append instructions; nothing sees them before drv_kick() */
void drv_emit(struct driver *d, struct queue *q, const uint64_t *instrs,
	      unsigned int num);
/* Publish INSERT; then ring the queue's user doorbell */
void drv_publish(struct driver *d, struct queue *q);
void drv_kick(struct driver *d, struct group *g, unsigned int queue);
uint64_t drv_extract(struct driver *d, struct queue *q);

/* --- Instructions, from the fields of Mesa's v10.xml ------------------------- */

#define OP(n)		((uint64_t)(n) << 56)
#define F48(x)		((uint64_t)((x) & 0xff) << 48)
#define F40(x)		((uint64_t)((x) & 0xff) << 40)
#define F32(x)		((uint64_t)((x) & 0xff) << 32)
#define F28(x)		((uint64_t)(x) << 28)
#define F16(x)		((uint64_t)((x) & 0xffff) << 16)
#define F0(x)		((uint64_t)((x) & 0xffff))

#define I_NOP			0ull
#define I_MOVE(d, imm)		(OP(1) | F48(d) | (uint64_t)(imm))
#define I_MOVE32(d, imm)	(OP(2) | F48(d) | (uint32_t)(imm))
#define I_WAIT(mask)		(OP(3) | F16(mask))
#define I_WAIT_PROGRESS		(OP(3) | 1ull << 32)
#define I_ADD32(d, s, imm)	(OP(16) | F48(d) | F40(s) | (uint32_t)(imm))
#define I_ADD64(d, s, imm)	(OP(17) | F48(d) | F40(s) | (uint32_t)(imm))
#define I_UMIN(d, a, b)		(OP(18) | F48(d) | F32(a) | F40(b))
#define I_LOAD(r, a, mask, off)	(OP(20) | F48(r) | F40(a) | F16(mask) | F0(off))
#define I_STORE(r, a, mask, off) (OP(21) | F48(r) | F40(a) | F16(mask) | F0(off))
#define I_BRANCH(cond, r, off)	(OP(22) | F40(r) | F28(cond) | F0(off))
#define I_SB_ENTRY(ep, other)	(OP(23) | (ep) | (other) << 4)
#define I_PROGRESS_WAIT(q, r)	(OP(24) | F40(r) | (q))
#define I_HANDLER(a, len)	(OP(25) | F40(a) | F32(len))
#define I_CALL(a, len)		(OP(32) | F40(a) | F32(len))
#define I_JUMP(a, len)		(OP(33) | F40(a) | F32(len))
#define I_REQ_RESOURCE(mask)	(OP(34) | (mask))
#define I_FLUSH(r, modes)	(OP(36) | F40(r) | (modes))
#define I_ADD_SYNC32(a, r, fl)	(OP(37) | F40(a) | F32(r) | (fl))
#define I_SET_SYNC32(a, r, fl)	(OP(38) | F40(a) | F32(r) | (fl))
#define I_WAIT_SYNC32(c, a, r, rej) (OP(39) | F40(a) | F32(r) | F28(c) | (rej))
#define I_STORE_STATE(sel, a, off) (OP(40) | F40(a) | F32(sel) | F0(off))
#define I_PROT_REGION		OP(41)
#define I_PROGRESS_STORE(s)	(OP(42) | F40(s))
#define I_PROGRESS_LOAD(d)	(OP(43) | F48(d))
#define I_ERROR_BARRIER		OP(47)
#define I_HEAP_SET(a)		(OP(48) | F40(a))
#define I_ADD_SYNC64(a, r, fl)	(OP(51) | F40(a) | F32(r) | (fl))
#define I_SET_SYNC64(a, r, fl)	(OP(52) | F40(a) | F32(r) | (fl))
#define I_WAIT_SYNC64(c, a, r, rej) (OP(53) | F40(a) | F32(r) | F28(c) | (rej))

enum { LE, GT, EQ, NE, LT, GE, ALWAYS };
/* Flags of SYNC_ADD and SYNC_SET */
#define PROPAGATE	1u
#define SCOPE_SYSTEM	0u
#define SCOPE_CSG	(2u << 1)

/* Emit a list of instructions and ring the doorbell */
#define drv_submit(d, g, queue, ...) do {				\
	const uint64_t instrs_[] = { __VA_ARGS__ };			\
									\
	drv_emit(d, &(g)->q[queue], instrs_,				\
		 sizeof(instrs_) / sizeof(instrs_[0]));			\
	drv_kick(d, g, queue);						\
} while (0)

#endif /* DRIVER_H */
