// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wires: every frame that passes an interface, in a ring that the kernel fills
 * (packet_mmap, TPACKET_V2) and that is read when there is time.
 *
 * What may be on a wire: ESP, ESP-in-UDP and IKE (RFC 3948 2), segue's probes, another
 * protected protocol's UDP port, which counts as ESP, ARP, ICMPv6 neighbour discovery
 * and multicast listener reports.  Everything else is
 * reported; what carries one of the flows' ports or a protected inner address
 * is "clear", and that must never be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "meter.h"

enum {
	FRAME_SIZE = 256,		/* 80 octets of headers, the rest is cut */
	BLOCK_SIZE = 64 * 1024,
	FRAMES = 8192,			/* a second and more of them, and read each ms */
	MAX_SAMPLES = 8,
	MAX_IKE = 256,
	MAX_FORBIDDEN = 8,
	IKE_PORT = 500,
	NATT_PORT = 4500,
};

enum { IN, OUT, DIRECTIONS };
static const char *const direction_name[] = { "in", "out" };

struct ike {
	uint64_t ns;
	uint8_t exchange, flags, direction;
	uint32_t id;
};

static struct wire {
	char *name;
	int fd;
	uint8_t *ring;
	unsigned int head;
	uint64_t esp, ike_count, probes, neighbour, clear, other, missed;
	struct passed {
		uint64_t first[DIRECTIONS], last[DIRECTIONS], count[DIRECTIONS];
	} window[MAX_EVENTS], window_clear[MAX_EVENTS];
	struct ike ike[MAX_IKE];
	unsigned int ikes, samples;
	struct { uint64_t ns; char text[160]; } sample[MAX_SAMPLES];
} wires[MAX_WIRES];
static unsigned int count;

static union endpoint forbidden[MAX_FORBIDDEN];
static unsigned int forbidden_count;
static uint16_t protected_port;

void wire_add(const char *spec)
{
	if (count == MAX_WIRES)
		fail("at most %d wires", MAX_WIRES);
	wires[count++].name = strdup(spec);
}

void wire_forbid(const char *address)
{
	if (forbidden_count == MAX_FORBIDDEN)
		fail("at most %d inner addresses", MAX_FORBIDDEN);
	endpoint_parse(address, 0, &forbidden[forbidden_count++]);
}

void wire_protected(const char *port)
{
	protected_port = strtoul(port, NULL, 0);
}

