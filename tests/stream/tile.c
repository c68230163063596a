// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tiles, and pictures of them, by the CPU; see tile.h. The arithmetic is the GPU's:
 * the same files, compiled as C.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tile.h"

/* --- Tiles ------------------------------------------------------------------------- */

static uint32_t *row_words;

#define ROW(i, word)	(row_words[i] = (word))
#include "row.h"

void tile_make(uint32_t tile, uint32_t *words)
{
	uint32_t level = level_of(tile);
	uint32_t x0 = tile_x(level, tile), y0 = tile_y(level, tile);

	for (uint32_t y = 0; y < TILE_TEXELS; y++) {
		for (uint32_t x = 0; x < TILE_TEXELS; x += ROW_TEXELS) {
			row_words = words + word_at(x, y);
			land_row(level, (x0 + x) << level, (y0 + y) << level);
		}
	}
}

/* --- Pictures ------------------------------------------------------------------------ */

static const struct eyes *eyes;

#define CAMERA			eyes->camera
#define STRIDE(i)		eyes->strides[i]
#define RESIDENT(tile)		eyes->words[tile]
#define WANT(tile)		(eyes->wanted[tile] = eyes->frame)
#define WORD(tile, word)	eyes->words[tile][word]
#define PIXEL(x, y, word)	(eyes->pixels[(y) * VIEW_WIDTH + (x)] = (word))
#include "column.h"

void view_picture(const struct eyes *e)
{
	eyes = e;
	for (int i = 0; i < VIEW_WIDTH; i++)
		view_column(i);
}

/* What is far away is hazy */
static int fog_at(int distance)
{
	int fog = distance / 100 - 10;

	return fog < 0 ? 0 : fog > 230 ? 230 : fog;
}

void view_strides(struct stride strides[STEPS])
{
	int distance = STEP_FIRST;

	for (int i = 0; i < STEPS; i++) {
		uint32_t level = 0;

		while (distance >> (level + 1) >= FOCAL)
			level++;
		strides[i] = (struct stride){
			.distance = distance,
			.inverse = (FOCAL << 12) / distance,
			.level = level,
			.fog = fog_at(distance),
		};
		distance += 1 + distance / 128;
	}
}

int picture_write(const char *path, const uint32_t *pixels)
{
	FILE *f = fopen(path, "wb");

	if (!f) {
		perror(path);
		return -1;
	}
	fprintf(f, "P6\n%d %d\n255\n", VIEW_WIDTH, VIEW_HEIGHT);
	for (int i = 0; i < VIEW_PIXELS; i++) {
		fputc(pixels[i] >> 16 & 255, f);
		fputc(pixels[i] >> 8 & 255, f);
		fputc(pixels[i] & 255, f);
	}
	if (!fclose(f))
		return 0;
	perror(path);
	return -1;
}

/* --- The camera ---------------------------------------------------------------------- */

/*
 * Two flights, each a curve; between them the camera is on the other side of the land,
 * and nothing of what it had is of use.
 */
static const struct flight {
	int x, y;
	/* In 4,096ths of a circle, at the start and by frame */
	int heading, turn;
} flights[] = {
	{ 20000, 20000, 260, 20 },
	{ 126500, 17500, 560, 10 },
};

#define SPEED		160
#define CLEARANCE	120

static int height_at(int x, int y)
{
	uint32_t row[ROW_TEXELS];
	const uint32_t level = 2, mask = LAND_SIZE - 1;

	row_words = row;
	land_row(level, ((uint32_t)x & mask) >> 5 << 5, ((uint32_t)y & mask) >> 2 << 2);
	return (row[0] & 0xffff) >> HEIGHT_SHIFT;
}

/* Not into the hill ahead */
static int height_ahead(const struct camera *c)
{
	int height = 0;

	for (int far = 0; far < 2000; far += 100) {
		int h = height_at(c->x + (c->forward_x * far >> 12),
				  c->y + (c->forward_y * far >> 12));

		height = h > height ? h : height;
	}
	return height;
}

static void look_along(struct camera *c, int heading)
{
	double angle = heading * 2 * M_PI / 4096;

	c->forward_x = lround(cos(angle) * 4096);
	c->forward_y = lround(sin(angle) * 4096);
	c->right_x = -c->forward_y;
	c->right_y = c->forward_x;
}

void camera_at(struct camera *c, unsigned int frame, unsigned int frames)
{
	unsigned int half = (frames + 1) / 2;
	const struct flight *f = &flights[frame / half];

	*c = (struct camera){ .x = f->x, .y = f->y, .horizon = VIEW_HEIGHT * 5 / 16 };
	look_along(c, f->heading);
	c->height = height_ahead(c) + CLEARANCE;
	for (unsigned int i = 0; i < frame % half; i++) {
		c->x += c->forward_x * SPEED >> 12;
		c->y += c->forward_y * SPEED >> 12;
		look_along(c, f->heading + f->turn * (int)(i + 1));
		c->height += (height_ahead(c) + CLEARANCE - c->height) / 4;
	}
}
