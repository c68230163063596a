/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the test have in common: points, the memory and the IOAS that they are
 * about, and bytes of which no two pages have the same (vfio.c).
 */
#ifndef POINTS_H
#define POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

#define PAGE		4096UL
#define BLOCK		(2UL << 20)

extern int iommufd;
extern __u32 ioas;		/* to which both devices are attached */
extern struct device devs[2], *dev;
extern const struct device_ops *ops;
extern uint8_t *blocks;		/* two, each of one huge page */
extern bool silent;		/* the kernel does not hear of faults */
/* Accesses that have to fault, and those of them that the kernel's log has */
extern unsigned int fault_accesses, fault_reports;

void check(bool ok, const char *name);

int map(const void *mem, __u64 iova, size_t length);
int unmap(__u64 iova, size_t length);

/* No two are the same */
uint32_t new_seed(void);
/* A page of what follows from @seed; and does memory begin with @length bytes of that? */
void fill(uint8_t *mem, uint32_t seed);
bool holds(const uint8_t *mem, uint32_t seed, size_t length);

/* Waits until the drivers may report faults again */
void wait_for_reports(void);
int log_from_here(void);
bool log_names(int log, __u64 iova);

/* Many descriptors at once: igb; the second one makes pages of the IOAS small (burst.c) */
void test_bursts(void);
void test_burst_split(void);

#endif
