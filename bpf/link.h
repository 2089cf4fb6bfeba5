/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of one link: for the link watch and for control_link. */
#ifndef SEGUE_BPF_LINK_H
#define SEGUE_BPF_LINK_H

#include "event.h"

/* The word at segue_link.bit, as it lies in memory. */
union link_word {
	struct {
		__u8 bit;
		__u8 flags;
		__u8 reason;
		__u8 rp_filter;
	};
	__u32 word;
};

static __always_inline void link_set_bit(__u8 bit, bool up)
{
	__u64 mask = 1ULL << (bit & (SEGUE_MAX_LINKS - 1));

	if (up)
		__sync_fetch_and_or(&state.links_up, mask);
	else
		__sync_fetch_and_and(&state.links_up, ~mask);
}

static __always_inline void
link_tell(__u32 ifindex, enum segue_reason reason, bool up, __u64 ns)
{
	struct segue_event event = {
		.ns = ns,
		.type = SEGUE_EVENT_LINK,
		.reason = reason,
		.from = SEGUE_NO_PATH,
		.to = up,
		.ifindex = ifindex,
	};

	event_emit(&event);
}

/*
 * links_up follows the flags, whoever changed them: of two changes at once the
 * later one may come here first, so what stands there now counts, not what this
 * caller wrote.
 */
static __always_inline void link_settle(const __u32 *word)
{
	union link_word now, then;
	int i;

	for (i = 0; i < 4; i++) {
		now.word = READ_ONCE(*word);
		if ((state.links_up >> (now.bit & (SEGUE_MAX_LINKS - 1)) & 1) !=
		    segue_link_is_up(now.flags)) {
			link_set_bit(now.bit, segue_link_is_up(now.flags));
			decisions_void();
		}
		then.word = READ_ONCE(*word);
		if (then.flags == now.flags)
			break;
	}
}

/*
 * Flags change by compare-and-exchange: netif_carrier_off() runs in any context,
 * beside an admin change under the RTNL.  Told is what changes whether the link
 * can carry packets, that its signal is low or good again, that it is there now, and
 * that it went away for good.  -EAGAIN after a few lost races.
 */
SUBPROGRAM int
link_change(__u32 ifindex, __u32 set, __u32 clear, enum segue_reason reason)
{
	struct segue_link *l = bpf_map_lookup_elem(&link, &ifindex);
	union link_word old, new;
	bool was_up, up, told;
	__u32 *word;
	__u64 now;
	int i;

	if (!l)
		return -ENODEV;
	word = (__u32 *)&l->bit;
	for (i = 0; i < 4; i++) {
		old.word = READ_ONCE(*word);
		new = old;
		new.flags = (old.flags & ~clear) | set;
		if (clear & SEGUE_LINK_UP)	/* it went, as expected; it comes back whole */
			new.flags &= ~(SEGUE_LINK_DRAINED | SEGUE_LINK_WEAK);
		if (new.flags == old.flags) {
			link_settle(word);
			return 0;
		}
		was_up = segue_link_is_up(old.flags);
		if (set == SEGUE_LINK_WEAK && !was_up)
			return -ENETDOWN;	/* the news is old: what comes back is another signal */
		up = segue_link_is_up(new.flags);
		told = was_up != up || reason == SEGUE_REASON_PLUGGED ||
		       reason == SEGUE_REASON_UNPLUGGED || (set | clear) == SEGUE_LINK_WEAK;
		if (told)
			new.reason = reason;
		if (__sync_val_compare_and_swap(word, old.word, new.word) == old.word)
			goto changed;
	}
	return -EAGAIN;
changed:
	if (!told)
		return 0;
	link_settle(word);
	now = bpf_ktime_get_ns();
	l->changed_ns = now;
	if (was_up && !up)
		__sync_fetch_and_add(&l->downs, 1);
	link_tell(ifindex, reason, up, now);
	return 0;
}

#endif
