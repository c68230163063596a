// SPDX-License-Identifier: GPL-2.0-only
/*
 * interleave: page-table operations in every interleaving.
 *
 * The kernel's own sources (io-pgtable-arm.c or generic_pt, iommu-pages.c, the
 * reservations), not a model of them, are compiled for user space against a shim (shim/shim.h)
 * and instrumented so that each access to shared memory is a call. At each one a
 * scheduler (sched.c) can let another processor go on. What is run:
 *
 * - For every setup, and every two programs of a few operations that the callers'
 *   contract allows together (ops.c): one of them up to its k-th access, the other
 *   one whole, then the rest of the first, for every k. Positions that can not
 *   make a difference are left out: if the next access of the first meets nothing
 *   that the other one did, one place later is the same run. With --bound 2 the
 *   other one is preempted, too, everywhere.
 * - By chance, from a seed: two to four threads, longer programs, preemptions
 *   everywhere, RCU callbacks at any time.
 *
 * Beside the processors there is a table walker with a TLB and a walk cache
 * (hw.c). It keeps everything that any hardware could have cached, and looks at
 * everything that any hardware could do with it, after each change.
 *
 * What is found:
 * - the walker, or the kernel, touches memory that was freed, or never allocated;
 * - an IOVA that is mapped can fault or be translated to something else, by any
 *   state of the caches, between the return of the map and the call of the unmap;
 *   the same for one that is unmapped, once that was flushed;
 * - a reserved map fails or takes memory, also when all is over: what is left
 *   reserved is mapped once more; an unmap that gives tables back;
 * - a lookup that does not find what was there all the time;
 * - sleeping in a read section or under a spinlock, WARN_ON(), deadlocks;
 * - tables that nothing needs and that stay; memory that is lost or freed twice,
 *   also by failing allocations and killed tasks; counters that are not zero;
 * - where the walker is not coherent: entries that were not cleaned, cleaning of
 *   what is not mapped for the device.
 *
 * What it does not show:
 * - Anything about memory order. All processors see all accesses in one order;
 *   barriers do nothing here. Litmus tests are for that.
 * - More than two preemptions, but by chance.
 * - Accesses that the compiler turns into calls of memset() or memcpy(), and those
 *   to static data: they are done, but are no points.
 * - Invalidations that the hardware does on its own account. A flush drops what
 *   is named by an address of its range and step, and nothing else.
 */
#include <getopt.h>
#include <time.h>

#include "harness.h"

#define MAX_KINDS	256

/* A violation as it is told apart from others */
struct kind {
	char text[200];
	unsigned long pc;
	unsigned long count;
	char id[256];
};

static struct kind kinds[MAX_KINDS];
static unsigned int nr_kinds;
static unsigned long nr_runs, nr_violations;
static unsigned int show = 20;
static bool first_only;
static unsigned int bound = 1;
/* All pairs where the configuration says so */
static bool full = true;
/* What a setup makes is kept for all runs of two programs */
static bool keep_setups = true;
/* Operations to leave out, as "mapbad,noun" */
static const char *skip;
static unsigned int points_run, points_failed;
static double started;

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* --- one run -------------------------------------------------------------- */

struct schedule {
	struct run run;
	struct segment plan[8];
	unsigned int segments;
	/* In place of a plan */
	uint64_t seed;
	unsigned int mean;
	unsigned int record, check;
	/* What the setup makes is to be kept for the next run of the programs, or was */
	bool keep, kept;
};

static void set_up(struct schedule *s)
{
	if (s->kept) {
		mem_restore();
		run_begun(&s->run);
		return;
	}
	run_begin(&s->run);
	if (s->keep && sched_drained()) {
		mem_save();
		s->kept = true;
	}
}

static void do_run(void *p)
{
	struct schedule *s = p;

	set_up(s);
	foot.record = s->record;
	foot.check = s->check;
	if (s->mean) {
		uint64_t seed = s->seed;

		sched_run_random(s->run.nr, &seed, s->mean);
	} else {
		sched_run(s->run.nr, s->plan, s->segments);
	}
	foot.record = FOREVER;
	foot.check = FOREVER;
	run_end(&s->run);
}

static void format_id(const struct schedule *s, char *to, size_t size)
{
	size_t n = snprintf(to, size, "%s/%s/", s->run.config->name, s->run.setup->name);

	for (unsigned int i = 0; i < s->run.nr; i++)
		n += snprintf(to + n, size - n, "%s%s", i ? "|" : "", s->run.program[i]);
	n += snprintf(to + n, size - n, "/");
	if (s->mean)
		n += snprintf(to + n, size - n, "seed=%llu,mean=%u",
			      (unsigned long long)s->seed, s->mean);
	for (unsigned int i = 0; i < s->segments; i++) {
		if (s->plan[i].steps == FOREVER)
			n += snprintf(to + n, size - n, "%s%u", i ? "," : "", s->plan[i].thread);
		else
			n += snprintf(to + n, size - n, "%s%u:%u", i ? "," : "",
				      s->plan[i].thread, s->plan[i].steps);
	}
	if (s->run.destroy)
		snprintf(to + n, size - n, "/destroy");
}

