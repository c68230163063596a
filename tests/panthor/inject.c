// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP from inside the guest; see inject.h.
 *
 * Every command carries a number, and what comes in without that number
 * (the greeting, events, an answer that came too late) is dropped. So a scenario
 * that died in the middle of a conversation does not confuse the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inject.h"
#include "json.h"

#define ANSWER_TIMEOUT_MS	5000
#define QUIET_MS		5

static int port = -1;
static bool dry;
static char line[65536];
static char error[256] = "there is no QMP port";

/* The port's number in /dev is not fixed, its name is. */
static bool find_port(char *dev, size_t size)
{
	char name[32];
	glob_t g;
	bool found = false;

	if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &g))
		return false;
	for (size_t i = 0; i < g.gl_pathc && !found; i++) {
		FILE *f = fopen(g.gl_pathv[i], "r");

		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, "qmp\n")) {
			char *base = strrchr(g.gl_pathv[i], '/');

			*base = '\0';
			snprintf(dev, size, "/dev/%s",
				 strrchr(g.gl_pathv[i], '/') + 1);
			found = true;
		}
		fclose(f);
	}
	globfree(&g);
	return found;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One line into line[]; false when it does not come in time */
static bool read_line(long deadline)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = port, .events = POLLIN };
		char c;

		if (now_ms() >= deadline)
			return false;
		if (poll(&p, 1, deadline - now_ms()) <= 0)
			continue;
		/* 0 or EAGAIN: the other side is not there yet */
		if (read(port, &c, 1) != 1) {
			usleep(QUIET_MS * 1000);
			continue;
		}
		if (c == '\n')
			break;
		if (n + 1 < sizeof(line))
			line[n++] = c;
	}
	line[n] = '\0';
	return true;
}

static bool send_all(const char *text, size_t len, long deadline)
{
	while (len) {
		ssize_t n = write(port, text, len);

		if (n <= 0 && now_ms() >= deadline)
			return false;
		if (n <= 0)
			usleep(QUIET_MS * 1000);
		else
			text += n;
		len -= n > 0 ? n : 0;
	}
	return true;
}

/* The answer to command @id, or NULL */
static const char *await_answer(unsigned int id, long deadline)
{
	while (read_line(deadline)) {
		const char *ret, *err;

		if (json_u64(json_get(line, "id")) != id)
			continue;
		ret = json_get(line, "return");
		if (ret)
			return ret;
		err = json_get(line, "error");
		json_string(json_get(err, "desc"), error, sizeof(error));
		return NULL;
	}
	snprintf(error, sizeof(error), "QEMU does not answer");
	return NULL;
}

const char *qmp(const char *command, const char *arguments)
{
	static unsigned int last_id;
	long deadline = now_ms() + ANSWER_TIMEOUT_MS;
	char text[1024];
	int len;

	if (port < 0)
		return NULL;
	/* Processes that inherited the port must not use the same numbers */
	last_id = (last_id + 1) & 0xffff;
	len = snprintf(text, sizeof(text),
		       "{\"execute\": \"%s\", \"arguments\": {%s}, \"id\": %u}\n",
		       command, arguments ? arguments : "",
		       (unsigned int)(getpid() & 0x7fff) << 16 | last_id);
	if (len >= (int)sizeof(text) || !send_all(text, len, deadline)) {
		snprintf(error, sizeof(error), "QEMU does not listen");
		return NULL;
	}
	return await_answer((unsigned int)(getpid() & 0x7fff) << 16 | last_id,
		      deadline);
}

int inject_open(void)
{
	char dev[64];

	if (!find_port(dev, sizeof(dev)))
		return -ENODEV;
	port = open(dev, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (port < 0)
		return -errno;
	/* A second time is an error that says that all is well */
	if (!qmp("qmp_capabilities", NULL) &&
	    !strstr(error, "already complete")) {
		close(port);
		port = -1;
		return -EIO;
	}
	return 0;
}

void inject_dry(void)
{
	dry = true;
}

bool inject_ready(void)
{
	return port >= 0;
}

const char *inject_error(void)
{
	return error;
}

int induce(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return dry || qmp("x-mali-inject", text) ? 0 : -EINVAL;
}

int inject_clear(void)
{
	return induce("\"kind\": \"clear\"");
}

int inject_slow(const char *what, uint64_t ns)
{
	return induce("\"kind\": \"slow\", \"what\": \"%s\", \"ns\": %llu", what,
		      (unsigned long long)ns);
}

int inject_stuck(void)
{
	return induce("\"kind\": \"slow\", \"what\": \"as\", \"ns\": %llu, \"count\": 1",
		      (unsigned long long)INJECT_NEVER);
}

int inject_lost(const char *which)
{
	return induce("\"kind\": \"lost-irq\", \"line\": \"%s\"", which);
}

int inject_spurious(const char *which)
{
	return induce("\"kind\": \"spurious-irq\", \"line\": \"%s\"", which);
}

uint64_t gpu_stat(const char *name)
{
	const char *value = json_get(qmp("x-mali-stats", NULL), name);

	/* One that this QEMU does not have would always be 0 */
	need(value || !inject_ready() ? 0 : -ENOENT);
	return json_u64(value);
}

static void parse_slot(const char *obj, struct slot *s)
{
	memset(s, 0, sizeof(*s));
	s->active = json_true(json_get(obj, "active"));
	s->idle = json_true(json_get(obj, "idle"));
	s->as = json_u64(json_get(obj, "as"));
	s->priority = json_u64(json_get(obj, "priority"));
	for (unsigned int i = 0; i < STREAMS; i++) {
		const char *st = json_item(json_get(obj, "streams"), i);

		s->stream[i].started = json_true(json_get(st, "started"));
		json_string(json_get(st, "block"), s->stream[i].block,
			    sizeof(s->stream[i].block));
		s->stream[i].cmd_ptr = json_u64(json_get(st, "cmd-ptr"));
		s->stream[i].extract = json_u64(json_get(st, "extract"));
		s->stream[i].insert = json_u64(json_get(st, "insert"));
	}
}

bool gpu_slots(struct slot slots[SLOTS])
{
	const char *ret = qmp("x-mali-slots", NULL);

	for (unsigned int i = 0; ret && i < SLOTS; i++)
		parse_slot(json_item(ret, i), &slots[i]);
	return ret;
}

int gpu_slot_of(uint64_t va, uint64_t size, int as)
{
	struct slot s[SLOTS];

	if (!gpu_slots(s))
		return -1;
	for (unsigned int i = 0; i < SLOTS * STREAMS; i++) {
		const struct slot *it = &s[i / STREAMS];

		if (it->active && it->stream[i % STREAMS].started &&
		    (as < 0 || it->as == (unsigned int)as) &&
		    it->stream[i % STREAMS].cmd_ptr - va < size)
			return i / STREAMS;
	}
	return -1;
}

int gpu_slot_as(unsigned int slot)
{
	struct slot s[SLOTS];

	return gpu_slots(s) && s[slot].active ? (int)s[slot].as : -1;
}

static const char *walk_of(unsigned int as, uint64_t va)
{
	char args[96];

	snprintf(args, sizeof(args), "\"as\": %u, \"va\": %llu", as,
		 (unsigned long long)va);
	return qmp("x-mali-translate", args);
}

uint64_t gpu_translate(unsigned int as, uint64_t va)
{
	return json_u64(json_get(walk_of(as, va), "pa"));
}

uint64_t gpu_table(unsigned int as, uint64_t va, unsigned int level)
{
	return json_u64(json_item(json_get(walk_of(as, va), "tables"),
				  level));
}
