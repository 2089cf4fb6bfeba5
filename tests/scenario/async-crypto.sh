#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The return switch where ESP is not decrypted by the softirq that received it.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node (pcrypt)                            | s ──── eth0 server (pcrypt)
#        lte0 ───── node | core ──── l       |
#                 router-l
#
#   softirq   ingress restore: packet, path ──► xfrm_input() ──► queue ──► next packet
#   worker                                          decrypts ──► xfrm_input_resume()
#                                                         ──► xfrm_replay_advance()
#
# The template pcrypt(...) gives every packet to a workqueue. By the time that it is
# authenticated other packets have come by, in another context: only its SPI and
# sequence number tell by which path it came. Expected: as with synchronous crypto.
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/calls.sh
. "$project/tests/scenario/lib/calls.sh"

# crypto NAME FIELD: of the implementation that the kernel takes for NAME
crypto() {
	awk -v RS= -v FS='\n' -v name="$1" -v field="$2" '{
		delete v
		for (i = 1; i <= NF; i++) {
			split($i, pair, / *: /)
			v[pair[1]] = pair[2]
		}
		if (v["name"] == name && v["priority"] > best) {
			best = v["priority"]
			value = v[field]
		}
	} END { print value }' /proc/crypto
}

# The kernel takes what has the highest priority, and a template's is above that of
# what it wraps. tcrypt only asks for an algorithm by name, and never stays loaded.
pcrypt_begin() {
	local aead
	modprobe pcrypt
	for aead in "rfc4106(gcm(aes))" "authenc(hmac(sha1),cbc(aes))"; do
		modprobe -q tcrypt alg="pcrypt($aead)" type=3 2>/dev/null || true
		[[ $(crypto "$aead" driver) == pcrypt\(* ]] ||
			die "the kernel does not take pcrypt for $aead but $(crypto "$aead" driver)"
	done
	# what a worker gives back to XFRM: esp_input_done() and nobody else calls this
	calls_begin resumed xfrm_input_resume
}

# when no SA is left: what it registered goes with the module
pcrypt_end() {
	calls_end resumed
	modprobe -r pcrypt
}

# inbound_packets HOST ADDRESS: authenticated by its inbound SAs
inbound_packets() {
	at "$1" ip -s xfrm state | awk -v to="$2" '
		/^src/ { inbound = $4 == to }
		/\(packets\)/ && inbound { sub(/.*, /, ""); n += $0 }
		END { print n + 0 }'
}

sas() { at "$1" ip xfrm state list | grep -c 'proto esp'; }

# all_resumed BEFORE: every packet that any SA took was authenticated by a worker
all_resumed() {
	local late=$(($(calls resumed) - $1)) packets
	packets=$(($(inbound_packets node "$node_wlan") + $(inbound_packets server "$server_outer")))
	expect "$late of $packets packets were authenticated by a worker, after the softirq" \
		test "$packets" -gt 0 -a "$late" = "$packets"
}

handover() { # MODE IMPLEMENTATION, e.g. seqiv(rfc4106(gcm(aes)))
	local before
	topology 15
	connect "$1"
	expect "ESP is done by $(crypto "$2" driver)" expr "$(crypto "$2" driver)" : '.*(pcrypt('
	# one reference is the list's own
	expect "all four SAs, and they only, use it" \
		test "$(sas node) $(sas server) $(crypto "$2" refcnt)" = "2 2 5"
	before=$(calls resumed)
	monitor_start server
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --duration 2500
	monitor_stop server
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	# encrypted by a worker, it leaves when the worker is done: maybe at the very cut
	fact "$out/report.json" "uplink: at most the packet on the wire lost" \
		'.flows.up.lost <= 1' .flows.up.lost
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	expect "the server followed an authenticated packet" \
		saw server '.event == "switch" and .reason == "peer moved"'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	all_resumed "$before"
	maps_agree
}

pcrypt_begin
begin "transport with AES-GCM"
handover transport "seqiv(rfc4106(gcm(aes)))"
begin "tunnel with AES-CBC and SHA1" ESP=aes128-sha1
handover tunnel "echainiv(authenc(hmac(sha1),cbc(aes)))"
topology_down
pcrypt_end
finish
