// SPDX-License-Identifier: GPL-2.0-or-later

#include "edu.h"

#include <unistd.h>

#include <linux/vfio.h>

#define REG_STATUS	0x24
#define REG_RAISE	0x60
#define REG_ACK		0x64
#define REG_SOURCE	0x80
#define REG_TARGET	0x88
#define REG_COUNT	0x90
#define REG_COMMAND	0x98
#define COMMAND_RUN	1
#define COMMAND_WRITE	2
#define COMMAND_RAISE	4
#define BUFFER		0x40000

/* A copy takes 100 ms of the guest's time */
#define PATIENCE_MS	20000

static void set64(struct device *dev, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(dev->bar + reg) = value;
}

static uint64_t get64(struct device *dev, unsigned int reg)
{
	return *(volatile uint64_t *)(dev->bar + reg);
}

static void start(struct device *dev, __u64 source, __u64 target, size_t length,
		  uint64_t command)
{
	/* What the program wrote to memory is there before the device looks */
	__sync_synchronize();
	set64(dev, REG_SOURCE, source);
	set64(dev, REG_TARGET, target);
	set64(dev, REG_COUNT, length);
	set64(dev, REG_COMMAND, COMMAND_RUN | command);
}

void edu_start_read(struct device *dev, __u64 iova, size_t length)
{
	start(dev, iova, BUFFER, length, 0);
}

bool edu_runs(struct device *dev)
{
	return get64(dev, REG_COMMAND) & COMMAND_RUN;
}

bool edu_wait(struct device *dev)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (!edu_runs(dev)) {
			__sync_synchronize();
			return true;
		}
		usleep(1000);
	}
	return false;
}

static bool edu_read(struct device *dev, __u64 iova, size_t length)
{
	edu_start_read(dev, iova, length);
	return edu_wait(dev);
}

static bool edu_write(struct device *dev, __u64 iova, size_t length)
{
	start(dev, BUFFER, iova, length, COMMAND_WRITE);
	return edu_wait(dev);
}

static void edu_raise(struct device *dev)
{
	set32(dev, REG_RAISE, 1);
}

static bool edu_read_raise(struct device *dev, __u64 iova, size_t length)
{
	start(dev, iova, BUFFER, length, COMMAND_RAISE);
	return edu_wait(dev);
}

static void edu_acknowledge(struct device *dev)
{
	set32(dev, REG_ACK, get32(dev, REG_STATUS));
}

const struct device_ops edu_ops = {
	.name = "edu",
	.alias = "pci:v00001234d000011E8",
	/* With 4,096, a whole buffer, QEMU 7.2 ends itself */
	.most = 4092,
	.irqs = VFIO_PCI_MSI_IRQ_INDEX,
	.read = edu_read,
	.write = edu_write,
	.raise = edu_raise,
	.read_raise = edu_read_raise,
	.acknowledge = edu_acknowledge,
};
