/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: the slots, their streams as the driver sees them, and their turns.
 *
 * Calls go down this list. Streams report outcomes to the groups (struct
 * mali_cs_result), and what the groups report to the firmware is in struct
 * mali_groups and struct mali_round; neither calls back.
 *
 *	turns.c		which stream executes when
 *	group.c		what the driver asks of a group
 *	suspend.c	suspend buffers
 *	stream.c	what the driver asks of a stream, and a stream's turn
 *	events.c	what groups and streams tell the driver
 */
#ifndef MALI_CSF_GROUP_H
#define MALI_CSF_GROUP_H

#include "cs.h"
#include "fw.h"

/**
 * struct mali_csg - one group slot
 * @active: Started or resumed, not suspended or terminated since.
 * @as: Address space of the group.
 * @priority: From the endpoint request, 0 to 15.
 * @last_first: The last round in which it was the first of its priority to execute
 *	something, or when it came.
 * @idle: What CSG_STATUS_STATE says.
 * @compute: It was given shader cores.
 * @ending: A suspend or terminate request waits for work under way, or is being
 *	met: nothing new is begun.
 * @events: CSG_EVT_MASK events to send as soon as the driver has
 *	acknowledged the last one of their kind.
 * @cs_events: CS_EVT_MASK events of each stream, the same way.
 * @cs: The streams.
 */
struct mali_csg {
	bool active;
	unsigned int as;
	unsigned int priority;
	uint64_t last_first;
	bool idle;
	bool compute;
	bool ending;
	uint32_t events;
	uint32_t cs_events[FW_NUM_CS];
	struct mali_cs cs[FW_NUM_CS];
};

/**
 * struct mali_groups - all group slots
 * @fw: The firmware's memory.
 * @env: What streams execute on.
 * @progress_ns: How long an endpoint may work without progress, or 0.
 * @rounds: How many there were.
 * @idle_changed: A group became idle, or busy; the firmware takes it back.
 * @csg: The slots.
 */
struct mali_groups {
	struct mali_fw *fw;
	struct mali_cs_env *env;
	uint64_t progress_ns;
	uint64_t rounds;
	bool idle_changed;
	struct mali_csg csg[FW_NUM_CSGS];
};

/**
 * struct mali_round - a round of turns
 * @executed: Instructions.
 * @work: Lane instructions of shader cores.
 * @working: Streams for which they have more to do.
 * @due: When the next round is wanted, or MALI_NEVER.
 * @more: A stream has more to do: the next is wanted as soon as it may be.
 */
struct mali_round {
	uint64_t executed;
	uint64_t work;
	unsigned int working;
	uint64_t due;
	bool more;
};

static inline void note_due(struct mali_round *r, uint64_t due)
{
	if (due < r->due)
		r->due = due;
}

/* --- events.c ------------------------------------------------------------- */

/* Bits of CSG_ACK that changed */
void group_irq(struct mali_groups *gs, unsigned int csg, uint32_t changed);
/* Send what can be sent of the events that wait. */
void group_send_events(struct mali_groups *gs, unsigned int csg);
void stream_send_events(struct mali_groups *gs, unsigned int csg,
			unsigned int cs);
/* One event more */
void group_event(struct mali_groups *gs, unsigned int csg, uint32_t event);
void stream_event(struct mali_groups *gs, unsigned int csg, unsigned int cs,
		  uint32_t event);

/* --- stream.c ------------------------------------------------------------- */

/* What the driver asks of one stream */
void stream_process(struct mali_groups *gs, unsigned int csg, unsigned int id,
		    bool resume);
void stream_fatal(struct mali_groups *gs, unsigned int csg, unsigned int cs,
		  enum cs_exception exc, uint64_t info);
void stream_read_insert(struct mali_groups *gs, unsigned int csg,
			unsigned int id);
void stream_write_status(struct mali_groups *gs, unsigned int csg,
			 unsigned int id);
/*
 * Give one stream its turn. True: it has more to do. A slice of 0 is for one whose
 * group is ending.
 */
bool stream_run(struct mali_groups *gs, unsigned int csg, unsigned int id,
		unsigned int slice, struct mali_round *round);

/* --- suspend.c ------------------------------------------------------------ */

uint32_t suspend_size(void);
void group_save(struct mali_groups *gs, unsigned int csg);
/* False when the buffer is not one that group_save() wrote */
bool group_restore(struct mali_groups *gs, unsigned int csg);

/* --- group.c -------------------------------------------------------------- */

/* All of them are gone, and what their streams did with them. */
void groups_stop(struct mali_groups *gs);
/* What the driver asks of one group */
void group_process(struct mali_groups *gs, unsigned int csg);

/* --- turns.c -------------------------------------------------------------- */

/* One round: suspends that waited, each group's turn, the progress timer. */
void groups_run(struct mali_groups *gs, struct mali_round *round);

#endif /* MALI_CSF_GROUP_H */
