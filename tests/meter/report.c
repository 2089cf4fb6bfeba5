// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report: one JSON object.
 *
 * Times are ms.  "stall" of an event is the longest time without an arrival
 * that ends after t0 and begins before the next event; undisturbed it is one
 * send interval.  A flow of which nothing arrives any more when sending ends
 * has no stall but "never", with the time that was observed after t0.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

enum { MAX_RANGES = 64, DEAD_INTERVALS = 50 };

static void add_ms(struct json_object *o, const char *key, int64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", (double)ns / NS_PER_MS);
	json_object_object_add(o, key, json_object_new_double_s((double)ns / NS_PER_MS, text));
}

static void add_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

/*
 * Longest gap in arrivals[0..n) that ends after from and begins before to; the
 * time from the last arrival to the end of sending counts as well.
 */
static uint64_t longest_gap(const uint64_t *arrivals, uint32_t n, uint64_t from, uint64_t to,
			    uint64_t end)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i + 1 < n; i++) {
		if (arrivals[i + 1] <= from)
			continue;
		if (arrivals[i] >= to)
			break;
		if (arrivals[i + 1] > arrivals[i] && arrivals[i + 1] - arrivals[i] > longest)
			longest = arrivals[i + 1] - arrivals[i];
	}
	if (n && arrivals[n - 1] < to && end > arrivals[n - 1] && end - arrivals[n - 1] > longest)
		longest = end - arrivals[n - 1];
	return longest;
}

static void add_stall(struct json_object *o, const uint64_t *arrivals, uint32_t n,
		      uint64_t t0, uint64_t next, uint64_t end, uint64_t interval)
{
	uint64_t last = n ? arrivals[n - 1] : 0;
	bool never = last + DEAD_INTERVALS * interval < end && last < next;

	json_object_object_add(o, "never", json_object_new_boolean(never));
	if (never) {
		add_ms(o, "observed_ms", end - t0);
		json_object_object_add(o, "stall_ms", NULL);
	} else {
		add_ms(o, "stall_ms", longest_gap(arrivals, n, t0, next, end));
	}
}

/* Packets sent in [from, to) that never arrived; late: that did, but not before that. */
static void add_lost(struct json_object *o, const struct flow *f, uint64_t t0, uint64_t from,
		     uint64_t to, uint64_t late_from)
{
	uint32_t lost = 0, late = 0;
	int64_t first = 0, last = 0;

	for (uint32_t i = 0; i < f->sent; i++) {
		if (f->sent_at[i] < from || f->sent_at[i] >= to)
			continue;
		if (f->arrived_at[i]) {
			late += f->arrived_at[i] >= late_from;
			continue;
		}
		last = f->sent_at[i] - t0;
		if (!lost++)
			first = last;
	}
	add_int(o, "lost", lost);
	add_int(o, "late", late);
	if (lost) {
		add_ms(o, "lost_first_sent_ms", first);
		add_ms(o, "lost_last_sent_ms", last);
	}
}

static struct json_object *lost_ranges(const struct flow *f)
{
	struct json_object *list = json_object_new_array();
	unsigned int ranges = 0;

