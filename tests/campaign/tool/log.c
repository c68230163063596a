// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log RING: the calls of a log, in their order, a line each. Runs on the host.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../calls.h"

static int by_seq(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	struct call *calls;
	struct ring head;
	char text[CALL_TEXT];
	size_t n;

	if (!f) {
		fprintf(stderr, "Usage: log RING\n");
		return 2;
	}
	if (fread(&head, sizeof(head), 1, f) != 1 || head.magic != RING_MAGIC ||
	    !head.size || head.size > 1ull << 28) {
		fprintf(stderr, "log: %s is no log of calls\n", argv[1]);
		return 1;
	}
	calls = calloc(head.size, sizeof(*calls));
	if (!calls)
		return 1;
	n = fread(calls, sizeof(*calls), head.size, f);
	qsort(calls, n, sizeof(*calls), by_seq);
	for (size_t i = 0; i < n; i++) {
		if (!calls[i].seq)
			continue;
		call_print(&calls[i], text);
		puts(text);
	}
	return 0;
}
