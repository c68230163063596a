# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds a program for the guest. A room's Makefile says
#   PROGRAM  its name
#   ROOMS    other rooms whose headers and sources it uses
#   SHARED   which sources of theirs
#   LIBS     libraries of the guest (libdrm.so.2)
# and includes this; scripts/guest/vmbind-lib.sh calls it with
#   O        where the objects and the program go
#   UAPI     the kernel's headers_install, for drm/panthor_drm.h
#   SYSROOT  where the libraries and their headers for arm64 are unpacked

CC	:= $(CROSS_COMPILE)gcc
O	?= .
ARCHLIB	?= aarch64-linux-gnu
LIBS	?= libdrm.so.2

CFLAGS	?= -O2 -g
CFLAGS	+= -std=gnu11 -Wall -Wextra -Werror -MD -MP
# The kernel's uAPI comes first: libdrm carries an older copy.
CPPFLAGS += -D_GNU_SOURCE -isystem $(UAPI)/include -isystem $(SYSROOT)/usr/include \
	    -isystem $(SYSROOT)/usr/include/libdrm -I. $(ROOMS:%=-I../%)
LDLIBS	+= $(LIBS:%=$(SYSROOT)/usr/lib/$(ARCHLIB)/%) -lpthread

VPATH	:= $(ROOMS:%=../%)
SRCS	:= $(sort $(wildcard *.c)) $(SHARED)
OBJS	:= $(SRCS:%.c=$(O)/%.o)

$(O)/$(PROGRAM): $(OBJS)
	$(CC) $(CFLAGS) -o $@ $^ -Wl,--allow-shlib-undefined $(LDLIBS)

$(O)/%.o: %.c $(O)/.how
	$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

include ../guest/how.mk
-include $(OBJS:.o=.d)
