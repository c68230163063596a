// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thousands of binds that wait: for their turn, or until their process is killed.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "objects.h"
#include "scenarios.h"

#define AHEAD	4096u
#define KILLED	1024u
#define KILLS	2u
#define BLOCKS	512u
#define PAGES	64u

struct queue {
	struct vk vk;
	struct touch touch, spin;
	struct mem mem;
	struct buf buf;
	VkSemaphore gate, done;
};

static void queue_open(struct queue *q)
{
	vk_open(&q->vk);
	must(q->vk.sparse >= 0 && q->vk.family[q->vk.main].count > 1);
	touch_make(&q->vk, &q->touch);
	touch_make(&q->vk, &q->spin);
	mem_make(&q->vk, &q->mem, PAGES, 0);
	buf_make(&q->vk, &q->touch, &q->buf, BLOCKS, true);
	q->gate = vk_semaphore(&q->vk);
	q->done = vk_timeline(&q->vk, 0);
}

/* A call a block, behind a shader that goes on until the gate opens */
static VkResult queue_binds(struct queue *q, uint32_t calls)
{
	VkSparseMemoryBind one;
	VkResult res = VK_SUCCESS;

	spin_start(&q->spin, q->vk.family[q->vk.main].queue[1], q->gate, 0);
	for (uint32_t i = 0; i < calls && res == VK_SUCCESS; i++) {
		one = bind_blocks(i * 7 % BLOCKS, 1, q->mem.memory, i * 11 % PAGES);
		residency_bind(&q->buf.now, i * 7 % BLOCKS, 1, 0, i * 11 % PAGES);
		res = bind_submit(&q->vk, q->buf.buffer, &one, 1, &(struct batch){
			.wait = i ? VK_NULL_HANDLE : q->gate,
			.signal = i == calls - 1 ? q->done : VK_NULL_HANDLE,
			.signal_value = 1,
		}, VK_NULL_HANDLE);
	}
	return res;
}

static bool all_blocks(struct queue *q)
{
	bool good = true;

	for (uint32_t first = 0; first < BLOCKS; first += TOUCHES) {
		touch_clear(&q->touch);
		for (uint32_t i = 0; i < TOUCHES; i++)
			touch_access(&q->touch, TOUCH_READ,
				     q->buf.address + (first + i) * BLOCK, 0);
		vk_need(touch_run_after(&q->vk, &q->touch, 0, q->done, 1));
		for (uint32_t i = 0; i < TOUCHES; i++)
			good &= q->touch.seen[i] ==
				q->mem.want[q->buf.now.at[first + i].page * BLOCK_WORDS];
	}
	return good;
}

void run_ahead(void)
{
	uint32_t hole = 0;
	struct queue q;

	queue_open(&q);
	vk_is(queue_binds(&q, AHEAD), VK_SUCCESS,
	      "%u calls of vkQueueBindSparse behind a semaphore", AHEAD);
	vk_need(touch_write(&q.vk, &q.touch, q.buf.address, 0xbad));
	vk_need(touch_read(&q.vk, &q.touch, q.buf.address, &hole));
	ok(q.mem.map[0] == q.mem.want[0] && vk_counter(&q.vk, q.done) == 0,
	   "nothing is bound before it is signalled");
	spin_end(&q.spin);
	ok(all_blocks(&q), "all is bound when the last one signals, in its order");
	ok(!q.spin.seen[1], "the shader that they waited for did wait");
	vk_close(&q.vk);
}

/* Never comes back */
static void be_killed(int to_parent)
{
	struct queue q;

	queue_open(&q);
	if (queue_binds(&q, KILLED) != VK_SUCCESS)
		_exit(1);
	if (write(to_parent, "q", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static bool kill_one(void)
{
	int pipes[2], status;
	pid_t pid;
	char c = 0;

	if (pipe(pipes))
		return false;
	pid = fork();
	if (!pid)
		be_killed(pipes[1]);
	close(pipes[1]);
	if (pid < 0 || read(pipes[0], &c, 1) != 1)
		c = 0;
	close(pipes[0]);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && c == 'q';
}

void run_killed(void)
{
	struct queue q;
	bool good = true;

	for (unsigned int i = 0; i < KILLS; i++)
		good &= kill_one();
	ok(good, "processes are killed with %u binds queued", KILLED);
	queue_open(&q);
	vk_need(queue_binds(&q, KILLED));
	spin_end(&q.spin);
	ok(all_blocks(&q), "the next one binds and looks");
	vk_close(&q.vk);
}