	for (uint32_t i = 0; i < f->sent && ranges < MAX_RANGES; i++) {
		uint32_t first = i;
		struct json_object *range;

		if (f->arrived_at[i])
			continue;
		while (i + 1 < f->sent && !f->arrived_at[i + 1])
			i++;
		range = json_object_new_array();
		json_object_array_add(range, json_object_new_int64(first));
		json_object_array_add(range, json_object_new_int64(i));
		json_object_array_add(list, range);
		ranges++;
	}
	return list;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Median time on the way (both ways for an echo) of what was sent in [from, to). */
static void add_delay(struct json_object *o, const char *key, const struct flow *f,
		      uint64_t from, uint64_t to)
{
	uint64_t *delay = calloc(f->sent + 1, sizeof(*delay));
	uint32_t n = 0;

	for (uint32_t i = 0; delay && i < f->sent; i++)
		if (f->arrived_at[i] && f->sent_at[i] >= from && f->sent_at[i] < to)
			delay[n++] = f->arrived_at[i] - f->sent_at[i];
	if (n) {
		qsort(delay, n, sizeof(*delay), by_value);
		add_ms(o, key, delay[n / 2]);
	}
	free(delay);
}

static struct json_object *flow_total(const struct flow *f, uint64_t start, uint64_t end,
				      uint64_t interval)
{
	struct json_object *o = json_object_new_object();
	uint64_t first = event_count && events[0].fired ? events[0].t0 : end;

	json_object_object_add(o, "kind", json_object_new_string(f->echo ? "echo" : "oneway"));
	add_int(o, "sent", f->sent);
	add_int(o, "received", f->received);
	add_int(o, "lost", f->sent - f->received);
	json_object_object_add(o, "lost_ranges", lost_ranges(f));
	add_int(o, "duplicates", f->duplicates);
	add_int(o, "reordered", f->reordered);
	add_int(o, "send_errors", f->errors);
	if (f->errors)
		json_object_object_add(o, "send_error", json_object_new_string(strerror(f->last_errno)));
	add_ms(o, "undisturbed_ms", longest_gap(f->arrivals, f->received, start, first - interval,
						first));
	add_delay(o, "delay_before_ms", f, start, first);
	return o;
}

static struct json_object *stream_total(uint64_t start, uint64_t end, uint64_t interval)
{
	struct json_object *o = json_object_new_object();
	uint64_t last = stream.count ? stream.arrivals[stream.count - 1] : 0;
	bool flowing = !stream.error && !stream.closed &&
		       last + DEAD_INTERVALS * interval >= end;
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	(void)start;
	getsockopt(stream.tx, IPPROTO_TCP, TCP_INFO, &info, &size);
	add_int(o, "written", stream.written);
	add_int(o, "received", stream.received);
	add_int(o, "blocked_writes", stream.blocked);
	json_object_object_add(o, "corrupt", json_object_new_boolean(stream.corrupt));
	json_object_object_add(o, "state", json_object_new_string(
		stream.error || stream.closed ? "reset" : flowing ? "flowing" : "stalled"));
	json_object_object_add(o, "survived", json_object_new_boolean(
		flowing && !stream.corrupt && stream.received == stream.written));
	if (stream.error)
		json_object_object_add(o, "error", json_object_new_string(strerror(stream.error)));
	add_int(o, "retransmitted", info.tcpi_total_retrans);
	add_int(o, "rto_us", info.tcpi_rto);
	return o;
}

/*
 * "up" is what the far end received, "down" the near one.  Messages are of one size,
 * so octets tell how many are missing.
 */
static struct json_object *direction(const struct assoc *a, const struct assoc_end *from,
				     const struct assoc_end *to, uint64_t end, uint64_t interval)
{
	struct json_object *o = json_object_new_object();
	uint64_t last = to->count ? to->arrivals[to->count - 1] : 0;

	add_int(o, "written", from->written / a->size);
	add_int(o, "not_written", from->blocked);
	if (from->last_errno)
		json_object_object_add(o, "why", json_object_new_string(strerror(from->last_errno)));
	add_int(o, "missing", (int64_t)(from->written - to->received) / a->size);
	json_object_object_add(o, "survived", json_object_new_boolean(
		!from->error && !to->error && !to->closed && !to->corrupt &&
		last + DEAD_INTERVALS * interval >= end));
	if (from->error || to->error)
		json_object_object_add(o, "error", json_object_new_string(
			strerror(from->error ? from->error : to->error)));
	return o;
}

static struct json_object *assoc_total(const struct assoc *a, uint64_t end, uint64_t interval)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "kind", json_object_new_string(assoc_kind(a)));
	json_object_object_add(o, "up", direction(a, &a->end[NEAR], &a->end[FAR], end, interval));
	json_object_object_add(o, "down", direction(a, &a->end[FAR], &a->end[NEAR], end, interval));
	return o;
}

static void add_assocs(struct json_object *to, unsigned int event, uint64_t end,
		       uint64_t interval)
{
	uint64_t t0 = events[event].t0, next = event_end(event);
	static const char *const names[] = { [FAR] = "up", [NEAR] = "down" };

	for (const struct assoc *a = assocs; a < assocs + assoc_count; a++) {
		struct json_object *o = json_object_new_object();

		for (int i = ENDS - 1; i >= 0; i--) {
			struct json_object *way = json_object_new_object();

			add_stall(way, a->end[i].arrivals, a->end[i].count, t0, next, end, interval);
			json_object_object_add(o, names[i], way);
		}
		if (a->other_first[event])
			add_ms(o, "other_first_ms", a->other_first[event] - t0);
		json_object_object_add(to, a->name, o);
	}
}

/* Lost packets of an event: sent since half a second before it, if no other event is nearer. */
static uint64_t window_begin(unsigned int event)
{
	uint64_t t0 = events[event].t0, reach = NS_PER_S / 2;

	if (event && t0 - events[event - 1].t0 < 2 * reach)
		reach = (t0 - events[event - 1].t0) / 2;
	return t0 - reach;
}

