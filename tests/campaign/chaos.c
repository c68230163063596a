// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See chaos.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos.h"
#include "host.h"
#include "inject.h"
#include "perform.h"
#include "ring.h"

#define CGROUP		"/sys/fs/cgroup"
#define GROUP		CGROUP "/campaign"
#define FAULTS		"/sys/kernel/debug/"
#define RAM_START	0x40000000ull
#define STOP_S		120
#define CHILD_MS	5000
#define HOG_MS		3000
#define HOG_STEP	(8 * SZ_1M)

static struct {
	pthread_t id;
	uint64_t random;
	atomic_bool over;
	bool runs;
} chaos;

/* --- The GPU ------------------------------------------------------------- */

/* Of the call: between 20 us and 20 ms, few of them long; the driver has 100 ms */
static uint64_t some_ns(const struct call *c)
{
	return 20000ull << (c->r[1] & 7 ? c->r[0] % 6 : c->r[0] % 11);
}

static int stuck_as(const struct call *c)
{
	(void)c;
	return inject_stuck();
}

/* As long as the driver is patient, and then not any more */
static int stuck_flush(const struct call *c)
{
	int ret = inject_slow("flush", INJECT_NEVER);

	sleep_ms(50 + c->r[0] % 200);
	inject_clear();
	return ret;
}

static int hang(const struct call *c)
{
	return induce("\"kind\": \"hang\", \"hard\": %s", c->r[0] & 1 ? "true" : "false");
}

static const char *line(const struct call *c)
{
	static const char * const lines[] = { "job", "mmu", "gpu" };

	return lines[c->r[0] % 3];
}

static int lost(const struct call *c)
{
	return induce("\"kind\": \"lost-irq\", \"line\": \"%s\", \"count\": %u", line(c),
		      1 + c->r[1] % 3);
}

static int spurious(const struct call *c)
{
	int ret = 0;

	for (unsigned int i = 0; i <= c->r[1] % 4; i++)
		ret |= inject_spurious(line(c));
	return ret;
}

static int firmware_stop(const struct call *c)
{
	(void)c;
	return induce("\"kind\": \"firmware-stop\"");
}

static int firmware_crash(const struct call *c)
{
	(void)c;
	return induce("\"kind\": \"firmware-crash\"");
}

static int bus_error(const struct call *c)
{
	return induce("\"kind\": \"bus-error\", \"pa\": %llu, \"size\": %llu, \"count\": %u",
		      (unsigned long long)(RAM_START + c->r[0] % 16 * 64 * SZ_1M),
		      (unsigned long long)(SZ_64K << c->r[1] % 11), 1 + c->r[2] % 4);
}

static int fault(const struct call *c)
{
	return induce("\"kind\": \"fault\", \"va\": %llu, \"exception\": %u, \"count\": %u",
		      (unsigned long long)(c->r[1] & 1 ? RESULT_VA : address(c->r[0])),
		      0xc0 + c->r[1] % 48, 1 + c->r[2] % 3);
}

static int gpu_fault(const struct call *c)
{
	const char *protected = c->r[2] & 7 ? "false" : "true";

	return induce("\"kind\": \"gpu-fault\", \"exception\": %u, \"address\": %u, "
		      "\"protected\": %s", 0x80 + c->r[0] % 16, c->r[1], protected);
}

static int clear(const struct call *c)
{
	(void)c;
	return inject_clear();
}

/* --- Memory -------------------------------------------------------------- */

/*
 * In a process that can be killed: with a slow GPU reclaim takes minutes, and nothing
 * would end that meanwhile
 */
static int in_child(const struct call *c, void (*run)(const struct call *c))
{
	long end = now_ms() + CHILD_MS;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(c);
		_exit(0);
	}
	while (pid > 0 && !waitpid(pid, NULL, WNOHANG)) {
		if (now_ms() > end) {
			kill(pid, SIGKILL);
			break;
		}
		sleep_ms(10);
	}
	return pid > 0 ? 0 : -EAGAIN;
}

static void write_drop_caches(const struct call *c)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", 1 + c->r[0] % 3);
	sysfs_write("/proc/sys/vm/drop_caches", text);
}

static void write_shrink(const struct call *c)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", 1 << c->r[0] % 16);
	sysfs_write(debugfs_path("shrink"), text);
	sysfs_read(debugfs_path("shrink"), text, sizeof(text));
}

static void write_compact(const struct call *c)
{
	(void)c;
	sysfs_write("/proc/sys/vm/compact_memory", "1");
}

/* The limit alone: who writes it is not the one to reclaim what is beyond it */
static int set_limit(const char *text)
{
	int fd = open(GROUP "/memory.max", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0) {
		ret = -errno;
		fprintf(stderr, "campaign: memory.max: %s\n", strerror(errno));
	}
	close(fd);
	return ret;
}

