# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# charon on both hosts, up to an established connection.

swan() {
	local name=$1
	shift
	at "$name" env STRONGSWAN_CONF="$out/$name/strongswan.conf" \
		SWANCTL_DIR="$out/$name/swanctl" swanctl "$@"
}

# await DEADLINE_S COMMAND...: until it succeeds, which is seen within $await_every s
await_every=0.01
await() {
	local deadline=$1 begin now
	shift
	read -r begin _ </proc/uptime
	until "$@" >/dev/null 2>&1; do
		read -r now _ </proc/uptime
		if (( ${now%.*} - ${begin%.*} > deadline )); then
			return 1
		fi
		sleep "$await_every"
	done
}

# listens HOST: its charon takes connections.  The socket's file is there before that;
# __SO_ACCEPTCON of linux/net.h is set after.
listens() { at "$1" grep -q ' 00010000 .*/charon\.vici$' /proc/net/unix; }

# charon_start HOST: returns when it listens and has its configuration
#
# Where one processor plays five machines the daemons get what the networks leave,
# kernel threads included: ESP of a packet that interrupts another one's is done by
# cryptd's, which has no priority of its own.
charon_start() {
	local name=$1 policy=()
	if exact; then
		policy=(chrt --idle 0)
	fi
	charon_conf "$name"
	at "$name" "${policy[@]}" env STRONGSWAN_CONF="$out/$name/strongswan.conf" \
		/usr/lib/ipsec/charon >>"$out/$name/charon.out" 2>&1 </dev/null &
	echo $! >"$out/$name/charon.nspid"
	await 30 listens "$name" ||
		die "charon on $name does not listen: see $out/$name/charon.out"
	swan "$name" --load-all >"$out/$name/load.out" 2>&1 ||
		die "swanctl --load-all on $name: $(tail -n 5 "$out/$name/load.out")"
}

charon_pid() { at "$1" cat /run/charon.pid; }

charon_kill() { # HOST SIGNAL
	kill "-$2" "$(charon_pid "$1")"
	wait "$(<"$out/$1/charon.nspid")" 2>/dev/null || true	# it says by what it was killed
	at "$1" rm -f /run/charon.pid /run/charon.vici
}

# inner MODE: the inner addresses, and where the flows begin and end
inner() {
	case $1 in
	transport)
		flow_node=$node_wlan flow_server=$server_outer ;;
	*)
		flow_node=$node_inner flow_server=$server_inner
		address server lo "$server_inner/$host_bits" ;;
	esac
	if [ "$1" = beet ] || [ "$1" = fixed ]; then
		address node lo "$node_inner/$host_bits"
	fi
	export flow_node flow_server
}

# prepare MODE: everything but the connection itself
prepare() {
	local mode=$1 name
	local -A uplinks=([node]="${SEGUE_UPLINKS:-wlan0 lte0}" [server]=eth0)
	inner "$mode"
	mkdir -p "$out/node" "$out/server"
	swanctl_conf "$mode"
	for name in node server; do
		has_segue "$name" || continue
		plugin_install "$name"
		# shellcheck disable=SC2086
		at "$name" "$segue" attach ${ATTACH:-} ${uplinks[$name]} \
			>"$out/$name/attach.out" 2>&1 || die "segue attach on $name: $(<"$out/$name/attach.out")"
	done
	daemon_start server
	daemon_start node
}

daemon_start() {
	if has_libreswan "$1"; then pluto_start "$1"; else charon_start "$1"; fi
}

# connect MODE: hosts up to an established CHILD_SA of that mode, or death
connect() {
	local got asked=node
	! has_libreswan node || asked=server
	prepare "$1"
	initiate
	got=$(negotiated "$asked")
	[ "${got,,}" = "${1/fixed/tunnel}" ] || die "negotiated '$got' instead of $1"
	ready
}

# connect_probed MODE: and both paths answer probes.  What XDP sends back into a pair of
# veth is taken only if XDP is at its other end.
connect_probed() {
	at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
	connect "$1"
	await 20 probed node 2 || die "not every path answers probes: $(paths node)"
}

# ready: with segue at both ends, every path of the server is verified: its check
# of the node's second address is under way when the CHILD_SA is there
ready() {
	if has_segue node && has_segue server; then
		await 10 verified server "$(wc -w <<<"${SEGUE_UPLINKS:-wlan0 lte0}")" ||
			die "server did not verify the node's addresses: $(paths server)"
	fi
}

initiate() {
	if has_libreswan node; then
		pluto_initiate
		return
	fi
	swan node --initiate --child data --timeout 60 >"$out/node/initiate.out" 2>&1 ||
		die "no CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
}

negotiated() {
	swan "$1" --list-sas --raw | grep -o 'mode=[A-Z_]*' | head -n 1 | cut -d= -f2
}
