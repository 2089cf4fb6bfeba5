/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meter: what a handover costs a flow, measured by one process.
 *
 * It holds sockets in the namespaces of both hosts and of the routers, sends
 * and receives every packet itself and fires the link event itself, so one
 * clock stamps everything and t0 is known to the microsecond.
 *
 * All times are CLOCK_MONOTONIC ns.  The kernel stamps packets in
 * CLOCK_REALTIME; clock_from_real() converts.
 */
#ifndef METER_H
#define METER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

enum {
	MAX_NETNS = 16,
	MAX_FLOWS = 8,
	MAX_WIRES = 16,
	MAX_EVENTS = 512,
};

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define NEVER UINT64_MAX

/* time.c */
uint64_t clock_now(void);
uint64_t clock_from_real(uint64_t real_ns);
void clock_init(void);
int64_t clock_drift(void);		/* how far the two clocks moved apart since init */

/* netns.c: namespaces by name, sockets made inside them */
void netns_add(const char *spec);	/* NAME=PATH */
int netns_index(const char *name);	/* exits if unknown */
const char *netns_name(int index);
int netns_socket(int index, int domain, int type, int protocol);
int netns_open(int index, const char *path);	/* a file of /proc/thread-self/net */
unsigned int netns_ifindex(int index, const char *device);

union endpoint {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};
socklen_t endpoint_parse(const char *text, uint16_t port, union endpoint *out);

/* event.c: what the meter does to the links, and when */
struct event {
	uint64_t due;			/* offset from the start of the run */
	char *action, *netns, *device, *argument;
	uint64_t t0, done;		/* before and after the action itself */
	int pid, status;		/* exec: the child, its exit status (-1: still runs) */
	bool fired;			/* and over */
};
extern struct event events[MAX_EVENTS];
extern unsigned int event_count;
void event_add(const char *spec);	/* MS,ACTION,ARGUMENTS */
void event_sort(void);
uint64_t event_next(void);		/* due offset of the next one, NEVER */
void event_start(void);			/* the thread that does it */
void event_fire(void);			/* the next one */
bool event_pending(void);		/* one was fired and is not over */
void event_reap(void);			/* children that ended */
uint64_t event_over(void);		/* when the last one ended with its child, NEVER: not yet */
/* The events between which a time lies: the last one fired at or before it, -1. */
int event_before(uint64_t ns);
uint64_t event_end(unsigned int event);	/* t0 of the following one, NEVER */

/* instant.c: when the kernel lost the carrier, to the microsecond */
void instant_open(void);
uint64_t instant_of(const struct event *event);

/* flow.c: UDP at a constant rate, one way or echoed */
struct flow {
	char *name;
	bool echo;
	int tx, rx;			/* sender's and receiver's socket */
	uint16_t port;
	uint64_t phase;			/* offset within the interval */
	uint64_t next;			/* next send */
	uint32_t sent, received, duplicates, reordered, errors;
	int last_errno;
	uint32_t highest;
	uint32_t capacity;
	uint64_t *sent_at;		/* by sequence number */
	uint64_t *arrived_at;		/* by sequence number, 0: not */
	uint64_t *arrivals;		/* in order of arrival */
};
extern struct flow flows[MAX_FLOWS];
extern unsigned int flow_count;
void flow_add(const char *spec, bool echo, unsigned int size);
void flow_prepare(struct flow *flow, uint32_t capacity);	/* takes its time */
void flow_start(struct flow *flow, uint64_t start, uint64_t interval);
void flow_send(struct flow *flow, uint64_t interval);
void flow_receive(struct flow *flow);	/* at the receiver */
void flow_echo(struct flow *flow);	/* at the far end of an echo */
struct msghdr;
uint64_t stamp_of(struct msghdr *msg);	/* the kernel's, of SO_TIMESTAMPNS */

