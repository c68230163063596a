/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test points in TAP, kept in memory that all scenarios share.
 *
 * Each scenario runs in a process of its own, so that one that crashes or
 * hangs costs its own points only, and the kernel cleans up behind it.
 */
#ifndef VMBIND_TAP_H
#define VMBIND_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifndef __printf
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#endif

/*
 * A group of test points. @run returns, or leaves through need(); @kind is a mask
 * whose bits mean what the program says.
 */
struct scenario {
	const char *name;
	const char *about;
	void (*run)(void);
	unsigned int kind;
};

/**
 * struct pages_row - one row of the page-table accounting, in pages of 4 KiB
 * @ops: How many operations the row is about.
 * @error: The errno that the kernel answers with when they are queued, else 0.
 * @taken: What the page count has grown by when they are queued.
 * @held: The same at rest, while they are still queued.
 * @used: The same when they have run.
 * @idle: When all is unmapped again.
 * @kept: When, after that, reclaim has taken what it can.
 * @left: When the VM is gone.
 *
 * PAGES_NONE stands for what there is not.
 */
struct pages_row {
	char id[24];
	char what[80];
	unsigned int ops;
	int error;
	long taken;
	long held;
	long used;
	long idle;
	long kept;
	long left;
};

#define PAGES_NONE	(-1000000)

/* @program: whose points these are, in front of those that have no scenario */
void tap_init(const char *program);

/* "ok N - scenario: name" or "not ok ..."; returns @pass */
__printf(2, 3)
bool ok(bool pass, const char *name, ...);

/* Passes when the two are equal; a failure shows both */
bool is(long long got, long long want, const char *name);

__printf(2, 3)
void skip(const char *why, const char *name, ...);

/* A line that explains, not a test point */
__printf(1, 2)
void note(const char *fmt, ...);

/* What the next failing point says about itself */
__printf(1, 2)
void detail(const char *fmt, ...);

/* Set-up that the rest of the scenario cannot do without */
#define need(expr) need_(expr, #expr)
void need_(long ret, const char *expr);

void tap_pages(const struct pages_row *row);

/*
 * Say "# pause: TEXT" and wait until someone outside has looked at the GPU and
 * made the file that tap_set_pause() names; a few seconds at most.
 */
__printf(1, 2)
void tap_pause(const char *fmt, ...);
void tap_set_pause(const char *file);

/*
 * Run a scenario, which is killed after @timeout_s. Leaves with exit code 1 when not
 * even that ends it: what it waits for in the kernel would keep all others waiting.
 */
void tap_run(const struct scenario *s, unsigned int timeout_s);

/* The scenarios of a program, a line each on stdout */
void tap_list(const struct scenario *all, unsigned int n);
/* The same for a text of usage, with what they are about; @mark before those of @marked */
void tap_about(FILE *f, const struct scenario *all, unsigned int n, unsigned int marked,
	       char mark);
/* Leaves with exit code 2 and a message when a name is none of them */
void tap_check_names(const struct scenario *all, unsigned int n,
		     char *const *names);
/*
 * @run those that @names has, up to a NULL, in that order; when it has none, all
 * but those with a bit of @without. tap_run() is a @run.
 */
void tap_run_names(const struct scenario *all, unsigned int n,
		   char *const *names, unsigned int without,
		   void (*run)(const struct scenario *s, unsigned int timeout_s),
		   unsigned int timeout_s);

/*
 * Write points, rows and totals as JSON to the file that tap_set_json() named, if
 * it did; -1, and a message, when that cannot be written. tap_run() does, before it
 * leaves.
 */
void tap_set_json(const char *file);
int tap_json(void);

/* Ends the output with the plan; the exit code of the program */
int tap_done(void);

#endif /* VMBIND_TAP_H */