static void show_violation(const struct schedule *s, const char *id)
{
	struct schedule again = *s;

	again.keep = false;
	again.kept = false;
	tracing = true;
	trace_clear();
	sched_reset();
	mem_reset();
	hw_stop();
	guarded(do_run, &again);
	tracing = false;
	printf("# VIOLATION %s\n#   in %s\n#   replay: interleave-%s --replay '%s'\n",
	       violated ? violation_text : "(none when run again)", source_line(violation_pc),
	       il_flavour, id);
	trace_print(stdout);
	trace_clear();
	fflush(stdout);
}

/* Numbers differ from run to run, and are not what tells violations apart */
static void normalize(const char *from, char *to, size_t size)
{
	size_t n = 0;

	while (*from && n + 1 < size) {
		if (*from >= '0' && *from <= '9') {
			to[n++] = '#';
			from += strspn(from, "0123456789abcdefx");
		} else {
			to[n++] = *from++;
		}
	}
	to[n] = 0;
}

static void note_violation(const struct schedule *s)
{
	char text[200], id[256];
	unsigned long pc = violation_pc;
	struct kind *k;

	nr_violations++;
	normalize(violation_text, text, sizeof(text));
	for (k = kinds; k < kinds + nr_kinds; k++)
		if (k->pc == pc && !strcmp(k->text, text))
			break;
	if (k == kinds + nr_kinds) {
		format_id(s, id, sizeof(id));
		if (nr_kinds < MAX_KINDS) {
			nr_kinds++;
			*k = (struct kind) { .pc = pc };
			snprintf(k->text, sizeof(k->text), "%s", text);
			snprintf(k->id, sizeof(k->id), "%s", id);
		}
		if (nr_kinds <= show)
			show_violation(s, id);
	}
	if (k < kinds + MAX_KINDS)
		k->count++;
	if (first_only)
		exit(1);
}

static bool run_one(struct schedule *s)
{
	sched_reset();
	mem_reset();
	hw_stop();
	nr_runs++;
	if (guarded(do_run, s))
		return true;
	note_violation(s);
	return false;
}

/* --- every interleaving of two -------------------------------------------- */

/* Violations of one pair after which it is known well enough */
#define ENOUGH		4

/*
 * One thread up to its k-th point, the other one up to its m-th, the first to
 * its end, the other to its end, for one k and every m that makes a difference.
 */
static unsigned int second_preemptions(struct schedule *s)
{
	unsigned int bad = 0, other = s->plan[1].thread;
	struct schedule t = *s;

	t.plan[1].steps = 0;
	t.plan[3] = (struct segment) { other, FOREVER };
	t.segments = 4;
	t.record = 2;
	t.check = 3;
	while (bad < ENOUGH) {
		if (!run_one(&t)) {
			bad++;
			t.plan[1].steps++;
		} else if (foot.forced && threads[other].steps > t.plan[1].steps) {
			t.plan[1].steps++;
		} else if (foot.met && !foot.forced) {
			t.plan[1].steps = foot.met;
		} else {
			break;
		}
	}
	return bad;
}

/*
 * The first thread up to its k-th point, the other one to its end, the first to
 * its end, for every k that makes a difference.
 */
static bool preemptions(struct schedule *s, unsigned int first)
{
	unsigned int bad = 0;

	s->plan[0] = (struct segment) { first, 0 };
	s->plan[1] = (struct segment) { !first, FOREVER };
	s->plan[2] = (struct segment) { first, FOREVER };
	s->segments = 3;
	s->record = 1;
	s->check = 2;
	while (bad < ENOUGH) {
		unsigned int next;

		s->run.destroy = false;
		if (!run_one(s)) {
			bad++;
			next = s->plan[0].steps + 1;
		} else if (foot.forced && threads[first].steps > s->plan[0].steps) {
			next = s->plan[0].steps + 1;
		} else if (foot.met && !foot.forced) {
			next = foot.met;
		} else {
			break;
		}
		if (bound > 1 && s->plan[0].steps)
			bad += second_preemptions(s);
		s->plan[0].steps = next;
	}
	s->run.destroy = true;
	if (bad < ENOUGH)
		bad += !run_one(s);
	s->run.destroy = false;
	return !bad;
}