/* The workers have less memory than they use, for a while: some are killed */
static int squeeze(const struct call *c)
{
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%u", (8 + c->r[0] % 40) << 20);
	ret = set_limit(text);
	sleep_ms(100 + c->r[1] % 900);
	set_limit("max");
	return ret;
}

/* Takes all memory there is, until it is killed or has had it for a while */
static void hog(const struct call *c)
{
	long end = now_ms() + HOG_MS;

	sysfs_write("/proc/self/oom_score_adj", c->r[0] & 1 ? "-500" : "1000");
	while (now_ms() < end) {
		void *at = mmap(NULL, HOG_STEP, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (at == MAP_FAILED)
			sleep_ms(10);
	}
}

/* --- Allocations in the kernel's own threads ----------------------------- */

static void fault_attribute(const char *file, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), FAULTS "failslab/%s", file);
	sysfs_write(path, text);
	snprintf(path, sizeof(path), FAULTS "fail_page_alloc/%s", file);
	sysfs_write(path, text);
}

static void mark_kworkers(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], name[32] = "";

		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (e->d_name[0] < '0' || e->d_name[0] > '9' ||
		    sysfs_read(path, name, sizeof(name)) || strncmp(name, "kworker", 7))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail", e->d_name);
		sysfs_write(path, "1");
	}
	if (d)
		closedir(d);
}

/* The driver's text, so that it is the driver's allocations that fail */
static void only_the_driver(void)
{
	unsigned long start = 0;
	char text[32];

	if (sysfs_read("/sys/module/panthor/sections/.text", text, sizeof(text)))
		return;
	start = strtoul(text, NULL, 0);
	snprintf(text, sizeof(text), "0x%lx", start);
	fault_attribute("require-start", text);
	snprintf(text, sizeof(text), "0x%lx", start + 0x80000);
	fault_attribute("require-end", text);
}

/* How many more allocations may fail */
static long times_left(void)
{
	static const char * const files[] = {
		FAULTS "failslab/times", FAULTS "fail_page_alloc/times",
	};
	long n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		char text[32] = "";

		sysfs_read(files[i], text, sizeof(text));
		n += strtol(text, NULL, 0);
	}
	return n;
}

/* It happened if an allocation failed, and not just could have */
static int failing_kworkers(const struct call *c)
{
	char text[16];
	long times;

	mark_kworkers();
	only_the_driver();
	fault_attribute("task-filter", "Y");
	fault_attribute("verbose", "0");
	fault_attribute("ignore-gfp-wait", "N");
	sysfs_write(FAULTS "fail_page_alloc/min-order", "0");
	snprintf(text, sizeof(text), "%u", 1 + c->r[0] % 8);
	fault_attribute("times", text);
	times = times_left();
	fault_attribute("probability", "30");
	sleep_ms(50 + c->r[1] % 400);
	fault_attribute("probability", "0");
	return times_left() < times ? 0 : -EAGAIN;
}

/* --- The device ---------------------------------------------------------- */

static int power(const struct call *c)
{
	return sysfs_write("power/control", c->r[0] & 1 ? "on" : "auto");
}

static int autosuspend(const struct call *c)
{
	static const char * const ms[] = { "0", "1", "5", "50", "200" };

	return sysfs_write("power/autosuspend_delay_ms", ms[c->r[0] % ARRAY_SIZE(ms)]);
}

static int unbind(const struct call *c)
{
	int ret = driver_unbind();

	sleep_ms(c->r[0] % 300);
	driver_bind();
	return ret;
}

/* --- All of them --------------------------------------------------------- */

#define QMP	"the port to QEMU"

