// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads, each on a processor of its own, of which one runs at a time: it goes
 * on until the plan says that another one does, before any access to memory
 * that they share. Locks and RCU on top of that.
 *
 * The accesses are the compiler's: the kernel's sources are compiled for the
 * thread sanitizer, but its library is not linked; what it is to be called for
 * each access is here.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <sys/mman.h>
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

#include "harness.h"

#define STACK_SIZE	(64UL << 10)
#define MAX_CALLBACKS	4096
/* A run of so many points does not end */
#define MAX_STEPS	1000000
/* Nobody reads more of a run */
#define MAX_EVENTS	100000
#define STAMPS		(32UL << 20)

enum why { W_STOP, W_DONE, W_LOCK, W_RCU, W_CALLBACKS, W_UNLOCKED };

struct thread threads[MAX_THREADS], *cur;
bool sched_on;
struct foot foot;

/* Who runs RCU callbacks, and who sets up and tears down */
static struct thread softirq, alone IL_STATE;
static void *main_sp;
static enum why why;
/* Where the running code is, for reports */
static unsigned long last_pc;
static bool random_mode, softirq_busy;
static unsigned int segment_now, nr_running;

struct callback {
	void *head;
	void (*fn)(void *head);
	/* Threads in whose read sections it was queued, as bits */
	unsigned int readers;
	/* Or a thread that sleeps until then */
	struct thread *sleeper;
};

static struct callback callbacks[MAX_CALLBACKS];
static unsigned int nr_callbacks;

/* --- switching ------------------------------------------------------------ */

#if defined(__x86_64__)
void ctx_switch(void **save, void *load);
__asm__(".text\n"
	".type ctx_switch, @function\n"
	"ctx_switch:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n"
	".size ctx_switch, . - ctx_switch\n");

static void *ctx_new(char *stack, void (*entry)(void))
{
	void **sp = (void **)(stack + STACK_SIZE);

	/* As after a call: the stack is 8 off a multiple of 16 */
	*--sp = NULL;
	*--sp = (void *)entry;
	sp -= 6;
	memset(sp, 0, 6 * sizeof(*sp));
	return sp;
}
#elif defined(__aarch64__)
void ctx_switch(void **save, void *load);
__asm__(".text\n"
	".type ctx_switch, %function\n"
	"ctx_switch:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp]\n	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp]\n	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size ctx_switch, . - ctx_switch\n");

static void *ctx_new(char *stack, void (*entry)(void))
{
	void **sp = (void **)(stack + STACK_SIZE) - 20;

	memset(sp, 0, 20 * sizeof(*sp));
	sp[11] = (void *)entry;
	return sp;
}
#else
static void ctx_switch(void **save, void *load)
{
	static ucontext_t contexts[64];
	static unsigned int nr;

	/* A context is named by where it is stored, once and for all */
	if (!*save)
		*save = &contexts[nr++];
	swapcontext(*save, load);
}

static void *ctx_new(char *stack, void (*entry)(void))
{
	ucontext_t *uc = (ucontext_t *)stack;

	getcontext(uc);
	uc->uc_stack.ss_sp = stack + sizeof(*uc);
	uc->uc_stack.ss_size = STACK_SIZE - sizeof(*uc);
	makecontext(uc, entry, 0);
	return uc;
}
#endif

static void yield(enum why w)
{
	struct thread *t = cur;

	why = w;
	ctx_switch(&t->sp, main_sp);
}

/* --- violations ----------------------------------------------------------- */

char violation_text[512];
unsigned long violation_pc;
bool violated, warn_ok IL_STATE;

static jmp_buf *guard;

void violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(violation_text, sizeof(violation_text), fmt, ap);
	va_end(ap);
	violation_pc = last_pc;
	violated = true;
	trace_note("violation: %s", violation_text);
	if (sched_on && cur != &alone)
		yield(W_DONE);
	longjmp(*guard, 1);
}

