# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# the scenarios' lib.sh has the variables that are not set here
# What happens to wlan0. For each event:
#   EVENT_at MS I   of phase I: the meter's options; the first of them is t0
#   EVENT_undo      as if nothing had been
#   EVENT_lead      ms from t0 to its last action, if that is later
# Where the meter does it itself t0 is exact; a command begins a little later.

carrier_at() { echo --at "$1,$(carrier_loss wlan0)"; }
carrier_undo() { at router-w ip link set dev node up; }

admin_at() { echo --at "$1,down,node,wlan0"; }
admin_undo() { uplink_restore wlan0; }

# The only interface's address is replaced, the old one goes first. By one that no phase
# before had, or the peer would know it.
mobility_at() {
	echo --at "$1,addr-del,node,wlan0,$node_wlan/24" \
		--at "$1,addr-add,node,wlan0,10.1.0.$((100 + $2))/24" \
		--at "$1,gateway,node,wlan0,10.1.0.1"
}
mobility_undo() {
	at node ip address flush dev wlan0 to 10.1.0.0/24
	uplink_restore wlan0
}

# The network behind wlan0's router dies: nobody's carrier, and nobody says so, since
# the core has a route that drops in silence below the one that goes with the link.
silent_core() { at core ip route add blackhole 10.1.0.0/24 metric 1000; }
silent_at() { echo --at "$1,down,core,w"; }
silent_undo() {
	at core ip link set dev w up
	at core ip route replace 10.1.0.0/24 via 10.3.1.1 dev w
}

# known before: what prefers lte0 is told so, 0.3 s later wlan0 is switched off
soft_lead=300
soft_at() {
	echo --at "$1,exec,leave"
	echo --at "$(awk "BEGIN { printf \"%.3f\", $1 + $soft_lead }"),down,node,wlan0"
}
soft_undo() {
	prefer_lte_no_more
	uplink_restore wlan0
}

# nothing happens: what a packet costs
cost_at() { :; }
cost_undo() { :; }