void wire_open(void)
{
	for (struct wire *w = wires; w < wires + count; w++) {
		char *copy = strdup(w->name), *cursor = copy;
		int ns = netns_index(field(&cursor, "namespace"));
		int version = TPACKET_V2;
		struct tpacket_req req = {
			.tp_block_size = BLOCK_SIZE, .tp_frame_size = FRAME_SIZE,
			.tp_frame_nr = FRAMES, .tp_block_nr = FRAMES / (BLOCK_SIZE / FRAME_SIZE),
		};
		struct sockaddr_ll address = {
			.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
			.sll_ifindex = netns_ifindex(ns, field(&cursor, "device")),
		};

		w->fd = netns_socket(ns, AF_PACKET, SOCK_RAW, 0);
		if (!address.sll_ifindex)
			fail("wire %s: no such device", w->name);
		if (setsockopt(w->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
		    setsockopt(w->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
			fail("wire %s: %s", w->name, strerror(errno));
		w->ring = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, w->fd, 0);
		if (w->ring == MAP_FAILED || bind(w->fd, (void *)&address, sizeof(address)))
			fail("wire %s: %s", w->name, strerror(errno));
		strchr(w->name, ',')[0] = '/';
		free(copy);
	}
}

/* What a frame carries, as far as it matters here. */
struct content {
	enum { ESP, IKE, PROBE, NEIGHBOUR, CLEAR, OTHER } kind;
	const uint8_t *ike;		/* the IKE header */
	char text[120];
};

static bool is_forbidden(int family, const uint8_t *address)
{
	for (unsigned int i = 0; i < forbidden_count; i++) {
		const union endpoint *f = &forbidden[i];

		if (f->sa.sa_family != family)
			continue;
		if (family == AF_INET ? !memcmp(&f->v4.sin_addr, address, 4)
				      : !memcmp(&f->v6.sin6_addr, address, 16))
			return true;
	}
	return false;
}

static bool is_flow_port(uint16_t port)
{
	if (stream.name && port == stream.port)
		return true;
	for (unsigned int i = 0; i < assoc_count; i++)
		if (assocs[i].port == port)
			return true;
	for (unsigned int i = 0; i < flow_count; i++)
		if (flows[i].port == port)
			return true;
	return false;
}

static uint16_t be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void classify_udp(struct content *c, const uint8_t *udp, const uint8_t *end)
{
	uint16_t source = be16(udp), destination = be16(udp + 2);
	const uint8_t *data = udp + 8;

	if (source == IKE_PORT || destination == IKE_PORT) {
		c->kind = IKE;
		c->ike = data;
	} else if (source == NATT_PORT || destination == NATT_PORT) {
		/* RFC 3948 2.2: four zero octets where an SPI would stand */
		if (data + 4 <= end && !memcmp(data, "\0\0\0\0", 4)) {
			c->kind = IKE;
			c->ike = data + 4;
		} else if (data + 8 <= end) {
			/* no SA has an SPI that RFC 4303 2.1 reserves: segue's probes do */
			c->kind = memcmp(data, "\0\0\0", 3) ? ESP : PROBE;
		} else {
			c->kind = IKE;	/* a keepalive, RFC 3948 2.3 */
		}
	} else if (protected_port && (source == protected_port || destination == protected_port)) {
		c->kind = ESP;
	}
}

static void classify_transport(struct content *c, uint8_t protocol, const uint8_t *l4,
			       const uint8_t *end)
{
	switch (protocol) {
	case IPPROTO_ESP:
		c->kind = ESP;
		break;
	case IPPROTO_UDP:
		if (l4 + 8 <= end)
			classify_udp(c, l4, end);
		/* fall through */
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
		if (c->kind == OTHER && l4 + 4 <= end &&
		    (is_flow_port(be16(l4)) || is_flow_port(be16(l4 + 2))))
			c->kind = CLEAR;
		break;
	case IPPROTO_ICMPV6:
		/* RFC 4861 4: 133-137; RFC 2710 and 3810: 130-132 and 143 */
		if (l4 < end && ((l4[0] >= 130 && l4[0] <= 137) || l4[0] == 143))
			c->kind = NEIGHBOUR;
		break;
	case IPPROTO_IGMP:
		c->kind = NEIGHBOUR;
		break;
	}
}

/* An ICMP error quotes the packet it is about: an ESP packet may be quoted. */
static bool is_icmp_about_esp(const uint8_t *icmp, const uint8_t *end)
{
	return icmp + 8 + 20 <= end && (icmp[0] == 3 || icmp[0] == 11) &&
	       (icmp[8 + 9] == IPPROTO_ESP || icmp[8 + 9] == IPPROTO_UDP);
}

static void classify_v4(struct content *c, const uint8_t *ip, const uint8_t *end)
{
	const uint8_t *l4 = ip + (ip[0] & 15) * 4;
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];

	if (!(be16(ip + 6) & 0x1fff))
		classify_transport(c, ip[9], l4, end);
	if (is_forbidden(AF_INET, ip + 12) || is_forbidden(AF_INET, ip + 16))
		c->kind = CLEAR;
	if (c->kind == OTHER && ip[9] == IPPROTO_ICMP && is_icmp_about_esp(l4, end))
		c->kind = NEIGHBOUR;
	if (c->kind >= CLEAR)
		snprintf(c->text, sizeof(c->text), "%s > %s proto %u octets %02x%02x%02x%02x",
			 inet_ntop(AF_INET, ip + 12, from, sizeof(from)),
			 inet_ntop(AF_INET, ip + 16, to, sizeof(to)), ip[9],
			 l4[0], l4[1], l4[2], l4[3]);
}

static void classify_v6(struct content *c, const uint8_t *ip, const uint8_t *end)
{
	const uint8_t *l4 = ip + 40;
	uint8_t protocol = ip[6];
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	while ((protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_DSTOPTS) && l4 + 8 <= end) {
		protocol = l4[0];
		l4 += 8 + l4[1] * 8;
	}
	classify_transport(c, protocol, l4, end);
	if (is_forbidden(AF_INET6, ip + 8) || is_forbidden(AF_INET6, ip + 24))
		c->kind = CLEAR;
	/* an error message about ESP, or a probe that nobody protects: neither carries a flow */
	if (c->kind == OTHER && protocol == IPPROTO_ICMPV6 && l4 < end && l4[0] < 128)
		c->kind = NEIGHBOUR;
	if (c->kind >= CLEAR)
		snprintf(c->text, sizeof(c->text), "%s > %s proto %u",
			 inet_ntop(AF_INET6, ip + 8, from, sizeof(from)),
			 inet_ntop(AF_INET6, ip + 24, to, sizeof(to)), protocol);
}

static void classify(struct content *c, const uint8_t *frame, unsigned int length)
{
	const uint8_t *end = frame + length;
	uint16_t type = length >= ETH_HLEN ? be16(frame + 12) : 0;

	*c = (struct content){ .kind = OTHER };
	if (type == ETH_P_ARP)
		c->kind = NEIGHBOUR;
	else if (type == ETH_P_IP && length >= ETH_HLEN + 20)
		classify_v4(c, frame + ETH_HLEN, end);
	else if (type == ETH_P_IPV6 && length >= ETH_HLEN + 40)
		classify_v6(c, frame + ETH_HLEN, end);
	else
		snprintf(c->text, sizeof(c->text), "ethertype %04x", type);
	if (c->ike && c->ike + 28 > end)
		c->ike = NULL;
}

static void count_passed(struct passed *window, uint64_t ns, int direction)
{
	int event = event_before(ns);

	if (event < 0)
		return;
	if (!window[event].count[direction]++)
		window[event].first[direction] = ns;
	window[event].last[direction] = ns;
}

static void count_ike(struct wire *w, uint64_t ns, int direction, const uint8_t *header)
{
	w->ike_count++;
	if (!header || w->ikes == MAX_IKE)
		return;
	/* RFC 7296 3.1: exchange type, flags and message ID at 18, 19 and 20 */
	w->ike[w->ikes++] = (struct ike){
		.ns = ns, .direction = direction, .exchange = header[18],
		.flags = header[19], .id = ntohl(*(const uint32_t *)(header + 20)),
	};
}

static void consume(struct wire *w, const struct tpacket2_hdr *h)
{
	const struct sockaddr_ll *from = (const void *)((const uint8_t *)h +
							TPACKET_ALIGN(sizeof(*h)));
	int direction = from->sll_pkttype == PACKET_OUTGOING ? OUT : IN;
	uint64_t ns = clock_from_real(h->tp_sec * NS_PER_S + h->tp_nsec);
	struct content c;

	classify(&c, (const uint8_t *)h + h->tp_mac, h->tp_snaplen);
	if (h->tp_status & TP_STATUS_LOSING)
		w->missed++;
	switch (c.kind) {
	case ESP:
		w->esp++;
		count_passed(w->window, ns, direction);
		return;
	case IKE:
		count_ike(w, ns, direction, c.ike);
		return;
	case PROBE:
		w->probes++;
		return;
	case NEIGHBOUR:
		w->neighbour++;
		return;
	case CLEAR:
		w->clear++;
		count_passed(w->window_clear, ns, direction);
		break;
	case OTHER:
		w->other++;
		break;
	}
	if (w->samples < MAX_SAMPLES) {
		w->sample[w->samples].ns = ns;
		snprintf(w->sample[w->samples].text, sizeof(w->sample->text), "%s%s %s",
			 c.kind == CLEAR ? "clear " : "", direction_name[direction], c.text);
		w->samples++;
	}
}

bool wire_drain(uint64_t deadline)
{
	bool left = false;

	for (struct wire *w = wires; w < wires + count; w++) {
		for (unsigned int n = 0; ; n++) {
			struct tpacket2_hdr *h = (void *)(w->ring + w->head * FRAME_SIZE);

			if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
				break;
			if (n % 8 == 7 && clock_now() > deadline) {
				left = true;
				break;
			}
			consume(w, h);
			__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
			w->head = (w->head + 1) % FRAMES;
		}
	}
	return left;
}

static double ms(uint64_t ns, uint64_t origin)
{
	return (double)(int64_t)(ns - origin) / NS_PER_MS;
}

static void add_ms(struct json_object *o, const char *key, uint64_t ns, uint64_t origin)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", ms(ns, origin));
	json_object_object_add(o, key, json_object_new_double_s(ms(ns, origin), text));
}

