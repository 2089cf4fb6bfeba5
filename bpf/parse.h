/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a packet are the addresses, the SPI and the sequence number?
 * One parser for XDP and for tc.  It only reads.
 *
 * Ethernet or none, up to two VLAN tags, IPv4 with options or IPv6 with
 * extension headers, then ESP (RFC 4303 2) or ESP in UDP (RFC 3948 2.1).
 */
#ifndef SEGUE_BPF_PARSE_H
#define SEGUE_BPF_PARSE_H

#include "kernel.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <segue/host.h>

enum parsed {
	PARSED_ESP,			/* ip and esp are set; udp if encapsulated */
	PARSED_OTHER,			/* something else; ip is set if it is IP that may
					 * be steered by its addresses */
	PARSED_FRAGMENT,		/* a fragment of any packet; ip is set; esp and perhaps
					 * udp, too, if it is the first one of such a packet */
	PARSED_FIRST,			/* the first fragment of something else; ip is set */
	PARSED_SHORT,			/* ends before what it promises, as far as we see */
	PARSED_MALFORMED,		/* contradicts itself; ip may be set */
};

enum direction {
	SENT,				/* our port of the encapsulation is the source */
	RECEIVED,			/* it is the destination */
};

enum {
	PARSE_VLANS = 2,		/* IEEE 802.1ad: service and customer tag */
	PARSE_EXTENSIONS = 6,		/* RFC 8200 4.1 recommends at most 5 before ESP */
	/* All that we look at stands in so many octets, if it is to be found at
	 * all: what tc pulls into the linear part of an skb. */
	PARSE_PULL = 256,
};

struct esp_header {			/* RFC 4303 2 */
	__be32 spi;
	__be32 seq;
};

struct vlan_header {			/* after an Ethernet type of 802.1Q or 802.1ad */
	__be16 tci;
	__be16 proto;
};

struct extension_header {		/* RFC 8200 4.3, 4.4, 4.6 */
	__u8 next;
	__u8 length;			/* in 8 octets, the first 8 not counted */
	__u8 rest[6];
};

struct fragment_header {		/* RFC 8200 4.5 */
	__u8 next;
	__u8 reserved;
	__be16 offset;			/* in its upper 13 bits, in 8 octets */
	__be32 id;
};

struct packet {
	struct iphdr *ip4;		/* one of these two, NULL: neither */
	struct ipv6hdr *ip6;
	struct udphdr *udp;		/* NULL: ESP stands in IP itself */
	struct esp_header *esp;
	__be32 fragment;		/* of fragments: the packet that they belong to (RFC 791
					 * 2.3, RFC 8200 4.5), with addresses and proto */
	__u8 proto;			/* last protocol number found */
};

/*
 * What was found, by its distance from the packet's first octet.  Parsing forks at
 * every header, and the verifier follows each fork through all that comes after it.
 * So it hands over nothing but this, as a rule from a subprogram, which is verified by
 * itself; packet_at() makes pointers of it again.
 */
struct places {
	__u16 ip;			/* the IP header, if there is a family */
	__u16 payload;			/* UDP if udp, else ESP if esp */
	__u8 family;			/* 4, 6, or 0: no IP header */
	__u8 proto;
	__u8 udp;
	__u8 esp;
	__be32 fragment;
};

/* For the verifier; farther than any header that was parsed. */
#define PLACES_MASK 0x3fff
#define PLACES_FARTHEST (sizeof(struct ethhdr) + PARSE_VLANS * sizeof(struct vlan_header) + \
			 sizeof(struct ipv6hdr) + PARSE_EXTENSIONS * 8 * 256)
_Static_assert(PLACES_FARTHEST <= PLACES_MASK, "a place does not fit");

/* after: header + 1, as a cursor, if all of it is there */
#define PARSE_FITS(header, end) ((void *)((header) + 1) <= (end))

