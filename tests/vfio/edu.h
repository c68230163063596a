/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's device "edu", opened as a VFIO device: it copies bytes between memory and a
 * buffer of its own, and raises interrupts.
 */
#ifndef EDU_H
#define EDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

/* With 4,096, a whole buffer, QEMU 7.2 ends itself */
#define EDU_MOST	4092

struct edu {
	int fd;
	__u32 id;		/* what iommufd calls it */
	int event;		/* counts its interrupts */
	volatile uint8_t *bar;
};

/* Returns how many there are, at most @most; their names in sysfs are in @names */
int edu_find(char names[][32], int most);
int edu_open(struct edu *edu, const char *name, int iommufd);
int edu_attach(struct edu *edu, __u32 pt);

void edu_start_read(struct edu *edu, __u64 iova, size_t length);
void edu_start_write(struct edu *edu, __u64 iova, size_t length);
/* Has it not ended yet? */
bool edu_runs(struct edu *edu);
bool edu_wait(struct edu *edu);

/* From memory to its buffer, and back. Returns if it ended; what was moved is to be seen */
bool edu_read(struct edu *edu, __u64 iova, size_t length);
bool edu_write(struct edu *edu, __u64 iova, size_t length);

int edu_interrupts_on(struct edu *edu);
int edu_interrupts_off(struct edu *edu);
/* It raises an interrupt at once, or when it has read @length bytes at @iova */
void edu_raise(struct edu *edu);
void edu_start_read_raise(struct edu *edu, __u64 iova, size_t length);
/* Returns if one came */
bool edu_interrupted(struct edu *edu);

#endif