bool guarded(void (*fn)(void *), void *arg)
{
	jmp_buf here;

	violated = false;
	warn_ok = false;
	guard = &here;
	if (!setjmp(here))
		fn(arg);
	sched_on = false;
	cur = &alone;
	return !violated;
}

/* --- trace ---------------------------------------------------------------- */

struct event {
	unsigned int thread, kind;
	bool quiet;
	unsigned long addr, size, pc;
	unsigned long before, after;
	char *note;
	char name[40];
};

bool tracing, trace_all;

static struct event *events;
static unsigned int nr_events, max_events;
static struct event *open_write;

static const char *thread_name(unsigned int id)
{
	static const char *const names[] = { "T0", "T1", "T2", "T3", "rcu", "--" };

	return names[id];
}

static unsigned long peek(unsigned long addr, size_t size)
{
	unsigned long v = 0;

	if (size <= 8)
		memcpy(&v, (void *)addr, size);
	return v;
}

static void close_write(void)
{
	if (open_write)
		open_write->after = peek(open_write->addr, open_write->size);
	open_write = NULL;
}

static struct event *new_event(void)
{
	static struct event none;

	close_write();
	if (nr_events == MAX_EVENTS)
		return &none;
	if (nr_events == max_events) {
		max_events = max_events ? 2 * max_events : 1024;
		events = realloc(events, max_events * sizeof(*events));
		if (!events)
			abort();
	}
	events[nr_events] = (struct event) { .thread = cur->id, .quiet = cur == &alone };
	return &events[nr_events++];
}

