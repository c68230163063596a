// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many frames at once. The device has the descriptors of all of them before the first one
 * moves, and in the meantime the memory that they name changes: to other memory, to none,
 * from pages to a block and back.
 *
 * A slot is four pages of IOVA: a frame's payload comes across the border of the first two,
 * the third comes and goes, and nothing is ever in the fourth. All slots are in one leaf
 * table. What is sent is in pages of leaf tables of their own.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compat.h"
#include "igb.h"
#include "points.h"

#define SLOTS		0x90000000ULL
#define SLOT		(4 * PAGE)
#define SENT		0x200000000ULL
/* Where in a slot the payload is, and how long */
#define OFFSET		(PAGE - 512)
#define LENGTH		IGB_CHUNK

#define ROUNDS		20

/* One set of pages to send, and two of slots; each slot's two pages are side by side */
static uint8_t *sent[2], *come[2];
static uint32_t seeds[IGB_FRAMES];

static __u64 slot(unsigned int i)
{
	return SLOTS + i * SLOT;
}

static __u64 source(unsigned int i)
{
	return SENT + i * BLOCK;
}

static uint8_t *slot_of(uint8_t *set, unsigned int i)
{
	return set + i * SLOT;
}

static uint8_t *get(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static bool get_sets(void)
{
	for (int i = 0; i < 2; i++) {
		sent[i] = get(IGB_FRAMES * PAGE);
		come[i] = get(IGB_FRAMES * SLOT);
		if (!sent[i] || !come[i])
			return false;
	}
	return true;
}

static bool map_slot(uint8_t *set, unsigned int i)
{
	return !map(slot_of(set, i), slot(i), 2 * PAGE);
}

static bool unmap_slot(unsigned int i)
{
	return !unmap(slot(i), 2 * PAGE);
}

static bool map_slots(uint8_t *set)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= map_slot(set, i);
	return ok;
}

static bool unmap_slots(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= unmap_slot(i);
	return ok;
}

static bool map_sources(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= !map(sent[0] + i * PAGE, source(i), PAGE);
	return ok;
}

static bool unmap_sources(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= !unmap(source(i), PAGE);
	return ok;
}

/* What each frame has is new, and no slot has anything yet */
static void write_frames(uint8_t *pages)
{
	for (unsigned int i = 0; i < IGB_FRAMES; i++) {
		seeds[i] = new_seed();
		fill(pages + i * PAGE, seeds[i]);
	}
	memset(come[0], 0, IGB_FRAMES * SLOT);
	memset(come[1], 0, IGB_FRAMES * SLOT);
}

static bool all_zero(const uint8_t *mem, size_t length)
{
	return !length || (!mem[0] && !memcmp(mem, mem + 1, length - 1));
}

static bool slot_is_empty(uint8_t *set, unsigned int i)
{
	return all_zero(slot_of(set, i), SLOT);
}

/* The payload, and not a byte beside it */
static bool slot_has(uint8_t *set, unsigned int i)
{
	uint8_t *mem = slot_of(set, i);

	return all_zero(mem, OFFSET) && holds(mem + OFFSET, seeds[i], LENGTH) &&
	       all_zero(mem + OFFSET + LENGTH, SLOT - OFFSET - LENGTH);
}

/* Each of @set, and nothing of the other one */
static bool all_have(unsigned int set)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= slot_has(come[set], i) && slot_is_empty(come[!set], i);
	return ok;
}

static void receive_all(void)
{
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		igb_receive(dev, slot(i) + OFFSET, LENGTH);
}

static void send_all(void)
{
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		igb_send(dev, source(i), LENGTH);
}

static bool burst(void)
{
	receive_all();
	send_all();
	return igb_go(dev);
}

static bool plain_burst(void)
{
	write_frames(sent[0]);
	return burst() && all_have(0);
}

static bool moves(unsigned int i)
{
	return i % 3 == 1;
}

/* A third of the slots get other memory while the device has their addresses */
static bool slots_move(void)
{
	bool ok = true;

	write_frames(sent[0]);
	receive_all();
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		if (moves(i))
			ok &= unmap_slot(i) && map_slot(come[1], i);
	send_all();
	ok &= igb_go(dev);
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= slot_has(come[moves(i)], i) && slot_is_empty(come[!moves(i)], i);
	return ok;
}

static bool slots_move_back(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		if (moves(i))
			ok &= unmap_slot(i) && map_slot(come[0], i);
	return ok && plain_burst();
}

/* What is to be sent is other memory when it is sent */
static bool sources_move(void)
{
	bool ok = true;

	write_frames(sent[0]);
	receive_all();
	send_all();
	/* With other bytes, of which seeds knows from here on */
	write_frames(sent[1]);
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= !unmap(source(i), PAGE) &&
		      !map(sent[1] + i * PAGE, source(i), PAGE);
	ok &= igb_go(dev) && all_have(0) && unmap_sources() && map_sources();
	return ok;
}

