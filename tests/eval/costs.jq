# SPDX-License-Identifier: GPL-2.0-or-later
# A cost cell in, an object a payload out: instructions a packet, from the sender's system
# call to the receiver's, over a router and the core.
include "quartiles";
{ stack, mode, cipher } as $cell | (.phases // [])[].sizes[] |
	$cell + { payload: .size, instructions: (.cost.ns_per_packet | quartiles) }
