/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VFIO device that moves bytes: what all of them have in common (device.c), and what each
 * kind has to be able to do (struct device_ops; edu.c, igb.c).
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

struct device {
	int fd;
	__u32 id;		/* what iommufd calls it */
	int event;		/* counts its interrupts */
	volatile uint8_t *bar;
	void *own;		/* of its kind */
};

/*
 * Each device has a buffer, which keeps what it read last. Functions that return bool say
 * whether the device came to an end; what was moved is to be seen in memory.
 */
struct device_ops {
	const char *name;
	/* Identifies it in sysfs, from the beginning */
	const char *alias;
	/* How much it moves at once, from the beginning of a page */
	size_t most;
	/* The kind of its interrupts, as VFIO counts them */
	__u32 irqs;

	/* Device @index of its kind gets what it has besides VFIO's; before enter() */
	int (*init)(struct device *dev, unsigned int index);
	/* Maps what the device itself needs in an IOAS, before it is attached to that */
	int (*enter)(struct device *dev, int iommufd, __u32 ioas);
	/* Makes it ready, once it is attached */
	int (*start)(struct device *dev);

	/* From memory to its buffer, and back */
	bool (*read)(struct device *dev, __u64 iova, size_t length);
	bool (*write)(struct device *dev, __u64 iova, size_t length);

	/* It raises an interrupt at once, or at the end of a read */
	void (*raise)(struct device *dev);
	bool (*read_raise)(struct device *dev, __u64 iova, size_t length);
	/* Whatever raised it */
	void (*acknowledge)(struct device *dev);
};

extern const struct device_ops edu_ops, igb_ops;

/* Returns how many there are, at most @most; their names in sysfs are in @names */
int device_find(const char *alias, char names[][32], int most);
int device_open(struct device *dev, const char *name, int iommufd);
int device_attach(struct device *dev, __u32 pt);

/* @count is 1, or 0 for none any more */
int device_interrupts(struct device *dev, __u32 index, __u32 count);
/* Has one come, or does it within a second? */
bool device_interrupted(struct device *dev);

static inline void set32(struct device *dev, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(dev->bar + reg) = value;
}

static inline uint32_t get32(struct device *dev, unsigned int reg)
{
	return *(volatile uint32_t *)(dev->bar + reg);
}

#endif
