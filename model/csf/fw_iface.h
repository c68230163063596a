/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CSF firmware interface: the layout of the memory through which driver
 * and firmware talk, and of the firmware image's descriptor.
 *
 * Offsets and bits are facts of the interface (version 1.1) as the Linux
 * driver states them in drivers/gpu/drm/panthor/panthor_fw.h. They are given
 * as byte offsets rather than structs: the model reads single words of guest
 * memory, at addresses that the guest chose.
 *
 * Requests travel as toggles: a bit that differs between REQ and ACK is
 * pending. REQ is written by the sender of the event, ACK by its receiver;
 * for events of the firmware (EVT masks) the roles of the two are swapped.
 */
#ifndef MALI_FW_IFACE_H
#define MALI_FW_IFACE_H

#include <stddef.h>
#include <stdint.h>

/* Where the driver expects the shared section in the MCU's address space */
#define FW_SHARED_VA		0x04000000u
#define FW_SHARED_SIZE		0x00020000u

#define FW_NUM_CSGS		8
#define FW_NUM_CS		8
#define FW_IFACE_VERSION	0x01010000u	/* 1.1.0 */
#define FW_INSTR_FEATURES	0x71u

/* Control blocks: read by the driver, written by the firmware at boot */
#define FW_GLB_CONTROL		0x0000u
#define FW_CSG_CONTROL		0x1000u		/* fixed by the interface */
#define FW_CSG_CONTROL_STRIDE	0x0400u
#define FW_CS_CONTROL		0x0040u		/* inside a CSG's control */
#define FW_CS_CONTROL_STRIDE	0x0020u

#define GLB_CTRL_VERSION	0x00
#define GLB_CTRL_FEATURES	0x04
#define GLB_CTRL_INPUT_VA	0x08
#define GLB_CTRL_OUTPUT_VA	0x0c
#define GLB_CTRL_GROUP_NUM	0x10
#define GLB_CTRL_GROUP_STRIDE	0x14
#define GLB_CTRL_PERFCNT_SIZE	0x18
#define GLB_CTRL_INSTR_FEATURES	0x1c

#define CSG_CTRL_FEATURES	0x00
#define CSG_CTRL_INPUT_VA	0x04
#define CSG_CTRL_OUTPUT_VA	0x08
#define CSG_CTRL_SUSPEND_SIZE	0x0c
#define CSG_CTRL_PROTM_SIZE	0x10
#define CSG_CTRL_STREAM_NUM	0x14
#define CSG_CTRL_STREAM_STRIDE	0x18

#define CS_CTRL_FEATURES	0x00
#define   CS_FEATURES_WORK_REGS(n)	((n) - 1)
#define   CS_FEATURES_SCOREBOARDS(n)	((n) << 8)
#define   CS_FEATURES_COMPUTE		(1u << 16)
#define   CS_FEATURES_FRAGMENT		(1u << 17)
#define   CS_FEATURES_TILER		(1u << 18)
#define CS_CTRL_INPUT_VA	0x04
#define CS_CTRL_OUTPUT_VA	0x08

/* Where this firmware puts the input and output blocks */
#define FW_GLB_INPUT		0x4000u
#define FW_GLB_OUTPUT		0x5000u
#define FW_CSG_IO(csg)		(0x8000u + (csg) * 0x2000u)
#define FW_CSG_INPUT(csg)	(FW_CSG_IO(csg) + 0x000u)
#define FW_CSG_OUTPUT(csg)	(FW_CSG_IO(csg) + 0x100u)
#define FW_CS_INPUT(csg, cs)	(FW_CSG_IO(csg) + 0x200u + (cs) * 0x200u)
#define FW_CS_OUTPUT(csg, cs)	(FW_CS_INPUT(csg, cs) + 0x100u)

