// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * answers: asks Panthor's VM_BIND questions and prints its answers, one a line, so
 * that two kernels can be compared. It knows no right answer: tests/answers/run.sh
 * does the comparing.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"

static int usage(FILE *f)
{
	fprintf(f,
		"Usage: answers [PREFIX]\n"
		"Asks the questions whose names begin with PREFIX, all without one. Prints\n"
		"\"answer<tab>NAME<tab>ANSWER\" lines, and at the end how many were asked.\n");
	return f == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
	if (argc == 2)
		ask_only(argv[1]);
	/* need() reports by it */
	tap_init("answers");
	ask_ops();
	ask_arrays();
	ask_syncs();
	ask_order();
	ask_vms();
	ask_bos();
	ask_unusable();
	printf("asked\t%u\n", asked());
	return 0;
}
