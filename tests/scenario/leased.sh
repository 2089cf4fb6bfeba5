#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The address that a node has left is leased to another one, which talks to the
# same server.
#
#   other  wlan0 ─┐ 10.1.0.2, which was node's
#                 │  router-w              core
#   node          └── node | core ──── w       |
#                                              | s ──── eth0 server
#          lte0 ───── node | core ──── l       |
#                  router-l
#
# Transport mode: on the server both would have one selector, and what is for the
# one would be encrypted for the other.  The second is refused, and told why; the
# first goes on.  Tunnel mode: the server gives inner addresses, and both work.
. "$(dirname "$0")/lib.sh"

other_inner=10.100.0.3

# the node leaves by carrier loss; then cable and address are the other one's
lease() {
	# shellcheck disable=SC2046
	measure "$out/leaving.json" $(load) --at "300.3,$(carrier_loss wlan0)" --duration 1000
	expect "server sends to lte0" active_is server remote "$node_lte"
	at node ip link del wlan0
	host other
	link other wlan0 router-w node
	address router-w node 10.1.0.1/24
	address other wlan0 "$node_wlan/24"
	at other ip route add default via 10.1.0.1
}

# the server knows one more identity, the other has its half of the connection
admit() { # MODE
	local vips='' ts='' pool=''
	if [ "$1" = tunnel ]; then
		vips="vips = 0.0.0.0" ts="remote_ts = $server_inner/32" pool="pools = others"
	fi
	swanctl_conf_of other server "$1" "remote_addrs = $server_outer
			$vips" "$ts" ""
	swanctl_conf_of server other "$1" "$pool" "${ts/remote/local}" \
		"pools { others { addrs = $other_inner/32 } }"
	sed 's/main {/second {/' "$out/server/swanctl/swanctl.conf" >"$out/second"
	cat "$out/first" "$out/second" >"$out/server/swanctl/swanctl.conf"
	swan server --load-all >"$out/server/load.out" 2>&1 ||
		die "swanctl --load-all on server: $(tail -n 5 "$out/server/load.out")"
	if has_segue other; then
		plugin_install other
		at other "$segue" attach wlan0 >"$out/other/attach.out" 2>&1 ||
			die "segue attach on other: $(<"$out/other/attach.out")"
	fi
	charon_start other
}

initiate_other() { swan other --initiate --child data --timeout 20; }
export -f initiate_other

node_goes_on() { # REPORT
	# shellcheck disable=SC2046
	measure "$1" $(load) --at "500,mark" --duration 1500
	fact "$1" "the node's flows lose nothing" \
		'[.flows | .up, .down, .echo | .lost] | add == 0' '.flows | [.up, .down, .echo | .lost] | tostring'
	nothing_in_clear "$1"
	no_xfrm_errors "$1"
	maps_agree
}

for hosts in "node server" "node server other"; do
	begin "transport, segue on $hosts" FAILBACK_MS=600000 "SEGUE_HOSTS=$hosts"
	topology 0.35
	SEGUE_HOSTS="node server" connect transport
	cp "$out/server/swanctl/swanctl.conf" "$out/first"
	lease
	monitor_start server
	admit transport
	expect "the other one is refused" bash -c '! initiate_other'
	monitor_stop server
	expect "the server's log says why" grep -q "refused: $node_wlan was given to" "$out/server/charon.log"
	expect "an event says so" saw server '.reason == "not owned"'
	node_goes_on "$out/report.json"
done

begin "tunnel" FAILBACK_MS=600000 "SEGUE_HOSTS=node server other"
topology 0.35
SEGUE_HOSTS="node server" connect tunnel
cp "$out/server/swanctl/swanctl.conf" "$out/first"
lease
admit tunnel
expect "the other one is connected" initiate_other
expect "and reaches the server" at other ping -c 5 -i 0.2 -W 2 -I "$other_inner" "$server_inner"
node_goes_on "$out/report.json"
expect "and so it does still" at other ping -c 5 -i 0.2 -W 2 -I "$other_inner" "$server_inner"
finish