static const struct failure {
	const char *name;
	unsigned int weight;
	/* One of three: 0 if it happened */
	int (*run)(const struct call *c);
	/* What is slow from then on */
	const char *slow;
	/* In a process of its own */
	void (*child)(const struct call *c);
	/* What has to be there for it */
	const char *needs;
	/* Nothing fails by it */
	bool harmless;
} kinds[] = {
	{ "slow MMU commands", 8, .slow = "as", .needs = QMP },
	{ "slow flushes", 6, .slow = "flush", .needs = QMP },
	{ "slow power", 4, .slow = "power", .needs = QMP },
	{ "slow resets", 2, .slow = "reset", .needs = QMP },
	{ "slow firmware", 5, .slow = "firmware", .needs = QMP },
	{ "slow streams", 6, .slow = "stream", .needs = QMP },
	{ "a stuck MMU command", 3, .run = stuck_as, .needs = QMP },
	{ "a stuck flush", 2, .run = stuck_flush, .needs = QMP },
	{ "a hang", 5, .run = hang, .needs = QMP },
	{ "lost interrupts", 5, .run = lost, .needs = QMP },
	{ "spurious interrupts", 8, .run = spurious, .needs = QMP },
	{ "firmware that stops", 2, .run = firmware_stop, .needs = QMP },
	{ "firmware that crashes", 2, .run = firmware_crash, .needs = QMP },
	{ "bus errors", 3, .run = bus_error, .needs = QMP },
	{ "faults of pages", 5, .run = fault, .needs = QMP },
	{ "faults of the GPU", 3, .run = gpu_fault, .needs = QMP },
	{ "nothing wrong any more", 30, .run = clear, .needs = QMP, .harmless = true },
	{ "caches dropped", 6, .child = write_drop_caches },
	{ "the driver's shrinker", 10, .child = write_shrink },
	{ "compaction", 2, .child = write_compact },
	{ "a memcg without room", 3, .run = squeeze, .needs = GROUP "/memory.max" },
	{ "no memory at all", 1, .child = hog },
	{ "failing allocations of kworkers", 4, .run = failing_kworkers,
	  .needs = FAULTS "failslab" },
	{ "power on or automatic", 8, .run = power, .harmless = true },
	{ "another autosuspend delay", 4, .run = autosuspend, .harmless = true },
	{ "the driver unbound and bound", 0, .run = unbind },
};

#define UNBIND	(ARRAY_SIZE(kinds) - 1)

unsigned long chaos_unbound(void)
{
	return atomic_load(&shared->chaos[UNBIND]);
}

unsigned int chaos_kinds(void)
{
	return ARRAY_SIZE(kinds);
}

const char *chaos_name(unsigned int i)
{
	return kinds[i].name;
}

unsigned long chaos_faults(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!kinds[i].harmless)
			n += atomic_load(&shared->chaos[i]);
	return n;
}

static bool possible(unsigned int which)
{
	const char *needs = kinds[which].needs;

	if (!needs)
		return true;
	return strcmp(needs, QMP) ? !access(needs, F_OK) : inject_ready();
}

static int make_happen(const struct failure *k, const struct call *c)
{
	if (k->slow)
		return inject_slow(k->slow, some_ns(c));
	return k->child ? in_child(c, k->child) : k->run(c);
}

void chaos_do(const struct call *c)
{
	unsigned int which = c->slot[0] % ARRAY_SIZE(kinds);

	if (!possible(which))
		return;
	if (!make_happen(&kinds[which], c))
		atomic_fetch_add(&shared->chaos[which], 1);
}

static unsigned int weight_of(unsigned int i)
{
	if (!possible(i))
		return 0;
	return i == UNBIND && options.unbind ? 3 : kinds[i].weight;
}

static struct call draw_chaos(void)
{
	struct call c = { .kind = K_CHAOS };
	unsigned int sum = 0, at;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		sum += weight_of(i);
	at = draw_below(&chaos.random, sum);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (at < weight_of(i)) {
			c.slot[0] = i;
			break;
		}
		at -= weight_of(i);
	}
	for (unsigned int i = 0; i < CALL_WORDS; i++)
		c.r[i] = next_random(&chaos.random) >> 32;
	return c;
}

/* Its driver does that when resets fail, as they do here: nothing would happen any more */
static bool given_up(void)
{
	struct pan p;
	int ret = pan_open(&p);

	if (!ret)
		pan_close(&p);
	return ret == -ENODEV;
}

static struct call bound_again(void)
{
	inject_clear();
	return (struct call){ .kind = K_CHAOS, .slot = { UNBIND } };
}

static void *chaos_run(void *arg)
{
	(void)arg;
	while (!atomic_load(&chaos.over)) {
		struct call c = draw_chaos();

		sleep_ms(10 + draw_below(&chaos.random, 300));
		if (given_up())
			c = bound_again();
		ring_put(&c);
		chaos_do(&c);
	}
	return NULL;
}

void chaos_prepare(void)
{
	mkdir(CGROUP, 0755);
	if (mount("cgroup2", CGROUP, "cgroup2", 0, NULL) && errno != EBUSY)
		return;
	sysfs_write(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
}

void chaos_start(uint64_t seed)
{
	chaos.random = seed;
	atomic_store(&chaos.over, false);
	chaos.runs = options.faults && !pthread_create(&chaos.id, NULL, chaos_run, NULL);
}

bool chaos_stop(void)
{
	struct timespec end;
	bool stopped = true;

	atomic_store(&chaos.over, true);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += STOP_S;
	if (chaos.runs)
		stopped = !pthread_timedjoin_np(chaos.id, NULL, &end);
	chaos.runs = false;
	return stopped;
}

void chaos_end(void)
{
	if (inject_ready())
		inject_clear();
	fault_attribute("probability", "0");
	set_limit("max");
	sysfs_write("power/autosuspend_delay_ms", "50");
	sysfs_write("power/control", "auto");
}