/* Global input */
#define GLB_REQ			0x00
#define   GLB_HALT			(1u << 0)
#define   GLB_CFG_PROGRESS_TIMER	(1u << 1)
#define   GLB_CFG_ALLOC_EN		(1u << 2)
#define   GLB_CFG_POWEROFF_TIMER	(1u << 3)
#define   GLB_PROTM_ENTER		(1u << 4)
#define   GLB_PERFCNT_EN		(1u << 5)
#define   GLB_PERFCNT_SAMPLE		(1u << 6)
#define   GLB_COUNTER_EN		(1u << 7)
#define   GLB_PING			(1u << 8)
#define   GLB_FWCFG_UPDATE		(1u << 9)
#define   GLB_IDLE_EN			(1u << 10)
#define   GLB_IDLE			(1u << 26)
#define GLB_ACK_IRQ_MASK	0x04
#define GLB_DB_REQ		0x08
#define GLB_PROGRESS_TIMER	0x10
#define GLB_POWEROFF_TIMER	0x14
#define GLB_IDLE_TIMER		0x80
#define   GLB_TIMER_VALUE(x)		((x) & 0x7fffffffu)
#define   GLB_TIMER_SHIFT		10	/* units of 1024 counts */
#define   GLB_TIMER_SOURCE_CYCLES	(1u << 31)

/* Global output */
#define GLB_ACK			0x00
#define GLB_DB_ACK		0x08
#define GLB_HALT_STATUS		0x10

/* Group input */
#define CSG_REQ			0x00
#define   CSG_STATE_MASK		0x7u
#define     CSG_STATE_TERMINATE		0
#define     CSG_STATE_START		1
#define     CSG_STATE_SUSPEND		2
#define     CSG_STATE_RESUME		3
#define   CSG_ENDPOINT_CONFIG		(1u << 4)
#define   CSG_STATUS_UPDATE		(1u << 5)
#define   CSG_SYNC_UPDATE		(1u << 28)
#define   CSG_IDLE			(1u << 29)
#define   CSG_PROGRESS_TIMER_EVENT	(1u << 31)
#define   CSG_EVT_MASK	(CSG_SYNC_UPDATE | CSG_IDLE | CSG_PROGRESS_TIMER_EVENT)
#define CSG_ACK_IRQ_MASK	0x04
#define CSG_DB_REQ		0x08
#define CSG_CS_IRQ_ACK		0x0c
#define CSG_ALLOW_COMPUTE	0x20
#define CSG_ALLOW_FRAGMENT	0x28
#define CSG_ALLOW_OTHER		0x30
#define CSG_EP_REQ		0x34
#define   CSG_EP_REQ_COMPUTE(x)		((x) & 0xffu)
#define   CSG_EP_REQ_PRIORITY(x)	((x) >> 28)
#define CSG_SUSPEND_BUF		0x40
#define CSG_PROTM_SUSPEND_BUF	0x48
#define CSG_CONFIG		0x50
#define   CSG_CONFIG_AS(x)		((x) & 0xfu)

/* Group output */
#define CSG_ACK			0x00
#define CSG_DB_ACK		0x08
#define CSG_CS_IRQ_REQ		0x0c
#define CSG_STATUS_EP_CURRENT	0x10
#define CSG_STATUS_EP_REQ	0x14
#define CSG_STATUS_STATE	0x18
#define   CSG_STATUS_STATE_IDLE		(1u << 0)

