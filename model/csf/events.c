// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What groups and streams tell the driver: events and the job interrupt.
 *
 * Invariant: an event that the driver has not acknowledged yet is not sent a second
 * time; it waits in struct mali_csg until then.
 */
#include "group.h"

void group_irq(struct mali_groups *gs, unsigned int csg, uint32_t changed)
{
	if (changed & fw_rd32(gs->fw, csg_in(gs->fw, csg) + CSG_ACK_IRQ_MASK))
		fw_raise(gs->fw, JOB_INT_CSG(csg));
}

void group_send_events(struct mali_groups *gs, unsigned int csg)
{
	uint32_t in = csg_in(gs->fw, csg) + CSG_REQ;
	uint32_t out = csg_out(gs->fw, csg) + CSG_ACK;

	group_irq(gs, csg, fw_send_events(gs->fw, in, out, &gs->csg[csg].events));
}

void stream_send_events(struct mali_groups *gs, unsigned int csg,
			unsigned int cs)
{
	uint32_t in = cs_in(gs->fw, csg, cs), out = cs_out(gs->fw, csg, cs);
	uint32_t irq_req = csg_out(gs->fw, csg) + CSG_CS_IRQ_REQ;
	uint32_t irq_ack = csg_in(gs->fw, csg) + CSG_CS_IRQ_ACK;
	uint32_t sent, irqs;

	sent = fw_send_events(gs->fw, in + CS_REQ, out + CS_ACK,
			      &gs->csg[csg].cs_events[cs]);
	if (!(sent & fw_rd32(gs->fw, in + CS_ACK_IRQ_MASK)))
		return;

	/* The bit of a stream whose last interrupt is pending stays pending */
	irqs = fw_rd32(gs->fw, irq_req);
	if (!((irqs ^ fw_rd32(gs->fw, irq_ack)) & BIT(cs)))
		fw_wr32(gs->fw, irq_req, irqs ^ BIT(cs));
	fw_raise(gs->fw, JOB_INT_CSG(csg));
}

void group_event(struct mali_groups *gs, unsigned int csg, uint32_t event)
{
	gs->csg[csg].events |= event;
	group_send_events(gs, csg);
}

void stream_event(struct mali_groups *gs, unsigned int csg, unsigned int cs,
		  uint32_t event)
{
	gs->csg[csg].cs_events[cs] |= event;
	stream_send_events(gs, csg, cs);
}
