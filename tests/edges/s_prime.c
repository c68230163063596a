// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers that leave the driver as dma-bufs, and memory that comes to it as
 * one: a memfd through udmabuf.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "gpu.h"
#include "host.h"
#include "memory.h"
#include "scenarios.h"
#include "tap.h"

#define SIZE	SZ_1M
#define SRC_VA	DATA_VA
#define DST_VA	(DATA_VA + SZ_1G)

static int to_fd(struct pan *p, uint32_t handle, int *fd)
{
	return drmPrimeHandleToFD(p->fd, handle, DRM_CLOEXEC | DRM_RDWR, fd) ?
	       -errno : 0;
}

static int to_bo(struct pan *p, int fd, struct pan_bo *bo)
{
	*bo = (struct pan_bo){ .size = SIZE };
	return drmPrimeFDToHandle(p->fd, fd, &bo->handle) ? -errno : 0;
}

static int64_t query_flags(struct pan *p, uint32_t handle)
{
	struct drm_panthor_bo_query_info q = { .handle = handle };

	need(pan_ioctl(p, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &q));
	return q.extra_flags;
}

/* Bits of a buffer's state in debugfs, which is the last but one before its label; 0: none */
static unsigned int listed_state(const char *label)
{
	static char gems[4 * SZ_64K];
	unsigned int state;
	char *line, *end;

	need(debugfs_read("gems", gems, sizeof(gems)) < 0 ? -EIO : 0);
	end = strstr(gems, label);
	if (!end)
		return 0;
	*end = 0;
	line = strrchr(gems, '\n');
	need(line ? 0 : -EIO);
	need(sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %x", &state) == 1 ? 0 : -EIO);
	return state;
}

/* CPU access through the dma-buf itself */
static int dma_buf_sync(int fd, uint64_t flags)
{
	struct dma_buf_sync s = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &s) ? -errno : 0;
}

static void *dma_buf_map(int fd)
{
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	need(map == MAP_FAILED ? -errno : 0);
	return map;
}

/* The GPU of @g copies @src, and the copy is pattern @seed */
static void gpu_reads(struct gpu *g, struct pan_bo *src, uint32_t seed,
		      const char *what)
{
	struct pan_bo dst;

	gpu_bo(g, SIZE, &dst);
	gpu_map(g, SRC_VA, src, 0, SIZE);
	gpu_map(g, DST_VA, &dst, 0, SIZE);
	ok(!gpu_copy(g, DST_VA, SRC_VA, SIZE) &&
	   holds(dst.map, seed, 0, SIZE), "%s", what);
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
	need(pan_unmap(g->pan, g->vm, DST_VA, SIZE));
	pan_bo_destroy(g->pan, &dst);
}

static void through_the_dma_buf(struct gpu *g, struct pan_bo *bo, int fd)
{
	void *map = dma_buf_map(fd);

	need(dma_buf_sync(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	ok(holds(map, 1, 0, SIZE), "a mapping of the dma-buf shows the buffer");
	fill(map, 2, SIZE);
	is(dma_buf_sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0,
	   "CPU access ends");
	ok(holds(bo->map, 2, 0, SIZE), "the buffer has what was written there");
	gpu_reads(g, bo, 2, "so does the GPU");
	need(munmap(map, SIZE));
}

/* Another file of the same device: the same object, not a copy of it */
static void to_another_file(struct gpu *g, struct pan_bo *bo, int fd)
{
	struct pan_bo same, twin;
	struct gpu other;
	struct pan p;

	need(pan_open(&p));
	gpu_open(&other, &p);
	is(to_bo(&p, fd, &twin), 0, "another file takes the dma-buf");
	is(query_flags(&p, twin.handle), 0, "for it the buffer is not foreign");
	need(to_bo(g->pan, fd, &same));
	is(same.handle, bo->handle, "for its own file it is the same handle");
	gpu_reads(&other, &twin, 2, "the other file's GPU work reads it");
	fill(bo->map, 3, SIZE);
	gpu_reads(&other, &twin, 3, "and what the first writes later on");
	need(evict("edges export") ? 0 : -EBUSY);
	gpu_reads(&other, &twin, 3, "though it was taken away meanwhile");
	gpu_close(&other);
	pan_close(&p);
}

static void not_for_export(struct gpu *g)
{
	struct drm_panthor_bo_create c = {
		.size = SIZE, .exclusive_vm_id = g->vm,
	};
	int fd;

	need(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_BO_CREATE, &c));
	is(to_fd(g->pan, c.handle, &fd), -EINVAL,
	   "a VM's own buffer is not exported");
	is(to_fd(g->pan, 9999, &fd), -ENOENT, "nor one that is not there");
}

void run_export(void)
{
	struct pan_bo bo;
	struct gpu g;
	struct pan p;
	void *map;
	int fd;

	swap_ready();
	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SIZE, &bo);
	bo_label(&p, &bo, "edges export");
	fill(bo.map, 1, SIZE);
	is(to_fd(&p, bo.handle, &fd), 0, "a buffer is exported");
	is(bo_state("edges export").state & BO_EXPORTED, BO_EXPORTED,
	   "debugfs says so");
	is(lseek(fd, 0, SEEK_END), SIZE, "the dma-buf has its size");
	through_the_dma_buf(&g, &bo, fd);
	to_another_file(&g, &bo, fd);
	not_for_export(&g);
	map = dma_buf_map(fd);
	pan_bo_destroy(&p, &bo);
	gpu_close(&g);
	pan_close(&p);
	ok(holds(map, 3, 0, SIZE), "it outlives its handle and its file");
	munmap(map, SIZE);
	close(fd);
}

