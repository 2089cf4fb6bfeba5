/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow: a decision that the data path made for packets of one SA between one
 * pair of addresses, remembered until the epoch changes (bpf/flow.h).
 *
 * Map "flows": per-CPU array of struct segue_flow, first the half for what is
 * sent, then the half for what is received, then one place for a decision that is
 * being made.  What was decided for the first fragment of a packet is remembered for
 * the others, too, which have no SPI.  Map "seen": array of __u64, by
 * which path a packet came.  Both are the data path's own notes.
 */
#ifndef SEGUE_FLOW_H
#define SEGUE_FLOW_H

#include "addr.h"

enum {
	SEGUE_FLOW_BITS = 8,
	SEGUE_FLOWS = 1 << SEGUE_FLOW_BITS,	/* remembered per CPU and direction */
	SEGUE_SEEN = 65536,			/* packets; a power of two, it masks */
};

enum segue_flow_direction { SEGUE_FLOW_SENT, SEGUE_FLOW_RECEIVED, SEGUE_FLOW_DIRECTIONS };

#define SEGUE_FLOW_FRAGMENT 0xffff

struct segue_flow {
	/* which packets; as they look to us before we touch them */
	__u32 epoch;			/* segue_state.epoch of the decision, 0: none */
	__be32 spi;			/* of fragments: which packet they belong to */
	struct segue_addr source;
	struct segue_addr dest;
	__be16 source_port;		/* ESP in UDP only, else 0; of fragments both are */
	__be16 dest_port;		/* SEGUE_FLOW_FRAGMENT */
	/* what becomes of them */
	__u8 slot;			/* path they come by, or SEGUE_NO_PATH */
	__u8 rewrite;			/* the new addresses or ports differ */
	__u8 copy;			/* sent: slot to copy to, or SEGUE_NO_PATH */
	__u8 proto;			/* of fragments: IP's number of what they belong to */
	struct segue_addr new_source;
	struct segue_addr new_dest;
	__be16 new_source_port;
	__be16 new_dest_port;
	__u32 ifindex;			/* sent: leaves by it */
	__u32 probe;			/* as in struct segue_path */
	__u32 reserved2;
	__u64 copy_until;		/* as in struct segue_session */
};

#endif
