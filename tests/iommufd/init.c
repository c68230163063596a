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

/* A test ends by itself, or with everything that it left behind */
static int run(const char *name)
{
	char path[64], *argv[] = { path, NULL };
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/%s", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execv(path, argv);
		printf("Bail out! no %s: %s\n", path, strerror(errno));
		fflush(stdout);
		_exit(127);
	}
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