/* Stream input */
#define CS_REQ			0x00
#define   CS_STATE_MASK			0x7u
#define     CS_STATE_STOP		0
#define     CS_STATE_START		1
#define   CS_EXTRACT_EVENT		(1u << 4)
#define   CS_IDLE_SYNC_WAIT		(1u << 8)
#define   CS_IDLE_EMPTY			(1u << 10)
#define   CS_TILER_OOM			(1u << 26)
#define   CS_PROTM_PENDING		(1u << 27)
#define   CS_FATAL			(1u << 30)
#define   CS_FAULT			(1u << 31)
#define   CS_EVT_MASK	(CS_TILER_OOM | CS_PROTM_PENDING | CS_FATAL | CS_FAULT)
#define CS_CONFIG		0x04
#define   CS_CONFIG_PRIORITY(x)		((x) & 0xfu)
#define   CS_CONFIG_DOORBELL(x)		(((x) >> 8) & 0xffu)
#define CS_ACK_IRQ_MASK		0x0c
#define CS_BASE			0x10
#define CS_SIZE			0x18
#define CS_HEAP_START		0x20
#define CS_HEAP_END		0x28
#define CS_USER_INPUT		0x30
#define CS_USER_OUTPUT		0x38

/* Stream output */
#define CS_ACK			0x00
#define CS_STATUS_CMD_PTR	0x40
#define CS_STATUS_WAIT		0x48
#define   CS_WAIT_SB_SRC		(8u << 16)	/* a WAIT instruction */
#define   CS_WAIT_SYNC_COND_SHIFT	24
#define   CS_WAIT_PROGRESS		(1u << 28)
#define   CS_WAIT_SYNC_64B		(1u << 30)
#define   CS_WAIT_SYNC			(1u << 31)
#define CS_STATUS_REQ_RESOURCE	0x4c
#define CS_STATUS_WAIT_PTR	0x50
#define CS_STATUS_WAIT_VALUE	0x58
#define CS_STATUS_SCOREBOARDS	0x5c
#define CS_STATUS_BLOCKED	0x60
#define   CS_BLOCKED_UNBLOCKED		0
#define   CS_BLOCKED_SB_WAIT		1
#define   CS_BLOCKED_PROGRESS_WAIT	2
#define   CS_BLOCKED_SYNC_WAIT		3
#define CS_STATUS_WAIT_VALUE_HI	0x64
#define CS_OUT_FAULT		0x80
#define CS_OUT_FATAL		0x84
#define CS_OUT_FAULT_INFO	0x88
#define CS_OUT_FATAL_INFO	0x90
#define CS_OUT_HEAP_VT_START	0xc0
#define CS_OUT_HEAP_VT_END	0xc4
#define CS_OUT_HEAP_FRAG_END	0xcc
#define CS_OUT_HEAP_ADDRESS	0xd0

/* A queue's own pages: insert and extract are byte counts that only grow */
#define RING_INSERT		0x00
#define RING_EXTRACT_INIT	0x08
#define RING_EXTRACT		0x00
#define RING_ACTIVE		0x08

/*
 * The generated firmware image. Its code section starts with what a Cortex-M
 * core finds at reset, a stack pointer and a reset vector; the descriptor
 * follows. The model's MCU runs no instruction: it reads the section through
 * its address space as the core would, and boots only what the descriptor
 * and its checksum vouch for.
 */
#define FW_CODE_VA		0x00000000u
#define FW_CODE_SIZE		0x00002000u
#define FW_DATA_VA		0x00800000u
#define FW_DATA_SIZE		0x00001000u
#define FW_DESC_OFFSET		0x100u
#define FW_DESC_MAGIC		0x464d4956u	/* "VIMF" */
#define FW_DESC_ABI		1u
#define FW_DESC_SIZE		0x20u

#define FW_DESC_O_MAGIC		0x00
#define FW_DESC_O_ABI		0x04
#define FW_DESC_O_CRC		0x08	/* CRC-32 of the section, this word 0 */
#define FW_DESC_O_CODE_SIZE	0x0c
#define FW_DESC_O_SHARED_VA	0x10
#define FW_DESC_O_SHARED_SIZE	0x14
#define FW_DESC_O_NUM_CSGS	0x18
#define FW_DESC_O_NUM_CS	0x1c

/* The image is made with it and the MCU checks it: IEEE 802.3, as in zlib */
static inline uint32_t fw_crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

#endif /* MALI_FW_IFACE_H */
