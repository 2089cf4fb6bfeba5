#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The messages of IKE, decrypted: what docs/mobike-x.md specifies is what the wire
# carries, no more and no less.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──👁─ eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
. "$(dirname "$0")/lib.sh"
trace_needed

# messages OPERATION: without retransmissions, which are this machine's own affair
messages() { awk -v op="$1" '$1 == op && !/[(]again[)]$/' "$out/trace"; }

# said OPERATION COUNT TEXT PATTERN: of its messages so many match
said() {
	local found
	found=$(messages "$1" | grep -Ec -- "$4" || true)
	if [ "$found" = "$2" ]; then
		ok "$1: $3"
	else
		not_ok "$1: $3: $found instead of $2 like $4"
	fi
}

# cookies OPERATION COUNT: that many were sent, each came back once
cookies() {
	local seen
	seen=$(messages "$1" | grep -o 'N(COOKIE2 [0-9a-f]*)' |
		sort | uniq -c | awk '$1 == 2' | wc -l)
	if [ "$seen" = "$2" ]; then
		ok "$1: each COOKIE2 came back"
	else
		not_ok "$1: $seen COOKIE2 came back instead of $2"
	fi
}

told() { swan server --list-sas | grep -q "remote.*@ $1"; }	# where IKE has the peer
idle() { ! swan node --list-sas --raw | grep -q 'tasks-active='; }	# nothing to be answered
moved() { swan node --list-sas | grep -q "local.*@ $1" && told "$1" && idle; }
knows() { verified server "$1" && idle; }

lte="10[.]2[.]0[.]2 > 10[.]9[.]0[.]2 INFORMATIONAL"
to_lte="10[.]9[.]0[.]2 > 10[.]2[.]0[.]2 INFORMATIONAL"
wlan="10[.]1[.]0[.]2 > 10[.]9[.]0[.]2 INFORMATIONAL"
to_wlan="10[.]9[.]0[.]2 > 10[.]1[.]0[.]2 INFORMATIONAL"
cookie2="N.COOKIE2 [0-9a-f]{32}."
nats="N.NAT_DETECTION_SOURCE_IP. N.NAT_DETECTION_DESTINATION_IP."
update="N.UPDATE_SA_ADDRESSES. $nats $cookie2"
# moves OLD NEW: IP_PARAMETER: role, family, preference, address
moves() { echo "N.IP_PARAMETER 01040000$1. N.IP_PARAMETER 0204[0-9a-f]{4}$2."; }

# however slow the machine: what is late is not repeated by the path in use
begin "all operations" LOGLEVEL=4 FAILBACK_MS=300 "MOBIKEX_EXTRA=push_delay = 30000"
topology 15
prepare tunnel
trace_start
operation setup
initiate
ready
operation handover
at router-w ip link set dev node down
expect "IKE is on lte0" await 10 moved "$node_lte"
operation failback
at router-w ip link set dev node up
expect "IKE is on wlan0 again" await 10 moved "$node_wlan"
operation remove
at node ip address del "$node_lte/24" dev lte0
expect "the server knows one address" await 10 knows 1
operation add
uplink_restore lte0
expect "the server knows two" await 10 knows 2
operation soft
expect "by hand, softly" at node "$segue" switch --soft main lte0
expect "IKE is on lte0 once more" await 10 moved "$node_lte"
operation apart
spi=$(at node "$segue" -j sa | jq -r 'map(select(.direction == "out"))[0].spi')
expect "the CHILD_SA by another path than the IKE_SA" \
	at node "$segue" switch --child "$spi" main wlan0
expect "the server was told" await 10 idle
trace_stop
sed 's/^/    /' "$out/trace"

said setup 1 "the node offers MOBIKE-X and tells its other address" \
	'IKE_AUTH request .*N.MOBIKE_SUPPORTED. .*N.ADDITIONAL_IP4_ADDRESS 10.2.0.2..*N.MOBIKEX_SUPPORTED 0100[0-9a-f]{4}[)]'
said setup 1 "the server accepts" \
	'IKE_AUTH response .*N.MOBIKE_SUPPORTED. .*N.MOBIKEX_SUPPORTED 0100[0-9a-f]{4}[)]'
said setup 2 "one exchange more" ' INFORMATIONAL '
said setup 1 "the server asks the other address" "$to_lte request . $cookie2\$"
said setup 1 "which answers" "$lte response . $cookie2\$"
cookies setup 1
said handover 2 "one request, one response" .
said handover 1 "UPDATE_SA_ADDRESSES" "$lte request . $update $(moves 0a010002 0a020002)\$"
said handover 1 "and its answer" "$to_lte response . $nats $cookie2\$"
cookies handover 1
said failback 1 "a check of the way back" "$wlan request . $cookie2\$"
said failback 1 "and its answer" "$to_wlan response . $cookie2\$"
# beside it, or by itself: wlan0's address is told again if it was gone for long
said failback 1 "UPDATE_SA_ADDRESSES" "$wlan request . $update (N.ADD_SA_ADDRESS. )?$(moves 0a020002 0a010002)"
cookies failback 2
said remove 2 "one request, one response" .
said remove 1 "REMOVE_SA_ADDRESS" \
	"$wlan request . N.REMOVE_SA_ADDRESS. N.IP_PARAMETER 040400000a020002.\$"
said remove 1 "and its answer" "$to_wlan response .\$"
said add 4 "two exchanges" .
said add 1 "ADD_SA_ADDRESS" "$wlan request . N.ADD_SA_ADDRESS. N.IP_PARAMETER 0304[0-9a-f]{4}0a020002.\$"
said add 1 "and its answer" "$to_wlan response .\$"
said add 1 "the server asks the address" "$to_lte request . $cookie2\$"
said add 1 "which answers" "$lte response . $cookie2\$"
cookies add 1
said soft 2 "one request, one response" .
said soft 1 "UPDATE_SA_ADDRESSES" "$lte request . $update $(moves 0a010002 0a020002)\$"
cookies soft 1
said apart 2 "one request, one response" .
said apart 1 "UPDATE_SA_ADDRESSES of one SPI" \
	"$lte request . N.UPDATE_SA_ADDRESSES. .*N.IP_PARAMETER 0204[0-9a-f]{4}0a010002[0-9a-f]{8}."
said apart 1 "and its answer" "$to_lte response ."

begin "transport mode, moved" LOGLEVEL=4 "MOBIKEX_EXTRA=transport = moved
push_delay = 30000"
topology 15
prepare transport
pairs() { [ "$(swan node --list-sas --raw | grep -o 'state=INSTALLED' | wc -l)" = "$1" ] && idle; }
trace_start
operation pair
initiate
ready
expect "a CHILD_SA for each pair of addresses" await 20 pairs 2
trace_stop
sed 's/^/    /' "$out/trace"
said pair 1 "CHILD_SA_PAIR with the addresses" \
	'10.1.0.2 > 10.9.0.2 CREATE_CHILD_SA request .*N.CHILD_SA_PAIR 040000000a0200020a090002[)]'
said pair 1 "and its answer" '10.9.0.2 > 10.1.0.2 CREATE_CHILD_SA response .* TSi TSr'
finish
