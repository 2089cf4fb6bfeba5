# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# What IKE says on the wire: captured, decrypted by tshark with the keys that charon
# writes to its log at LOGLEVEL=4, and printed a message a line.

# trace_needed: ends a scenario that cannot be run, and says why
trace_needed() {
	! command -v tshark >/dev/null || return 0
	echo "skipped: tshark is not installed: apt-get install tshark"
	exit 77
}

# trace_start: all IKE that reaches the server, whatever uplink it takes
trace_start() {
	# not through at: $! has to be the program itself
	nsenter --target "$(<"$out/server.pid")" --net --mount -- \
		tcpdump -i eth0 -U --immediate-mode -Z root -w "$out/ike.pcap" \
		'udp port 500 or udp port 4500' >/dev/null 2>"$out/tcpdump.err" </dev/null &
	capture=$!
	await 30 grep -q 'listening on' "$out/tcpdump.err" ||
		die "tcpdump does not listen: $(<"$out/tcpdump.err")"
}

# operation NAME: what comes from now on belongs to it
operation() { echo "$EPOCHREALTIME $1" >>"$out/operations"; }

# sk NAME: key SK_NAME of the first IKE_SA, in hexadecimal, from charon's dump:
#   Sk_ei secret => 16 bytes @ 0x7fb0d00020c0
#      0: 69 25 CF 47 FC A8 A6 B5 0F D8 43 17 55 BD CC 0F  i%.G......C.U...
sk() {
	awk -v name="Sk_$1 secret =>" '
		left > 0 {
			sub(/^[^]]*\][^:]*: /, "")
			for (i = 0; i < 16 && left > 0; i++) {
				key = key substr($0, 3 * i + 1, 2)
				left--
			}
		}
		key == "" && index($0, name) { sub(/.*=> /, ""); left = $1 }
		END { print tolower(key) }' "$out/node/charon.log"
}

# decrypted TSHARK_OPTION...: of proposal aes128-sha256 (strongswan_conf.sh)
decrypted() {
	local spis
	# the response is the first to have both
	spis=$(tshark -r "$out/ike.pcap" -Y 'isakmp.exchangetype == 34 && isakmp.flag_r == 1' \
		-T fields -E separator=, -e isakmp.ispi -e isakmp.rspi 2>>"$out/tshark.err" | head -n 1)
	tshark -r "$out/ike.pcap" -o "uat:ikev2_decryption_table:$spis,$(sk ei),$(sk er),\
\"AES-CBC-128 [RFC3602]\",$(sk ai),$(sk ar),\"HMAC_SHA2_256_128 [RFC4868]\"" \
		"$@" 2>>"$out/tshark.err"
}

# trace_stop: leaves $out/trace, a message a line, for instance
#   handover 1.5 10.2.0.2 > 10.9.0.2 INFORMATIONAL request 2 N(UPDATE_SA_ADDRESSES) ...
# with the operation that it belongs to, the milliseconds since that began, and "(again)"
# at the end of a retransmission
trace_stop() {
	kill -INT "$capture"
	wait "$capture" 2>/dev/null || true
	decrypted -T fields -E separator=/t -E aggregator=, -e frame.time_epoch \
		-e ip.src -e ip.dst -e isakmp.exchangetype -e isakmp.flag_r -e isakmp.flag_i \
		-e isakmp.messageid -e isakmp.typepayload -e isakmp.notify.msgtype \
		-e isakmp.notify.data \
		>"$out/fields" || die "tshark: $(tail -n 3 "$out/tshark.err")"
	awk -f "$project/tests/scenario/lib/trace.awk" "$out/operations" "$out/fields" >"$out/trace"
}
