// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test points in TAP; see tap.h. Output is line-buffered and every line is
 * complete: a kernel message on the same console must not cut one in two.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define MAX_POINTS	1024
#define MAX_ROWS	32
#define PAUSE_MS	3000
#define PAUSE_STEP_MS	20
#define JSON_S		10
/* For the kernel to clean up behind a scenario whose time is over */
#ifndef TAP_GRACE_S
#define TAP_GRACE_S	60
#endif
/* Takes a command, and the kernel's log the answer */
#ifndef TAP_SYSRQ
#define TAP_SYSRQ	"/proc/sysrq-trigger"
#endif

enum outcome { PASS, FAIL, SKIP };

static const char *const outcome_name[] = { "pass", "fail", "skip" };

struct point {
	enum outcome outcome;
	char name[160];
	char detail[200];
};

/* Shared between the scenarios' processes, which run one after the other */
static struct {
	unsigned int points;
	unsigned int rows;
	struct point point[MAX_POINTS];
	struct pages_row row[MAX_ROWS];
} *shared;

static const char *program = "tap";
static const char *scenario;
static char pending_detail[200];
static const char *pause_file;
static const char *json_file;

void tap_init(const char *name)
{
	program = name;
	scenario = name;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Who started this may not care for its children, but tap_run() does */
	signal(SIGCHLD, SIG_DFL);
	printf("TAP version 13\n");
}

static void print_point(const struct point *p, unsigned int number)
{
	printf("%sok %u - %s%s%s\n", p->outcome == FAIL ? "not " : "", number,
	       p->name, p->outcome == SKIP ? " # SKIP " : "",
	       p->outcome == SKIP ? p->detail : "");
	if (p->outcome == FAIL && p->detail[0])
		printf("# %s\n", p->detail);
}

static void record(enum outcome outcome, const char *text)
{
	struct point *p;

	if (shared->points == MAX_POINTS) {
		fprintf(stderr, "%s: more than %d test points\n",
			program, MAX_POINTS);
		exit(1);
	}
	p = &shared->point[shared->points++];
	p->outcome = outcome;
	snprintf(p->name, sizeof(p->name), "%s: %s", scenario, text);
	snprintf(p->detail, sizeof(p->detail), "%s", pending_detail);
	pending_detail[0] = '\0';
	print_point(p, shared->points);
}

bool ok(bool pass, const char *name, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, name);
	vsnprintf(text, sizeof(text), name, ap);
	va_end(ap);
	if (pass)
		pending_detail[0] = '\0';
	record(pass ? PASS : FAIL, text);
	return pass;
}

bool is(long long got, long long want, const char *name)
{
	if (got < 0 && got > -4096)
		detail("got %lld (%s), wanted %lld", got, strerror(-got), want);
	else
		detail("got %lld, wanted %lld", got, want);
	return ok(got == want, "%s", name);
}

void skip(const char *why, const char *name, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, name);
	vsnprintf(text, sizeof(text), name, ap);
	va_end(ap);
	detail("%s", why);
	record(SKIP, text);
}

void note(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s\n", text);
}

void detail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(pending_detail, sizeof(pending_detail), fmt, ap);
	va_end(ap);
}

void need_(long ret, const char *expr)
{
	if (ret >= 0)
		return;
	detail("%s: %s", expr, strerror(-ret));
	ok(false, "the scenario's set-up works");
	exit(1);
}

static const struct {
	const char *name;
	size_t offset;
} columns[] = {
	{ "taken", offsetof(struct pages_row, taken) },
	{ "held", offsetof(struct pages_row, held) },
	{ "used", offsetof(struct pages_row, used) },
	{ "idle", offsetof(struct pages_row, idle) },
	{ "kept", offsetof(struct pages_row, kept) },
	{ "left", offsetof(struct pages_row, left) },
};

#define NUM_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

/* What there is not is @none */
static const char *column(const struct pages_row *row, unsigned int i,
			  const char *none, char text[24])
{
	long n = *(const long *)((const char *)row + columns[i].offset);

	if (n == PAGES_NONE)
		return none;
	snprintf(text, 24, "%ld", n);
	return text;
}

void tap_pages(const struct pages_row *row)
{
	char text[200], number[24];
	size_t at;

	at = snprintf(text, sizeof(text), "row: %s error %d", row->id, row->error);
	for (unsigned int i = 0; i < NUM_COLUMNS; i++)
		at += snprintf(text + at, sizeof(text) - at, " %s %s",
			       columns[i].name, column(row, i, "-", number));
	note("%s", text);
	if (shared->rows < MAX_ROWS)
		shared->row[shared->rows++] = *row;
}

void tap_set_pause(const char *file)
{
	pause_file = file;
}

void tap_pause(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (!pause_file)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# pause: %s\n", text);
	for (int ms = 0; ms < PAUSE_MS; ms += PAUSE_STEP_MS) {
		if (!unlink(pause_file))
			return;
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_STEP_MS * 1000000 },
			  NULL);
	}
	note("nobody looked");
}

static void report_death(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		detail("it ran out of time");
	else if (WIFSIGNALED(status))
		detail("killed by signal %d", WTERMSIG(status));
	else
		detail("exit code %d", WEXITSTATUS(status));
	ok(false, "the scenario comes to its end");
}

/* Does @pid end within @seconds? @child is SIGCHLD, and blocked. */
static bool ends(pid_t pid, unsigned int seconds, const sigset_t *child, int *status)
{
	struct timespec now, end, left;
	pid_t ended;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (!(ended = waitpid(pid, status, WNOHANG))) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return false;
		left = (struct timespec){ .tv_sec = end.tv_sec - now.tv_sec };
		sigtimedwait(child, NULL, &left);
	}
	return ended == pid;
}

