// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boot: the image is read and checked as the core would find it, and the control
 * blocks say what there is.
 *
 * The firmware is modelled at the level of its interface, not instruction by
 * instruction: what boots is what the image's descriptor vouches for (mkfw.c).
 */
#include <string.h>

#include "mcu.h"

static uint32_t get32(const uint8_t *p)
{
	uint32_t val;

	memcpy(&val, p, sizeof(val));
	return val;
}

/* Read and check the image as the core would find it; false: do not boot */
static bool load_image(struct mali_csf *c)
{
	uint8_t code[FW_CODE_SIZE];
	uint8_t *desc = code + FW_DESC_OFFSET;
	struct mali_mmu_fault f;
	uint32_t crc;

	if (mali_mmu_read(c->env.mmu, MCU_AS, FW_CODE_VA, code, sizeof(code),
			  MALI_ACCESS_EXECUTE, &f) != MALI_MMU_OK) {
		fw_crash(&c->fw, &f);
		return false;
	}
	crc = get32(desc + FW_DESC_O_CRC);
	memset(desc + FW_DESC_O_CRC, 0, sizeof(crc));
	if (get32(desc + FW_DESC_O_MAGIC) != FW_DESC_MAGIC ||
	    get32(desc + FW_DESC_O_ABI) != FW_DESC_ABI ||
	    get32(desc + FW_DESC_O_CODE_SIZE) != FW_CODE_SIZE ||
	    fw_crc32(code, sizeof(code)) != crc ||
	    get32(desc + FW_DESC_O_SHARED_SIZE) != FW_SHARED_SIZE ||
	    get32(desc + FW_DESC_O_NUM_CSGS) != FW_NUM_CSGS ||
	    get32(desc + FW_DESC_O_NUM_CS) != FW_NUM_CS) {
		mali_guest_error(c->env.base,
				 "firmware image is damaged or not the virtual Mali's");
		return false;
	}
	c->fw.shared_va = get32(desc + FW_DESC_O_SHARED_VA);
	return true;
}

static void write_cs_control(struct mali_csf *c, unsigned int csg,
			     unsigned int id)
{
	uint32_t ctl = c->fw.shared_va + FW_CSG_CONTROL +
		       csg * FW_CSG_CONTROL_STRIDE + FW_CS_CONTROL +
		       id * FW_CS_CONTROL_STRIDE;

	fw_wr32(&c->fw, ctl + CS_CTRL_FEATURES,
		CS_FEATURES_WORK_REGS(CS_NUM_REGS) |
		CS_FEATURES_SCOREBOARDS(CS_NUM_SCOREBOARDS) |
		CS_FEATURES_COMPUTE | CS_FEATURES_FRAGMENT | CS_FEATURES_TILER);
	fw_wr32(&c->fw, ctl + CS_CTRL_INPUT_VA, cs_in(&c->fw, csg, id));
	fw_wr32(&c->fw, ctl + CS_CTRL_OUTPUT_VA, cs_out(&c->fw, csg, id));
}

static void write_csg_control(struct mali_csf *c, unsigned int csg)
{
	uint32_t ctl = c->fw.shared_va + FW_CSG_CONTROL +
		       csg * FW_CSG_CONTROL_STRIDE;

	fw_wr32(&c->fw, ctl + CSG_CTRL_FEATURES, 0);
	fw_wr32(&c->fw, ctl + CSG_CTRL_INPUT_VA, csg_in(&c->fw, csg));
	fw_wr32(&c->fw, ctl + CSG_CTRL_OUTPUT_VA, csg_out(&c->fw, csg));
	fw_wr32(&c->fw, ctl + CSG_CTRL_SUSPEND_SIZE,
		(suspend_size() + MALI_PAGE_SIZE - 1) & MALI_PAGE_MASK);
	fw_wr32(&c->fw, ctl + CSG_CTRL_PROTM_SIZE, MALI_PAGE_SIZE);
	fw_wr32(&c->fw, ctl + CSG_CTRL_STREAM_NUM, FW_NUM_CS);
	fw_wr32(&c->fw, ctl + CSG_CTRL_STREAM_STRIDE, FW_CS_CONTROL_STRIDE);
	for (unsigned int id = 0; id < FW_NUM_CS; id++)
		write_cs_control(c, csg, id);
}

static void write_controls(struct mali_csf *c)
{
	uint32_t ctl = c->fw.shared_va + FW_GLB_CONTROL;

	for (unsigned int csg = 0; csg < FW_NUM_CSGS; csg++)
		write_csg_control(c, csg);
	fw_wr32(&c->fw, ctl + GLB_CTRL_FEATURES, 0);
	fw_wr32(&c->fw, ctl + GLB_CTRL_INPUT_VA, glb_in(&c->fw));
	fw_wr32(&c->fw, ctl + GLB_CTRL_OUTPUT_VA, glb_out(&c->fw));
	fw_wr32(&c->fw, ctl + GLB_CTRL_GROUP_NUM, FW_NUM_CSGS);
	fw_wr32(&c->fw, ctl + GLB_CTRL_GROUP_STRIDE, FW_CSG_CONTROL_STRIDE);
	fw_wr32(&c->fw, ctl + GLB_CTRL_PERFCNT_SIZE, 0);
	fw_wr32(&c->fw, ctl + GLB_CTRL_INSTR_FEATURES, FW_INSTR_FEATURES);
	/* Last: a driver takes a version of 0 for firmware that did not boot */
	fw_wr32(&c->fw, ctl + GLB_CTRL_VERSION, FW_IFACE_VERSION);
}

void mcu_boot(struct mali_csf *c)
{
	/* Without its L2 the core fetches nothing, and waits */
	if (!mali_gpu_l2_ready(c->env.gpu))
		return;
	c->boot_pending = false;
	if (!load_image(c)) {
		fw_set_status(&c->fw, MCU_STATUS_FATAL);
		return;
	}
	fw_set_status(&c->fw, MCU_STATUS_ENABLED);
	write_controls(c);
	if (fw_alive(&c->fw))
		fw_raise(&c->fw, JOB_INT_GLOBAL);
}