/* Is one of the words of a list in the text, or all of the text? */
static bool listed(const char *list, const char *text, bool all)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (all ? !strcmp(text, word) : !!strstr(text, word))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static const char *excluded(const struct run *run)
{
	for (unsigned int i = 0; i < run->nr; i++)
		if (listed(skip, run->program[i], false))
			return "left out";
	return run_excluded(run);
}

static bool setup_possible(const struct config *config, const struct setup *setup)
{
	struct run run = { .config = config, .setup = setup };

	return !run_excluded(&run);
}

static void result(bool ok, const char *config, const char *name, unsigned long runs)
{
	points_run++;
	points_failed += !ok;
	printf("%s %u - %s: %s: %s: %lu interleavings\n", ok ? "ok" : "not ok", points_run,
	       il_flavour, config, name, runs);
	fflush(stdout);
}

static void all_pairs(const struct config *config, const struct setup *setup)
{
	unsigned int nr = full && config->full ? nr_programs : nr_core;
	unsigned long before = nr_runs;
	bool ok = true;

	if (!setup_possible(config, setup))
		return;
	for (unsigned int a = 0; a < nr; a++) {
		for (unsigned int b = 0; b < nr; b++) {
			struct schedule s = {
				.run = {
					.config = config, .setup = setup, .nr = 2,
					.program = { programs[a], programs[b] },
				},
				.keep = keep_setups,
			};

			if (excluded(&s.run))
				continue;
			ok &= preemptions(&s, 0);
			/* Else it comes with the owners changed */
			if (!setup->even)
				ok &= preemptions(&s, 1);
		}
	}
	result(ok, config->name, setup->name, nr_runs - before);
}

/* --- by chance ------------------------------------------------------------ */

static void at_random(const struct config *config, unsigned int rounds, uint64_t start)
{
	uint64_t seed = start * 0x9e3779b97f4a7c15ULL + 1;
	unsigned long before = nr_runs;
	unsigned int bad = 0;

	while (nr_runs - before < rounds && bad < 4 * ENOUGH) {
		char text[MAX_THREADS][128];
		struct schedule s = {
			.run = {
				.config = config, .setup = &setups[rnd(&seed) % nr_setups],
				.nr = 2 + rnd(&seed) % 3,
			},
			.record = FOREVER, .check = FOREVER,
		};

		for (unsigned int i = 0; i < s.run.nr; i++) {
			random_program(config, s.run.setup, i, 1 + rnd(&seed) % 4, &seed, text[i],
				       sizeof(text[i]));
			s.run.program[i] = text[i];
		}
		if (excluded(&s.run))
			continue;
		/* Programs that go together are worth a few schedules */
		for (unsigned int i = 0; i < 16; i++) {
			s.seed = ((uint64_t)rnd(&seed) << 20 | rnd(&seed)) + 1;
			s.mean = 4U << rnd(&seed) % 5;
			s.run.destroy = !(rnd(&seed) % 8);
			bad += !run_one(&s);
		}
	}
	result(!bad, config->name, "at random", nr_runs - before);
}

/* --- one run again -------------------------------------------------------- */

static char *field(char **text, char until)
{
	char *start = *text, *end = strchr(start, until);

	if (end)
		*end = 0;
	*text = end ? end + 1 : start + strlen(start);
	return start;
}

static int replay(const char *id)
{
	static struct setup own;
	char *text = strdup(id), *p = text, *name, *plan, *progs;
	struct schedule s = { .record = FOREVER, .check = FOREVER };
	const char *why;

	name = field(&p, '/');
	for (unsigned int i = 0; i < nr_configs; i++)
		if (config_fits(&configs[i]) && !strcmp(configs[i].name, name))
			s.run.config = &configs[i];
	name = field(&p, '/');
	for (unsigned int i = 0; i < nr_setups; i++)
		if (!strcmp(setups[i].name, name))
			s.run.setup = &setups[i];
	if (!s.run.setup) {
		own = (struct setup) { .name = "own", .steps = name };
		s.run.setup = &own;
	}
	progs = field(&p, '/');
	plan = field(&p, '/');
	s.run.destroy = !strcmp(p, "destroy");
	if (!s.run.config) {
		fprintf(stderr, "there is no such configuration: %s\n", id);
		return 2;
	}
	while (*progs && s.run.nr < MAX_THREADS)
		s.run.program[s.run.nr++] = field(&progs, '|');
	if (!strncmp(plan, "seed=", 5)) {
		s.seed = strtoull(plan + 5, &plan, 0);
		s.mean = strncmp(plan, ",mean=", 6) ? 1 : strtoul(plan + 6, NULL, 0);
	}
	while (!s.mean && *plan && s.segments < ARRAY_SIZE(s.plan)) {
		char *seg = field(&plan, ',');
		struct segment *to = &s.plan[s.segments++];

		to->thread = strtoul(seg, &seg, 0);
		to->steps = *seg == ':' ? strtoul(seg + 1, NULL, 0) : FOREVER;
		if (to->thread >= s.run.nr) {
			fprintf(stderr, "there is no thread %u in %s\n", to->thread, id);
			return 2;
		}
	}
	why = run_excluded(&s.run);
	if (why) {
		fprintf(stderr, "%s: %s\n", id, why);
		return 2;
	}

	tracing = true;
	sched_reset();
	mem_reset();
	guarded(do_run, &s);
	trace_print(stdout);
	if (violated)
		printf("VIOLATION %s\n  in %s\n", violation_text, source_line(violation_pc));
	else
		printf("no violation\n");
	free(text);
	return violated;
}

