// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flight; see film.h. What happens in a frame, and what waits for what:
 *
 *   queue       look: a picture of what is resident
 *   bind queue  binds, for what the picture before would have liked, behind look
 *   queue       fill the new tiles, read words of old and new ones, behind the binds
 *   CPU         meanwhile: the same picture, the same tiles
 *
 * So binds are queued while the GPU uses what they will change, as in any program that
 * streams. All that the GPU made is compared with what the CPU made, to the bit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acct.h"
#include "film.h"
#include "gpu.h"
#include "pool.h"
#include "record.h"
#include "space.h"

/* Evicted tiles that are looked at, too */
#define GONE	96u
#define MAX_GIBS	256u

struct film_options film_options = { .frames = 20 };

/**
 * struct checks - what was compared
 * Each is a count of what was right, and of all.
 */
struct checks {
	struct check {
		unsigned int good, all;
	} pictures, wants, tiles, kept, probes, in_time;
};

/**
 * struct film - the flight
 * @value: Of @timeline, that of the last signal that was asked for.
 * @words: Of each resident tile, as the CPU made them, in @made by slot.
 * @seen: Which tiles the last picture would have liked, by frame.
 * @gone: Tiles that were evicted last, a ring of @gone_count.
 * @gib: Each GiB of addresses in which a tile ever was.
 */
struct film {
	struct vk vk;
	struct gpu gpu;
	struct space space;
	struct pool pool;
	struct change change;
	struct record record;
	struct checks checks;
	VkSemaphore timeline;
	uint64_t value;
	struct stride strides[STEPS];
	const uint32_t *words[NUM_TILES];
	uint32_t made[POOL_SLOTS][TILE_WORDS];
	uint32_t wanted[NUM_TILES];
	uint32_t seen[NUM_TILES];
	uint32_t pixels[VIEW_PIXELS];
	uint32_t gone[GONE];
	unsigned int gone_count;
	unsigned int num_probes;
	uint64_t gib[MAX_GIBS];
	unsigned int gibs;
};

static bool tally(struct check *c, bool good)
{
	c->all++;
	c->good += good;
	return good;
}

/* --- The GPU's part ------------------------------------------------------------------ */

/* Behind everything that the timeline has so far; the value that says that it is done */
static uint64_t submit(struct film *f, VkCommandBuffer cmd)
{
	const struct batch b = {
		.wait = f->value ? f->timeline : VK_NULL_HANDLE,
		.wait_value = f->value,
		.signal = f->timeline,
		.signal_value = f->value + 1,
		.cmd = cmd,
	};

	vk_need(vk_submit_batch(vk_queue(&f->vk), &b, VK_NULL_HANDLE));
	return ++f->value;
}

static uint64_t bind(struct film *f, unsigned int *binds)
{
	const struct batch b = {
		.wait = f->value ? f->timeline : VK_NULL_HANDLE,
		.wait_value = f->value,
		.signal = f->timeline,
		.signal_value = f->value + 1,
	};
	int n = space_bind(&f->space, &f->change, &b);

	must(n >= 0);
	*binds = n;
	return ++f->value;
}

static void wait_for(struct film *f, uint64_t value)
{
	vk_need(vk_wait(&f->vk, f->timeline, value, PATIENCE));
}

static VkCommandBuffer record_look(struct film *f, const struct push *push)
{
	VkCommandBuffer cmd = vk_begin_primary(&f->vk);

	gpu_record(&f->gpu, cmd, LOOK, push, VIEW_WIDTH / 32, 1);
	return vk_end(cmd);
}

/* A word of each tile that has memory, and of those that had it last */
static void choose_probes(struct film *f, uint32_t frame)
{
	uint32_t *to = f->gpu.map[PROBED];
	unsigned int n = 0;

	for (unsigned int i = 0; i < POOL_SLOTS; i++)
		if (f->pool.tile_in[i] != TILE_NONE)
			to[2 * n++] = f->pool.tile_in[i];
	for (unsigned int i = 0; i < GONE && i < f->gone_count; i++)
		to[2 * n++] = f->gone[i];
	for (unsigned int i = 0; i < n; i++)
		to[2 * i + 1] = hash(to[2 * i], frame, 7) % TILE_WORDS;
	f->num_probes = n;
}