void trace_note(const char *fmt, ...)
{
	struct event *e;
	va_list ap;

	if (!tracing)
		return;
	if (nr_events == MAX_EVENTS)
		return;
	e = new_event();
	va_start(ap, fmt);
	if (vasprintf(&e->note, fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void trace_access(enum point kind, unsigned long addr, size_t size, unsigned long pc)
{
	struct event *e = new_event();
	bool data = kind == P_READ || kind == P_WRITE || kind == P_RMW;

	e->kind = kind;
	e->addr = addr;
	e->size = size;
	e->pc = pc;
	if (kind == P_FLUSH)
		snprintf(e->name, sizeof(e->name), "%#lx +%#zx", addr, size);
	else if (addr)
		snprintf(e->name, sizeof(e->name), "%s", mem_name(addr));
	if (data) {
		e->before = peek(addr, size);
		if (kind != P_READ)
			open_write = e;
	}
}

void trace_clear(void)
{
	for (unsigned int i = 0; i < nr_events; i++)
		free(events[i].note);
	nr_events = 0;
	open_write = NULL;
}

struct line {
	unsigned long pc;
	char text[120];
};

static struct line *lines;
static unsigned int nr_lines;

static bool known_line(unsigned long pc)
{
	for (unsigned int i = 0; i < nr_lines; i++)
		if (lines[i].pc == pc)
			return true;
	return false;
}

static void add_line(unsigned long pc)
{
	if (known_line(pc))
		return;
	lines = realloc(lines, (nr_lines + 1) * sizeof(*lines));
	if (!lines)
		abort();
	lines[nr_lines++] = (struct line) { .pc = pc, .text = "?" };
}

/* Ask addr2line for all of them that are new */
static void find_lines(unsigned int from)
{
	char exe[4096] = "", *cmd, row[512], fn[256] = "";
	struct line *l = NULL;
	size_t len = 0;
	FILE *f;

	if (from == nr_lines || readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return;
	f = open_memstream(&cmd, &len);
	fprintf(f, "addr2line -a -f -i -s -e '%s'", exe);
	for (unsigned int i = from; i < nr_lines; i++)
		fprintf(f, " %#lx", lines[i].pc - 1);
	fclose(f);
	f = popen(cmd, "r");
	free(cmd);
	if (!f)
		return;
	/* An address, then pairs of function and place, the innermost first */
	while (fgets(row, sizeof(row), f)) {
		row[strcspn(row, "\n")] = 0;
		if (!strncmp(row, "0x", 2)) {
			l = &lines[from++];
			fn[0] = 0;
			continue;
		}
		if (!fn[0]) {
			snprintf(fn, sizeof(fn), "%.255s", row);
			continue;
		}
		row[strcspn(row, " ")] = 0;
		/* The first that is in no shim */
		if (l && l->text[0] == '?' && strncmp(row, "shim.h", 6) &&
		    strncmp(row, "list.h", 6) && strncmp(row, "?", 1))
			snprintf(l->text, sizeof(l->text), "%.40s() %.60s", fn, row);
		fn[0] = 0;
	}
	pclose(f);
}

const char *source_line(unsigned long pc)
{
	unsigned int from = nr_lines;

	if (!pc)
		return "the harness";
	add_line(pc);
	find_lines(from);
	for (unsigned int i = 0; i < nr_lines; i++)
		if (lines[i].pc == pc)
			return lines[i].text;
	return "?";
}

/* Setting up is not what matters, nor is what nobody writes */
static void hide_events(void)
{
	unsigned int *written = calloc(mem_size / 8, sizeof(*written));

	if (!written)
		abort();
	for (unsigned int i = 0; i < nr_events; i++) {
		struct event *e = &events[i];

		if (!e->quiet && (e->kind == P_WRITE || e->kind == P_RMW) &&
		    e->addr - mem_base < mem_size)
			written[(e->addr - mem_base) / 8] |= 1U << e->thread;
	}
	for (unsigned int i = 0; i < nr_events; i++) {
		struct event *e = &events[i];

		if (e->kind == P_READ && e->addr - mem_base < mem_size &&
		    !(written[(e->addr - mem_base) / 8] & ~(1U << e->thread)))
			e->quiet = true;
	}
	free(written);
}

void trace_print(FILE *to)
{
	static const char *const kinds[] = {
		"read", "write", "rmw", "lock", "unlock", "rcu", "call_rcu", "alloc",
		"free", "flush", "clean", ""
	};
	unsigned int from = nr_lines;

	close_write();
	if (!trace_all)
		hide_events();
	for (unsigned int i = 0; i < nr_events; i++)
		if (events[i].pc)
			add_line(events[i].pc);
	find_lines(from);

	for (unsigned int i = 0; i < nr_events; i++) {
		struct event *e = &events[i];
		unsigned int n = 1;

		if (e->note) {
			fprintf(to, "  %s  %s\n", thread_name(e->thread), e->note);
			continue;
		}
		if (e->quiet && !trace_all)
			continue;
		/* A loop over entries is one line */
		while (i + n < nr_events && !events[i + n].note &&
		       events[i + n].thread == e->thread && events[i + n].pc == e->pc &&
		       events[i + n].addr == e->addr + n * e->size)
			n++;
		if (e->kind == P_OP)
			continue;
		fprintf(to, "  %s    %-52s %-8s %s", thread_name(e->thread), source_line(e->pc),
			kinds[e->kind], e->name);
		if (n > 2) {
			fprintf(to, " and %u that follow", n - 1);
			i += n - 1;
		} else if (e->kind == P_READ && e->size <= 8) {
			fprintf(to, ": %#lx", e->before);
		} else if ((e->kind == P_WRITE || e->kind == P_RMW) && e->size <= 8) {
			fprintf(to, ": %#lx -> %#lx", e->before, e->after);
		}
		fputc('\n', to);
	}
}

/* --- points --------------------------------------------------------------- */

static unsigned int stamps_read[STAMPS / 8], stamps_write[STAMPS / 8];
static unsigned int stamp;
/* What the recorded segment did apart from accesses */
static bool foot_hw, foot_rcu_read, foot_rcu_write;
static unsigned long total_steps;

static void foot_start(void)
{
	if (++stamp == 0) {
		memset(stamps_read, 0, sizeof(stamps_read));
		memset(stamps_write, 0, sizeof(stamps_write));
		stamp = 1;
	}
	foot_hw = false;
	foot_rcu_read = false;
	foot_rcu_write = false;
	foot.met = 0;
	foot.forced = false;
}

static bool reads(enum point kind)
{
	return kind != P_WRITE;
}

static bool writes(enum point kind)
{
	return kind != P_READ;
}

/* The words that a point is about: of memory, or of static data */
static bool words_of(enum point kind, unsigned long addr, size_t size, unsigned long *first,
		     unsigned long *last)
{
	if (kind > P_UNLOCK)
		return false;
	if (addr - mem_base < mem_size) {
		*first = (addr - mem_base) / 8;
		*last = (addr + size - 1 - mem_base) / 8;
		return true;
	}
	*first = mem_size / 8 + 1 + mem_static(addr) / 8;
	*last = *first + (size - 1) / 8;
	return true;
}

static void foot_record(enum point kind, unsigned long addr, size_t size, bool hw)
{
	unsigned long first, last;

	foot_hw |= hw;
	foot_rcu_read |= kind == P_RCU;
	foot_rcu_write |= kind == P_CALL_RCU;
	if (!words_of(kind, addr, size, &first, &last))
		return;
	for (unsigned long w = first; w <= last; w++) {
		if (reads(kind))
			stamps_read[w] = stamp;
		if (writes(kind))
			stamps_write[w] = stamp;
	}
}

static bool foot_meets(enum point kind, unsigned long addr, size_t size, bool hw)
{
	unsigned long first, last;

	if (hw && foot_hw)
		return true;
	if (kind == P_RCU && foot_rcu_write)
		return true;
	if (kind == P_CALL_RCU && (foot_rcu_read || foot_rcu_write))
		return true;
	if (!words_of(kind, addr, size, &first, &last))
		return false;
	for (unsigned long w = first; w <= last; w++)
		if (stamps_write[w] == stamp || (writes(kind) && stamps_read[w] == stamp))
			return true;
	return false;
}

static void passed(enum point kind, unsigned long addr, size_t size, bool hw)
{
	if (segment_now == foot.record)
		foot_record(kind, addr, size, hw);
	else if (segment_now == foot.check && !foot.met && cur != &softirq &&
		 foot_meets(kind, addr, size, hw))
		foot.met = cur->steps;
}

static void step(enum point kind, unsigned long addr, size_t size, bool hw)
{
	if (cur->steps == cur->stop_at)
		yield(W_STOP);
	cur->steps++;
	cur->shared += kind == P_RMW || kind == P_LOCK || kind == P_FLUSH;
	if (unlikely(++total_steps > MAX_STEPS))
		violation("this does not end");
	passed(kind, addr, size, hw);
}

/* This and touch() are most of what a run takes, and the kind and size are known */
static inline __attribute__((always_inline))
void passing(enum point kind, unsigned long addr, size_t size, unsigned long pc, bool hw)
{
	if (unlikely(hw_dirty))
		hw_walk();
	if (sched_on)
		step(kind, addr, size, hw);
	last_pc = pc;
	if (unlikely(tracing))
		trace_access(kind, addr, size, pc);
}

void point(enum point kind, const void *addr, size_t size, bool hw, unsigned long pc)
{
	passing(kind, (unsigned long)addr, size, pc, hw);
}

static __attribute__((noinline))
void touch_bad(enum point kind, unsigned long addr, size_t size)
{
	const char *bad = mem_bad(addr, size);

	if (bad)
		violation("%s of %zu bytes at %s, which %s", kind == P_READ ? "read" : "write",
			  size, mem_name(addr), bad);
}

static inline __attribute__((always_inline))
void touch(const void *p, size_t size, enum point kind, unsigned long pc)
{
	unsigned long addr = (unsigned long)p;
	bool hw;

	if (addr - mem_base >= mem_size) {
		/* Nobody shares the stack, nor what is constant */
		if (mem_static(addr))
			passing(kind, addr, size, pc, false);
		return;
	}
	hw = kind != P_READ && mem_is_page(addr) && (size > 8 || hw_cares(addr));
	passing(kind, addr, size, pc, hw);
	if (unlikely(!mem_good[(addr - mem_base) >> MEM_GOOD_SHIFT] || size > 8))
		touch_bad(kind, addr, size);
	if (hw)
		hw_dirty = true;
}

#define TSAN_ACCESS(name, size, kind)				\
void __tsan_##name(void *p);					\
void __tsan_##name(void *p) { touch(p, size, kind, CALLER); }

TSAN_ACCESS(read1, 1, P_READ)
TSAN_ACCESS(read2, 2, P_READ)
TSAN_ACCESS(read4, 4, P_READ)
TSAN_ACCESS(read8, 8, P_READ)
TSAN_ACCESS(read16, 16, P_READ)
TSAN_ACCESS(write1, 1, P_WRITE)
TSAN_ACCESS(write2, 2, P_WRITE)
TSAN_ACCESS(write4, 4, P_WRITE)
TSAN_ACCESS(write8, 8, P_WRITE)
TSAN_ACCESS(write16, 16, P_WRITE)
TSAN_ACCESS(unaligned_read2, 2, P_READ)
TSAN_ACCESS(unaligned_read4, 4, P_READ)
TSAN_ACCESS(unaligned_read8, 8, P_READ)
TSAN_ACCESS(unaligned_read16, 16, P_READ)
TSAN_ACCESS(unaligned_write2, 2, P_WRITE)
TSAN_ACCESS(unaligned_write4, 4, P_WRITE)
TSAN_ACCESS(unaligned_write8, 8, P_WRITE)
TSAN_ACCESS(unaligned_write16, 16, P_WRITE)

void __tsan_read_range(void *p, unsigned long size);
void __tsan_read_range(void *p, unsigned long size)
{
	touch(p, size, P_READ, CALLER);
}

void __tsan_write_range(void *p, unsigned long size);
void __tsan_write_range(void *p, unsigned long size)
{
	touch(p, size, P_WRITE, CALLER);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/* --- what the shims call -------------------------------------------------- */

static unsigned long load(const void *p, size_t size)
{
	unsigned long v = 0;

	memcpy(&v, p, size);
	return v;
}

static void store(void *p, size_t size, unsigned long v)
{
	memcpy(p, &v, size);
}

unsigned long il_rmw(void *p, size_t size, enum il_rmw op, unsigned long arg)
{
	unsigned long old, new;

	touch(p, size, P_RMW, CALLER);
	old = load(p, size);
	new = op == IL_ADD ? old + arg : op == IL_AND ? old & arg : op == IL_OR ? old | arg : arg;
	store(p, size, new);
	/* A caller casts it to the type of the object */
	return size == 4 ? (unsigned long)(int)old : old;
}

unsigned long il_cmpxchg(void *p, size_t size, unsigned long old, unsigned long new)
{
	unsigned long now;

	touch(p, size, P_RMW, CALLER);
	now = load(p, size);
	if (size < 8)
		old &= (1UL << size * 8) - 1;
	if (now == old)
		store(p, size, new);
	return size == 4 ? (unsigned long)(int)now : now;
}

void *il_memset(void *p, int c, size_t n)
{
	/* Who hands parts of pages out clears them first */
	if (n && !mem_is_page((unsigned long)p))
		touch(p, n, P_WRITE, CALLER);
	else if (n)
		point(P_WRITE, p, n, true, CALLER);
	return memset(p, c, n);
}

void *il_memcpy(void *to, const void *from, size_t n)
{
	if (n) {
		touch(from, n, P_READ, CALLER);
		touch(to, n, P_WRITE, CALLER);
	}
	return memcpy(to, from, n);
}

void *il_memchr_inv(const void *p, int c, size_t n)
{
	const char *s = p;

	if (n)
		touch(p, n, P_READ, CALLER);
	for (size_t i = 0; i < n; i++)
		if (s[i] != (char)c)
			return (void *)(s + i);
	return NULL;
}

void il_warn(const char *file, int line, const char *what)
{
	const char *base = strrchr(file, '/');

	if (warn_ok)
		return;
	last_pc = CALLER;
	violation("WARN_ON(%s) at %s:%d", what, base ? base + 1 : file, line);
}

void il_say(const char *fmt, ...)
{
	if (tracing) {
		char text[256];
		va_list ap;

		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		text[strcspn(text, "\n")] = 0;
		trace_note("log: %s", text);
	}
}

void il_might_sleep(const char *what)
{
	last_pc = CALLER;
	if (cur->spins)
		violation("%s may sleep, under a spinlock", what);
	if (cur->rcu_nest)
		violation("%s may sleep, under rcu_read_lock()", what);
	if (cur == &softirq)
		violation("%s may sleep, in an RCU callback", what);
}

bool il_signal_pending(void)
{
	return ++cur->signals == cur->signal_at;
}

/* --- RCU ------------------------------------------------------------------ */

static bool in_section(const struct thread *t)
{
	/* Preemption is off under a spinlock, and RCU waits for that too */
	return t->rcu_nest || t->spins;
}

static unsigned int readers_now(void)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < MAX_THREADS; i++)
		if (threads[i].state != T_DONE && in_section(&threads[i]))
			mask |= 1U << i;
	if (in_section(&softirq))
		mask |= 1U << softirq.id;
	if (in_section(&alone))
		mask |= 1U << alone.id;
	return mask;
}

static bool callbacks_ready(void)
{
	for (unsigned int i = 0; i < nr_callbacks; i++)
		if (!callbacks[i].readers)
			return true;
	return false;
}

/* Run those that nobody holds back, one by one: they may queue more */
static void run_callbacks(void)
{
	for (unsigned int i = 0; i < nr_callbacks;) {
		struct callback cb = callbacks[i];

		if (cb.readers) {
			i++;
			continue;
		}
		memmove(&callbacks[i], &callbacks[i + 1], (--nr_callbacks - i) * sizeof(cb));
		i = 0;
		if (cb.sleeper) {
			cb.sleeper->state = T_READY;
			continue;
		}
		trace_note("callback of RCU");
		cb.fn(cb.head);
	}
}

static void softirq_entry(void)
{
	for (;;) {
		softirq_busy = true;
		run_callbacks();
		softirq_busy = false;
		yield(W_DONE);
	}
}

static void kick_callbacks(void)
{
	struct thread *t = cur;

	if (!callbacks_ready())
		return;
	if (sched_on) {
		/* Chance finds the time for them itself */
		if (cur != &softirq && !random_mode)
			yield(W_CALLBACKS);
		return;
	}
	cur = &softirq;
	run_callbacks();
	cur = t;
}

static void left_section(void)
{
	if (in_section(cur))
		return;
	for (unsigned int i = 0; i < nr_callbacks; i++)
		callbacks[i].readers &= ~(1U << cur->id);
	kick_callbacks();
	if (cur->owes_rcu) {
		cur->owes_rcu = false;
		yield(W_UNLOCKED);
	}
}

void il_rcu_read_lock(void)
{
	point(P_RCU, NULL, 0, false, CALLER);
	cur->rcu_nest++;
}

void il_rcu_read_unlock(void)
{
	point(P_RCU, NULL, 0, false, CALLER);
	if (!cur->rcu_nest)
		violation("rcu_read_unlock() without rcu_read_lock()");
	cur->rcu_nest--;
	left_section();
}

bool il_rcu_read_held(void)
{
	return cur->rcu_nest;
}

static void queue_callback(struct callback cb)
{
	if (nr_callbacks == MAX_CALLBACKS) {
		fprintf(stderr, "too many callbacks\n");
		exit(2);
	}
	cb.readers = readers_now();
	callbacks[nr_callbacks++] = cb;
}

void il_call_rcu(void *head, void (*fn)(void *head))
{
	point(P_CALL_RCU, head, 16, true, CALLER);
	for (unsigned int i = 0; i < nr_callbacks; i++)
		if (callbacks[i].head == head)
			violation("call_rcu() of %s, which is queued",
				  mem_name((unsigned long)head));
	queue_callback((struct callback) { .head = head, .fn = fn });
	kick_callbacks();
}

void il_synchronize_rcu(void)
{
	il_might_sleep("synchronize_rcu");
	point(P_CALL_RCU, NULL, 0, true, CALLER);
	if (!readers_now())
		return;
	if (!sched_on)
		violation("nobody can leave what synchronize_rcu() waits for");
	queue_callback((struct callback) { .sleeper = cur });
	cur->state = T_RCU;
	while (cur->state == T_RCU)
		yield(W_RCU);
}

/* --- locks ---------------------------------------------------------------- */

static struct thread *by_id(unsigned int id)
{
	return id < MAX_THREADS ? &threads[id] : id == softirq.id ? &softirq : &alone;
}

void il_lock(void *p, bool sleeps)
{
	unsigned int *lock = p;

	if (sleeps)
		il_might_sleep("mutex_lock");
	touch(p, 4, P_LOCK, CALLER);
	while (*lock) {
		if (*lock == cur->id + 1)
			violation("a lock that the thread holds is taken again");
		if (!sched_on)
			violation("a lock is not free, and nobody runs");
		cur->state = T_LOCK;
		cur->wants = lock;
		yield(W_LOCK);
	}
	cur->state = T_READY;
	*lock = cur->id + 1;
	if (!sleeps)
		cur->spins++;
}

bool il_trylock(void *p, bool sleeps)
{
	unsigned int *lock = p;

	touch(p, 4, P_LOCK, CALLER);
	if (*lock)
		return false;
	*lock = cur->id + 1;
	if (!sleeps)
		cur->spins++;
	return true;
}

void il_unlock(void *p, bool sleeps)
{
	unsigned int *lock = p;

	touch(p, 4, P_UNLOCK, CALLER);
	if (*lock != cur->id + 1)
		violation("a lock is released by who does not hold it");
	*lock = 0;
	if (!sleeps) {
		cur->spins--;
		left_section();
	}
	if (cur->owes == lock) {
		cur->owes = NULL;
		yield(W_UNLOCKED);
	}
}

bool il_is_locked(const void *p)
{
	return *(const unsigned int *)p;
}

/* --- running -------------------------------------------------------------- */

static void thread_entry(void)
{
	thread_body(cur->id);
	if (hw_dirty)
		hw_walk();
	if (cur->rcu_nest || cur->spins)
		violation("the operation ends in a read section or with a lock held");
	cur->state = T_DONE;
	trace_note("ends");
	yield(W_DONE);
	abort();
}

void sched_init(void)
{
	for (unsigned int i = 0; i <= MAX_THREADS; i++) {
		struct thread *t = i < MAX_THREADS ? &threads[i] : &softirq;

		t->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (t->stack == MAP_FAILED) {
			perror("mmap");
			exit(2);
		}
	}
	sched_reset();
}

static void thread_reset(struct thread *t, unsigned int id, void (*entry)(void))
{
	*t = (struct thread) { .id = id, .stack = t->stack, .stop_at = FOREVER };
	if (entry)
		t->sp = ctx_new(t->stack, entry);
	else
		t->state = T_DONE;
}

void sched_reset(void)
{
	for (unsigned int i = 0; i < MAX_THREADS; i++)
		thread_reset(&threads[i], i, NULL);
	thread_reset(&softirq, MAX_THREADS, softirq_entry);
	thread_reset(&alone, MAX_THREADS + 1, NULL);
	cur = &alone;
	sched_on = false;
	random_mode = false;
	softirq_busy = false;
	nr_callbacks = 0;
	foot.record = FOREVER;
	foot.check = FOREVER;
	last_pc = 0;
}

static enum why resume(struct thread *t)
{
	cur = t;
	ctx_switch(&main_sp, t->sp);
	cur = &alone;
	if (violated)
		longjmp(*guard, 1);
	return why;
}

static enum why advance(struct thread *t);

/* @t waits: let @owner go on until that is over */
static void wait_for(struct thread *t, struct thread *owner)
{
	unsigned int stop = owner->stop_at, segment = segment_now;

	if (owner->waited)
		violation("deadlock of %s and %s", thread_name(t->id), thread_name(owner->id));
	t->waited = true;
	owner->stop_at = FOREVER;
	trace_note("%s waits for %s", thread_name(t->id), thread_name(owner->id));
	if (t->state == T_LOCK) {
		/* Up to the release it is the same wherever the owner stopped */
		if (foot.check != FOREVER && segment == foot.record)
			segment_now = foot.check;
		owner->owes = t->wants;
		advance(owner);
		if (segment_now == foot.check && !foot.met)
			foot.met = owner->steps;
	} else {
		foot.forced = true;
		owner->owes_rcu = true;
		advance(owner);
	}
	segment_now = segment;
	owner->stop_at = stop;
	t->waited = false;
}

/* Run a thread until it stops by plan, ends, or lets those go who wait for it */
static enum why advance(struct thread *t)
{
	for (;;) {
		enum why w = resume(t);

		switch (w) {
		case W_CALLBACKS:
			advance(&softirq);
			break;
		case W_LOCK:
			if (*t->wants)
				wait_for(t, by_id(*t->wants - 1));
			break;
		case W_RCU:
			for (unsigned int i = 0; i < nr_callbacks && t->state == T_RCU; i++)
				if (callbacks[i].sleeper == t && callbacks[i].readers)
					wait_for(t, by_id(__builtin_ctz(callbacks[i].readers)));
			if (callbacks_ready())
				advance(&softirq);
			break;
		default:
			return w;
		}
	}
}

static void start_threads(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct thread *t = &threads[i];
		unsigned int fail = t->fail_at, sig = t->signal_at;

		thread_reset(t, i, thread_entry);
		t->fail_at = fail;
		t->signal_at = sig;
	}
	nr_running = nr;
	total_steps = 0;
	foot_start();
	sched_on = true;
}

void sched_run(unsigned int nr, const struct segment *plan, unsigned int segments)
{
	start_threads(nr);
	for (segment_now = 0; segment_now < segments + nr; segment_now++) {
		const struct segment *s = &plan[segment_now];
		struct thread *t = &threads[segment_now < segments ? s->thread :
					    segment_now - segments];

		if (t->state == T_DONE)
			continue;
		t->stop_at = segment_now >= segments || s->steps == FOREVER ?
			     FOREVER : t->steps + s->steps;
		trace_note("--- %s runs", thread_name(t->id));
		advance(t);
	}
	sched_on = false;
}

unsigned int rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1dUL >> 33;
}

static bool runnable(const struct thread *t)
{
	if (t == &softirq && t->state == T_READY)
		return softirq_busy || callbacks_ready();
	return t->state == T_READY || (t->state == T_LOCK && !*t->wants);
}

void sched_run_random(unsigned int nr, uint64_t *seed, unsigned int mean)
{
	struct thread *last = NULL;

	start_threads(nr);
	random_mode = true;
	for (;;) {
		struct thread *ready[MAX_THREADS + 1], *t;
		unsigned int n = 0, done = 0;

		for (unsigned int i = 0; i < nr; i++) {
			done += threads[i].state == T_DONE;
			if (runnable(&threads[i]))
				ready[n++] = &threads[i];
		}
		if (done == nr)
			break;
		if (runnable(&softirq))
			ready[n++] = &softirq;
		if (!n)
			violation("deadlock of all");
		t = ready[rnd(seed) % n];
		/* Mostly short, now and then long */
		t->stop_at = t->steps + 1 + rnd(seed) % (rnd(seed) % 4 ? mean : 8 * mean);
		if (t != last)
			trace_note("--- %s runs", thread_name(t->id));
		last = t;
		resume(t);
	}
	random_mode = false;
	if (softirq_busy || callbacks_ready()) {
		softirq.stop_at = FOREVER;
		advance(&softirq);
	}
	sched_on = false;
}

bool sched_drained(void)
{
	return !nr_callbacks;
}

void sched_drain(void)
{
	for (unsigned int i = 0; i < nr_callbacks; i++)
		callbacks[i].readers = 0;
	kick_callbacks();
	if (nr_callbacks)
		violation("RCU callbacks are left");
}
