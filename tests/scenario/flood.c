// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flood: forged probes, as fast as this machine makes them.
 *
 *   flood MS KIND ID SOURCE DEST
 *
 * Each is right in everything but its MAC: version, kind (1 ask, 2 answer), the id of
 * the session's keys (as map probe_key has it, a number), the addresses of a path that
 * it does not come by, a sequence number of its own.  IPv4 only.  Prints how many left.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <segue/host.h>
#include <segue/probe.h>
#include "clock.h"

enum { AT_ONCE = 64 };

struct forged {
	struct iphdr ip;
	struct udphdr udp;
	struct segue_probe_packet probe;
} __attribute__((packed, aligned(4)));

static struct forged forge(char **argv)
{
	struct forged f = {
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(f)),
		},
		.udp = {
			.source = htons(SEGUE_NATT_PORT), .dest = htons(SEGUE_NATT_PORT),
			.len = htons(sizeof(f.udp) + sizeof(f.probe)),
		},
		.probe = {
			.marker = htonl(SEGUE_PROBE_MARKER), .version = SEGUE_PROBE_VERSION,
			.kind = atoi(argv[0]), .id = strtoull(argv[1], NULL, 0),
		},
	};

	if (inet_pton(AF_INET, argv[2], &f.ip.saddr) != 1 ||
	    inet_pton(AF_INET, argv[3], &f.ip.daddr) != 1) {
		fprintf(stderr, "flood: no addresses\n");
		exit(2);
	}
	return f;
}

int main(int argc, char **argv)
{
	struct forged packets[AT_ONCE];
	struct iovec vectors[AT_ONCE];
	struct mmsghdr messages[AT_ONCE] = {};
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned long long sent = 0, sequence = clock_now_ns(), until;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), i, count;

	if (argc != 6 || fd < 0) {
		perror("flood");
		return 2;
	}
	for (i = 0; i < AT_ONCE; i++) {
		packets[i] = forge(argv + 2);
		vectors[i] = (struct iovec){ &packets[i], sizeof(packets[i]) };
		to.sin_addr.s_addr = packets[i].ip.daddr;
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &to, .msg_namelen = sizeof(to),
			.msg_iov = &vectors[i], .msg_iovlen = 1,
		};
	}
	until = clock_now_ns() + strtoull(argv[1], NULL, 0) * 1000000;
	while (clock_now_ns() < until) {
		for (i = 0; i < AT_ONCE; i++) {
			packets[i].probe.sequence = htobe64(++sequence);
			packets[i].probe.mac = sequence * 0x9e3779b97f4a7c15;
			packets[i].probe.slot = sequence % 2;
		}
		count = sendmmsg(fd, messages, AT_ONCE, 0);
		if (count > 0)
			sent += count;
	}
	printf("%llu\n", sent);
	close(fd);
	return 0;
}