static int finish(void)
{
	printf("1..%u\n", points_run);
	for (unsigned int i = 0; i < nr_kinds; i++)
		printf("# %8lu x %s\n#            in %s\n#            %s\n", kinds[i].count,
		       kinds[i].text, source_line(kinds[i].pc), kinds[i].id);
	printf("# %lu interleavings, %lu walks, %lu violations, %u kinds, %.1f s\n",
	       nr_runs, hw_walks,
	       nr_violations, nr_kinds, seconds() - started);
	if (ops_starved)
		printf("# %lu of %lu reserve() without memory were refused\n",
		       ops_refused, ops_starved);
	return points_failed || !points_run || (ops_starved && !ops_refused);
}

static void usage(void)
{
	printf("usage: interleave [OPTION]...\n"
	       "  --config NAME,...	only these configurations\n"
	       "  --setup NAME,...	only these setups\n"
	       "  --core		no more than the core of the programs\n"
	       "  --bound N	1 or 2 preemptions, exhaustively\n"
	       "  --random N	runs by chance for each configuration\n"
	       "  --seed N	of these\n"
	       "  --afresh	set up for each run, in place of what was kept of the first\n"
	       "  --skip OP,...	leave out programs with these operations\n"
	       "  --show N	kinds of violations that are printed step by step\n"
	       "  --first	end with the first violation\n"
	       "  --replay ID	one run, step by step\n"
	       "  --all	every access, step by step\n"
	       "  --list	configurations, setups and programs\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "core", no_argument, NULL, 'C' },
		{ "setup", required_argument, NULL, 's' },
		{ "bound", required_argument, NULL, 'b' },
		{ "random", required_argument, NULL, 'R' },
		{ "seed", required_argument, NULL, 'S' },
		{ "afresh", no_argument, NULL, 'A' },
		{ "skip", required_argument, NULL, 'k' },
		{ "show", required_argument, NULL, 'n' },
		{ "first", no_argument, NULL, 'f' },
		{ "replay", required_argument, NULL, 'r' },
		{ "all", no_argument, NULL, 'a' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *config = NULL, *setup = NULL;
	unsigned int rounds = 0;
	uint64_t seed = 1;
	int c;

	started = seconds();
	mem_init();
	sched_init();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'C':
			full = false;
			break;
		case 's':
			setup = optarg;
			break;
		case 'b':
			bound = atoi(optarg);
			break;
		case 'R':
			rounds = atoi(optarg);
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'A':
			keep_setups = false;
			break;
		case 'k':
			skip = optarg;
			break;
		case 'n':
			show = atoi(optarg);
			break;
		case 'f':
			first_only = true;
			break;
		case 'r':
			return replay(optarg);
		case 'a':
			trace_all = true;
			break;
		case 'l':
			for (unsigned int i = 0; i < nr_configs; i++)
				if (config_fits(&configs[i]))
					printf("config %s\n", configs[i].name);
			for (unsigned int i = 0; i < nr_setups; i++)
				printf("setup %s: %s\n", setups[i].name, setups[i].steps);
			for (unsigned int i = 0; i < nr_programs; i++)
				printf("program %s\n", programs[i]);
			return 0;
		default:
			usage();
			return c == 'h' ? 0 : 2;
		}
	}
	for (unsigned int i = 0; i < nr_configs; i++) {
		if (!config_fits(&configs[i]) ||
		    (config && !listed(config, configs[i].name, true)))
			continue;
		for (unsigned int j = 0; bound && j < nr_setups; j++)
			if (!setup || listed(setup, setups[j].name, true))
				all_pairs(&configs[i], &setups[j]);
		if (rounds)
			at_random(&configs[i], rounds, seed + i);
	}
	return finish();
}
