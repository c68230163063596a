/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel's 82576, which QEMU 8.0 and later have as "igb", with its MAC in loopback: each frame
 * that it sends comes back. A frame is a head, in the device's own memory, and a payload.
 * Receive buffers have the size of the head, so the payload begins a buffer of its own.
 *
 * What a frame needs may be given to the device long before it moves: first where it is
 * to arrive, then what to send, and igb_go() moves all of them, in that order.
 */
#ifndef IGB_H
#define IGB_H

#include "device.h"

/* The size of a receive buffer, and so of the head */
#define IGB_CHUNK	1024
/* How many frames with a payload of at most IGB_CHUNK may be outstanding */
#define IGB_FRAMES	120

/* The payload of the next frame that was not yet given a place comes to @iova */
void igb_receive(struct device *dev, __u64 iova, size_t length);
/* It is at @iova, and must not cross a page */
void igb_send(struct device *dev, __u64 iova, size_t length);
/* Returns if all that was sent has arrived, in the buffers that it should */
bool igb_go(struct device *dev);

/*
 * Other memory holds the rings, at the same IOVA. igb_old_rings_same() says whether what
 * held them before is as it was then.
 */
bool igb_move_rings(struct device *dev, int iommufd, __u32 ioas);
bool igb_old_rings_same(struct device *dev);

#endif
