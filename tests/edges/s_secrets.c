// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the kernel has things is nobody's business: no address of its own is in what the
 * driver tells somebody who is not root, and none in the figures and events that are for
 * root, who may show them to others.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <xf86drm.h>

#include "gpu.h"
#include "host.h"
#include "scenarios.h"
#include "tap.h"
#include "traces.h"

#define NOBODY		65534
/* What arm64 keeps for the kernel, but for the errors and the -1 at its end */
#define KERNEL_START	0xffff000000000000ull
#define KERNEL_END	0xfffffffffffff000ull
#define HEX		"0123456789abcdefABCDEF"
/* Of the device's in sysfs, and the module's */
#define LEAST_FILES	20
#define SYSLOG_READ_ALL	3
#define FAULTY_VA	(DATA_VA + 64 * SZ_1G)

static char text[1 << 18];

/* The last line that has an address, and where that is */
static char found[256];

static bool is_address(uint64_t n)
{
	return n >= KERNEL_START && n < KERNEL_END;
}

/* The digits at @at are one: 16 of them in hexadecimal, or a decimal number */
static bool begins_address(const char *at, size_t digits, bool minus)
{
	uint64_t n;

	if (digits == 16 && is_address(strtoull(at, NULL, 16)))
		return true;
	if (strspn(at, "0123456789") != digits)
		return false;
	n = strtoull(at, NULL, 10);
	return is_address(minus ? -n : n);
}

/* @in has none of the kernel's addresses; else @found says where */
static bool is_clean(const char *what, const char *in)
{
	for (const char *at = in; *at;) {
		size_t digits = strspn(at, HEX);

		if (digits && begins_address(at, digits, at > in && at[-1] == '-')) {
			const char *line = at;

			while (line > in && line[-1] != '\n')
				line--;
			snprintf(found, sizeof(found), "%s: %.*s", what,
				 (int)strcspn(line, "\n"), line);
			detail("%s", found);
			return false;
		}
		at += digits ? digits : 1;
	}
	return true;
}

/* --- What root sees ------------------------------------------------------ */

/* The kernel's own list has addresses, which are hidden from others: we know one */
static void control(void)
{
	need(sysfs_read("/proc/sys/kernel/kptr_restrict", text, sizeof(text)));
	if (atoi(text) > 1) {
		skip("kptr_restrict hides them from root", "an address is seen where there is one");
		return;
	}
	need(sysfs_read("/proc/kallsyms", text, sizeof(text)));
	ok(!is_clean("kallsyms", text), "an address is seen where there is one");
	ok(!is_clean("", "ptr 18446603336221196288\n") &&
	   !is_clean("", "ptr -140737488355328\n"), "in decimal as well");
	ok(is_clean("", "a 0xffffffffffffffff b 0x00007fff00000000 c -22 d 00000000deadbeef\n"),
	   "and none where there is none");
}

static void lists(void)
{
	static const char * const files[] = { "gems", "vm_tables", "clients", "name" };

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		int ret = sysfs_read(debugfs_path(files[i]), text, sizeof(text));

		if (ret == -ENOENT) {
			skip("not on this kernel", "debugfs: %s", files[i]);
			continue;
		}
		need(ret);
		ok(is_clean(files[i], text), "debugfs: no address of the kernel's in %s", files[i]);
	}
}

static const char * const groups[] = { "panthor", "dma_fence", "gpu_scheduler", "drm", "devfreq" };

static void events(bool on)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(groups); i++)
		trace_event(groups[i], "", on);
}

/* The GPU wakes up, binds, copies, goes to sleep; and a job faults */
static void work(struct gpu *g, const struct pan_bo *bo)
{
	for (unsigned int i = 0; i < 8; i++) {
		gpu_map(g, DATA_VA + SZ_1G + i * SZ_2M, bo, 0, SZ_64K);
		need(pan_map_sparse(g->pan, g->vm, DATA_VA + SZ_1T, SZ_1G));
		need(gpu_copy(g, DATA_VA + SZ_1G + i * SZ_2M, DATA_VA, SZ_4K));
	}
	need(pan_unmap(g->pan, g->vm, DATA_VA + SZ_1G + SZ_2M, SZ_2M));
	need(sleeps(3000) ? 0 : -ETIME);
	gpu_copy(g, FAULTY_VA, DATA_VA, SZ_4K);
}