/* stream.c: one TCP connection, a write each interval, or every few */
enum { STREAM_WRITE_MAX = 65536 };
struct stream {
	char *name;
	int from, to;			/* namespaces */
	int tx, rx, listener;
	uint16_t port;
	unsigned int write_size;
	unsigned int every;		/* intervals from one write to the next */
	uint64_t phase, next;
	uint64_t written, received, blocked;
	uint32_t count, capacity;
	uint64_t *arrivals;		/* times of reads that brought data */
	bool corrupt;			/* octets differ from what was written */
	int error;			/* errno that ended it, 0 */
	bool closed;			/* the receiver saw the end */
};
extern struct stream stream;
void stream_add(const char *spec);
void stream_prepare(uint32_t capacity);
void stream_start(uint64_t start, uint64_t interval);
void stream_write(uint64_t interval);
void stream_read(void);

/* assoc.c: both ends send, and one of them moves */
enum assoc_kind { ASSOC_UDP, ASSOC_SCTP, ASSOC_MPTCP };
enum { MAX_ASSOCS = 4, MAX_MOVES = 8, ASSOC_SIZE_MAX = 1400 };
enum { NEAR, FAR, ENDS };		/* the end that moves is the near one */
struct assoc_end {
	int fd;
	uint64_t written, received;	/* octets */
	uint32_t blocked, count, capacity;
	uint64_t *arrivals;		/* times of reads that brought something */
	bool corrupt, closed;
	int error, last_errno;		/* errno that ended it; of what was not sent */
};
struct assoc {
	char *name;
	enum assoc_kind kind;
	struct assoc_end end[ENDS];
	int from;			/* namespace of the near end */
	uint16_t port;
	unsigned int size;
	uint64_t phase, next;
	union endpoint near, far, peer;	/* peer: where the far end sends to */
	socklen_t length;
	int old[MAX_MOVES];		/* sockets that were moved away from */
	unsigned int olds;
	int chunks;			/* chunk.c's socket */
	union endpoint home;		/* where the first DATA came from */
	uint64_t other_first[MAX_EVENTS];	/* by event: the first from elsewhere, 0: none */
	int epoll;
	void *source;
};
extern struct assoc assocs[MAX_ASSOCS];
extern unsigned int assoc_count;
void assoc_add(const char *spec, unsigned int size);
const char *assoc_kind(const struct assoc *a);
void assoc_prepare(struct assoc *a, uint32_t capacity);
void assoc_watch(struct assoc *a, int epoll, void *source);
void assoc_send(struct assoc *a, uint64_t interval);
void assoc_receive(struct assoc *a);
/* All of them, in any thread; 0 or errno.  stay: only have the address as well. */
int assoc_move(const char *address, bool stay);

/* chunk.c: which addresses SCTP's far end gets DATA from */
int chunk_socket(int ns, int family);
void chunk_receive(struct assoc *a);

/* follow.c: associations move when an uplink is lost */
void follow_add(const char *spec);	/* NS,DEVICE,ADDRESS */
int follow_fd(void);			/* -1: none */
void follow_receive(void);
struct json_object *follow_report(uint64_t origin);

/* wire.c: everything that passes an interface, by AF_PACKET */
void wire_add(const char *spec);	/* NS,DEVICE */
void wire_forbid(const char *address);	/* inner address: in clear nowhere */
void wire_protected(const char *port);	/* UDP of this port is as good as ESP */
void wire_open(void);
/* Reads frames that wait, at most until deadline; true if some are left. */
bool wire_drain(uint64_t deadline);
struct json_object *wire_event(unsigned int event);
struct json_object *wire_report(uint64_t origin);

/* host.c: XFRM counters and messages, TCP timeouts of a host */
void host_add(const char *netns);
void host_open(void);
void host_read(void);			/* messages that wait */
struct json_object *host_report(uint64_t origin);

/* report.c */
void report_print(uint64_t origin, uint64_t start, uint64_t end, uint64_t interval);
void report_trace(const char *path, uint64_t origin);

/* cost.c */
void cost_print(unsigned int rounds);

/* main.c */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Takes the next field of a comma-separated list; fails with what if there is none. */
char *field(char **cursor, const char *what);
#define ANY_FIELD NULL

#endif
