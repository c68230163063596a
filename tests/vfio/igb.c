// SPDX-License-Identifier: GPL-2.0-or-later

#include "igb.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "ioas.h"

#define REG_CTRL	0x0000
#define CTRL_FD		(1U << 0)	/* full duplex */
#define CTRL_SLU	(1U << 6)	/* the link is up */
#define CTRL_1000	(2U << 8)
#define CTRL_FRCSPD	(1U << 11)
#define CTRL_FRCDPX	(1U << 12)
#define CTRL_RST	(1U << 26)
#define REG_STATUS	0x0008
#define STATUS_LU	(1U << 1)
#define REG_MDIC	0x0020
#define MDIC_REG_SHIFT	16
#define MDIC_PHY	(1U << 21)
#define MDIC_WRITE	(1U << 26)
#define MDIC_READY	(1U << 28)
#define PHY_CONTROL	0
#define PHY_AUTONEG	(1U << 12 | 1U << 9)	/* enabled, and begun again */
#define REG_RCTL	0x0100
#define RCTL_EN		(1U << 1)
#define RCTL_UPE	(1U << 3)	/* whatever the address, */
#define RCTL_MPE	(1U << 4)	/* of many as well, */
#define RCTL_LPE	(1U << 5)	/* and up to RLPML bytes */
#define RCTL_LBM_MAC	(1U << 6)
#define RCTL_SECRC	(1U << 26)	/* without the checksum */
#define REG_RLPML	0x5004
#define REG_TCTL	0x0400
#define TCTL_EN		(1U << 1)
#define TCTL_PSP	(1U << 3)
#define REG_EICS	0x1520
#define REG_EIMS	0x1524
#define REG_EIMC	0x1528
#define REG_EIAC	0x152c
#define REG_IMC		0x150c
#define REG_GPIE	0x1514
#define GPIE_MSIX	(1U << 4)
#define REG_EICR	0x1580
#define REG_EITR0	0x1680
#define REG_IVAR0	0x1700
#define IVAR_RX0_TO_0	0x80
#define VECTOR_0	1U

/* Of the first queue in each direction */
#define RX		0xc000
#define TX		0xe000
#define RING_BAL	0x00
#define RING_BAH	0x04
#define RING_LEN	0x08
#define RING_SRRCTL	0x0c
#define RING_TAIL	0x18
#define RING_DCTL	0x28
#define SRRCTL_ADVANCED	(1U << 25)
#define DCTL_ENABLE	(1U << 25)

#define TX_DATA		(3U << 20)
#define TX_EOP		(1U << 24)
#define TX_IFCS		(1U << 25)
#define TX_RS		(1U << 27)
#define TX_DEXT		(1U << 29)
#define TX_PAYLEN_SHIFT	14
#define TX_DD		(1U << 0)
#define RX_DD		(1U << 0)
#define RX_EOP		(1U << 1)
#define RX_ERRORS	0xfff00000U

#define PAGE		4096
#define SLOTS		256

/* Where each device has its own memory, a page each: rings, heads, and its buffer */
#define ROOM		0x30000000ULL
#define TX_RING		0
#define RX_RING		1
#define HEADS		2
#define STORE		3
#define ROOM_PAGES	4

#define PATIENCE_MS	5000

struct descriptor {
	uint64_t addr;
	uint32_t low, high;
};

struct ring {
	unsigned int base;		/* of its registers */
	unsigned int page;		/* of the room */
	volatile struct descriptor *at;
	unsigned int begin, end;	/* what the device has, or is about to get */
	uint32_t length[SLOTS];		/* what is to be received, and where a frame ends */
	bool last[SLOTS];
};

struct igb {
	__u64 iova;
	uint8_t *room[ROOM_PAGES];
	struct ring tx, rx;
	uint8_t *old[2], kept[2][PAGE];
};

static struct igb igbs[2];

static uint8_t *new_page(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

static int igb_init(struct device *dev, unsigned int index)
{
	struct igb *igb = &igbs[index];

	dev->own = igb;
	igb->iova = ROOM + index * ROOM_PAGES * PAGE;
	for (unsigned int i = 0; i < ROOM_PAGES; i++) {
		igb->room[i] = new_page();
		if (!igb->room[i])
			return -1;
	}
	return 0;
}

static int igb_enter(struct device *dev, int iommufd, __u32 ioas)
{
	struct igb *igb = dev->own;

	for (unsigned int i = 0; i < ROOM_PAGES; i++)
		if (ioas_map(iommufd, ioas, igb->room[i], igb->iova + i * PAGE, PAGE))
			return -1;
	return 0;
}

static bool comes(struct device *dev, unsigned int reg, uint32_t mask, uint32_t value)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if ((get32(dev, reg) & mask) == value)
			return true;
		usleep(1000);
	}
	return false;
}

