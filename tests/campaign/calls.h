/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of the campaign as it is drawn, logged and replayed: 32 bytes that say all of it.
 * What it does is a function of these bytes and of the objects that the process has in the
 * places it names; so a call means the same when others before it are left out, unless
 * they made those objects. Used by the guest's program and by the tool that prints logs.
 */
#ifndef CAMPAIGN_CALLS_H
#define CAMPAIGN_CALLS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* X(name): the kinds of calls that workers make */
#define WORKER_CALLS(X)								\
	X(QUERY) X(VM_CREATE) X(VM_DESTROY) X(VM_BIND) X(VM_BIND_ASYNC)		\
	X(VM_GET_STATE) X(BO_CREATE) X(BO_CLOSE) X(BO_MMAP_OFFSET)		\
	X(BO_SET_LABEL) X(BO_SYNC) X(BO_QUERY_INFO) X(GROUP_CREATE)		\
	X(GROUP_DESTROY) X(GROUP_SUBMIT) X(GROUP_GET_STATE)			\
	X(TILER_HEAP_CREATE) X(TILER_HEAP_DESTROY) X(SET_USER_MMIO_OFFSET)	\
	X(MMAP) X(MUNMAP) X(MREMAP) X(MADVISE) X(TOUCH) X(MMIO_MAP)		\
	X(SYNCOBJ_CREATE) X(SYNCOBJ_DESTROY) X(SYNCOBJ_WAIT)			\
	X(SYNCOBJ_TIMELINE_WAIT) X(SYNCOBJ_RESET) X(SYNCOBJ_SIGNAL)		\
	X(SYNCOBJ_TIMELINE_SIGNAL) X(SYNCOBJ_QUERY) X(SYNCOBJ_TRANSFER)		\
	X(SYNCOBJ_EVENTFD) X(SYNCOBJ_EXPORT) X(SYNCOBJ_IMPORT)			\
	X(SYNCOBJ_TIMELINE_EXPORT) X(SYNCOBJ_TIMELINE_IMPORT)			\
	X(SYNC_FILE_MERGE) X(PRIME_EXPORT) X(PRIME_IMPORT) X(DMABUF_MMAP)	\
	X(DMABUF_SYNC) X(DMABUF_SYNC_FILE) X(UDMABUF) X(FILE_OPEN)		\
	X(FILE_CLOSE) X(FORK) X(RAW) X(FDINFO) X(DEBUGFS)

/* Y(name): what the supervisor does; CHAOS is drawn by its thread, slot[0] says which */
#define SUPERVISOR_CALLS(X) X(ROUND) X(START) X(KILL) X(CHAOS)

enum kind {
	K_NONE,
#define X(name) K_##name,
	WORKER_CALLS(X)
	K_WORKERS,
	SUPERVISOR_CALLS(X)
#undef X
	K_COUNT
};

/* What is wrong with a call */
enum twist {
	T_NONE,
	T_WORD,		/* a word of its argument is another one */
	T_BIT,		/* a bit of it is flipped */
	T_SIZE,		/* the ioctl says another size */
	T_POINTER,	/* memory that is not there */
	T_STRIDE,
	T_COUNT,
	T_ELEMENT,	/* a word of an element of its array */
	T_SYNC,		/* a word of a sync operation */
	T_NESTED,	/* the array of sync operations of an element */
	T_HANDLE,	/* an object that is not there, or of another kind */
	T_FAIL,		/* an allocation fails */
	T_COUNT_OF
};

#define CALL_WORDS	5

struct call {
	uint32_t seq;
	uint8_t proc;
	uint8_t thread;
	uint8_t kind;
	uint8_t twist;
	uint8_t slot[4];
	uint32_t r[CALL_WORDS];
};

static_assert(sizeof(struct call) == 32, "calls in logs have 32 bytes");

/*
 * What the log begins with, in memory that outlives the guest. Calls follow it, the one
 * with number seq at seq % size.
 */
#define RING_MAGIC	0x6e676961706d6163ull

struct ring {
	uint64_t magic;
	uint64_t size;
	uint64_t pad[2];
};

const char *kind_name(unsigned int kind);
const char *twist_name(unsigned int twist);

/* A line of text, and back; false when the line is none */
#define CALL_TEXT	160
void call_print(const struct call *c, char text[CALL_TEXT]);
bool call_parse(const char *text, struct call *c);

#endif /* CAMPAIGN_CALLS_H */
