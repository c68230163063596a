// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firmware's memory, status and events; see fw.h.
 *
 * It keeps no copy of REQ and ACK words; memory is the only truth. An event (a
 * toggle towards the driver) is sent when the driver has acknowledged the one
 * before: who has one keeps it until then.
 */
#include <inttypes.h>
#include <string.h>

#include "fw.h"

#define MCU_SOURCE_ID		0x4000u

void fw_set_status(struct mali_fw *fw, uint32_t status)
{
	if (fw->status == status)
		return;
	fw->status = status;
	mali_gpu_mcu_changed(fw->gpu, fw_alive(fw));
}

void fw_crash(struct mali_fw *fw, const struct mali_mmu_fault *f)
{
	if (mali_mmu_as_enabled(fw->mmu, MCU_AS))
		mali_mmu_report_fault(fw->mmu, MCU_AS, f, MCU_SOURCE_ID);
	mali_guest_error(fw->base, "firmware access to 0x%" PRIx64 " failed", f->va);
	fw_set_status(fw, MCU_STATUS_FATAL);
}

void fw_raise(struct mali_fw *fw, uint32_t events)
{
	mali_irq_raise(fw->base, &fw->irq, events);
}

bool fw_read(struct mali_fw *fw, uint64_t va, void *buf, size_t len)
{
	struct mali_mmu_fault f;

	memset(buf, 0, len);
	if (!fw_alive(fw))
		return false;
	if (mali_mmu_read(fw->mmu, MCU_AS, va, buf, len, MALI_ACCESS_READ,
			  &f) == MALI_MMU_OK)
		return true;
	fw_crash(fw, &f);
	return false;
}

void fw_write(struct mali_fw *fw, uint64_t va, const void *buf, size_t len)
{
	struct mali_mmu_fault f;

	if (!fw_alive(fw))
		return;
	if (mali_mmu_write(fw->mmu, MCU_AS, va, buf, len, MALI_ACCESS_WRITE,
			   &f) != MALI_MMU_OK)
		fw_crash(fw, &f);
}

uint32_t fw_send_events(struct mali_fw *fw, uint32_t in, uint32_t out,
			uint32_t *events)
{
	uint32_t req, ack, now;

	if (!*events)
		return 0;
	req = fw_rd32(fw, in);
	ack = fw_rd32(fw, out);
	now = *events & ~(req ^ ack);
	if (now)
		fw_wr32(fw, out, ack ^ now);
	*events &= ~now;
	return now;
}