static __always_inline enum parsed
parse_udp(struct packet *p, void *pos, void *end, __u32 room, enum direction dir)
{
	struct udphdr *udp = pos;
	struct esp_header *esp;

	if (room < sizeof(*udp))
		return PARSED_MALFORMED;
	if (!PARSE_FITS(udp, end))
		return PARSED_SHORT;
	if ((dir == SENT ? udp->source : udp->dest) != bpf_htons(SEGUE_NATT_PORT))
		return PARSED_OTHER;
	/* Shorter than ESP: a NAT keepalive (RFC 3948 2.3), among others. */
	if (bpf_ntohs(udp->len) < sizeof(*udp) + sizeof(*esp))
		return PARSED_OTHER;
	if (room < sizeof(*udp) + sizeof(*esp))
		return PARSED_MALFORMED;
	esp = (void *)(udp + 1);
	if (!PARSE_FITS(esp, end))
		return PARSED_SHORT;
	if (!esp->spi)			/* non-ESP marker: IKE (RFC 3948 2.2) */
		return PARSED_OTHER;
	p->udp = udp;
	p->esp = esp;
	return PARSED_ESP;
}

/* room: octets from pos to the end of the packet by the IP header */
static __always_inline enum parsed
parse_payload(struct packet *p, void *pos, void *end, __u32 room, enum direction dir)
{
	struct esp_header *esp = pos;

	if (p->proto == IPPROTO_UDP)
		return parse_udp(p, pos, end, room, dir);
	if (p->proto != IPPROTO_ESP)
		return PARSED_OTHER;
	if (room < sizeof(*esp))
		return PARSED_MALFORMED;
	if (!PARSE_FITS(esp, end))
		return PARSED_SHORT;
	p->esp = esp;
	return PARSED_ESP;
}

/* The first fragment: is it one of ESP? */
static __always_inline enum parsed
parse_first(struct packet *p, void *pos, void *end, __u32 room, enum direction dir)
{
	enum parsed what = parse_payload(p, pos, end, room, dir);

	if (what == PARSED_SHORT)
		return what;
	return what == PARSED_ESP ? PARSED_FRAGMENT : PARSED_FIRST;
}

static __always_inline enum parsed
parse_ip4(struct packet *p, void *pos, void *end, enum direction dir)
{
	struct iphdr *ip = pos;
	__u32 length, total;

	if (!PARSE_FITS(ip, end))
		return PARSED_SHORT;
	length = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || length < sizeof(*ip) || total < length)
		return PARSED_MALFORMED;
	p->ip4 = ip;
	p->proto = ip->protocol;
	if (ip->frag_off & bpf_htons(0x3fff)) {	/* MF or an offset, RFC 791 3.1 */
		p->fragment = ip->id;
		if (ip->frag_off & bpf_htons(0x1fff))
			return pos + length <= end ? PARSED_FRAGMENT : PARSED_SHORT;
		return parse_first(p, pos + length, end, total - length, dir);
	}
	return parse_payload(p, pos + length, end, total - length, dir);
}

/* An IPv4-mapped address (RFC 4291 2.5.5.2): of no use on a wire, but in the maps
 * it stands for the IPv4 address. */
static __always_inline bool parse_mapped(const struct in6_addr *addr)
{
	return addr->in6_u.u6_addr32[2] == bpf_htonl(0xffff) &&
	       !(addr->in6_u.u6_addr32[0] | addr->in6_u.u6_addr32[1]);
}

static __always_inline enum parsed
parse_ip6(struct packet *p, void *pos, void *end, enum direction dir)
{
	struct ipv6hdr *ip = pos;
	struct fragment_header *fragment;
	struct extension_header *ext;
	__u32 room, length;
	int i;

	if (!PARSE_FITS(ip, end))
		return PARSED_SHORT;
	if (ip->version != 6)
		return PARSED_MALFORMED;
	if (parse_mapped(&ip->saddr) || parse_mapped(&ip->daddr))
		return PARSED_OTHER;
	p->ip6 = ip;
	p->proto = ip->nexthdr;
	room = bpf_ntohs(ip->payload_len);
	pos = ip + 1;
	for (i = 0; i < PARSE_EXTENSIONS; i++) {
		if (p->proto != IPPROTO_HOPOPTS && p->proto != IPPROTO_ROUTING &&
		    p->proto != IPPROTO_DSTOPTS && p->proto != IPPROTO_FRAGMENT)
			return parse_payload(p, pos, end, room, dir);
		ext = pos;
		if (room < sizeof(*ext))
			return PARSED_MALFORMED;
		if (!PARSE_FITS(ext, end))
			return PARSED_SHORT;
		if (p->proto == IPPROTO_FRAGMENT) {
			fragment = pos;
			p->proto = fragment->next;
			p->fragment = fragment->id;
			if (fragment->offset & bpf_htons(0xfff8))
				return PARSED_FRAGMENT;
			return parse_first(p, fragment + 1, end, room - sizeof(*ext), dir);
		}
		length = (ext->length + 1) * 8;
		if (room < length)
			return PARSED_MALFORMED;
		p->proto = ext->next;
		room -= length;
		pos += length;
	}
	return PARSED_OTHER;		/* more than anybody sends: not understood */
}

