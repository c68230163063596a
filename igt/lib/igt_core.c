// SPDX-License-Identifier: MIT
/*
 * Which subtests run, and what became of them; see igt_core.h. What is printed, the
 * exit codes and the lines in the kernel's log are IGT's, so that one script reads both.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "igt_core.h"

#define MAX_CHILDREN	64

enum outcome { NOTHING, SUCCESS, SKIP, FAIL };

jmp_buf __igt_leave;

static const char *program;
static bool list, describe;
static const char *wanted;
static bool found;
static enum outcome fixture;	/* SKIP or FAIL: so do all subtests from here on */
static unsigned int count[FAIL + 1];

static bool in_fixture, is_child;
static const char *subtest;
static char description[512];
static struct timespec start;
static pid_t children[MAX_CHILDREN];
static unsigned int num_children;

static void kernel_log(const char *what, const char *name)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "<6>[IGT] %s: %s%s%s\n", program, what, name ? " " : "", name ? name : "");
	close(fd);
}

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - then->tv_sec + (now.tv_nsec - then->tv_nsec) / 1e9;
}

static void say_outcome(enum outcome o, double seconds)
{
	static const char *const names[] = { "", "SUCCESS", "SKIP", "FAIL" };

	printf("Subtest %s: %s (%.3fs)\n", subtest, names[o], seconds);
	fflush(stdout);
	count[o]++;
}

static void crashed(int signal)
{
	static const char text[] = "Received signal in a subtest\n";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(IGT_EXIT_FAILURE);
	_exit(is_child ? IGT_EXIT_FAILURE : 128 + signal);
}

static int usage(FILE *f)
{
	fprintf(f, "Usage: %s [--list-subtests] [--run-subtest PATTERN] [--describe]\n",
		program);
	if (&__igt_test_description && __igt_test_description)
		fprintf(f, "%s\n", __igt_test_description);
	return f == stderr ? IGT_EXIT_INVALID : IGT_EXIT_SUCCESS;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list-subtests", no_argument, NULL, 'l' },
		{ "run-subtest", required_argument, NULL, 'r' },
		{ "describe", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l')
			list = true;
		else if (c == 'd')
			describe = true;
		else if (c == 'r')
			wanted = optarg;
		else
			exit(usage(c == 'h' ? stdout : stderr));
	}
	if (optind < argc)
		exit(usage(stderr));
}

void __igt_init(int argc, char **argv)
{
	program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	if (list || describe)
		return;
	printf("IGT-Version: the harness of panthor-reserve\n");
	kernel_log("executing", NULL);
	signal(SIGSEGV, crashed);
	signal(SIGBUS, crashed);
	signal(SIGABRT, crashed);
	signal(SIGCHLD, SIG_DFL);
}

void igt_exit(void)
{
	int code = IGT_EXIT_SUCCESS;

	if (list || describe)
		exit(code);
	if (wanted && !found) {
		fprintf(stderr, "Unknown subtest: %s\n", wanted);
		exit(IGT_EXIT_INVALID);
	}
	if (count[FAIL] || fixture == FAIL)
		code = IGT_EXIT_FAILURE;
	else if (!count[SUCCESS])
		code = IGT_EXIT_SKIP;
	kernel_log("exiting", NULL);
	exit(code);
}

/* "a*,b*,!b1": one of the first two, and not the last */
static bool is_wanted(const char *name)
{
	char patterns[512], *save, *p;
	bool yes = false;

	if (!wanted)
		return true;
	snprintf(patterns, sizeof(patterns), "%s", wanted);
	for (p = strtok_r(patterns, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (*p == '!' && !fnmatch(p + 1, name, 0))
			return false;
		yes |= *p != '!' && !fnmatch(p, name, 0);
	}
	return yes;
}

bool __igt_fixture_begins(void)
{
	in_fixture = !list && !describe && fixture == NOTHING;
	return in_fixture;
}

void __igt_fixture_ends(void)
{
	in_fixture = false;
}

const char *__igt_subtest_name(const char *fmt, ...)
{
	static char name[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	return name;
}

void igt_describe_f(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(description, sizeof(description), fmt, ap);
	va_end(ap);
}

static bool only_told(const char *name)
{
	if (describe)
		printf("%s: %s\n", name, description);
	else if (list)
		puts(name);
	description[0] = '\0';
	return list || describe;
}

bool __igt_subtest_begins(const char *name)
{
	static char kept[128];

	if (!is_wanted(name) || only_told(name))
		return false;
	found = true;
	snprintf(kept, sizeof(kept), "%s", name);
	subtest = kept;
	if (fixture != NOTHING) {
		say_outcome(fixture, 0);
		return false;
	}
	printf("Starting subtest: %s\n", name);
	fflush(NULL);
	kernel_log("starting subtest", name);
	clock_gettime(CLOCK_MONOTONIC, &start);
	return true;
}

/* Of a child, of a fixture, or of a subtest */
static void leave(enum outcome o)
{
	if (is_child) {
		fflush(NULL);
		_exit(o == FAIL ? IGT_EXIT_FAILURE : o == SKIP ? IGT_EXIT_SKIP : 0);
	}
	igt_kill_children(SIGKILL);
	if (in_fixture) {
		fixture = o;
		in_fixture = false;
	} else {
		say_outcome(o, seconds_since(&start));
	}
	longjmp(__igt_leave, 1);
}

void igt_success(void)
{
	leave(SUCCESS);
	abort();
}

static void explain(const char *what, const char *file, int line, const char *expr,
		    const char *fmt, va_list ap)
{
	printf("(%s:%d) %s: %s:%d: %s\n", program, getpid(), what, file, line, expr);
	vprintf(fmt, ap);
	fflush(stdout);
}

void __igt_fail(const char *file, int line, const char *expr, const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	explain("Failed assertion", file, line, expr, fmt, ap);
	va_end(ap);
	if (error)
		printf("Last errno: %d, %s\n", error, strerror(error));
	leave(FAIL);
	abort();
}

void __igt_skip(const char *file, int line, const char *expr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	explain("Test requirement not met", file, line, expr, fmt, ap);
	va_end(ap);
	/* IGT has no answer to that either */
	if (is_child)
		abort();
	leave(SKIP);
	abort();
}

void igt_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

/* --- Processes ----------------------------------------------------------- */

bool __igt_fork(void)
{
	pid_t pid;

	fflush(NULL);
	if (num_children == MAX_CHILDREN)
		abort();
	pid = fork();
	if (pid < 0)
		abort();
	if (pid) {
		children[num_children++] = pid;
		return false;
	}
	num_children = 0;
	is_child = true;
	return true;
}

void __igt_child_done(void)
{
	leave(SUCCESS);
	abort();
}

static int error_of(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 256;
}

int __igt_waitchildren(void)
{
	int err = 0;

	for (unsigned int i = 0; i < num_children; i++) {
		int status;

		if (waitpid(children[i], &status, 0) < 0)
			abort();
		if (err || !status)
			continue;
		/* As IGT does: who is first to fail ends the others */
		err = error_of(status);
		for (unsigned int k = i + 1; k < num_children; k++)
			kill(children[k], SIGKILL);
	}
	num_children = 0;
	return err;
}

void igt_waitchildren(void)
{
	int err = __igt_waitchildren();

	igt_assert_f(!err, "a child failed: %d\n", err);
}

/* They are not waited for */
void igt_kill_children(int signal)
{
	for (unsigned int i = 0; i < num_children; i++)
		kill(children[i], signal);
}