/* kind: "" or what stands between the direction and the value. */
static bool add_passed(struct json_object *o, const struct passed *passed, const char *kind,
		       uint64_t t0)
{
	bool any = false;

	for (int d = 0; d < DIRECTIONS; d++) {
		char key[32];

		if (!passed->count[d])
			continue;
		any = true;
		snprintf(key, sizeof(key), "%s%s_first_ms", direction_name[d], kind);
		add_ms(o, key, passed->first[d], t0);
		snprintf(key, sizeof(key), "%s%s_last_ms", direction_name[d], kind);
		add_ms(o, key, passed->last[d], t0);
		snprintf(key, sizeof(key), "%s%s", direction_name[d], *kind ? kind : "_esp");
		json_object_object_add(o, key, json_object_new_int64(passed->count[d]));
	}
	return any;
}

/* First and last packet of an event's window, by wire and direction: of ESP, of what is in
 * clear. */
struct json_object *wire_event(unsigned int event)
{
	struct json_object *out = json_object_new_object();

	for (struct wire *w = wires; w < wires + count; w++) {
		struct json_object *o = json_object_new_object();
		uint64_t t0 = events[event].t0;
		bool esp = add_passed(o, &w->window[event], "", t0);

		if (add_passed(o, &w->window_clear[event], "_clear", t0) || esp)
			json_object_object_add(out, w->name, o);
		else
			json_object_put(o);
	}
	return out;
}

