// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * A module that looks whether VM_BIND jobs of Panthor allocate nothing where they
 * signal their fence, on any kernel with kprobes.
 *
 * Lockdep knows that an allocation which may wait for reclaim must not be in
 * such a section, but finds fault with no other. A job that takes memory with
 * GFP_NOWAIT may fail, which is as bad. Here, each page and each object of a
 * slab cache counts that a job takes in the function that runs it, in the task that
 * does so and not in an interrupt.
 *
 * The tracepoints of the allocators call us for each allocation of the system,
 * so this is for debug kernels. What was found is in the debugfs file
 * vm_bind_check, and the first one is reported with its stack. To see that the
 * check works, write "alloc" to that file: then a job that is none allocates.
 *
 * What debug options of the kernel take for their own records does not count:
 * the pool of debugobjects, which fills up in whoever comes along, and KASAN's
 * stacks.
 *
 * A section belongs to a task, which may sleep or be moved to another CPU. The
 * tasks that are in sections are in a small array, since there is no place in
 * a task for this; jobs that find no room in it are counted as unchecked.
 */

#define pr_fmt(fmt) "bindcheck: " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include <trace/events/kmem.h>

#define MAX_SECTIONS	64
#define MAX_STACK	24

/**
 * struct bind_section - A job in its section
 *
 * But for @task, only that task uses it.
 */
struct bind_section {
	/** @task: Who runs the job, NULL if the section is free. */
	struct task_struct *task;

	/** @allocations: How much it allocated. */
	unsigned int allocations;

	/** @stack_len: Number of entries of @stack. */
	unsigned int stack_len;

	/** @stack: Where the first was. */
	unsigned long stack[MAX_STACK];
};

static struct bind_section sections[MAX_SECTIONS];

static struct {
	/* Sections at this moment: if there is none, nothing is looked up */
	atomic_t active;

	atomic64_t jobs;
	atomic64_t unchecked;
	atomic64_t allocations;

	atomic_t reported;
} check;

/* Functions that allocate for a debug option */
static const char * const debug_allocators[] = {
	"debug_objects_fill_pool",
	"stack_depot_save_flags",
};

static bool is_for_debugging(const unsigned long *stack, unsigned int len)
{
	char name[KSYM_NAME_LEN];

	for (unsigned int i = 0; i < len; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)stack[i]);
		if (match_string(debug_allocators, ARRAY_SIZE(debug_allocators), name) >= 0)
			return true;
	}
	return false;
}

static struct bind_section *current_section(void)
{
	for (unsigned int i = 0; i < MAX_SECTIONS; i++)
		if (READ_ONCE(sections[i].task) == current)
			return &sections[i];
	return NULL;
}

static void count_allocation(void)
{
	struct bind_section *section;
	unsigned long stack[MAX_STACK];
	unsigned int len;

	if (!atomic_read(&check.active) || !in_task())
		return;
	section = current_section();
	if (!section)
		return;

	len = stack_trace_save(stack, MAX_STACK, 2);
	if (is_for_debugging(stack, len))
		return;
	if (!section->allocations++) {
		memcpy(section->stack, stack, sizeof(stack));
		section->stack_len = len;
	}
}

static void probe_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags,
			  int node)
{
	count_allocation();
}

static void probe_kmem_cache_alloc(void *data, unsigned long call_site,
				   const void *ptr, struct kmem_cache *s,
				   gfp_t gfp_flags, int node)
{
	count_allocation();
}

static void probe_mm_page_alloc(void *data, struct page *page,
				unsigned int order, gfp_t gfp_flags,
				int migratetype)
{
	count_allocation();
}

/* By name, since not all of these are exported */
static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "kmalloc", probe_kmalloc },
	{ "kmem_cache_alloc", probe_kmem_cache_alloc },
	{ "mm_page_alloc", probe_mm_page_alloc },
};

