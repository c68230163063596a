// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak: 64 groups in 8 VMs work side by side, every byte is checked, and the
 * GPU is made to fail every few seconds. Prints progress, a table and TAP.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "inject.h"
#include "soak.h"
#include "tap.h"

static struct {
	unsigned int seconds;
	unsigned int every_ms;
	const char *json;
} options = { 60, 3000, NULL };

struct sums {
	unsigned long done, wrong, lost, stuck, groups, vms, binds;
};

static struct sums add_up(const struct worker *w)
{
	struct sums s = { 0 };

	for (unsigned int i = 0; i < NUM_VMS; i++) {
		s.done += w[i].tally.done;
		s.wrong += w[i].tally.wrong;
		s.lost += w[i].tally.lost;
		s.stuck += w[i].tally.stuck;
		s.groups += w[i].tally.groups;
		s.vms += w[i].tally.vms;
		s.binds += w[i].tally.binds;
	}
	return s;
}

static void watch(const struct worker *w, const struct injector *in,
		  unsigned long before)
{
	long start = now_ms(), last = start;
	struct sums s;

	while (now_ms() - start < options.seconds * 1000l) {
		sleep_ms(200);
		if (now_ms() - last < 10000)
			continue;
		last = now_ms();
		s = add_up(w);
		note("%ld s: %lu jobs, %lu wrong, %lu lost, %lu resets",
		     (last - start) / 1000, s.done, s.wrong, s.lost,
		     in->resets - before);
	}
}

static void table(const struct sums *s, unsigned long resets)
{
	note("%-40s %12lu", "jobs complete, every byte right", s->done);
	note("%-40s %12.1f", "MiB compared", s->done * (double)PIECE / SZ_1M);
	note("%-40s %12lu", "jobs complete, a byte wrong", s->wrong);
	note("%-40s %12lu", "jobs reported as lost", s->lost);
	note("%-40s %12lu", "jobs without any report", s->stuck);
	note("%-40s %12lu", "pieces bound again", s->binds);
	note("%-40s %12lu", "groups made again", s->groups);
	note("%-40s %12lu", "VMs made again", s->vms);
	note("%-40s %12lu", "resets of the GPU", resets);
	for (unsigned int i = 0; i < NUM_KINDS; i++)
		note("  %-38s %6u, %u resets", injected[i].what,
		     injected[i].times, injected[i].resets);
}

static int write_json(const struct sums *s, unsigned long resets)
{
	FILE *f = fopen(options.json, "w");

	if (!f)
		return -1;
	fprintf(f, "{\n \"seconds\": %u, \"groups\": %u, \"vms\": %u,\n"
		" \"done\": %lu, \"wrong\": %lu, \"lost\": %lu, \"stuck\": %lu,\n"
		" \"bytes\": %llu, \"binds\": %lu, \"groups_made_again\": %lu,\n"
		" \"vms_made_again\": %lu, \"resets\": %lu,\n \"injected\": {",
		options.seconds, NUM_VMS * GROUPS_PER_VM, NUM_VMS, s->done,
		s->wrong, s->lost, s->stuck,
		(unsigned long long)(s->done * PIECE), s->binds, s->groups,
		s->vms, resets);
	for (unsigned int i = 0; i < NUM_KINDS; i++)
		fprintf(f, "%s\n  \"%s\": [%u, %u]", i ? "," : "",
			injected[i].what, injected[i].times,
			injected[i].resets);
	fprintf(f, "\n }\n}\n");
	return fclose(f);
}

static void start(struct worker *w, struct injector *in, struct pan *p)
{
	for (unsigned int i = 0; i < NUM_VMS; i++)
		worker_open(&w[i], p, i);
	for (unsigned int i = 0; i < NUM_VMS; i++)
		need(-pthread_create(&w[i].thread, NULL, worker_run, &w[i]));
	need(-pthread_create(&in->thread, NULL, injector_run, in));
}

static void stop(struct worker *w, struct injector *in)
{
	atomic_store(&soak_over, true);
	pthread_join(in->thread, NULL);
	inject_clear();
	for (unsigned int i = 0; i < NUM_VMS; i++)
		pthread_join(w[i].thread, NULL);
}

static void soak(void)
{
	static struct worker w[NUM_VMS];
	struct injector in = { .every_ms = options.every_ms };
	unsigned int failed = 0;
	unsigned long resets;
	struct sums s;
	struct pan p;

	need(pan_open(&p));
	resets = gpu_stat("resets");
	in.resets = resets;
	start(w, &in, &p);
	watch(w, &in, resets);
	stop(w, &in);
	for (unsigned int i = 0; i < NUM_VMS; i++)
		failed += worker_last_round(&w[i]);
	s = add_up(w);
	resets = gpu_stat("resets") - resets;
	for (unsigned int i = 0; i < NUM_VMS; i++)
		worker_close(&w[i]);
	pan_close(&p);

	table(&s, resets);
	if (options.json && write_json(&s, resets))
		ok(false, "%s is written", options.json);
	detail("%lu of %lu", s.wrong, s.done + s.wrong);
	ok(!s.wrong && s.done, "work that was reported complete is right, all of it");
	detail("%lu jobs", s.stuck);
	ok(!s.stuck, "every job is reported, one way or the other");
	detail("%u of 64", failed);
	ok(!failed, "at the end every group works");
	detail("%lu", resets);
	ok(resets >= options.seconds / 30, "the GPU was reset now and then");
}

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: soak [OPTION]...\n"
		"64 groups in 8 VMs work side by side, every byte is checked, and the GPU is\n"
		"made to fail every few seconds. Needs a guest that was started with --inject.\n"
		"\n"
		"  --seconds N    how long (60)\n"
		"  --every MS     time between two failures (3000)\n"
		"  --json FILE    write the figures to FILE too\n"
		"  --help         this text\n");
}

static void parse(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "every", required_argument, NULL, 'e' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 's':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			options.every_ms = strtoul(optarg, NULL, 0);
			break;
		case 'j':
			options.json = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct scenario scenario = { "soak", "", soak, 0 };
	int ret;

	parse(argc, argv);
	ret = inject_open();
	if (ret) {
		fprintf(stderr, "soak: no port to QEMU (%s); start the guest with --inject\n",
			strerror(-ret));
		return 2;
	}
	tap_init("soak");
	tap_run(&scenario, options.seconds + 180);
	return tap_done();
}
