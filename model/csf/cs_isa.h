/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encoding of the command-stream instructions of architecture 10.
 *
 * Opcodes and fields are facts of the instruction set as Mesa's description
 * of it states them (src/panfrost/genxml/v10.xml). An instruction is one
 * little-endian 64-bit word, the opcode in its top byte.
 */
#ifndef MALI_CS_ISA_H
#define MALI_CS_ISA_H

#include <stdint.h>

#define CS_NUM_REGS		96
#define CS_NUM_SCOREBOARDS	8
#define CS_INSTR_SIZE		8u

enum cs_opcode {
	CS_OP_NOP = 0,
	CS_OP_MOVE = 1,
	CS_OP_MOVE32 = 2,
	CS_OP_WAIT = 3,
	CS_OP_RUN_COMPUTE = 4,
	CS_OP_RUN_TILING = 5,
	CS_OP_RUN_IDVS = 6,
	CS_OP_RUN_FRAGMENT = 7,
	CS_OP_RUN_FULLSCREEN = 8,
	CS_OP_FINISH_TILING = 9,
	CS_OP_FINISH_FRAGMENT = 11,
	CS_OP_ADD_IMM32 = 16,
	CS_OP_ADD_IMM64 = 17,
	CS_OP_UMIN32 = 18,
	CS_OP_LOAD_MULTIPLE = 20,
	CS_OP_STORE_MULTIPLE = 21,
	CS_OP_BRANCH = 22,
	CS_OP_SET_SB_ENTRY = 23,
	CS_OP_PROGRESS_WAIT = 24,
	CS_OP_SET_EXCEPTION_HANDLER = 25,
	CS_OP_CALL = 32,
	CS_OP_JUMP = 33,
	CS_OP_REQ_RESOURCE = 34,
	CS_OP_FLUSH_CACHE2 = 36,
	CS_OP_SYNC_ADD32 = 37,
	CS_OP_SYNC_SET32 = 38,
	CS_OP_SYNC_WAIT32 = 39,
	CS_OP_STORE_STATE = 40,
	CS_OP_PROT_REGION = 41,
	CS_OP_PROGRESS_STORE = 42,
	CS_OP_PROGRESS_LOAD = 43,
	CS_OP_RUN_COMPUTE_INDIRECT = 44,
	CS_OP_ERROR_BARRIER = 47,
	CS_OP_HEAP_SET = 48,
	CS_OP_HEAP_OPERATION = 49,
	CS_OP_TRACE_POINT = 50,
	CS_OP_SYNC_ADD64 = 51,
	CS_OP_SYNC_SET64 = 52,
	CS_OP_SYNC_WAIT64 = 53,
};

/* BRANCH compares a signed register with zero, SYNC_WAIT memory with one */
enum cs_cond {
	CS_COND_LE = 0,
	CS_COND_GT = 1,
	CS_COND_EQ = 2,
	CS_COND_NE = 3,
	CS_COND_LT = 4,
	CS_COND_GE = 5,
	CS_COND_ALWAYS = 6,
};

enum cs_state_sel {
	CS_STATE_SEL_TIMESTAMP = 0,
	CS_STATE_SEL_CYCLE_COUNT = 1,
	CS_STATE_SEL_DISJOINT_COUNT = 2,
	CS_STATE_SEL_ERROR_STATUS = 3,
};

enum cs_heap_operation {
	CS_HEAP_VT_START = 0,
	CS_HEAP_VT_END = 1,
	CS_HEAP_FRAG_END = 3,
};

enum cs_sync_scope {
	CS_SCOPE_SYSTEM = 0,
	CS_SCOPE_CSG = 2,
};

/* Exceptions that a stream reports (drivers/gpu/drm/panthor/panthor_device.h) */
enum cs_exception {
	CS_EXC_CONFIG_FAULT = 0x40,
	CS_EXC_UNRECOVERABLE = 0x41,
	CS_EXC_ENDPOINT_FAULT = 0x44,
	CS_EXC_BUS_FAULT = 0x48,
	CS_EXC_INSTR_INVALID = 0x49,
	CS_EXC_CALL_STACK_OVERFLOW = 0x4a,
	CS_EXC_INHERIT_FAULT = 0x4b,
	CS_EXC_OOM = 0x60,
};

static inline unsigned int cs_opcode(uint64_t i)
{
	return i >> 56;
}

/* Destination register, or the base register of a load or store */
static inline unsigned int cs_dst(uint64_t i)
{
	return (i >> 48) & 0xff;
}

/* First source, or the register pair of an address */
static inline unsigned int cs_src(uint64_t i)
{
	return (i >> 40) & 0xff;
}

/* Second source, or the register of a length or of data */
static inline unsigned int cs_src2(uint64_t i)
{
	return (i >> 32) & 0xff;
}

static inline uint64_t cs_imm48(uint64_t i)
{
	return i & 0xffffffffffffull;
}

static inline uint32_t cs_imm32(uint64_t i)
{
	return (uint32_t)i;
}

/* Signed 16-bit offset: bytes for memory, instructions for BRANCH */
static inline int64_t cs_offset16(uint64_t i)
{
	return (int16_t)(i & 0xffff);
}

/* Register mask of a load or store, wait mask of everything else */
static inline unsigned int cs_mask16(uint64_t i)
{
	return (i >> 16) & 0xffff;
}

/* 3 bits in BRANCH, 4 in SYNC_WAIT */
static inline unsigned int cs_branch_cond(uint64_t i)
{
	return (i >> 28) & 0x7;
}

static inline unsigned int cs_wait_cond(uint64_t i)
{
	return (i >> 28) & 0xf;
}

/* SYNC_ADD and SYNC_SET */
static inline unsigned int cs_sync_scope(uint64_t i)
{
	return (i >> 1) & 0x3;
}

static inline int cs_sync_propagate(uint64_t i)
{
	return i & 1;
}

/* SYNC_WAIT: an error in the sync object is not taken over */
static inline int cs_sync_reject(uint64_t i)
{
	return i & 1;
}

/* Scoreboard entry that is busy until a deferrable instruction has its effect */
static inline unsigned int cs_signal_slot(uint64_t i)
{
	return (i >> 48) & 0xf;
}

static inline unsigned int cs_heap_op(uint64_t i)
{
	return (i >> 32) & 0x3;
}

static inline int cs_progress_inc(uint64_t i)
{
	return i >> 32 & 1;
}

/* FINISH_FRAGMENT: the render pass counts as completed */
static inline int cs_frag_completed(uint64_t i)
{
	return i & 1;
}

/* REQ_RESOURCE */
#define CS_RESOURCE_COMPUTE	(1u << 0)

/* RUN_COMPUTE: the axis along which tasks are cut; there is no fourth */
static inline unsigned int cs_task_axis(uint64_t i)
{
	return i >> 14 & 0x3;
}

/* Registers that RUN_TILING takes its operands from */
#define CS_SR_INDEX_COUNT	33
#define CS_SR_INSTANCE_COUNT	34
#define CS_SR_TILER_CTX		40

static inline unsigned int cs_state_select(uint64_t i)
{
	return (i >> 32) & 0x3;
}

#endif /* MALI_CS_ISA_H */
