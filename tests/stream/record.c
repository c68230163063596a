// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The record as JSON; see record.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "record.h"

static void sight(FILE *f, const char *name, const struct sight *s, const char *end)
{
	fprintf(f, "\"%s\": {\"pages\": %ld", name, s->pages);
	if (s->tables >= 0)
		fprintf(f, ", \"tables\": %ld, \"used\": %ld, \"waiting\": %ld, \"idle\": %ld",
			s->tables, s->used, s->waiting, s->idle);
	fprintf(f, "}%s", end);
}

static void frame(FILE *f, const struct frame_record *r)
{
	fprintf(f, "    {\"loads\": %u, \"evictions\": %u, \"regions\": %u, \"binds\": %u,\n",
		r->loads, r->evictions, r->regions, r->binds);
	fprintf(f, "     \"wanted\": %u, \"missing\": %u, \"resident\": %u, \"coarse\": %u,\n",
		r->wanted, r->missing, r->resident, r->coarse);
	fprintf(f, "     \"probes\": %u, \"in_time\": %s,\n     ", r->probes,
		r->in_time ? "true" : "false");
	sight(f, "before", &r->before, ",\n     ");
	sight(f, "queued", &r->queued, ",\n     ");
	sight(f, "after", &r->after, ",\n");
	fprintf(f, "     \"look_ns\": %" PRIu64 ", \"call_ns\": %" PRIu64
		   ", \"bind_ns\": %" PRIu64 "}",
		r->look_ns, r->call_ns, r->bind_ns);
}

static void whole(FILE *f, const struct record *r)
{
	fprintf(f, "{\n  \"device\": \"%s\", \"driver\": \"%s\",\n", r->device, r->driver);
	fprintf(f, "  \"size\": %" PRIu64 ", \"budget\": %" PRIu64 ", \"tiles\": %" PRIu64
		   ", \"buffers\": %" PRIu64 ", \"make_ns\": %" PRIu64 ",\n  ",
		r->size, r->budget, r->tiles, r->buffers, r->make_ns);
	sight(f, "start", &r->start, ",\n  ");
	sight(f, "empty", &r->empty, ",\n  ");
	sight(f, "made", &r->made, ",\n  ");
	sight(f, "evicted", &r->evicted, ",\n  ");
	sight(f, "reclaimed", &r->reclaimed, ",\n  ");
	sight(f, "unmade", &r->unmade, ",\n  ");
	sight(f, "end", &r->end, ",\n");
	fprintf(f, "  \"frames\": [\n");
	for (unsigned int i = 0; i < r->frames; i++) {
		frame(f, &r->frame[i]);
		fprintf(f, "%s\n", i + 1 < r->frames ? "," : "");
	}
	fprintf(f, "  ]\n}\n");
}

int record_write(const struct record *r, const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		return -1;
	}
	whole(f, r);
	if (!fclose(f))
		return 0;
	perror(path);
	return -1;
}