/*
 * A signal ended the scenario, but not its process: it waits in the kernel, for what
 * may never come, and so would all that follow. The kernel's log gets to say for what.
 */
static void give_up(const sigset_t *child)
{
	FILE *sysrq = fopen(TAP_SYSRQ, "w");
	int status;
	pid_t pid;

	if (sysrq) {
		fputs("w", sysrq);
		fclose(sysrq);
	}
	detail("it can not be killed; the kernel's log has the tasks that are blocked");
	ok(false, "the scenario comes to its end");
	printf("Bail out! %s hangs\n", scenario);
	fflush(NULL);
	/* What was found before is not lost, unless files hang as well */
	pid = fork();
	if (!pid)
		_exit(tap_json() ? 1 : 0);
	if (pid < 0 || !ends(pid, JSON_S, child, &status))
		fprintf(stderr, "%s is not written\n", json_file);
	_exit(1);
}

void tap_run(const struct scenario *s, unsigned int timeout_s)
{
	unsigned int points = shared->points;
	sigset_t child, before;
	int status;
	pid_t pid;

	scenario = s->name;
	note("%s: %s", s->name, s->about);
	fflush(NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	pid = fork();
	if (!pid) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		alarm(timeout_s);
		s->run();
		fflush(NULL);
		_exit(0);
	}
	if (pid < 0) {
		detail("%s", strerror(errno));
		ok(false, "the scenario starts");
	} else if (!ends(pid, timeout_s + TAP_GRACE_S, &child, &status)) {
		give_up(&child);
	} else if (status) {
		report_death(status);
	} else if (shared->points == points) {
		detail("it ended, and had no test point");
		ok(false, "the scenario looks at something");
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	scenario = program;
}

static const struct scenario *find(const struct scenario *all, unsigned int n,
				   const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

void tap_list(const struct scenario *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		puts(all[i].name);
}

void tap_about(FILE *f, const struct scenario *all, unsigned int n, unsigned int marked,
	       char mark)
{
	size_t width = 0;

	for (unsigned int i = 0; i < n; i++)
		if (strlen(all[i].name) > width)
			width = strlen(all[i].name);
	for (unsigned int i = 0; i < n; i++)
		fprintf(f, " %c%-*s  %s\n", all[i].kind & marked ? mark : ' ', (int)width,
			all[i].name, all[i].about);
}

void tap_check_names(const struct scenario *all, unsigned int n,
		     char *const *names)
{
	for (; *names; names++) {
		if (find(all, n, *names))
			continue;
		fprintf(stderr, "%s: there is no scenario '%s'; see --list\n",
			program_invocation_short_name, *names);
		exit(2);
	}
}

void tap_run_names(const struct scenario *all, unsigned int n,
		   char *const *names, unsigned int without,
		   void (*run)(const struct scenario *s, unsigned int timeout_s),
		   unsigned int timeout_s)
{
	for (unsigned int i = 0; !*names && i < n; i++)
		if (!(all[i].kind & without))
			run(&all[i], timeout_s);
	for (; *names; names++)
		run(find(all, n, *names), timeout_s);
}

static void count(unsigned int n[3])
{
	memset(n, 0, 3 * sizeof(n[0]));
	for (unsigned int i = 0; i < shared->points; i++)
		n[shared->point[i].outcome]++;
}

static void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", *s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void json_points(FILE *f)
{
	for (unsigned int i = 0; i < shared->points; i++) {
		const struct point *p = &shared->point[i];

		fprintf(f, "%s\n    {\"result\": \"%s\", \"name\": ",
			i ? "," : "", outcome_name[p->outcome]);
		json_string(f, p->name);
		fprintf(f, ", \"detail\": ");
		json_string(f, p->detail);
		fprintf(f, "}");
	}
}

static void json_rows(FILE *f)
{
	for (unsigned int i = 0; i < shared->rows; i++) {
		const struct pages_row *r = &shared->row[i];
		char number[24];

		fprintf(f, "%s\n    {\"id\": ", i ? "," : "");
		json_string(f, r->id);
		fprintf(f, ", \"what\": ");
		json_string(f, r->what);
		fprintf(f, ", \"ops\": %u, \"error\": ", r->ops);
		json_string(f, r->error ? strerrorname_np(r->error) : "");
		for (unsigned int j = 0; j < NUM_COLUMNS; j++)
			fprintf(f, ", \"%s\": %s", columns[j].name,
				column(r, j, "null", number));
		fputc('}', f);
	}
}

void tap_set_json(const char *file)
{
	json_file = file;
}

int tap_json(void)
{
	unsigned int n[3];
	FILE *f;

	if (!json_file)
		return 0;
	f = fopen(json_file, "w");
	if (!f) {
		perror(json_file);
		return -1;
	}
	count(n);
	fprintf(f, "{\n  \"passed\": %u, \"failed\": %u, \"skipped\": %u,\n",
		n[PASS], n[FAIL], n[SKIP]);
	fprintf(f, "  \"points\": [");
	json_points(f);
	fprintf(f, "\n  ],\n  \"pages\": [");
	json_rows(f);
	fprintf(f, "\n  ]\n}\n");
	if (fclose(f)) {
		perror(json_file);
		return -1;
	}
	return 0;
}

int tap_done(void)
{
	unsigned int n[3];

	count(n);
	printf("1..%u\n", shared->points);
	printf("# %u passed, %u failed, %u skipped\n", n[PASS], n[FAIL],
	       n[SKIP]);
	return n[FAIL] || !n[PASS];
}
