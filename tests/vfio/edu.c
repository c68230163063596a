// SPDX-License-Identifier: GPL-2.0-or-later

#include "edu.h"

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
#define EDU_MODALIAS	"pci:v00001234d000011E8"

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

int edu_find(char names[][32], int most)
{
	char path[320], alias[128];
	struct dirent **entries;
	int nr, found = 0;

	nr = scandir(PCI_DEVICES, &entries, NULL, alphasort);
	for (int i = 0; i < nr && found < most; i++) {
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/modalias", entries[i]->d_name);
		if (!read_file(path, alias, sizeof(alias)) &&
		    !strncmp(alias, EDU_MODALIAS, strlen(EDU_MODALIAS)))
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

static int bind(struct edu *edu, int iommufd)
{
	struct vfio_device_bind_iommufd cmd = { .argsz = sizeof(cmd), .iommufd = iommufd };
	int ret = ioctl(edu->fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	edu->id = cmd.out_devid;
	return ret;
}

static int map_registers(struct edu *edu)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	void *bar;

	if (ioctl(edu->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -1;
	bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, edu->fd, info.offset);
	if (bar == MAP_FAILED)
		return -1;
	edu->bar = bar;
	return 0;
}

/* Its registers answer, and it may access memory */
static int enable(struct edu *edu)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (ioctl(edu->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -1;
	return pwrite(edu->fd, &command, 2, info.offset + PCI_COMMAND) == 2 ? 0 : -1;
}

int edu_open(struct edu *edu, const char *name, int iommufd)
{
	edu->fd = open_device(name);
	edu->event = eventfd(0, EFD_NONBLOCK);
	if (edu->fd < 0 || edu->event < 0)
		return -1;
	return bind(edu, iommufd) || map_registers(edu) || enable(edu);
}

int edu_attach(struct edu *edu, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = pt };

	return ioctl(edu->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

static void set32(struct edu *edu, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(edu->bar + reg) = value;
}

static uint32_t get32(struct edu *edu, unsigned int reg)
{
	return *(volatile uint32_t *)(edu->bar + reg);
}

static void set64(struct edu *edu, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->bar + reg) = value;
}

static uint64_t get64(struct edu *edu, unsigned int reg)
{
	return *(volatile uint64_t *)(edu->bar + reg);
}

static void start(struct edu *edu, __u64 source, __u64 target, size_t length,
		  uint64_t command)
{
	/* What the program wrote to memory is there before the device looks */
	__sync_synchronize();
	set64(edu, REG_SOURCE, source);
	set64(edu, REG_TARGET, target);
	set64(edu, REG_COUNT, length);
	set64(edu, REG_COMMAND, COMMAND_RUN | command);
}

void edu_start_read(struct edu *edu, __u64 iova, size_t length)
{
	start(edu, iova, BUFFER, length, 0);
}

void edu_start_write(struct edu *edu, __u64 iova, size_t length)
{
	start(edu, BUFFER, iova, length, COMMAND_WRITE);
}

void edu_start_read_raise(struct edu *edu, __u64 iova, size_t length)
{
	start(edu, iova, BUFFER, length, COMMAND_RAISE);
}

bool edu_runs(struct edu *edu)
{
	return get64(edu, REG_COMMAND) & COMMAND_RUN;
}

bool edu_wait(struct edu *edu)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (!edu_runs(edu)) {
			__sync_synchronize();
			return true;
		}
		usleep(1000);
	}
	return false;
}

bool edu_read(struct edu *edu, __u64 iova, size_t length)
{
	edu_start_read(edu, iova, length);
	return edu_wait(edu);
}

bool edu_write(struct edu *edu, __u64 iova, size_t length)
{
	edu_start_write(edu, iova, length);
	return edu_wait(edu);
}

static int set_irqs(struct edu *edu, __u32 count)
{
	char room[sizeof(struct vfio_irq_set) + sizeof(int)] __attribute__((aligned(8)));
	struct vfio_irq_set *set = (void *)room;

	set->argsz = sizeof(*set) + count * sizeof(int);
	set->flags = VFIO_IRQ_SET_ACTION_TRIGGER |
		     (count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
	set->index = VFIO_PCI_MSI_IRQ_INDEX;
	set->start = 0;
	set->count = count;
	memcpy(set->data, &edu->event, sizeof(int));
	return ioctl(edu->fd, VFIO_DEVICE_SET_IRQS, set);
}

int edu_interrupts_on(struct edu *edu)
{
	return set_irqs(edu, 1);
}

int edu_interrupts_off(struct edu *edu)
{
	return set_irqs(edu, 0);
}

void edu_raise(struct edu *edu)
{
	set32(edu, REG_RAISE, 1);
}

bool edu_interrupted(struct edu *edu)
{
	struct pollfd event = { .fd = edu->event, .events = POLLIN };
	uint64_t nr = 0;
	bool came = poll(&event, 1, 1000) == 1 && read(edu->event, &nr, sizeof(nr)) == sizeof(nr);

	set32(edu, REG_ACK, get32(edu, REG_STATUS));
	return came;
}