/* --- Import -------------------------------------------------------------- */

static void as_a_buffer(struct gpu *g, struct pan_bo *bo, void *mem)
{
	struct drm_panthor_bo_mmap_offset m = { .handle = bo->handle };
	void *map;

	is(query_flags(g->pan, bo->handle), DRM_PANTHOR_BO_IS_IMPORTED,
	   "the driver calls it imported");
	is(pan_bo_sync(g->pan, bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH),
	   -EINVAL, "its caches are not the driver's to flush");
	need(pan_ioctl(g->pan, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, g->pan->fd,
		   (off_t)m.offset);
	need(map == MAP_FAILED ? -errno : 0);
	ok(holds(map, 1, 0, SIZE), "a mapping by way of the driver shows it");
	fill(map, 2, SIZE);
	ok(holds(mem, 2, 0, SIZE), "and what is written there is in the memfd");
	need(munmap(map, SIZE));
}

static void by_the_gpu(struct gpu *g, struct pan_bo *bo, void *mem)
{
	struct pan_bo src;

	gpu_reads(g, bo, 2, "the GPU reads it");
	gpu_bo(g, SIZE, &src);
	fill(src.map, 3, SIZE);
	gpu_map(g, SRC_VA, &src, 0, SIZE);
	gpu_map(g, DST_VA, bo, 0, SIZE);
	is(gpu_copy(g, DST_VA, SRC_VA, SIZE), 0, "the GPU writes it");
	ok(holds(mem, 3, 0, SIZE), "and the memfd holds what it wrote");
	shrink(100000);
	is(gpu_copy(g, SRC_VA, DST_VA, SIZE), 0,
	   "the shrinker leaves it alone, a copy back works");
	ok(holds(src.map, 3, 0, SIZE), "and is right");
	need(pan_unmap(g->pan, g->vm, SRC_VA, SIZE));
	need(pan_unmap(g->pan, g->vm, DST_VA, SIZE));
	pan_bo_destroy(g->pan, &src);
}

void run_import(void)
{
	struct pan_bo bo, again;
	struct gpu g;
	struct pan p;
	void *mem;
	int fd;

	swap_ready();
	need(pan_open(&p));
	gpu_open(&g, &p);
	fd = memfd_dma_buf(SIZE, &mem);
	fill(mem, 1, SIZE);
	is(to_bo(&p, fd, &bo), 0, "a memfd is imported");
	need(to_bo(&p, fd, &again));
	is(again.handle, bo.handle, "twice is once");
	is(to_bo(&p, p.fd, &again), -EINVAL, "what is no dma-buf is refused");
	bo_label(&p, &bo, "edges import");
	ok(listed_state("edges import") & 1, "debugfs lists it, and says so");
	as_a_buffer(&g, &bo, mem);
	close(fd);
	by_the_gpu(&g, &bo, mem);
	pan_bo_destroy(&p, &bo);
	gpu_close(&g);
	pan_close(&p);
	ok(holds(mem, 3, 0, SIZE), "the memfd outlives the buffer");
}

/*
 * Upstream looks at the pages of a buffer that has none of its own, for what has to be
 * unmapped along with a part, see docs/panthor-findings.md.
 */
#define PART_SIZE	(4 * SZ_2M)
#define PART_AT		(SZ_2M + SZ_64K)

void run_import_part(void)
{
	struct pan_bo bo = { .size = PART_SIZE }, out;
	struct gpu g;
	struct pan p;
	void *mem;
	int fd;

	need(pan_open(&p));
	gpu_open(&g, &p);
	gpu_bo(&g, SZ_64K, &out);
	gpu_map(&g, DST_VA, &out, 0, SZ_64K);
	fd = memfd_dma_buf(PART_SIZE, &mem);
	fill(mem, 1, PART_SIZE);
	need(drmPrimeFDToHandle(p.fd, fd, &bo.handle) ? -errno : 0);
	gpu_map(&g, SRC_VA, &bo, 0, PART_SIZE);
	is(pan_unmap(&p, g.vm, SRC_VA + PART_AT, SZ_64K), 0,
	   "64 KiB of an imported buffer are unmapped");
	ok(!gpu_copy(&g, DST_VA, SRC_VA + PART_AT - SZ_64K, SZ_64K) &&
	   holds(out.map, 1, PART_AT - SZ_64K, SZ_64K), "what is before them is there");
	ok(!gpu_copy(&g, DST_VA, SRC_VA + PART_AT + SZ_64K, SZ_64K) &&
	   holds(out.map, 1, PART_AT + SZ_64K, SZ_64K), "and what is behind them");
	ok(gpu_copy(&g, DST_VA, SRC_VA + PART_AT, SZ_64K), "they are gone");
	close(fd);
	gpu_close(&g);
	pan_close(&p);
}
