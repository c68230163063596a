// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fence that signals when we say so; see gate.h. The kernel has no header for
 * programs that use its timelines, what they look like says
 * drivers/dma-buf/sw_sync.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xf86drm.h>

#include "gate.h"
#include "tap.h"

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"

/* A fence of the timeline, which signals once its counter has come to @value */
struct create_fence {
	__u32 value;
	char name[32];
	__s32 fence;
};

#define CREATE_FENCE	_IOWR('W', 0, struct create_fence)
#define INC		_IOW('W', 1, __u32)

void gate_init(struct gate *g, const struct pan *p)
{
	g->pan = p;
	g->passed = 0;
	g->timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (g->timeline < 0) {
		int ret = -errno;

		note("no %s: it needs CONFIG_SW_SYNC, and debugfs mounted",
		     SW_SYNC);
		need(ret);
	}
	need(pan_syncobj_create(p, &g->fence));
}

void gate_fini(struct gate *g)
{
	pan_syncobj_destroy(g->pan, g->fence);
	close(g->timeline);
}

void gate_shut(struct gate *g)
{
	struct create_fence f = { .value = g->passed + 1, .name = "gate" };

	need(ioctl(g->timeline, CREATE_FENCE, &f) ? -errno : 0);
	need(drmSyncobjImportSyncFile(g->pan->fd, g->fence, f.fence) ? -errno : 0);
	close(f.fence);
}

int gate_open(struct gate *g)
{
	__u32 one = 1;

	g->passed++;
	if (ioctl(g->timeline, INC, &one))
		return -errno;
	return pan_syncobj_wait(g->pan, g->fence, 0, PAN_TIMEOUT_MS);
}
