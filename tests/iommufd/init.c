// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first process of a machine that runs one test program: mounts what the kernel's
 * selftests look for, runs /TEST, where TEST= is on the kernel's command line, says how it
 * ended, and ends the machine.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static void mount_at(const char *type, const char *dir)
{
	if (mount(type, dir, type, 0, NULL) && errno != EBUSY)
		printf("# no %s on %s: %s\n", type, dir, strerror(errno));
}

/*
 * What a test says goes to the kernel's log, line by line: on a console that both write to,
 * a line of the kernel may come in the middle of one of the test
 */
static void relay(int from)
{
	FILE *said = fdopen(from, "r"), *log = fopen("/dev/kmsg", "w");
	char line[512];

	while (said && log && fgets(line, sizeof(line), said)) {
		fputs(line, log);
		fflush(log);
	}
	if (!log)
		printf("# no /dev/kmsg: %s\n", strerror(errno));
}

static void start(const char *name, const int *ends)
{
	char path[64], *argv[] = { path, NULL };

	snprintf(path, sizeof(path), "/%s", name);
	dup2(ends[1], STDOUT_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	execv(path, argv);
	printf("Bail out! no %s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(127);
}

/* A test ends by itself, or with everything that it left behind */
static int run(const char *name)
{
	int status, ends[2];
	pid_t pid;

	if (pipe(ends))
		return 126;
	fflush(stdout);
	pid = fork();
	if (!pid)
		start(name, ends);
	close(ends[1]);
	relay(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
	const char *test = getenv("TEST");

	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("debugfs", "/sys/kernel/debug");
	mount_at("devtmpfs", "/dev");
	mount_at("tmpfs", "/tmp");
	printf("# exit code %d\n", run(test ? test : "iommufd"));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
