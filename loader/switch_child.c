// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue switch --child: the peer has to know that a CHILD_SA goes apart before its
 * first packet, or that one would move the whole session there.  That is said by IKE:
 * so the agent is asked by an event, and answers by one: a switch, or why not.
 */
#include <errno.h>
#include <poll.h>
#include "clock.h"
#include "switch.h"

#define NS_PER_MS 1000000ULL

/* An exchange that is lost twice on its way, and one that was before it */
enum { PATIENCE_MS = 10000 };

struct waiting {
	__u32 session;
	__u8 child;
	__u8 slot;
	bool done;
	int refused;			/* enum segue_reason */
};

static __u64 now_ms(void)
{
	return clock_now_ns() / NS_PER_MS;
}

static void on_event(void *context, const struct segue_event *event)
{
	struct waiting *waiting = context;

	if (event->session != waiting->session || event->child != waiting->child)
		return;
	if (event->type == SEGUE_EVENT_SWITCH)
		waiting->done = event->to == waiting->slot;
	if (event->type == SEGUE_EVENT_WISH && event->reason != SEGUE_REASON_MANUAL)
		waiting->refused = event->reason;
}

/* Until done and until the copies after it are over, too. */
static int await(struct segue_reader *reader, struct waiting *waiting, __u64 window_ms)
{
	struct pollfd p = { segue_reader_fd(reader), POLLIN, 0 };
	__u64 end = now_ms() + PATIENCE_MS + window_ms, now;

	for (;;) {
		segue_reader_read(reader, on_event, waiting);
		now = now_ms();
		if (waiting->refused)
			return waiting->refused;
		if (waiting->done)
			break;
		if (now >= end)
			return -ETIMEDOUT;
		poll(&p, 1, end - now);
	}
	end = now + window_ms;
	for (; now < end; now = now_ms())
		poll(NULL, 0, end - now);
	return 0;
}

int switch_child(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 window_ms)
{
	struct waiting waiting = { .session = id, .child = child, .slot = slot };
	struct segue_event wish = {
		.type = SEGUE_EVENT_WISH,
		.reason = SEGUE_REASON_MANUAL,
		.from = SEGUE_NO_PATH,
		.to = slot,
		.session = id,
		.child = child,
		.window_ms = window_ms,
	};
	struct segue_session session;
	struct segue_reader *reader;
	int err;

	err = segue_session_get(segue, id, &session);
	if (err)
		return err;
	if (segue_way_of(&session, child)->active == slot)
		waiting.done = true;	/* there already: the agent is told that it stays */
	err = segue_reader_open(segue, -1, &reader);
	if (err)
		return err;
	err = segue_event_emit(segue, &wish);
	if (!err)
		err = await(reader, &waiting, waiting.done ? 0 : window_ms);
	segue_reader_close(reader);
	return err;
}
