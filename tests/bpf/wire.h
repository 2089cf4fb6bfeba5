/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for fixtures, described by what matters.  Checksums are computed from
 * scratch here, and updated by the data path: that they agree is part of every
 * fixture.
 */
#ifndef SEGUE_TESTS_WIRE_H
#define SEGUE_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

enum { WIRE_SIZE = 3072 };

enum wire_fragment { WIRE_WHOLE, WIRE_FIRST, WIRE_LATER };

struct wire {
	const char *source, *dest;	/* addresses decide the family */
	__u32 spi, seq;
	bool udp;			/* ESP in UDP */
	__u16 source_port, dest_port;	/* 0: 4500 */
	bool no_source_port;		/* 0 */
	bool checksum;			/* of UDP: a real one instead of 0 */
	bool raw;			/* no Ethernet header */
	unsigned int vlans;
	unsigned int options;		/* octets of IPv4 options, a multiple of 4 */
	unsigned int extensions;	/* IPv6 extension headers before ESP */
	unsigned int extension_size;	/* octets of each, a multiple of 8; 0: 8 */
	enum wire_fragment fragment;
	unsigned char id;		/* low octet of IPv4's, or of the fragment header's */
	unsigned char proto;		/* 0: ESP or UDP as above */
	unsigned int ethertype;		/* 0: as the addresses say */
	bool keepalive;			/* UDP with one octet (RFC 3948 2.3) */
	unsigned int payload;		/* octets after SPI and sequence number, 0: 32 */
};

/* Returns the length. */
size_t wire_build(const struct wire *wire, unsigned char *buf);

/*
 * A router's "too big" to the sender of a packet, which it quotes (RFC 792, RFC 4443
 * 3.2): by is Ethernet or not, and the router's and the receiver's addresses.
 */
size_t wire_too_big(const struct wire *by, const struct wire *quoted, unsigned char *buf);

/* Where the IP header begins, and what stands in ESP or UDP begins. */
size_t wire_ip_offset(const struct wire *wire);
size_t wire_payload_offset(const struct wire *wire);

#endif