static bool rings_move(void)
{
	bool ok;

	write_frames(sent[0]);
	receive_all();
	send_all();
	ok = igb_move_rings(dev, iommufd, ioas) && igb_go(dev) && all_have(0);
	return ok && igb_old_rings_same(dev) && plain_burst() && igb_old_rings_same(dev);
}

static bool is_away(unsigned int i)
{
	return i % 4 == 0;
}

/*
 * A fourth of the slots goes. Drivers do not report as many faults at once, but the first
 * ones. Their frames are lost, and no other.
 */
static bool slots_away(void)
{
	bool ok = true;
	int log;

	if (!silent)
		wait_for_reports();
	log = log_from_here();
	write_frames(sent[0]);
	receive_all();
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		if (is_away(i))
			ok &= unmap_slot(i);
	send_all();
	ok &= igb_go(dev);
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= is_away(i) ? slot_is_empty(come[0], i) : slot_has(come[0], i);
	fault_accesses++;
	if (!silent)
		fault_reports += log_names(log, slot(0) + OFFSET);
	close(log);
	return ok;
}

static bool slots_come_back(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		if (is_away(i))
			ok &= map_slot(come[0], i);
	return ok && plain_burst();
}

/* While the device has its descriptors, a block takes the place of all slots */
static bool block_comes(void)
{
	bool ok;

	write_frames(sent[0]);
	memset(blocks, 0, BLOCK);
	receive_all();
	ok = unmap_slots() && !map(blocks, SLOTS, BLOCK);
	send_all();
	ok &= igb_go(dev);
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= slot_has(blocks, i) && slot_is_empty(come[0], i);
	return ok;
}

static bool block_goes(void)
{
	bool ok;

	write_frames(sent[0]);
	memset(blocks, 0, BLOCK);
	receive_all();
	ok = !unmap(SLOTS, BLOCK) && map_slots(come[0]);
	send_all();
	return ok && igb_go(dev) && all_have(0) && all_zero(blocks, BLOCK);
}

static atomic_bool stop;
static atomic_ulong rounds;

/*
 * Between the slots, in the same leaf table, and as the only ones of another. What comes
 * there is never to be written.
 */
static void *come_and_go(void *memory)
{
	static const unsigned int at[] = { 0, 1, 40, 41, 80, IGB_FRAMES - 1, 200 };
	unsigned int nr = sizeof(at) / sizeof(at[0]);
	bool ok = true;

	while (ok && !stop) {
		for (unsigned int i = 0; i < nr; i++)
			ok &= !map(sent[1] + i * PAGE, slot(at[i]) + 2 * PAGE, PAGE);
		for (unsigned int i = 0; i < nr; i++)
			ok &= !unmap(slot(at[i]) + 2 * PAGE, PAGE);
		rounds += ok;
	}
	return ok ? memory : NULL;
}

static bool beside(void)
{
	pthread_t thread;
	void *fine = NULL;
	bool ok = !pthread_create(&thread, NULL, come_and_go, sent[1]);

	for (int i = 0; ok && i < 10 * ROUNDS && (i < ROUNDS || rounds <= 10); i++)
		ok &= plain_burst();
	stop = true;
	pthread_join(thread, &fine);
	return ok && fine && rounds > 10;
}

void test_bursts(void)
{
	check(get_sets() && map_sources() && map_slots(come[0]) && plain_burst(),
	      "many frames at once, each across two pages");
	check(slots_move(), "buffers that move while the device has them");
	check(slots_move_back(), "and back");
	check(sources_move(), "frames that move before they are sent");
	check(rings_move(), "rings that move with all that is in them");
	check(slots_away(), "buffers that are not there: nothing else is lost");
	check(slots_come_back(), "and when they are there again, nothing is lost");
	check(block_comes(), "a block in place of buffers that the device has");
	check(block_goes(), "and buffers in place of the block");
	check(beside(), "frames while areas between their buffers come and go");
	printf("# bursts beside %lu rounds\n", (unsigned long)rounds);
	check(unmap_slots() && unmap_sources(), "buffers and frames go");
}

/* Slots 40 to 79 */
static bool is_middle(unsigned int i)
{
	return i >= 40 && i < 80;
}

/* One area of all slots, of which the middle goes and becomes other memory meanwhile */
static bool split(void)
{
	bool ok;

	write_frames(sent[0]);
	ok = map_sources() && !map(come[0], SLOTS, IGB_FRAMES * SLOT);
	receive_all();
	ok &= !compat_unmap(iommufd, slot(40), 40 * SLOT) &&
	      !map(slot_of(come[1], 40), slot(40), 40 * SLOT);
	send_all();
	ok &= igb_go(dev);
	for (unsigned int i = 0; i < IGB_FRAMES; i++)
		ok &= slot_has(come[is_middle(i)], i) &&
		      slot_is_empty(come[!is_middle(i)], i);
	return ok;
}

void test_burst_split(void)
{
	check(split(), "an area of buffers that is split while the device has them");
	check(!unmap(SLOTS, IGB_FRAMES * SLOT) && unmap_sources(), "all parts of it go");
}
