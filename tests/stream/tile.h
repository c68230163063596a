/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The land as the CPU makes it, to compare: tiles, and pictures of it.
 */
#ifndef STREAM_TILE_H
#define STREAM_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

#define TILE_SIZE	(TILE_WORDS * 4u)

/* All words of a tile */
void tile_make(uint32_t tile, uint32_t *words);

/**
 * struct eyes - what a picture is made of
 * @camera: Where from.
 * @strides: By distance.
 * @words: Of each tile that has memory, by number; NULL where it has none.
 * @wanted: By number, set to @frame where a tile would be liked to have memory.
 * @pixels: The picture.
 */
struct eyes {
	struct camera camera;
	const struct stride *strides;
	const uint32_t *const *words;
	uint32_t *wanted;
	uint32_t frame;
	uint32_t *pixels;
};

void view_strides(struct stride strides[STEPS]);
void view_picture(const struct eyes *e);

/* The camera of frame @frame of @frames */
void camera_at(struct camera *c, unsigned int frame, unsigned int frames);

/* A picture as PPM; -1 and a message when it cannot be written */
int picture_write(const char *path, const uint32_t *pixels);

#endif /* STREAM_TILE_H */
