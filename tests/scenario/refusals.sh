#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A peer that is authenticated, and of bad manners: each of its requests is refused
# by name, told to whoever watches, and harms nothing.
#
#                 router-w              core
#        wlan0 ──── node | core ──── w       |
#   node ☠                                   | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# The node's charon has the plugin of inject.c beside the agent: what is written to
# a FIFO goes out as one request. Numbers and layouts: docs/mobike-x.md.
. "$(dirname "$0")/lib.sh"

# ask NOTIFY...: sends them; the answer's notifies are in $answer
ask() {
	local before
	before=$(wc -l <"$out/answers")
	echo "$*" >"$out/inject"
	await 20 more_answers_than "$before" || die "no answer to $*"
	answer=$(tail -n 1 "$out/answers")
}
more_answers_than() { [ "$(wc -l <"$out/answers")" -gt "$1" ]; }

# refused TEXT ANSWER NOTIFY...
refused() {
	local text=$1 expected=$2
	shift 2
	ask "$@"
	expect "$text ($answer)" test "$answer" = "$expected"
}

ADD=41217 REMOVE=41218 IP=41219 UPDATE=16400 COOKIE2=16401 NO=41220 UNACCEPTABLE=40:
spi_of() { at "$1" "$segue" -j sa | jq -r '[.[] | select(.direction == "in")][0].spi | ltrimstr("0x")'; }
unharmed() { [ "$(spi_of node) $(spi_of server)" = "$spis" ]; }

begin "requests that are refused" MOBIKEX_EXTRA="check_tries = 2
	check_delay = 200
	push_delay = 100" LOAD_NODE=inject
CHARON_EXTRA="plugins { inject {
	fifo = $out/inject
	answers = $out/answers
} }"
mkfifo "$out/inject"
: >"$out/answers"
topology 15
connect transport
spis="$(spi_of node) $(spi_of server)"
monitor_start server

refused "no address at all where one should be" $NO:01000000 $ADD $IP:030400
refused "too short an address" $NO:01000000 $ADD $IP:030400000a0200
refused "half an SPI" $NO:01000000 $ADD $IP:030400000a020002c4ad
refused "a role that is none" $NO:02000000 $ADD $IP:090400000a020002
refused "a family that is none" $NO:03000000 $ADD $IP:030900000a020002
refused "a parameter without operation" $NO:040404000a020002 $ADD $IP:030400000a020002 $IP:040400000a020002
refused "loopback" $NO:07000000 $ADD $IP:030400007f000001
refused "multicast" $NO:07000000 $ADD $IP:03040000e0000001
refused "link-local" $NO:07000000 $ADD $IP:03060000fe800000000000000000000000000001
refused "IPv4 in disguise" $NO:07000000 $ADD $IP:0306000000000000000000000000ffff0a020002
refused "the server's own address" $NO:080304000a090002 $ADD $IP:030400000a090002
refused "the other family" $NO:09030600fd020000000000000000000000000002 \
	$ADD $IP:03060000fd020000000000000000000000000002
refused "removing what never was there" $NO:0c0404000a070002 $REMOVE $IP:040400000a070002
refused "removing the address in use" $NO:0d0404000a010002 $REMOVE $IP:040400000a010002
refused "removing it without naming it" $NO:0d040000 $REMOVE
refused "an SPI of nobody's" "$UNACCEPTABLE $NO:0e020000" $UPDATE $IP:020000000000ffff
refused "an SPI that the server receives by" "$UNACCEPTABLE $NO:0e020000" $UPDATE "$IP:02000000$(spi_of server)"
refused "an SPI of its own, to where nothing was checked" "$UNACCEPTABLE $NO:0c0204000a070002" \
	$UPDATE "$IP:020400000a070002$(spi_of node)"
refused "an SPI of its own, to the server's address" "$UNACCEPTABLE $NO:0c0204000a090002" \
	$UPDATE "$IP:020400000a090002$(spi_of node)"
refused "an SPI of its own, and one of nobody's" "$UNACCEPTABLE $NO:0e0204000a020002" \
	$UPDATE "$IP:020400000a020002$(spi_of node)0000ffff"
refused "an address for one CHILD_SA only: not supported" $NO:0f0304000a020002 $ADD "$IP:030400000a020002$(spi_of node)"
refused "an SPI of its own, by where it is" - $UPDATE "$IP:02000000$(spi_of node)"
refused "moving to somebody else" "$UNACCEPTABLE $NO:100204000a070002" $UPDATE $IP:020400000a070002
refused "a COOKIE2 of 4 octets is not sent back" - $COOKIE2:01020304
refused "one of 8 octets is" 16401:0102030405060708 $COOKIE2:0102030405060708


# batch NET COUNT: parameters that add 10.7.NET.1 and so on; batch_gone: remove them
batch() {
	local i
	for ((i = 1; i <= $2; i++)); do
		printf "$IP:030400000a07%02x%02x " "$1" "$i"
	done
}
batch_gone() { batch "$1" "$2" | sed 's/:0304/:0404/g'; }
# shellcheck disable=SC2046
{
	refused "too many parameters: the 13th" $NO:05000000 $ADD $(batch 0 13)
	expect "12 were taken" test "$(grep -c 'the peer added 10\.7\.' "$out/server/charon.log")" = 12
	refused "the address set is full at 16" $NO:0a0304000a070103 $ADD $(batch 1 3)
	refused "removed again" - $REMOVE $(batch_gone 0 12)
	refused "removed again" - $REMOVE $(batch_gone 1 2)
	refused "there is room again" - $ADD $(batch 2 12)
	refused "removed again" - $REMOVE $(batch_gone 2 12)
	ask $ADD $(batch 3 12)
	expect "32 new addresses in a minute are enough" \
		test "$(grep -o "$NO:0b0304000a0703" <<<"$answer" | wc -l)" = 6
}

# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,mark" --duration 1000
monitor_stop server
# what was counted is what was answered with OPERATION_REFUSED; addresses that never
# answered are counted as well
counted() { # JQ FILTER of the array of refusals, for the session and for the host
	at server "$segue" -j session | jq -r ".[0].refused | $1"
	at server "$segue" -j status | jq -r ".refused | $1"
}
answers=$(grep -o "$NO:" "$out/answers" | wc -l)
expect "every refusal is counted, $answers of them, for the session and in all" \
	test "$(counted 'map(select(.reason != "check failed").count) | add' | xargs)" = "$answers $answers"
for reason in 'malformed 3' 'impossible address 4' 'too often 6' 'in use 2' 'unknown SPI 3'; do
	expect "counted: $reason" test "$(counted ".[] | select(.reason == \"${reason% *}\").count" |
		xargs)" = "${reason##* } ${reason##* }"
done
for reason in malformed "unknown role" "unknown family" "no operation of this role" \
	"too many parameters" "impossible address" "not the peer's address" \
	"of the other address family" "too many addresses" "too often" "unknown address" \
	"in use" "unknown SPI" "not supported" "not the source of the packet"; do
	expect "an event says: $reason" saw server ".reason == \"$reason\""
done
all_flow "$out/report.json"
expect "the SAs are what they were" unharmed
expect "no address was verified that never answered" verified server 2
maps_agree
finish