static void find_probe(struct tracepoint *tp, void *priv)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static void stop_looking(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].tp)
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe, NULL);
		probes[i].tp = NULL;
	}
	tracepoint_synchronize_unregister();
}

static int start_looking(void)
{
	int ret;

	for_each_kernel_tracepoint(find_probe, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(probes); i++) {
		struct tracepoint *tp = probes[i].tp;

		ret = tp ? tracepoint_probe_register(tp, probes[i].probe, NULL) : -ENOENT;
		if (ret) {
			pr_err("cannot look at allocations, tracepoint %s: %d\n",
			       probes[i].name, ret);
			for (; i < ARRAY_SIZE(probes); i++)
				probes[i].tp = NULL;
			stop_looking();
			return ret;
		}
	}
	return 0;
}

static int section_begin(void)
{
	atomic64_inc(&check.jobs);
	for (unsigned int i = 0; i < MAX_SECTIONS; i++) {
		if (cmpxchg(&sections[i].task, NULL, current))
			continue;

		sections[i].allocations = 0;
		atomic_inc(&check.active);
		return i;
	}

	atomic64_inc(&check.unchecked);
	return -1;
}

/* By the task that began it */
static void section_end(int section)
{
	struct bind_section *s;

	if (section < 0)
		return;

	s = &sections[section];
	atomic_dec(&check.active);
	atomic64_add(s->allocations, &check.allocations);
	if (s->allocations && !atomic_xchg(&check.reported, 1)) {
		pr_err("a VM_BIND job allocated %u times, first here:\n",
		       s->allocations);
		stack_trace_print(s->stack, s->stack_len, 2);
	}
	/* Pairs with the cmpxchg() of the next one */
	smp_store_release(&s->task, NULL);
}

static int job_begins(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(int *)instance->data = section_begin();
	return 0;
}

static int job_ends(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	section_end(*(int *)instance->data);
	return 0;
}

static struct kretprobe run_job = {
	.kp.symbol_name = "panthor_vm_bind_run_job",
	.entry_handler = job_begins,
	.handler = job_ends,
	.data_size = sizeof(int),
	.maxactive = MAX_SECTIONS,
};

/* What a job must not do */
static void provoke(void)
{
	int section = section_begin();

	kfree(kmalloc(64, GFP_NOWAIT));
	free_page(__get_free_page(GFP_NOWAIT));
	section_end(section);
}

static int bind_check_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "jobs %lld\n", atomic64_read(&check.jobs));
	seq_printf(m, "allocations %lld\n", atomic64_read(&check.allocations));
	seq_printf(m, "unchecked %lld\n",
		   atomic64_read(&check.unchecked) + run_job.nmissed);
	return 0;
}

static ssize_t bind_check_write(struct file *file, const char __user *buf,
				size_t size, loff_t *pos)
{
	char word[8] = {};

	if (size >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, size))
		return -EFAULT;
	if (strcmp(strim(word), "alloc"))
		return -EINVAL;

	provoke();
	return size;
}

DEFINE_SHOW_STORE_ATTRIBUTE(bind_check);

static struct dentry *file;

static int __init bind_check_init(void)
{
	int ret = start_looking();

	if (ret)
		return ret;
	ret = register_kretprobe(&run_job);
	if (ret) {
		pr_err("cannot look at %s(): %d; is panthor loaded?\n",
		       run_job.kp.symbol_name, ret);
		stop_looking();
		return ret;
	}
	file = debugfs_create_file("vm_bind_check", 0644, NULL, NULL, &bind_check_fops);
	return 0;
}
module_init(bind_check_init);

static void __exit bind_check_exit(void)
{
	debugfs_remove(file);
	unregister_kretprobe(&run_job);
	stop_looking();
}
module_exit(bind_check_exit);

MODULE_DESCRIPTION("A check that VM_BIND jobs do not allocate");
MODULE_LICENSE("Dual MIT/GPL");