static struct json_object *ike_list(const struct wire *w, uint64_t origin)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < w->ikes; i++) {
		const struct ike *ike = &w->ike[i];
		struct json_object *o = json_object_new_object();

		add_ms(o, "t_ms", ike->ns, origin);
		json_object_object_add(o, "direction", json_object_new_string(direction_name[ike->direction]));
		json_object_object_add(o, "exchange", json_object_new_int(ike->exchange));
		json_object_object_add(o, "response", json_object_new_boolean(ike->flags & 0x20));
		json_object_object_add(o, "initiator", json_object_new_boolean(ike->flags & 0x08));
		json_object_object_add(o, "id", json_object_new_int64(ike->id));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *wire_report(uint64_t origin)
{
	struct json_object *out = json_object_new_object();

	for (struct wire *w = wires; w < wires + count; w++) {
		struct json_object *o = json_object_new_object();
		struct json_object *samples = json_object_new_array();

		json_object_object_add(o, "esp", json_object_new_int64(w->esp));
		json_object_object_add(o, "ike", json_object_new_int64(w->ike_count));
		json_object_object_add(o, "probes", json_object_new_int64(w->probes));
		json_object_object_add(o, "neighbour", json_object_new_int64(w->neighbour));
		json_object_object_add(o, "clear", json_object_new_int64(w->clear));
		json_object_object_add(o, "other", json_object_new_int64(w->other));
		json_object_object_add(o, "missed", json_object_new_int64(w->missed));
		json_object_object_add(o, "messages", ike_list(w, origin));
		for (unsigned int i = 0; i < w->samples; i++) {
			struct json_object *s = json_object_new_object();

			add_ms(s, "t_ms", w->sample[i].ns, origin);
			json_object_object_add(s, "frame", json_object_new_string(w->sample[i].text));
			json_object_array_add(samples, s);
		}
		json_object_object_add(o, "samples", samples);
		json_object_object_add(out, w->name, o);
	}
	return out;
}
