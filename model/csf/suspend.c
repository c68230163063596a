// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suspend buffers: what a group owns while it is on no slot.
 *
 * Invariant: guest memory has it meanwhile, so nothing of it is believed. What the
 * interpreter relies on is checked again when it comes back.
 */
#include "group.h"

#define SUSPEND_MAGIC		0x50535543u	/* "CUSP" */

/* The suspend buffer: this header, then the context of each stream */
struct suspend_header {
	uint32_t magic;
	uint32_t size;
};

#define SUSPEND_SIZE	(sizeof(struct suspend_header) + \
			 FW_NUM_CS * sizeof(struct mali_cs_ctx))

uint32_t suspend_size(void)
{
	return SUSPEND_SIZE;
}

static uint64_t suspend_ctx(uint64_t buf, unsigned int id)
{
	return buf + sizeof(struct suspend_header) +
	       id * sizeof(struct mali_cs_ctx);
}

void group_save(struct mali_groups *gs, unsigned int csg)
{
	struct mali_csg *g = &gs->csg[csg];
	struct suspend_header h = { SUSPEND_MAGIC, SUSPEND_SIZE };
	uint64_t buf = fw_rd64(gs->fw, csg_in(gs->fw, csg) + CSG_SUSPEND_BUF);

	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		fw_write(gs->fw, suspend_ctx(buf, id), &g->cs[id].ctx,
			 sizeof(g->cs[id].ctx));
	fw_write(gs->fw, buf, &h, sizeof(h));
}

/* There is one place for how far a dispatch is, and one for a tiling operation. */
static bool ops_valid(const struct mali_cs_ctx *c)
{
	unsigned int dispatches = 0, tilings = 0;

	for (uint32_t i = 0; i < c->num_ops; i++) {
		if (!mali_cs_op_valid(&c->op[i]))
			return false;
		dispatches += cs_opcode(c->op[i].instr) == CS_OP_RUN_COMPUTE;
		tilings += cs_opcode(c->op[i].instr) == CS_OP_RUN_TILING;
	}
	return dispatches <= 1 && tilings <= 1;
}

/* Guest memory: what the interpreter relies on must be checked again */
static bool ctx_valid(const struct mali_cs_ctx *c)
{
	if (c->depth > MALI_CALL_DEPTH || c->handler_depth > c->depth ||
	    c->num_ops > MALI_CS_OPS || c->heap & 7)
		return false;
	if (c->sb_other >= CS_NUM_SCOREBOARDS ||
	    c->sb_endpoint >= CS_NUM_SCOREBOARDS)
		return false;
	if ((c->handler | c->handler_len) % CS_INSTR_SIZE)
		return false;
	if (!ops_valid(c))
		return false;
	for (uint32_t i = 0; i < c->depth; i++)
		if ((c->frame[i].pc | c->frame[i].end) % CS_INSTR_SIZE)
			return false;
	return true;
}

bool group_restore(struct mali_groups *gs, unsigned int csg)
{
	struct mali_csg *g = &gs->csg[csg];
	uint64_t buf = fw_rd64(gs->fw, csg_in(gs->fw, csg) + CSG_SUSPEND_BUF);
	struct suspend_header h;

	if (!fw_read(gs->fw, buf, &h, sizeof(h)) || h.magic != SUSPEND_MAGIC ||
	    h.size != SUSPEND_SIZE)
		return false;
	for (unsigned int id = 0; id < FW_NUM_CS; id++) {
		fw_read(gs->fw, suspend_ctx(buf, id), &g->cs[id].ctx,
			sizeof(g->cs[id].ctx));
		if (!ctx_valid(&g->cs[id].ctx))
			return false;
	}
	return true;
}
