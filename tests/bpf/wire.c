// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include "wire.h"

enum { VLAN_SIZE = 4, EXTENSION_SIZE = 8, FRAGMENT_SIZE = 8 };

static bool is_ip6(const struct wire *w)
{
	return strchr(w->source, ':');
}

static unsigned int payload(const struct wire *w)
{
	return w->payload ? w->payload : 32;
}

static __u16 port(__u16 chosen)
{
	return htons(chosen ? chosen : 4500);
}

/* RFC 1071, word by word as it stands there */
static __u32 sum(const void *data, size_t len, __u32 so_far)
{
	const unsigned char *octet = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		so_far += octet[i] << 8 | octet[i + 1];
	if (len & 1)
		so_far += octet[len - 1] << 8;
	while (so_far >> 16)
		so_far = (so_far & 0xffff) + (so_far >> 16);
	return so_far;
}

size_t wire_ip_offset(const struct wire *w)
{
	return w->raw ? 0 : ETH_HLEN + w->vlans * VLAN_SIZE;
}

static size_t extension_size(const struct wire *w)
{
	return w->extension_size ? w->extension_size : EXTENSION_SIZE;
}

static size_t header_size(const struct wire *w)
{
	size_t fragment = w->fragment == WIRE_WHOLE ? 0 : FRAGMENT_SIZE;

	if (is_ip6(w))
		return sizeof(struct ipv6hdr) + w->extensions * extension_size(w) + fragment;
	return sizeof(struct iphdr) + w->options;
}

size_t wire_payload_offset(const struct wire *w)
{
	return wire_ip_offset(w) + header_size(w);
}

static size_t build_ethernet(const struct wire *w, unsigned char *buf)
{
	__u16 proto = htons(w->ethertype ? w->ethertype : is_ip6(w) ? ETH_P_IPV6 : ETH_P_IP);
	__u16 tag = htons(w->vlans > 1 ? ETH_P_8021AD : ETH_P_8021Q), id = htons(7);
	unsigned char *at = buf + 2 * ETH_ALEN;
	unsigned int i;

	if (w->raw)
		return 0;
	memset(buf, 0x02, 2 * ETH_ALEN);
	for (i = 0; i < w->vlans; i++) {
		memcpy(at, &tag, 2);
		memcpy(at + 2, &id, 2);
		at += VLAN_SIZE;
		tag = htons(ETH_P_8021Q);
	}
	memcpy(at, &proto, 2);
	return at + 2 - buf;
}

static void build_ip4(const struct wire *w, unsigned char *buf, size_t total)
{
	struct iphdr *ip = (void *)buf;
	size_t size = sizeof(*ip) + w->options;

	ip->version = 4;
	ip->ihl = size / 4;
	ip->tot_len = htons(total);
	ip->id = htons(0x1234 ^ w->id);
	ip->ttl = 64;
	ip->protocol = w->proto ? w->proto : w->udp ? IPPROTO_UDP : IPPROTO_ESP;
	if (w->fragment == WIRE_FIRST)
		ip->frag_off = htons(0x2000);
	else if (w->fragment == WIRE_LATER)
		ip->frag_off = htons(100);
	memset(ip + 1, 1, w->options);		/* no operation, RFC 791 3.1 */
	inet_pton(AF_INET, w->source, &ip->saddr);
	inet_pton(AF_INET, w->dest, &ip->daddr);
	ip->check = htons(~sum(ip, size, 0));
}

static void build_ip6(const struct wire *w, unsigned char *buf, size_t total)
{
	static const unsigned char kinds[] = {
		IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS,
		IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS,
	};
	unsigned char last = w->proto ? w->proto : w->udp ? IPPROTO_UDP : IPPROTO_ESP;
	struct ipv6hdr *ip = (void *)buf;
	unsigned char *next = &ip->nexthdr, *ext = (void *)(ip + 1);
	unsigned int i;

	ip->version = 6;
	ip->payload_len = htons(total - sizeof(*ip));
	ip->hop_limit = 64;
	for (i = 0; i < w->extensions; i++, ext += extension_size(w)) {
		*next = kinds[i % sizeof(kinds)];
		memset(ext, 0, extension_size(w));	/* Pad1, RFC 8200 4.2 */
		ext[1] = extension_size(w) / EXTENSION_SIZE - 1;
		next = ext;
	}
	if (w->fragment != WIRE_WHOLE) {
		*next = IPPROTO_FRAGMENT;
		memcpy(ext, "\0\0\0\1\0\0\0\7", FRAGMENT_SIZE);
		ext[7] ^= w->id;
		if (w->fragment == WIRE_LATER)
			memcpy(ext + 2, "\1\1", 2);
		next = ext;
	}
	*next = last;
	inet_pton(AF_INET6, w->source, &ip->saddr);
	inet_pton(AF_INET6, w->dest, &ip->daddr);
}

