// SPDX-License-Identifier: GPL-2.0-or-later

#include "device.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define PCI_DEVICES	"/sys/bus/pci/devices"

static int read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	int ret = f && fgets(text, size, f) ? 0 : -1;

	if (f)
		fclose(f);
	return ret;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;

	if (fd >= 0)
		close(fd);
	return ret;
}

int device_find(const char *device, char names[][32], int most)
{
	char path[320], alias[128];
	struct dirent **entries;
	int nr, found = 0;

	nr = scandir(PCI_DEVICES, &entries, NULL, alphasort);
	for (int i = 0; i < nr && found < most; i++) {
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/modalias", entries[i]->d_name);
		if (!read_file(path, alias, sizeof(alias)) &&
		    !strncmp(alias, device, strlen(device)))
			snprintf(names[found++], 32, "%.31s", entries[i]->d_name);
	}
	return found;
}

/* Gives the device to vfio-pci, and opens what that makes of it */
static int open_device(const char *name)
{
	char path[320];
	struct dirent **entries;
	int nr;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", name);
	if (write_file(path, "vfio-pci") || write_file("/sys/bus/pci/drivers_probe", name))
		return -1;
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/vfio-dev", name);
	/* After "." and ".." */
	nr = scandir(path, &entries, NULL, alphasort);
	if (nr != 3)
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entries[2]->d_name);
	return open(path, O_RDWR);
}

static int bind(struct device *dev, int iommufd)
{
	struct vfio_device_bind_iommufd cmd = { .argsz = sizeof(cmd), .iommufd = iommufd };
	int ret = ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	dev->id = cmd.out_devid;
	return ret;
}

static int map_registers(struct device *dev)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	void *bar;

	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -1;
	bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd, info.offset);
	if (bar == MAP_FAILED)
		return -1;
	dev->bar = bar;
	return 0;
}

/* Its registers answer, and it may access memory */
static int enable(struct device *dev)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -1;
	return pwrite(dev->fd, &command, 2, info.offset + PCI_COMMAND) == 2 ? 0 : -1;
}

int device_open(struct device *dev, const char *name, int iommufd)
{
	dev->fd = open_device(name);
	dev->event = eventfd(0, EFD_NONBLOCK);
	if (dev->fd < 0 || dev->event < 0)
		return -1;
	return bind(dev, iommufd) || map_registers(dev) || enable(dev);
}

int device_attach(struct device *dev, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = pt };

	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

int device_interrupts(struct device *dev, __u32 index, __u32 count)
{
	char room[sizeof(struct vfio_irq_set) + sizeof(int)] __attribute__((aligned(8)));
	struct vfio_irq_set *set = (void *)room;

	set->argsz = sizeof(*set) + count * sizeof(int);
	set->flags = VFIO_IRQ_SET_ACTION_TRIGGER |
		     (count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
	set->index = index;
	set->start = 0;
	set->count = count;
	memcpy(set->data, &dev->event, sizeof(int));
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set);
}

bool device_interrupted(struct device *dev)
{
	struct pollfd event = { .fd = dev->event, .events = POLLIN };
	uint64_t nr = 0;

	return poll(&event, 1, 1000) == 1 && read(dev->event, &nr, sizeof(nr)) == sizeof(nr);
}
