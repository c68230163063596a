/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slot protocol of reservations, for spin: drivers/iommu/iommu-reserve.c,
 * iommu-reserve-release.c, iommu-reserve-idle.c, iopte-page.c, and what io-pgtable-arm.c
 * does with them.
 *
 * Clients reserve, map, unmap and release in any order and for ever, or stop; the
 * slots are shared by all. A step is one access to what others see without the
 * lock. What only the holder of the lock sees is part of the step before or after.
 *
 * The walk cache is not a process. It is the set of all tables that any walker
 * can have loaded since the last flush, for each range of addresses that an entry
 * spans: whatever a walker can reach is in it at once. A property holds for every
 * content of the cache iff it holds for all of the set, so that loads, misses and
 * evictions cost no states. A flush is for one address: it forgets what the walk
 * to that address goes through, and nothing beside it.
 *
 * RCU: a table that is freed waits for the clients that were in a read section.
 *
 * What is asserted:
 *	- a freed table is in no entry, no pointer and no walk cache (release());
 *	- nobody reads or writes a freed table (live());
 *	- what a map returned for is reached by the hardware through memory and
 *	  through all that the walk cache can hold, until it is unmapped (REACH);
 *	- a map in a reservation does not fail, and finds its slot free;
 *	- only an empty slot gets a table, and no table is overwritten by a block;
 *	- no count goes below zero, except that a dead table is dead;
 *	- an entry whose table nobody holds says so, unless whoever let it go is
 *	  still at it: this is what stops a map without a reservation;
 *	- a leaf table that is linked, and was not in its entry, is empty;
 *	- when all have stopped and idle tables are trimmed, every table is free;
 *	- nobody waits for ever (spin's invalid end states).
 *
 * Settings: LEVELS 2 or 3 (with the top), NS slots for leaf tables, NT tables with
 * the top, IDLES, IDLE_MAX, CLIENT0, CLIENT1 and CLIENT2 as SLOT,KIND, TRIMMER,
 * MISUSE as SLOT, and the faults of run.sh, each of which takes one guard away.
 * CHECK_IDLE_EMPTY asserts that a table marked idle is empty, too, which is not so.
 */

#ifndef LEVELS
#define LEVELS		2
#endif
#ifndef NS
#define NS		1
#endif
#ifndef NT
#define NT		4
#endif
#ifndef IDLES
#define IDLES		1
#endif
#ifndef IDLE_MAX
#define IDLE_MAX	0
#endif

/* What a client does */
#define KIND_PAGE	0	/* reserves for pages, maps a page */
#define KIND_BLOCK	1	/* the same, and a block in place of its leaf table */
#define KIND_BIG	2	/* the same, and a block in place of the table above */
#define KIND_UPPER	3	/* reserves for blocks, maps a block */

#define TOP		0
#define NONE		0
#define DEAD		(-1)
#define B(x)		(1 << (x))

/* Life of a table */
#define FREE		0
#define OURS		1	/* allocated, nobody can find it */
#define IN		2	/* in its slot */
#define OUT		3	/* dead */
#define GRACE		4	/* waits for readers */

/* Entries; LINKED(t) and IDLE(t) are a table */
#define EMPTY		0
#define UNFLUSHED	1
#define BLOCK		2
#define LINKED(t)	(2 * (t) + 2)
#define IDLE(t)		(2 * (t) + 3)
#define is_table(e)	((e) >= 4)
#define is_idle(e)	(is_table(e) && ((e) & 1))
#define table_of(e)	(((e) - 2) / 2)

typedef table {
	short refs;
	byte st;
	byte parent;
	byte slot;
	bit upper;
	bit seen;
	bit idle;
	byte maps;		/* of a leaf table: the clients whose page is there */
	byte entry[NS];		/* of another */
	byte child[NS];
	byte readers;
};

table tab[NT];
byte lock;			/* 0, or whose plus 1 */
byte readers;			/* clients in a read section */
byte cache_top;			/* what the walk cache can know for the slot of the top */
byte cache[NS];			/* and for each slot that leaf tables have */
byte owned[NS];			/* addresses that somebody maps: two never map the same */
byte dropping;			/* last counts that are gone and not dealt with yet */

/* Scratch, always 0 between steps */
byte i, j, h, f;
short k;

#if LEVELS == 2
#define UP(s)		TOP
#else
#define UP(s)		tab[TOP].child[0]
#endif

#if NT == 4
#define NR_IDLE		(tab[1].idle + tab[2].idle + tab[3].idle)
#elif NT == 5
#define NR_IDLE		(tab[1].idle + tab[2].idle + tab[3].idle + tab[4].idle)
#elif NT == 6
#define NR_IDLE		(tab[1].idle + tab[2].idle + tab[3].idle + tab[4].idle + tab[5].idle)
#endif

#define live(x)		assert((x) == TOP || tab[x].st != FREE)

/*
 * The hardware.
 */

/* It loads all that it can reach. No step of its own, as all below */
inline hardware()
{
#if LEVELS == 3
	if
	:: is_table(tab[TOP].entry[0]) ->
		cache_top = cache_top | B(table_of(tab[TOP].entry[0]))
	:: else
	fi;
	for (i : 1 .. NT - 1) {
		if
		:: cache_top & B(i) ->
			live(i);
			for (h : 0 .. NS - 1) {
				if
				:: is_table(tab[i].entry[h]) ->
					cache[h] = cache[h] | B(table_of(tab[i].entry[h]))
				:: else
				fi
			}
		:: else
		fi
	}
#else
	for (h : 0 .. NS - 1) {
		if
		:: is_table(tab[TOP].entry[h]) ->
			cache[h] = cache[h] | B(table_of(tab[TOP].entry[h]))
		:: else
		fi
	}
#endif
	i = 0;
	h = 0
}

/* One address in a slot of a leaf table */
inline flush_slot(s)
{
	cache_top = 0;
	cache[s] = 0;
	hardware()
}

/* One address in each slot below that of an upper table */
inline flush_upper()
{
	cache_top = 0;
	for (h : 0 .. NS - 1) {
		cache[h] = 0
	}
	hardware()
}

#define MEM_TOP		table_of(tab[TOP].entry[0])
#if LEVELS == 2
#define REACH_UP	(tab[TOP].st == IN)
#define MEM_LEAF(s)	table_of(tab[TOP].entry[s])
#define MEM_ENTRY(s)	tab[TOP].entry[s]
#else
#define REACH_UP	(is_table(tab[TOP].entry[0]) && cache_top == B(MEM_TOP))
#define MEM_LEAF(s)	table_of(tab[MEM_TOP].entry[s])
#define MEM_ENTRY(s)	tab[MEM_TOP].entry[s]
#endif

/* Whichever way the hardware takes to the page, the block or the big block */
#define REACH_PAGE(c, s) \
	(REACH_UP && is_table(MEM_ENTRY(s)) && \
	 cache[s] == B(MEM_LEAF(s)) && (tab[MEM_LEAF(s)].maps & B(c)))
#define REACH_BLOCK(s) \
	(REACH_UP && MEM_ENTRY(s) == BLOCK && cache[s] == 0)
#define REACH_BIG \
	(tab[TOP].entry[0] == BLOCK && cache_top == 0 && cache[0] == 0 && cache[NS - 1] == 0)

/*
 * Memory and RCU.
 */

/* Back to the allocator */
inline release(x)
{
	assert(!(cache_top & B(x)));
	assert(!tab[x].idle);
	for (h : 0 .. NS - 1) {
		assert(!(cache[h] & B(x)));
		assert(tab[x].child[h] == NONE);
		for (i : 0 .. NT - 1) {
			assert(tab[i].child[h] != x);
			assert(!is_table(tab[i].entry[h]) || table_of(tab[i].entry[h]) != x)
		}
		tab[x].entry[h] = EMPTY
	}
	tab[x].st = FREE;
	tab[x].refs = 0;
	tab[x].maps = 0;
	i = 0;
	h = 0
}

#ifdef FAULT_NO_READ_SECTION
#define rcu_read_lock()	skip
#else
#define rcu_read_lock()	readers = readers | B(c)
#endif

inline rcu_read_unlock()
{
	readers = readers & ~B(c);
	for (j : 1 .. NT - 1) {
		if
		:: tab[j].st == GRACE ->
			tab[j].readers = tab[j].readers & ~B(c);
			if
			:: tab[j].readers == 0 -> release(j)
			:: else
			fi
		:: else
		fi
	}
	j = 0
}

/* call_rcu() for the tables in dead, or for those that the hardware never saw */
inline free_dead(all)
{
	for (j : 1 .. NT - 1) {
		if
		:: (dead & B(j)) && (all || !tab[j].seen) ->
			dead = dead & ~B(j);
			tab[j].st = GRACE;
			tab[j].parent = 0;
			tab[j].slot = 0;
			tab[j].upper = 0;
			tab[j].seen = 0;
#ifndef FAULT_NO_GRACE_PERIOD
			tab[j].readers = readers;
#endif
			if
			:: tab[j].readers == 0 -> release(j)
			:: else
			fi
		:: else
		fi
	}
	j = 0
}

/* One address in the slot of each is enough: its children were dead before it */
inline flush_dead()
{
	for (j : 1 .. NT - 1) {
		if
		:: dead & B(j) ->
			f = (tab[j].upper -> 0 : tab[j].slot);
			flush_slot(f)
		:: else
		fi
	}
	f = 0;
	j = 0
}

/* iopt_bury() of what the hardware saw, or what the owner of a gather does. Steps */
inline bury()
{
	do
	:: dead == 0 -> break
#ifdef FAULT_FREE_BEFORE_FLUSH
	:: d_step {
		dead ->
		free_dead(1)
	   }
#else
	:: d_step {
		dead ->
		flush_dead()
	   }
	   d_step {
		free_dead(1)
	   }
#endif
	od
}

/* A table that nobody uses, into y; NONE if there is none */
inline alloc(y)
{
	y = NONE;
	for (j : 1 .. NT - 1) {
		if
		:: y == NONE && tab[j].st == FREE ->
			y = j;
			tab[j].st = OURS
		:: else
		fi
	}
	j = 0
}

inline unalloc(y)
{
	if
	:: y ->
		tab[y].st = FREE;
		y = NONE
	:: else
	fi
}

/*
 * iommu-reserve-release.c.
 */

#define unlocked	(lock == 0)
#define spin_lock()	lock = c + 1
#define spin_unlock()	lock = 0

/* iopt_mark(): to is put into the entry that points to table x, if one does */
inline mark(x, to)
{
	k = tab[tab[x].parent].entry[tab[x].slot];
	if
	:: is_table(k) && table_of(k) == x -> tab[tab[x].parent].entry[tab[x].slot] = to
	:: else
	fi;
	k = 0
}

#ifdef FAULT_NO_UNFLUSHED
#define MARK_UNFLUSHED	EMPTY
#else
#define MARK_UNFLUSHED	UNFLUSHED
#endif
#ifdef FAULT_NO_IDLE_MARK
#define MARK_IDLE(x)	LINKED(x)
#else
#define MARK_IDLE(x)	IDLE(x)
#endif

/*
 * iopt_kill(x) begins with this, in a step of its caller, and goes on with the
 * steps of kill_rest(). After that x is the parent if it was the parent's last,
 * and else NONE, as it is when somebody was quicker to reserve.
 */
inline kill_count()
{
	live(x);
#ifdef FAULT_PARENT_PUT_FIRST
	tab[tab[x].parent].refs--;
#endif
#ifdef FAULT_KILL_UNCHECKED
	k = 0;
#else
	k = tab[x].refs;
#endif
	if
	:: k == 0 ->
		tab[x].refs = DEAD;
		tab[x].idle = 0
	:: else -> x = NONE
	fi;
	k = 0
}

inline kill_rest()
{
	d_step {
		if
		:: x && tab[x].seen -> mark(x, MARK_UNFLUSHED)
		:: else
		fi
	}
	d_step {
		if
		:: x ->
			assert(tab[tab[x].parent].child[tab[x].slot] == x);
			tab[tab[x].parent].child[tab[x].slot] = NONE;
			tab[x].st = OUT;
			dead = dead | B(x);
			x = tab[x].parent;
#ifndef FAULT_PARENT_PUT_FIRST
			assert(tab[x].refs > 0);
			tab[x].refs--;
#endif
			if
			:: x == TOP || tab[x].refs != 0 -> x = NONE
			:: else
			fi
		:: else
		fi
	}
}

/* iopt_drop() of x */
inline drop()
{
	do
	:: x == NONE -> break
	:: atomic {
		x && tab[x].refs != 0 ->
		x = NONE;
		break
	   }
#if IDLES
	/* Two steps: somebody can reserve, and map, after the look at the count */
	:: x && tab[x].refs == 0 && tab[x].seen ->
	   atomic {
		live(x);
		d_step {
			mark(x, MARK_IDLE(x));
			tab[x].idle = 1;
			x = NONE
		}
		break
	   }
	:: d_step {
		x && tab[x].refs == 0 && !tab[x].seen ->
#else
	:: d_step {
		x && tab[x].refs == 0 ->
#endif
		kill_count()
	   }
	   kill_rest()
	od
}

/* iopt_idle_trim(), but any idle table may be the oldest */
inline trim(max)
{
	do
	:: NR_IDLE <= max -> break
	:: atomic {
		NR_IDLE > max ->
		if
		:: tab[1].idle -> x = 1
		:: tab[2].idle -> x = 2
		:: tab[3].idle -> x = 3
#if NT > 4
		:: tab[4].idle -> x = 4
#endif
#if NT > 5
		:: tab[5].idle -> x = 5
#endif
		fi;
		d_step {
			tab[x].idle = 0;
			kill_count()
		}
	   }
	   kill_rest();
	   drop()
	od
}

/*
 * iommu-reserve.c and iopte-page.c.
 */

/* iopte_page_add() */
inline add(p, s, y)
{
	live(p);
	assert(tab[p].child[s] == NONE);
	tab[y].st = IN;
	tab[y].parent = p;
	tab[y].slot = s;
	tab[p].child[s] = y;
#ifdef FAULT_CHILD_NOT_COUNTED
	if
	:: p == TOP -> tab[p].refs++
	:: else
	fi
#else
	tab[p].refs++
#endif
}

/* iopte_page_get() of table t */
inline get()
{
	live(t);
	if
#ifndef FAULT_GET_DEAD
	:: tab[t].refs < 0
#endif
	:: else ->
		tab[t].refs++;
		held = 1
	fi
}

/* The way under the lock, m and t, and what is missing of it */
inline look()
{
#if LEVELS == 3
	m = tab[TOP].child[0];
	need_upper = (m == NONE);
#endif
	if
	:: kind == KIND_UPPER -> t = m
	:: kind != KIND_UPPER && !need_upper -> t = tab[m].child[slot]
	:: else
	fi;
	need_leaf = (kind != KIND_UPPER && t == NONE);
#ifdef FAULT_NO_SECOND_LOOK
	need_leaf = need_leaf || stash_leaf
#endif
}

#define lacking		((need_leaf && !stash_leaf) || (need_upper && !stash_upper))

/* iopt_reserve_range() for one lowest table */
inline reserve()
{
	/* rsv_hold_present() */
	d_step {
		!held ->
		rcu_read_lock();
#if LEVELS == 3
		m = tab[TOP].child[0]
	}
	d_step {
		if
		:: m && kind != KIND_UPPER ->
			live(m);
			t = tab[m].child[slot]
		:: else -> t = m
		fi;
		m = NONE
#else
		t = tab[TOP].child[slot]
#endif
	}
	d_step {
		if
		:: t -> get()
		:: else
		fi;
		rcu_read_unlock();
		t = NONE
	}

	/* rsv_hold_missing(), until it holds or there is no memory */
	do
	:: atomic {
		held || fail ->
		fail = 0;
		break
	   }
	:: d_step {
		!held && !fail && unlocked ->
		look();
		if
		:: lacking ->
			/* Without the lock */
			if
			:: need_leaf && !stash_leaf -> alloc(stash_leaf)
			:: else
			fi;
			if
			:: need_upper && !stash_upper -> alloc(stash_upper)
			:: else
			fi;
			if
			:: lacking ->
				fail = 1;
				unalloc(stash_leaf);
				unalloc(stash_upper)
			:: else
			fi;
			m = NONE;
			t = NONE;
			need_upper = 0;
			need_leaf = 0
		:: else -> spin_lock()
		fi
	   }
	:: d_step {
		lock == c + 1 && need_upper ->
		m = stash_upper;
		stash_upper = NONE;
		need_upper = 0;
		tab[m].upper = 1;
		add(TOP, 0, m);
		if
		:: kind == KIND_UPPER -> t = m
		:: else
		fi
	   }
	:: d_step {
		lock == c + 1 && need_leaf && !need_upper ->
		t = stash_leaf;
		stash_leaf = NONE;
		need_leaf = 0;
		add(m, slot, t)
	   }
	:: d_step {
		lock == c + 1 && !need_leaf && !need_upper ->
		get();
		assert(held);
		spin_unlock();
		unalloc(stash_leaf);
		unalloc(stash_upper);
		m = NONE;
		t = NONE
	   }
	od
}

#ifdef FAULT_SEEN_NOT_SET
#define set_seen(y)	skip
#else
#define set_seen(y)	tab[y].seen = 1
#endif

/* rsv_link() of y into entry s of p */
inline link_one(p, s, y)
{
	do
	:: atomic {
		live(p);
		d_step {
			k = tab[p].entry[s];
			assert(k != BLOCK);
			assert(!is_table(k) || table_of(k) == y);
			stale = (k == UNFLUSHED);
#ifdef FAULT_NO_FLUSH_ON_LINK
			stale = 0;
#endif
			if
			:: !stale && k != LINKED(y) ->
				/* I9, and J1 if asked for */
				assert(tab[y].upper || is_table(k) || tab[y].maps == 0);
#ifdef CHECK_IDLE_EMPTY
				assert(tab[y].upper || tab[y].maps == 0);
#endif
				tab[p].entry[s] = LINKED(y);
				set_seen(y);
				hardware()
			:: else
			fi;
			k = 0
		}
		if
		:: stale
		:: else -> break
		fi
	   }
	   d_step {
#ifndef FAULT_CLEAN_BELOW
		if
		:: tab[y].upper ->
			for (h : 0 .. NS - 1) {
				if
				:: tab[y].entry[h] == EMPTY -> tab[y].entry[h] = UNFLUSHED
				:: else
				fi
			}
		:: else
		fi;
#endif
		flush_slot(s)
	   }
	   atomic {
		live(p);
		d_step {
			if
			:: tab[p].entry[s] == UNFLUSHED ->
				tab[p].entry[s] = LINKED(y);
				set_seen(y);
				stale = 0;
				hardware()
			:: else
			fi
		}
		if
		:: stale -> stale = 0
		:: else -> break
		fi
	   }
	od
}

#ifdef FAULT_LINK_WITHOUT_LOCK
#define link_wait	true
#define link_lock()	skip
#define link_unlock()	skip
#else
#define link_wait	unlocked
#define link_lock()	spin_lock()
#define link_unlock()	spin_unlock()
#endif

/*
 * iopt_reserve_link() of a leaf table, or of the one above: m and t are the way, or
 * fail says -ENOENT
 */
inline link(to_leaf)
{
	do
	:: atomic {
		link_wait ->
		d_step {
			link_lock();
			m = UP(slot);
			if
			:: !to_leaf -> t = m
			:: to_leaf && (m || LEVELS == 2) -> t = tab[m].child[slot]
			:: else
			fi;
#ifdef FAULT_LINK_UNCOUNTED
			fail = (t == NONE);
#else
			fail = (t == NONE || tab[t].refs <= 0);
#endif
			if
			:: fail ->
				m = NONE;
				t = NONE;
				link_unlock()
			:: else
			fi
		}
		if
		:: fail -> break
		:: else
		fi
	   }
#if LEVELS == 3
	   link_one(TOP, 0, m);
#endif
	   if
	   :: to_leaf -> link_one(m, slot, t)
	   :: else
	   fi;
	   atomic {
		link_unlock();
		break
	   }
	od
}

/*
 * io-pgtable-arm.c.
 */

/*
 * The walk of a map down to the table that has entry slot (m), and to the leaf
 * table (t) if it wants that. In a read section. fail says -ENOENT
 */
inline map_walk(to_leaf)
{
	do
#if LEVELS == 3
	:: atomic {
		live(m);
		d_step {
			k = tab[TOP].entry[0];
			assert(k != BLOCK);
			if
			:: is_table(k) && !is_idle(k) -> m = table_of(k)
			:: else
			fi;
			k = 0
		}
		if
		:: m && !to_leaf -> break
		:: else
		fi
	   }
	   if
	   :: m == NONE ->
		link(to_leaf);
		break
	   :: else
	   fi;
	   atomic {
#else
	:: atomic {
#endif
		live(m);
		d_step {
			k = tab[m].entry[slot];
			assert(k != BLOCK);
			if
			:: is_table(k) && !is_idle(k) ->
				t = table_of(k);
				/* What the mark is for */
				assert(tab[t].refs > 0 || dropping || !unlocked)
			:: else
			fi;
			k = 0
		}
		if
		:: t -> break
		:: else -> m = NONE
		fi
	   }
	   link(1);
	   break
	od
}

/*
 * What arm_lpae_init_pte_reserved() does before it writes a block into entry s of
 * p: iopt_reserve_unlink() and a flush, if a table is there or was
 */
inline displace(p, s, is_upper)
{
	do
	:: atomic {
		live(p);
		if
		:: tab[p].entry[s] == EMPTY -> break
		:: else
		fi
	   }
#ifndef FAULT_BLOCK_NO_UNLINK
	   d_step {
		unlocked ->
		t = tab[p].child[s];
		if
		:: t -> mark(t, UNFLUSHED)
		:: else
		fi;
		t = NONE
	   }
#endif
#ifndef FAULT_BLOCK_NO_FLUSH
	   d_step {
		if
#ifndef FAULT_BLOCK_ONE_ADDRESS
		:: is_upper -> flush_upper()
#endif
		:: else -> flush_slot(s)
		fi
	   }
#endif
	   break
	od
}

/* The block itself, and the end of the read section */
inline write_block(p, s)
{
	assert(!is_table(tab[p].entry[s]) && tab[p].entry[s] != BLOCK);
	tab[p].entry[s] = BLOCK;
	rcu_read_unlock();
	m = NONE
}

proctype client(byte c; byte slot; byte kind)
{
	bit held, need_leaf, need_upper, fail, stale;
	byte mapped;		/* 0, 1 page, 2 block, 3 big block */
	byte m, t, x, stash_leaf, stash_upper, dead;

	do
	:: reserve()
	:: !held -> break

	/* A page, with everything that its map returns for */
	:: d_step {
		held && !mapped && kind != KIND_UPPER && !(owned[slot] & B(c)) ->
		owned[slot] = owned[slot] | B(c);
		rcu_read_lock()
	   }
	   map_walk(1);
	   atomic {
		assert(!fail);
		d_step {
			live(t);
			assert(!(tab[t].maps & B(c)));
			tab[t].maps = tab[t].maps | B(c);
			rcu_read_unlock();
			m = NONE;
			t = NONE;
			mapped = 1;
			assert(REACH_PAGE(c, slot))
		}
	   }
	:: d_step {
		mapped == 1 ->
		assert(REACH_PAGE(c, slot));
		tab[MEM_LEAF(slot)].maps = tab[MEM_LEAF(slot)].maps & ~B(c);
		owned[slot] = owned[slot] & ~B(c);
		mapped = 0
	   }

	/* A block */
	:: d_step {
		held && !mapped && kind != KIND_PAGE && owned[slot] == 0 ->
		owned[slot] = 255;
		rcu_read_lock()
	   }
#if LEVELS == 3
	   map_walk(0);
#endif
	   displace(m, slot, 0);
	   atomic {
		assert(!fail);
		d_step {
			write_block(m, slot);
			t = NONE;
			mapped = 2;
			assert(REACH_BLOCK(slot))
		}
	   }
	:: d_step {
		mapped == 2 ->
		assert(REACH_BLOCK(slot));
		MEM_ENTRY(slot) = EMPTY;
		owned[slot] = 0;
		mapped = 0
	   }

#if LEVELS == 3
	/* A block in the top */
	:: d_step {
		held && !mapped && kind == KIND_BIG && owned[0] == 0 && owned[NS - 1] == 0 ->
		owned[0] = 255;
		owned[NS - 1] = 255;
		rcu_read_lock()
	   }
	   displace(TOP, 0, 1);
	   atomic {
		assert(!fail);
		d_step {
			write_block(TOP, 0);
			mapped = 3;
			assert(REACH_BIG)
		}
	   }
	:: d_step {
		mapped == 3 ->
		assert(REACH_BIG);
		tab[TOP].entry[0] = EMPTY;
		owned[0] = 0;
		owned[NS - 1] = 0;
		mapped = 0
	   }
#endif

	/* iopt_release(): what is held can be found, and stays */
	:: atomic {
		held && !mapped ->
		d_step {
			held = 0;
			rcu_read_lock();
			t = UP(slot);
			if
			:: kind != KIND_UPPER -> t = tab[t].child[slot]
			:: else
			fi;
			live(t);
			assert(t != TOP && tab[t].refs > 0);
			tab[t].refs--;
			if
			:: tab[t].refs == 0 ->
				dropping++;
				x = t
			:: else -> rcu_read_unlock()
			fi;
			t = NONE
		}
		if
		:: x
		:: else -> goto next
		fi
	   }
	   /* rsv_drop_last() */
#ifndef FAULT_DROP_WITHOUT_LOCK
	   d_step {
		unlocked ->
		spin_lock()
	   }
#endif
	   drop();
	   trim(IDLE_MAX);
	   atomic {
		dropping--;
		d_step {
#ifndef FAULT_DROP_WITHOUT_LOCK
			spin_unlock();
#endif
			free_dead(0);
			rcu_read_unlock()
		}
	   }
	   /* The caller, with its gather */
	   bury();
next:
	   skip
	od
}

/* Reclaim: io_pgtable_trim() at any time */
proctype trimmer(byte c)
{
	byte x, dead, left;

	do
	:: d_step {
		NR_IDLE > 0 && unlocked ->
		spin_lock();
		left = NR_IDLE - 1
	   }
	   trim(left);
	   atomic {
		left = 0;
		d_step {
			spin_unlock();
			free_dead(0)
		}
	   }
	   bury()
	:: break
	od
}

/* A user who breaks the rule: maps a page without a reservation, and unmaps it at once */
proctype misuse(byte c; byte slot)
{
	bit fail, stale;
	byte m, t;

	do
	:: d_step {
		!(owned[slot] & B(c)) ->
		owned[slot] = owned[slot] | B(c);
		rcu_read_lock()
	   }
	   map_walk(1);
	   atomic {
		live(t);
		d_step {
			rcu_read_unlock();
			m = NONE;
			t = NONE;
			fail = 0;
			owned[slot] = owned[slot] & ~B(c)
		}
	   }
	:: break
	od
}

init {
	byte c, x, dead;

	atomic {
		tab[TOP].st = IN;
		tab[TOP].refs = 1;
		run client(0, CLIENT0);
		run client(1, CLIENT1);
#ifdef CLIENT2
		run client(2, CLIENT2);
#endif
#ifdef TRIMMER
		run trimmer(3);
#endif
#ifdef MISUSE
		run misuse(4, MISUSE);
#endif
		skip
	}
	_nr_pr == 1;
	assert(unlocked && readers == 0 && dropping == 0);
	trim(0);
	free_dead(0);
	bury();
	assert(tab[TOP].refs == 1);
	for (j : 1 .. NT - 1) {
		assert(tab[j].st == FREE)
	}
}
