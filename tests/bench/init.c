// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The only process of a User Mode Linux that measures: loads iopt-bench.ko from
 * the folder that is its root, and ends the machine. What BENCH= on the kernel's
 * command line says goes to the module.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	const char *param = getenv("BENCH");
	int fd = open("/iopt-bench.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		printf("bench: no iopt-bench.ko: %s\n", strerror(errno));
	else if (syscall(SYS_finit_module, fd, param ? param : "", 0) && errno != EAGAIN)
		printf("bench: %s\n", strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
