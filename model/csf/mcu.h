/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microcontroller and the firmware on it, above the groups.
 *
 *	csf.c		registers, doorbells, one round
 *	boot.c		from MCU_CONTROL to an interface
 *	global.c	the global interface
 */
#ifndef MALI_CSF_MCU_H
#define MALI_CSF_MCU_H

#include "csf.h"
#include "group.h"

/**
 * struct mali_csf - the microcontroller and the firmware on it
 * @fw: The firmware's memory, MCU_STATUS and the job interrupt.
 * @env: What streams execute on.
 * @groups: The group slots.
 * @lane_ps: What an instruction of a lane takes of the model's time.
 * @control: MCU_CONTROL as written.
 * @boot_pending: Started; the firmware has not come up yet.
 * @stopped: Injected: it answers nothing.
 * @glb_doorbell: The global doorbell rang.
 * @doorbells: Queue doorbells that rang.
 * @answer_due: When the firmware looks at them, and boots.
 * @timers_on: GLB_IDLE_EN.
 * @idle_ns: Idle hysteresis.
 * @idle_since: Time at which the last group became idle, or MALI_NEVER.
 * @idle_sent: This idle period was told, or will be: see @events.
 * @events: Events of the global interface to send as soon as the driver has
 *	acknowledged the last one of their kind.
 */
struct mali_csf {
	struct mali_fw fw;
	struct mali_cs_env env;
	struct mali_groups groups;
	uint32_t lane_ps;
	uint32_t control;
	bool boot_pending;
	bool stopped;
	bool glb_doorbell;
	uint32_t doorbells;
	uint64_t answer_due;
	bool timers_on;
	uint64_t idle_ns;
	uint64_t idle_since;
	bool idle_sent;
	uint32_t events;
};

/* boot.c: without an L2 nothing happens yet */
void mcu_boot(struct mali_csf *c);
/* global.c: what the driver asks */
void global_process(struct mali_csf *c);
/* Sends GLB_IDLE when it is due; when to look again, or MALI_NEVER. */
uint64_t global_idle_timer(struct mali_csf *c);

#endif /* MALI_CSF_MCU_H */