static void traces(struct gpu *g, const struct pan_bo *bo)
{
	const char *seen;

	events(true);
	need(trace_clear());
	work(g, bo);
	events(false);
	seen = traces_read();
	note("%u lines of %s, %u of the scheduler", traces_lines("gpu_", ""), groups[0],
	     traces_lines("drm_sched", ""));
	ok(traces_lines("gpu_job_irq", "") && traces_lines("dma_fence", ""),
	   "binds, jobs and a fault leave events");
	ok(is_clean("events", seen), "none of them has an address of the kernel's");
}

/* What the driver says; what the kernel says of itself is not looked at */
static void messages(void)
{
	char *line, *save;
	unsigned int said = 0, clean = 0;
	int n = klogctl(SYSLOG_READ_ALL, text, sizeof(text) - 1);

	need(n < 0 ? -errno : 0);
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, "panthor"))
			continue;
		said++;
		clean += is_clean("the kernel's log", line);
	}
	ok(said && said == clean, "what the driver says in the kernel's log has none");
}

/* --- What others see ----------------------------------------------------- */

static int leave_root(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	/* Else what it has in /proc is root's */
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

static int opens(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void closed_to_others(void)
{
	is(opens("/proc/self/stat"), 0, "somebody who is not root sees its own process");
	is(opens("/sys/kernel/debug/dri"), -EACCES, "it may not look into debugfs");
	is(opens(debugfs_path("vm_tables")), -EACCES, "not at the page tables");
	is(opens(debugfs_path("gpuvas")), -EACCES, "nor at what is mapped");
	is(opens("/sys/kernel/tracing/trace"), -EACCES, "not at events");
	is(opens("/sys/kernel/tracing/events/panthor/gpu_job_irq/enable"), -EACCES,
	   "nor can it ask for them");
}

static void info_of(int fd, const char *what, const char *has)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	need(sysfs_read(path, text, sizeof(text)));
	detail("%.150s", text);
	ok(strstr(text, has), "it reads the fdinfo of %s", what);
	ok(is_clean(what, text), "which has no address of the kernel's");
}

static struct {
	unsigned int read;
	unsigned int clean;
} files;

static int look(const char *path, const struct stat *st, int type, struct FTW *at)
{
	ssize_t n;
	int fd;

	(void)st;
	(void)at;
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return 0;
	text[n] = '\0';
	files.read++;
	files.clean += is_clean(path, text);
	return 0;
}

/* All that sysfs has of the device and of the module for everybody */
static void shown_to_all(void)
{
	char *device = realpath(device_dir(), NULL);

	need(device ? 0 : -errno);
	nftw(device, look, 16, FTW_PHYS);
	nftw("/sys/module/panthor", look, 16, FTW_PHYS);
	free(device);
	detail("%u files", files.read);
	ok(files.read >= LEAST_FILES, "sysfs has files of the device for everybody");
	detail("%s", found);
	ok(files.clean == files.read, "none has an address of the kernel's");
}

void run_secrets(void)
{
	struct pan_bo bo;
	struct gpu g;
	struct pan p;
	int buf, fence;

	traces_open();
	control();
	need(sysfs_write("profiling", "3"));
	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &bo);
	gpu_map(&g, DATA_VA, &bo, 0, SZ_64K);
	need(drmPrimeHandleToFD(p.fd, bo.handle, DRM_CLOEXEC, &buf) ? -errno : 0);
	lists();
	traces(&g, &bo);
	messages();
	need(drmSyncobjExportSyncFile(p.fd, g.done, &fence) ? -errno : 0);
	need(sysfs_write("profiling", "0"));

	/* From here on it is not root, until its process ends */
	need(leave_root());
	closed_to_others();
	info_of(p.fd, "the device", "drm-resident-memory:");
	info_of(buf, "a dma-buf", "size:");
	info_of(fence, "a fence", "flags:");
	shown_to_all();
}