static __always_inline enum parsed
parse_ethernet(struct packet *p, void *pos, void *end, enum direction dir)
{
	struct ethhdr *eth = pos;
	struct vlan_header *vlan;
	__be16 proto;
	int i;

	if (!PARSE_FITS(eth, end))
		return PARSED_SHORT;
	proto = eth->h_proto;
	pos = eth + 1;
	for (i = 0; i < PARSE_VLANS; i++) {
		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		vlan = pos;
		if (!PARSE_FITS(vlan, end))
			return PARSED_SHORT;
		proto = vlan->proto;
		pos = vlan + 1;
	}
	if (proto == bpf_htons(ETH_P_IP))
		return parse_ip4(p, pos, end, dir);
	if (proto == bpf_htons(ETH_P_IPV6))
		return parse_ip6(p, pos, end, dir);
	return PARSED_OTHER;
}

/* Devices without a link header (raw IP, as cellular modems have it). */
static __always_inline enum parsed
parse_raw_ip(struct packet *p, void *pos, void *end, enum direction dir)
{
	struct iphdr *ip = pos;

	if (!PARSE_FITS(ip, end))
		return PARSED_SHORT;
	if (ip->version == 4)
		return parse_ip4(p, pos, end, dir);
	if (ip->version == 6)
		return parse_ip6(p, pos, end, dir);
	return PARSED_OTHER;
}

/* Parses the octets from begin to end. */
static __always_inline enum parsed
places_look(struct places *at, void *begin, void *end, bool ethernet, enum direction dir)
{
	struct packet p = {};
	enum parsed what;
	void *ip, *payload;

	what = ethernet ? parse_ethernet(&p, begin, end, dir) : parse_raw_ip(&p, begin, end, dir);
	ip = p.ip4 ?: (void *)p.ip6;
	payload = p.udp ?: (void *)p.esp;
	*at = (struct places){
		.ip = ip ? ip - begin : 0,
		.payload = payload ? payload - begin : 0,
		.family = p.ip4 ? 4 : p.ip6 ? 6 : 0,
		.proto = p.proto,
		.udp = !!p.udp,
		.esp = !!p.esp,
		.fragment = p.fragment,
	};
	return what;
}

/* Headers may stand in a fragment of the skb.  True: look again. */
static __always_inline bool places_pull(struct __sk_buff *skb)
{
	return !bpf_skb_pull_data(skb, skb->len < PARSE_PULL ? skb->len : PARSE_PULL);
}

/* The compiler knows in other ways of which family a packet is, the verifier only by
 * these pointers: from here on they are looked up on the stack, where it sees them. */
static __always_inline void packet_family(struct packet *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

/* The pointers again.  False, which only the verifier believes possible: the packet is
 * shorter than it was when it was parsed. */
static __always_inline bool
packet_at(struct packet *p, const struct places *at, void *begin, void *end)
{
	void *ip = begin + (at->ip & PLACES_MASK), *payload = begin + (at->payload & PLACES_MASK);

	*p = (struct packet){ .proto = at->proto, .fragment = at->fragment };
	if (at->family == 4) {
		p->ip4 = ip;
		if (!PARSE_FITS(p->ip4, end))
			return false;
	} else if (at->family == 6) {
		p->ip6 = ip;
		if (!PARSE_FITS(p->ip6, end))
			return false;
	}
	if (at->udp) {
		p->udp = payload;
		if (!PARSE_FITS(p->udp, end))
			return false;
		payload = p->udp + 1;
	}
	if (at->esp) {
		p->esp = payload;
		if (!PARSE_FITS(p->esp, end))
			return false;
	}
	packet_family(p);
	return true;
}

#endif