/* with the pseudo header of RFC 768 or of RFC 8200 8.1 */
static void udp_checksum(const struct wire *w, const unsigned char *ip, struct udphdr *udp,
			 size_t len)
{
	__u32 s = IPPROTO_UDP + len;

	if (is_ip6(w))
		s = sum(ip + offsetof(struct ipv6hdr, saddr), 32, s);
	else
		s = sum(ip + offsetof(struct iphdr, saddr), 8, s);
	s = ~sum(udp, len, s) & 0xffff;
	udp->check = htons(s ? s : 0xffff);
}

size_t wire_build(const struct wire *w, unsigned char *buf)
{
	size_t udp_size = w->udp ? sizeof(struct udphdr) : 0;
	size_t esp_size = w->keepalive ? 1 : 8 + payload(w);
	size_t total = header_size(w) + udp_size + esp_size, i;
	unsigned char *ip, *at;
	struct udphdr *udp;
	__u32 word;

	memset(buf, 0, WIRE_SIZE);
	ip = buf + build_ethernet(w, buf);
	if (is_ip6(w))
		build_ip6(w, ip, total);
	else
		build_ip4(w, ip, total);
	at = ip + header_size(w);
	udp = (void *)at;
	if (w->udp) {
		udp->source = w->no_source_port ? 0 : port(w->source_port);
		udp->dest = port(w->dest_port);
		udp->len = htons(udp_size + esp_size);
		at += udp_size;
	}
	if (w->keepalive) {
		*at = 0xff;
		return ip + total - buf;
	}
	word = htonl(w->spi);
	memcpy(at, &word, 4);
	word = htonl(w->seq);
	memcpy(at + 4, &word, 4);
	for (i = 0; i < payload(w); i++)
		at[8 + i] = i * 37 + 11;
	if (w->udp && w->checksum)
		udp_checksum(w, ip, udp, udp_size + esp_size);
	return ip + total - buf;
}

enum { ICMP_SIZE = 8 };

/* type, code, MTU; checksum with the pseudo header of RFC 8200 8.1, or without one */
static void build_icmp(const struct wire *by, const unsigned char *ip, unsigned char *icmp,
		       size_t len)
{
	__u16 check;
	__u32 s = 0;

	memcpy(icmp, is_ip6(by) ? "\2\0\0\0\0\0\5\x78" : "\3\4\0\0\0\0\5\x78", ICMP_SIZE);
	if (is_ip6(by))
		s = sum(ip + offsetof(struct ipv6hdr, saddr), 32, IPPROTO_ICMPV6 + len);
	check = htons(~sum(icmp, len, s));
	memcpy(icmp + 2, &check, 2);
}

size_t wire_too_big(const struct wire *by, const struct wire *quoted, unsigned char *buf)
{
	struct wire router = *by, bare = *quoted;
	unsigned char packet[WIRE_SIZE], *ip;
	size_t header, size;

	bare.raw = true;
	size = wire_build(&bare, packet);
	router.proto = is_ip6(by) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	header = header_size(&router);
	memset(buf, 0, WIRE_SIZE);
	ip = buf + build_ethernet(&router, buf);
	if (is_ip6(by))
		build_ip6(&router, ip, header + ICMP_SIZE + size);
	else
		build_ip4(&router, ip, header + ICMP_SIZE + size);
	memcpy(ip + header + ICMP_SIZE, packet, size);
	build_icmp(by, ip, ip + header, ICMP_SIZE + size);
	return ip + header + ICMP_SIZE + size - buf;
}