static VkCommandBuffer record_fill(struct film *f, uint32_t frame)
{
	VkCommandBuffer cmd = vk_begin_primary(&f->vk);
	const struct change *c = &f->change;
	struct push push = { 0 };

	memcpy(f->gpu.map[TILES], c->tile, c->loads * sizeof(c->tile[0]));
	if (c->loads)
		gpu_record(&f->gpu, cmd, FILL, &push, TILE_WORDS / ROW_TEXELS / 64, c->loads);
	choose_probes(f, frame);
	push.count = f->num_probes;
	if (push.count)
		gpu_record(&f->gpu, cmd, PROBE, &push, (push.count + 63) / 64, 1);
	return vk_end(cmd);
}

/* --- The CPU's part ------------------------------------------------------------------- */

/* The picture from the tiles as the CPU made them, and what it would have liked */
static void check_picture(struct film *f, const struct push *push, struct frame_record *r)
{
	const struct eyes eyes = {
		.camera = push->eye,
		.strides = f->strides,
		.words = f->words,
		.wanted = f->wanted,
		.frame = push->count,
		.pixels = f->pixels,
	};
	const uint32_t *pixels = f->gpu.map[PIXELS];

	view_picture(&eyes);
	tally(&f->checks.pictures, !memcmp(pixels, f->pixels, sizeof(f->pixels)));
	tally(&f->checks.wants, !memcmp(f->seen, f->wanted, sizeof(f->wanted)));
	for (unsigned int i = 0; i < VIEW_PIXELS; i++)
		r->coarse += !!(pixels[i] >> VIEW_COARSE);
	for (unsigned int i = 0; i < NUM_TILES; i++)
		r->wanted += f->seen[i] == push->count;
}

static void write_picture(struct film *f, uint32_t frame)
{
	char path[256];

	if (!film_options.out)
		return;
	snprintf(path, sizeof(path), "%s/frame-%03u.ppm", film_options.out, frame);
	must(!picture_write(path, f->gpu.map[PIXELS]));
}

/* What was decided counts from here on, on the CPU and for the next picture */
static void apply(struct film *f)
{
	uint32_t *page_table = f->gpu.map[PAGE_TABLE];
	const struct change *c = &f->change;

	for (unsigned int i = 0; i < c->evictions; i++) {
		page_table[c->evicted[i]] = 0;
		f->words[c->evicted[i]] = NULL;
	}
	for (unsigned int i = 0; i < c->loads; i++) {
		tile_make(c->tile[i], f->made[c->slot[i]]);
		f->words[c->tile[i]] = f->made[c->slot[i]];
		page_table[c->tile[i]] = c->slot[i] + 1;
	}
}

/* The memory that the host sees, of those slots that have a tile */
static void check_slots(struct film *f)
{
	bool fresh[POOL_SLOTS] = { false };

	for (unsigned int i = 0; i < f->change.loads; i++)
		fresh[f->change.slot[i]] = true;
	for (unsigned int i = 0; i < POOL_SLOTS; i++)
		if (f->pool.tile_in[i] != TILE_NONE)
			tally(fresh[i] ? &f->checks.tiles : &f->checks.kept,
			      !memcmp(space_slot(&f->space, i), f->made[i], TILE_SIZE));
}

static uint32_t expected(struct film *f, uint32_t tile, uint32_t word)
{
	return f->words[tile] ? f->words[tile][word] : void_word(tile, word);
}

static void check_probes(struct film *f)
{
	const uint32_t *probed = f->gpu.map[PROBED], *found = f->gpu.map[FOUND];

	for (unsigned int i = 0; i < f->num_probes; i++) {
		uint32_t tile = probed[2 * i], word = probed[2 * i + 1];
		uint32_t want = expected(f, tile, word);

		if (!tally(&f->checks.probes, found[i] == want))
			note("tile %u word %u: read 0x%08x, should be 0x%08x", tile, word,
			     found[i], want);
	}
}

