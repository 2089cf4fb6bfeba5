#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ingress restore by tc beside GRO that decrypts ESP by itself.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node (tc)                                | s ──── eth0 server (tc, GRO)
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# tc comes after GRO. With esp4_offload loaded a driver that has GRO but no native
# XDP hands ESP to XFRM before it was restored: segue check has to tell, and what
# it says has to mend it.
. "$(dirname "$0")/lib.sh"

modprobe -a esp4_offload esp6_offload
begin "transport, by tc" ATTACH="--ingress tc"
topology 15
# a pair of veth uses GRO where the other end does not cut packets for it
at core ethtool -K s tso off
at server ethtool -K eth0 gro on
connect transport
status=0
at server "$segue" check >"$out/check" || status=$?
expect "check tells of GRO" grep '^fail.*eth0.*GRO' "$out/check"
expect "and fails" test $status = 1
bash -ec "at server $(sed -n 's/^ *mend: \(ethtool .*\)/\1/p' "$out/check")"
expect "what it says mends that" bash -c 'at server "$segue" check'
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --rate 250 --at "500.3,$(carrier_loss wlan0)" --duration 1500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 26
uplink_lost_nothing "$out/report.json"
expect "server sends to lte0" active_is server remote "$node_lte"
maps_agree
topology_down
modprobe -r esp4_offload esp6_offload
finish
