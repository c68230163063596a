/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is not side by side, whatever the kernel had: then page tables do not depend
 * on luck.
 */
#ifndef SCATTERED_H
#define SCATTERED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * @count units of @unit bytes, of a file that memfd_create() makes with @flags; no unit
 * comes after the one that it has in the file. @count is no multiple of 7. NULL if there
 * is no such memory.
 */
static inline void *scattered(unsigned int flags, size_t unit, size_t count)
{
	int file = memfd_create("scattered", flags);
	size_t length = unit * count;
	char *mem;

	if (file < 0 || ftruncate(file, length))
		return NULL;
	/* Room to align it */
	mem = mmap(NULL, 2 * length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	mem += -(uintptr_t)mem % unit;
	for (size_t i = 0; i < count; i++)
		if (mmap(mem + i * unit, unit, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file,
			 i * 7 % count * unit) == MAP_FAILED)
			return NULL;
	close(file);
	return mem;
}

#endif