static void remember_gone(struct film *f)
{
	for (unsigned int i = 0; i < f->change.evictions; i++)
		f->gone[f->gone_count++ % GONE] = f->change.evicted[i];
}

static void remember_gib(struct film *f, uint32_t tile)
{
	uint64_t address = f->space.address[tile >> SPACE_BITS] +
			   (uint64_t)(tile & SPACE_MASK) * TILE_SIZE;

	for (unsigned int i = 0; i < f->gibs; i++)
		if (f->gib[i] == address >> 30)
			return;
	must(f->gibs < MAX_GIBS);
	f->gib[f->gibs++] = address >> 30;
}

/* --- A frame --------------------------------------------------------------------------- */

static void decide(struct film *f, uint32_t frame, struct frame_record *r)
{
	pool_decide(&f->pool, f->seen, frame, &f->change);
	remember_gone(f);
	for (unsigned int i = 0; i < f->change.loads; i++)
		remember_gib(f, f->change.tile[i]);
	r->loads = f->change.loads;
	r->evictions = f->change.evictions;
	r->regions = f->change.regions;
	r->missing = f->change.wanting;
	r->resident = f->pool.count;
}

/* Queue the binds while the picture before them is being made */
static uint64_t queue_binds(struct film *f, uint64_t looked, struct frame_record *r)
{
	uint64_t bound, start = host_ns();

	bound = bind(f, &r->binds);
	r->call_ns = host_ns() - start;
	sight_take(&r->queued);
	r->in_time = vk_counter(&f->vk, f->timeline) < looked;
	if (r->binds)
		tally(&f->checks.in_time, r->in_time);
	return bound;
}

static void one_frame(struct film *f, uint32_t frame)
{
	struct frame_record *r = &f->record.frame[f->record.frames++];
	struct push push = { .count = frame };
	uint64_t looked, bound, filled, start;
	VkCommandBuffer cmd[2];

	camera_at(&push.eye, frame - 1, film_options.frames);
	decide(f, frame - 1, r);
	cmd[0] = record_look(f, &push);
	cmd[1] = record_fill(f, frame);
	sight_take(&r->before);
	start = host_ns();
	looked = submit(f, cmd[0]);
	bound = queue_binds(f, looked, r);
	filled = submit(f, cmd[1]);
	wait_for(f, looked);
	r->look_ns = host_ns() - start;
	start = host_ns();
	wait_for(f, bound);
	r->bind_ns = host_ns() - start;
	memcpy(f->seen, f->gpu.map[WANTED], sizeof(f->seen));
	check_picture(f, &push, r);
	write_picture(f, frame - 1);
	apply(f);
	wait_for(f, filled);
	sight_take(&r->after);
	check_slots(f);
	check_probes(f);
	r->probes = f->num_probes;
	vkFreeCommandBuffers(f->vk.dev, f->vk.pool, 2, cmd);
	note("frame %u: %u tiles wanted, %u missing, %u loaded, %u evicted, %u resident",
	     frame, r->wanted, r->missing, r->loads, r->evictions, r->resident);
}

/* --- The whole ---------------------------------------------------------------------------- */

static void pause_to_draw(struct film *f, const char *id)
{
	tap_pause("drawing va=0x%llx id=%s", (unsigned long long)f->space.address[0], id);
}

static void start(struct film *f)
{
	struct record *r = &f->record;
	uint64_t start;

	acct_reclaim();
	sight_take_settled(&r->start);
	vk_open(&f->vk);
	gpu_make(&f->gpu, &f->vk);
	sight_take_settled(&r->empty);
	start = host_ns();
	space_make(&f->space, &f->vk);
	r->make_ns = host_ns() - start;
	sight_take_settled(&r->made);
	snprintf(r->device, sizeof(r->device), "%.60s", f->vk.props.deviceName);
	snprintf(r->driver, sizeof(r->driver), "%.60s", f->vk.driver.driverInfo);
	r->size = f->space.size;
	r->budget = POOL_SLOTS * TILE_SIZE;
	r->tiles = NUM_TILES;
	r->buffers = SPACE_BUFFERS;
	pool_init(&f->pool);
	f->timeline = vk_timeline(&f->vk, 0);
	view_strides(f->strides);
	memcpy(f->gpu.map[STRIDES], f->strides, sizeof(f->strides));
	memcpy(f->gpu.map[SPACE], f->space.address, sizeof(f->space.address));
	pause_to_draw(f, "made");
}