/* When the window of the next mark is over: what comes then is late.  NEVER: there is none. */
static uint64_t waited_until(unsigned int event)
{
	for (unsigned int i = event; i < event_count; i++)
		if (!strcmp(events[i].action, "mark"))
			return event_end(i);
	return NEVER;
}

static struct json_object *event_report(unsigned int i, uint64_t origin, uint64_t end,
					uint64_t interval)
{
	struct json_object *o = json_object_new_object(), *per_flow = json_object_new_object();
	const struct event *e = &events[i];
	uint64_t next = event_end(i);

	json_object_object_add(o, "action", json_object_new_string(e->action));
	if (e->netns)
		json_object_object_add(o, "netns", json_object_new_string(e->netns));
	if (e->device)
		json_object_object_add(o, "device", json_object_new_string(e->device));
	if (e->argument)
		json_object_object_add(o, "argument", json_object_new_string(e->argument));
	add_ms(o, "t_ms", e->t0 - origin);
	add_ms(o, "took_ms", e->done - e->t0);
	if (!strcmp(e->action, "down"))
		add_ms(o, "carrier_off_ms", instant_of(e) - e->t0);
	add_int(o, "status", e->status);
	json_object_object_add(o, "wires", wire_event(i));
	for (unsigned int k = 0; k < flow_count; k++) {
		const struct flow *f = &flows[k];
		struct json_object *of = json_object_new_object();

		add_stall(of, f->arrivals, f->received, e->t0, next, end, interval);
		add_lost(of, f, e->t0, window_begin(i),
			 next == NEVER ? NEVER : window_begin(i + 1),
			 waited_until(i));
		json_object_object_add(per_flow, f->name, of);
	}
	if (stream.name) {
		struct json_object *of = json_object_new_object();

		add_stall(of, stream.arrivals, stream.count, e->t0, next, end, interval);
		json_object_object_add(per_flow, stream.name, of);
	}
	json_object_object_add(o, "flows", per_flow);
	if (assoc_count) {
		struct json_object *per_assoc = json_object_new_object();

		add_assocs(per_assoc, i, end, interval);
		json_object_object_add(o, "assocs", per_assoc);
	}
	return o;
}

/* Every packet: flow, number, when it was sent and when it arrived (ms, "-": lost). */
void report_trace(const char *path, uint64_t origin)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail("%s: %s", path, strerror(errno));
	for (unsigned int k = 0; k < flow_count; k++) {
		const struct flow *f = &flows[k];

		for (uint32_t i = 0; i < f->sent; i++) {
			fprintf(file, "%s\t%u\t%.4f\t", f->name, i,
				(double)(int64_t)(f->sent_at[i] - origin) / NS_PER_MS);
			if (f->arrived_at[i])
				fprintf(file, "%.4f\n",
					(double)(int64_t)(f->arrived_at[i] - origin) / NS_PER_MS);
			else
				fprintf(file, "-\n");
		}
	}
	for (uint32_t i = 0; i < stream.count; i++)
		fprintf(file, "%s\t%u\t-\t%.4f\n", stream.name, i,
			(double)(int64_t)(stream.arrivals[i] - origin) / NS_PER_MS);
	if (fclose(file))
		fail("%s: %s", path, strerror(errno));
}

void report_print(uint64_t origin, uint64_t start, uint64_t end, uint64_t interval)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *per_flow = json_object_new_object();

	add_ms(o, "interval_ms", interval);
	add_ms(o, "sending_ms", end - start);
	add_int(o, "origin_ns", origin);
	add_int(o, "clock_drift_ns", clock_drift());
	for (unsigned int i = 0; i < event_count && events[i].fired; i++)
		json_object_array_add(list, event_report(i, origin, end, interval));
	json_object_object_add(o, "events", list);
	for (unsigned int i = 0; i < flow_count; i++)
		json_object_object_add(per_flow, flows[i].name,
				       flow_total(&flows[i], start, end, interval));
	if (stream.name)
		json_object_object_add(per_flow, stream.name, stream_total(start, end, interval));
	json_object_object_add(o, "flows", per_flow);
	if (assoc_count) {
		struct json_object *per_assoc = json_object_new_object();

		for (unsigned int i = 0; i < assoc_count; i++)
			json_object_object_add(per_assoc, assocs[i].name,
					       assoc_total(&assocs[i], end, interval));
		json_object_object_add(o, "assocs", per_assoc);
	}
	if (follow_fd() >= 0)
		json_object_object_add(o, "followed", follow_report(origin));
	json_object_object_add(o, "hosts", host_report(origin));
	json_object_object_add(o, "wires", wire_report(origin));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED));
	json_object_put(o);
}