static bool link_up(struct device *dev)
{
	set32(dev, REG_CTRL,
	      CTRL_FD | CTRL_SLU | CTRL_1000 | CTRL_FRCSPD | CTRL_FRCDPX);
	if (get32(dev, REG_STATUS) & STATUS_LU)
		return true;
	set32(dev, REG_MDIC,
	      PHY_AUTONEG | PHY_CONTROL << MDIC_REG_SHIFT | MDIC_PHY | MDIC_WRITE);
	return comes(dev, REG_MDIC, MDIC_READY, MDIC_READY) &&
	       comes(dev, REG_STATUS, STATUS_LU, STATUS_LU);
}

static void start_ring(struct device *dev, struct ring *ring, unsigned int base,
		       unsigned int page)
{
	struct igb *igb = dev->own;
	__u64 iova = igb->iova + page * PAGE;

	memset(ring, 0, sizeof(*ring));
	memset(igb->room[page], 0, PAGE);
	ring->base = base;
	ring->page = page;
	ring->at = (void *)igb->room[page];
	set32(dev, base + RING_BAL, iova);
	set32(dev, base + RING_BAH, iova >> 32);
	set32(dev, base + RING_LEN, SLOTS * sizeof(struct descriptor));
	if (base == RX)
		set32(dev, base + RING_SRRCTL, SRRCTL_ADVANCED | IGB_CHUNK / 1024);
	set32(dev, base + RING_DCTL, DCTL_ENABLE);
	set32(dev, base + RING_TAIL, 0);
}

/* One vector, which what is received raises, and raise(); masked until it is waited for */
static void start_interrupts(struct device *dev)
{
	set32(dev, REG_GPIE, GPIE_MSIX);
	set32(dev, REG_IVAR0, IVAR_RX0_TO_0);
	set32(dev, REG_EITR0, 0);
	set32(dev, REG_EIAC, VECTOR_0);
}

static int igb_start(struct device *dev)
{
	struct igb *igb = dev->own;

	set32(dev, REG_IMC, ~0U);
	set32(dev, REG_EIMC, ~0U);
	set32(dev, REG_CTRL, get32(dev, REG_CTRL) | CTRL_RST);
	usleep(5000);
	if (!comes(dev, REG_CTRL, CTRL_RST, 0) || !link_up(dev))
		return -1;
	set32(dev, REG_RLPML, 9000);
	set32(dev, REG_RCTL,
	      RCTL_EN | RCTL_UPE | RCTL_MPE | RCTL_LPE | RCTL_LBM_MAC | RCTL_SECRC);
	set32(dev, REG_TCTL, TCTL_EN | TCTL_PSP);
	start_ring(dev, &igb->rx, RX, RX_RING);
	start_ring(dev, &igb->tx, TX, TX_RING);
	start_interrupts(dev);
	return 0;
}

static volatile struct descriptor *next_of(struct ring *ring)
{
	volatile struct descriptor *d = &ring->at[ring->end];

	ring->end = (ring->end + 1) % SLOTS;
	return d;
}

/* @length bytes are to come to @iova, which end a frame if @last */
static void post(struct ring *rx, __u64 iova, size_t length, bool last)
{
	volatile struct descriptor *d;

	rx->length[rx->end] = length;
	rx->last[rx->end] = last;
	d = next_of(rx);
	d->addr = iova;
	d->low = 0;
	d->high = 0;
}

void igb_receive(struct device *dev, __u64 iova, size_t length)
{
	struct igb *igb = dev->own;
	size_t part;

	post(&igb->rx, igb->iova + HEADS * PAGE + IGB_CHUNK, IGB_CHUNK, false);
	for (; length; length -= part, iova += part) {
		part = length < IGB_CHUNK ? length : IGB_CHUNK;
		post(&igb->rx, iova, part, part == length);
	}
	/* What is in memory is there before the device looks */
	__sync_synchronize();
	set32(dev, RX + RING_TAIL, igb->rx.end);
}

static void queue(struct ring *tx, __u64 iova, size_t length, uint32_t end, size_t payload)
{
	volatile struct descriptor *d = next_of(tx);

	d->addr = iova;
	d->low = length | TX_DATA | TX_IFCS | TX_DEXT | TX_RS | end;
	d->high = payload << TX_PAYLEN_SHIFT;
}

/* Two addresses of its own, and a type that is for experiments */
static void write_head(uint8_t *head)
{
	static const uint8_t ethernet[14] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0xb5,
	};

	memset(head, 0, IGB_CHUNK);
	memcpy(head, ethernet, sizeof(ethernet));
}

void igb_send(struct device *dev, __u64 iova, size_t length)
{
	struct igb *igb = dev->own;

	write_head(igb->room[HEADS]);
	queue(&igb->tx, igb->iova + HEADS * PAGE, IGB_CHUNK, 0, IGB_CHUNK + length);
	queue(&igb->tx, iova, length, TX_EOP, 0);
}

