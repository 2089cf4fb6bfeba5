#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad neighbours and bad input: a full map, a second XDP program, a peer that
# announces an address it does not own, unknown devices.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |     10.4.0.2: nobody's
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
. "$(dirname "$0")/lib.sh"

begin "an address that the peer does not own" MOBIKEX_EXTRA="check_tries = 2
	check_delay = 200"
topology 15
# the node's charon announces every address it has; this one leads nowhere
at node ip link add dummy0 type dummy
at node ip address add 10.4.0.2/32 dev dummy0
at node ip link set dev dummy0 up
connect transport
monitor_start server
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --duration 4000
monitor_stop server
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "it was announced" grep -q '10\.4\.0\.2' "$out/server/charon.log"
at server "$segue" -j path >"$out/paths.json"
fact "$out/paths.json" "never verified" 'all(.[]; .remote != "10.4.0.2" or (.verified | not))' \
	'[.[] | "\(.remote) \(.state)"] | join(", ")'
fact "$out/paths.json" "never used" 'all(.[]; .remote != "10.4.0.2" or (.active | not))'
maps_agree

begin "a full map"
topology 15
# charon first: when it starts it clears the maps of what the kernel does not have
prepare tunnel
read -r size octets < <(at node bpftool -j map show pinned /sys/fs/bpf/segue/sa |
	jq -r '"\(.max_entries) \(.bytes_value)"')
# SPIs below 256 are reserved (RFC 4303 2.1): these are nobody's, of no session
awk -v size="$size" -v octets="$octets" 'BEGIN {
	value = "ff ff ff 7f"
	for (i = 4; i < octets; i++) value = value " 00"
	for (i = 0; i < size; i++)
		printf "map update pinned /sys/fs/bpf/segue/sa key hex 00 00 00 ff %02x %02x %02x 00 value hex %s\n",
			i % 256, i / 256 % 256, i / 65536, value }' >"$out/fill"
at node bpftool batch file "$out/fill" >"$out/fill.out" 2>&1 || true
monitor_start node
initiate
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up 0) $(flow_down 500) --at "500,mark" --duration 1500
monitor_stop node
fact "$out/report.json" "traffic flows as without segue" \
	'[.flows[].lost] | add == 0' '.flows | map_values(.lost) | tostring'
nothing_in_clear "$out/report.json"
expect "an event says that the map is full" saw node '.reason == "map full"'
expect "charon's log says it, too" grep -qi 'full' "$out/node/charon.log"

begin "a second XDP program, before and after ours"
topology 15
count() { # the second program's packets on wlan0 and lte0 together
	at node bpftool -j map dump name other_seen | jq '[.. | objects | select(has("formatted")) | .formatted.value] | add'
}
second=$project/build/tests/cli/other_xdp.bpf.o
at node xdp-loader load wlan0 "$second" >"$out/xdp.out" 2>&1
connect tunnel
at node xdp-loader load lte0 "$second" >>"$out/xdp.out" 2>&1
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --duration 2000
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "both programs are on wlan0" test "$(at node xdp-loader status wlan0 | grep -c '=>')" = 2
expect "both programs are on lte0" test "$(at node xdp-loader status lte0 | grep -c '=>')" = 2
expect "the other one saw packets" test "$(count)" -gt 1000
at node "$segue" detach >/dev/null
expect "it stays when segue goes" test "$(at node xdp-loader status wlan0 | grep -c '=>')" = 1

begin "devices that do not exist"
topology 15
expect "attach fails and says why" bash -c '! at node "$segue" attach wlan0 nosuch0 >"$out/attach" 2>&1 && grep -q nosuch0 "$out/attach"'
expect "nothing is left behind" bash -c '! at node ip link show segue0 && ! at node test -e /sys/fs/bpf/segue'
expect "without rights it says so" bash -c '! at node setpriv --reuid 65534 --clear-groups "$segue" attach wlan0 >"$out/attach" 2>&1 && test -s "$out/attach"'
finish
