/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flight did and cost, frame by frame, written as JSON.
 */
#ifndef STREAM_RECORD_H
#define STREAM_RECORD_H

#include <stdint.h>

#include "sight.h"

#define MAX_FRAMES	200u

/**
 * struct frame_record - a frame
 * @binds: Operations of its vkQueueBindSparse, for @loads and @evictions.
 * @regions: How many of them gave 2 MiB back as a whole.
 * @wanted: Tiles that the picture would have liked to have.
 * @missing: Those of them that had no memory when it was made.
 * @resident: Tiles that have memory behind it.
 * @coarse: Pixels that were made from a coarser tile than the one wanted.
 * @probes: Words that were read through the space.
 * @in_time: The binds were still queued when they were looked at.
 * @before, @queued, @after: Tables before the binds are queued, while they are, and
 *	when they have run.
 * @look_ns: From the submission of the picture to its end.
 * @call_ns: vkQueueBindSparse.
 * @bind_ns: From the end of what the binds wait for to theirs.
 */
struct frame_record {
	unsigned int loads, evictions, regions, binds;
	unsigned int wanted, missing, resident, coarse, probes;
	bool in_time;
	struct sight before, queued, after;
	uint64_t look_ns, call_ns, bind_ns;
};

/**
 * struct record - all of it
 * @device, @driver: Whose.
 * @size: Of the space, in bytes; @budget: of its memory.
 * @make_ns: To make the space.
 * @start: Before there is a device.
 * @empty: With a device.
 * @made: With a space in which nothing is bound.
 * @evicted: When all tiles are gone again; @reclaimed: and memory was scarce.
 * @unmade: When the space is gone; @end: and the device.
 */
struct record {
	char device[64], driver[64];
	uint64_t size, budget, tiles, buffers;
	uint64_t make_ns;
	struct sight start, empty, made, evicted, reclaimed, unmade, end;
	unsigned int frames;
	struct frame_record frame[MAX_FRAMES];
};

/* -1 and a message if it cannot be written */
int record_write(const struct record *r, const char *path);

#endif /* STREAM_RECORD_H */
