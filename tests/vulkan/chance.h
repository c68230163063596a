/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chance that a seed repeats: for what areas contain, and for what is bound where.
 */
#ifndef VULKAN_CHANCE_H
#define VULKAN_CHANCE_H

#include <stdint.h>

/* The next of 64 bits; a seed is not 0 */
static inline uint64_t chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif /* VULKAN_CHANCE_H */