static bool is_sent(const struct ring *tx, unsigned int i)
{
	return tx->at[i].high & TX_DD;
}

static bool is_received(const struct ring *rx, unsigned int i)
{
	return rx->at[i].low & RX_DD;
}

/* The device is done with all that it got; or it does not come to that in time */
static bool all_are(struct ring *ring, bool (*done)(const struct ring *, unsigned int))
{
	for (int ms = 0; ring->begin != ring->end && ms < PATIENCE_MS;) {
		if (!done(ring, ring->begin)) {
			usleep(1000);
			ms++;
			continue;
		}
		__sync_synchronize();
		ring->begin = (ring->begin + 1) % SLOTS;
	}
	return ring->begin == ring->end;
}

/* As much as should have come there, and no more */
static bool as_it_should(const struct ring *rx, unsigned int i)
{
	uint32_t status = rx->at[i].low;

	return !(status & RX_ERRORS) && !(status & RX_EOP) == !rx->last[i] &&
	       (rx->at[i].high & 0xffff) == rx->length[i];
}

bool igb_go(struct device *dev)
{
	struct igb *igb = dev->own;
	unsigned int i = igb->rx.begin, end = igb->rx.end;
	bool ok = true;

	__sync_synchronize();
	set32(dev, TX + RING_TAIL, igb->tx.end);
	if (!all_are(&igb->tx, is_sent) || !all_are(&igb->rx, is_received))
		return false;
	for (; i != end; i = (i + 1) % SLOTS)
		ok &= as_it_should(&igb->rx, i);
	return ok;
}

/* A device that lost a frame has another one's buffers from then on: it begins anew */
static bool move(struct device *dev, __u64 from, __u64 to, size_t length)
{
	struct igb *igb = dev->own;

	igb_receive(dev, to, length);
	igb_send(dev, from, length);
	if (igb_go(dev))
		return true;
	memset(igb->room[STORE], 0, PAGE);
	return !igb_start(dev);
}

static bool igb_read(struct device *dev, __u64 iova, size_t length)
{
	struct igb *igb = dev->own;

	return move(dev, iova, igb->iova + STORE * PAGE, length);
}

static bool igb_write(struct device *dev, __u64 iova, size_t length)
{
	struct igb *igb = dev->own;

	return move(dev, igb->iova + STORE * PAGE, iova, length);
}

/* From here on vector 0 raises, and not for what was */
static void arm(struct device *dev)
{
	set32(dev, REG_EICR, VECTOR_0);
	set32(dev, REG_EIMS, VECTOR_0);
}

static void igb_raise(struct device *dev)
{
	arm(dev);
	set32(dev, REG_EICS, VECTOR_0);
}

static bool igb_read_raise(struct device *dev, __u64 iova, size_t length)
{
	arm(dev);
	return igb_read(dev, iova, length);
}

static void igb_acknowledge(struct device *dev)
{
	set32(dev, REG_EIMC, VECTOR_0);
}

/* Memory with the same content takes a page's place in the room */
static bool replace(struct igb *igb, struct ring *ring, int iommufd, __u32 ioas)
{
	__u64 iova = igb->iova + ring->page * PAGE;
	uint8_t *page = new_page();

	if (!page || ioas_unmap(iommufd, ioas, iova, PAGE))
		return false;
	igb->old[ring->page] = igb->room[ring->page];
	memcpy(page, igb->room[ring->page], PAGE);
	memcpy(igb->kept[ring->page], page, PAGE);
	igb->room[ring->page] = page;
	ring->at = (void *)page;
	return !ioas_map(iommufd, ioas, page, iova, PAGE);
}

bool igb_move_rings(struct device *dev, int iommufd, __u32 ioas)
{
	struct igb *igb = dev->own;

	return replace(igb, &igb->tx, iommufd, ioas) && replace(igb, &igb->rx, iommufd, ioas);
}

bool igb_old_rings_same(struct device *dev)
{
	struct igb *igb = dev->own;

	return !memcmp(igb->old[TX_RING], igb->kept[TX_RING], PAGE) &&
	       !memcmp(igb->old[RX_RING], igb->kept[RX_RING], PAGE);
}

const struct device_ops igb_ops = {
	.name = "igb",
	.alias = "pci:v00008086d000010C9",
	.most = PAGE,
	.irqs = VFIO_PCI_MSIX_IRQ_INDEX,
	.init = igb_init,
	.enter = igb_enter,
	.start = igb_start,
	.read = igb_read,
	.write = igb_write,
	.raise = igb_raise,
	.read_raise = igb_read_raise,
	.acknowledge = igb_acknowledge,
};
