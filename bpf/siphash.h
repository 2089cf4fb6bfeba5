/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) of
 * three 64-bit words: what a probe has before its MAC.
 */
#ifndef SEGUE_BPF_SIPHASH_H
#define SEGUE_BPF_SIPHASH_H

#include "kernel.h"

/* little-endian, as SipHash reads and writes its octets */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define siphash_word(x) ((__u64)(x))
#else
#define siphash_word(x) __builtin_bswap64(x)
#endif

struct siphash {
	__u64 v0, v1, v2, v3;
};

#define SIPHASH_ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))

static __always_inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v1 = SIPHASH_ROTATE(s->v1, 13) ^ s->v0;
	s->v0 = SIPHASH_ROTATE(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = SIPHASH_ROTATE(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = SIPHASH_ROTATE(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = SIPHASH_ROTATE(s->v1, 17) ^ s->v2;
	s->v2 = SIPHASH_ROTATE(s->v2, 32);
}

static __always_inline void siphash_take(struct siphash *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/* key: two words, message: three; as they lie in memory, and so does the result */
static __always_inline __u64
siphash_3(__u64 key0, __u64 key1, __u64 a, __u64 b, __u64 c)
{
	__u64 k0 = siphash_word(key0), k1 = siphash_word(key1);
	struct siphash s = {
		.v0 = k0 ^ 0x736f6d6570736575ULL,	/* "somepseudorandomlygeneratedbytes" */
		.v1 = k1 ^ 0x646f72616e646f6dULL,
		.v2 = k0 ^ 0x6c7967656e657261ULL,
		.v3 = k1 ^ 0x7465646279746573ULL,
	};
	int i;

	siphash_take(&s, siphash_word(a));
	siphash_take(&s, siphash_word(b));
	siphash_take(&s, siphash_word(c));
	siphash_take(&s, 24ULL << 56);		/* the length; no octets are left over */
	s.v2 ^= 0xff;
	for (i = 0; i < 4; i++)
		siphash_round(&s);
	return siphash_word(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

#endif