/* The last tile is the whole land, without which there is no picture */
static void load_the_last(struct film *f)
{
	struct frame_record r = { 0 };
	uint64_t filled;

	/* Nothing has been wanted yet, in no frame */
	memset(f->seen, 0xff, sizeof(f->seen));
	decide(f, 0, &r);
	bind(f, &r.binds);
	filled = submit(f, record_fill(f, 0));
	apply(f);
	wait_for(f, filled);
	check_slots(f);
	check_probes(f);
}

static void finish(struct film *f)
{
	struct record *r = &f->record;
	unsigned int binds;

	pause_to_draw(f, "flown");
	pool_empty(&f->pool, &f->change);
	remember_gone(f);
	bind(f, &binds);
	apply(f);
	wait_for(f, submit(f, record_fill(f, 0)));
	check_probes(f);
	sight_take_settled(&r->evicted);
	pause_to_draw(f, "evicted");
	acct_reclaim();
	sight_take_settled(&r->reclaimed);
	pause_to_draw(f, "reclaimed");
	space_free(&f->space);
	acct_reclaim();
	sight_take_settled(&r->unmade);
	vkDestroySemaphore(f->vk.dev, f->timeline, NULL);
	gpu_free(&f->gpu);
}

static void all_good(const struct check *c, const char *what)
{
	detail("%u of %u", c->good, c->all);
	ok(c->all && c->good == c->all, "%s", what);
}

static void report(struct film *f)
{
	const struct checks *c = &f->checks;

	detail("%llu bytes", (unsigned long long)f->record.size);
	ok(f->record.size >= 64ull << 30, "a sparse space of 64 GiB and more");
	all_good(&c->pictures, "each picture is the CPU's, to the bit");
	all_good(&c->wants, "it would have liked the same tiles");
	all_good(&c->tiles, "each tile that was bound and filled has its contents");
	all_good(&c->kept, "each tile that stays has them still");
	all_good(&c->probes, "what is read of resident and of evicted tiles is right");
	detail("%u of %u", c->in_time.good, c->in_time.all);
	ok(c->in_time.good * 2 > c->in_time.all, "binds are queued while pictures are made");
}

/*
 * What a kernel with reservations must do; upstream's numbers are only recorded. A tile
 * that is gone leaves no table of the last level. The void, in blocks of 2 MiB, is
 * still bound where tiles were: each GiB of that can need a table of the level above.
 * panvk itself binds a little meanwhile, and has it until the device goes.
 */
static void report_tables(const struct film *f)
{
	const struct record *r = &f->record;
	long own = r->unmade.pages - r->empty.pages;
	long most = r->made.pages + own + f->gibs;
	const char *why = acct_why_not();

	if (why) {
		skip(why, "page-table pages are counted");
		return;
	}
	detail("%ld pages, %ld before", r->end.pages, r->start.pages);
	ok(r->end.pages <= r->start.pages, "no table is left when the device is gone");
	if (acct_has_slab())
		return;
	detail("%ld pages, at most %ld", r->reclaimed.pages, most);
	ok(r->reclaimed.pages <= most,
	   "none is kept of tiles that are gone, when memory is scarce");
}

void run_flight(void)
{
	struct film *f = calloc(1, sizeof(*f));
	char path[256];

	must(f);
	start(f);
	load_the_last(f);
	for (uint32_t frame = 1; frame <= film_options.frames; frame++)
		one_frame(f, frame);
	finish(f);
	report(f);
	vk_close(&f->vk);
	sight_take_settled(&f->record.end);
	report_tables(f);
	if (film_options.out) {
		snprintf(path, sizeof(path), "%s/flight.json", film_options.out);
		must(!record_write(&f->record, path));
	}
	free(f);
}
