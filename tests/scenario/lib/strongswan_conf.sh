# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# What strongSwan is told: strongswan.conf and swanctl.conf of both hosts.

# addresses: of a scenario; IPv4 unless FAMILY=v6
addresses() {
	if [ "${FAMILY:-v4}" = v4 ]; then
		node_wlan=10.1.0.2 node_lte=10.2.0.2 server_outer=10.9.0.2
		node_inner=10.100.0.2 server_inner=10.200.0.1 host_bits=32
	else
		node_wlan=fd01::2 node_lte=fd02::2 server_outer=fd09::2
		node_inner=fd64::2 server_inner=fdc8::1 host_bits=128
	fi
}
addresses

# The plugins of charon that a pre-shared key needs; each further one delays its start.
plugins="random nonce aes sha1 sha2 hmac gcm kdf openssl kernel-netlink socket-default vici"

# charon_conf HOST: strongswan.conf, with the agent if SEGUE_HOSTS names the host.  Here
# uplinks are lost as often as a figure needs it: what that does to the hold-down is for
# flap.sh alone.
charon_conf() {
	local name=$1 extra=MOBIKEX_${1^^} plugin_settings='' list=$plugins
	if has_segue "$name"; then
		list="$list mobikex"
		[ "$name" != node ] || list="$list ${LOAD_NODE:-}"
		plugin_settings="mobikex {
				failback_delay = ${FAILBACK_MS:-2000}
				hold_max = 0
				${MOBIKEX_EXTRA:-}
				${!extra:-}
			}"
	fi
	cat >"$out/$name/strongswan.conf" <<-END
	charon {
		load = $list
		port = 500
		port_nat_t = 4500
		send_vendor_id = yes
		# a path that comes back delivers what its router had kept for it: late, and
		# beyond the default window of 32 packets
		replay_window = 1024
		${CHARON_EXTRA:-}
		filelog {
			log {
				path = $out/$name/charon.log
				time_format = %T
				time_add_ms = yes
				append = yes
				flush_line = yes
				default = 1
				ike = ${LOGLEVEL:-1}
				knl = ${LOGLEVEL:-1}
			}
		}
		plugins {
			$plugin_settings
		}
	}
	swanctl { load = random }
	END
}

# plugin_install HOST: the agent beside stock charon's plugins, for this host only,
# and what tests load by LOAD_NODE
plugin_install() {
	at "$1" bash -c '
		dir=/usr/lib/ipsec/plugins
		mkdir -p /run/plugins && mount --bind $dir /run/plugins &&
		mount -t tmpfs tmpfs $dir && ln -s /run/plugins/* $dir/ &&
		ln -sf "$@" $dir/' \
		plugin_install "$project"/build/libstrongswan-*.so \
		"$project"/build/tests/scenario/libstrongswan-*.so
}

has_segue() { [[ " ${SEGUE_HOSTS:-} " == *" $1 "* ]]; }

# swanctl_conf MODE: the same connection "main" seen from both ends.
#   transport  the outer addresses are the selectors
#   beet       a fixed inner pair; both ends must send their vendor ID
#   tunnel     I-WLAN: the node gets a virtual address from the gateway
#   fixed      tunnel mode between BEET's inner pair
swanctl_conf() {
	local mode=${1/fixed/tunnel} node_ts='' server_ts='' vips='' pools=''
	case $1 in
	beet | fixed)
		node_ts="local_ts = $node_inner/$host_bits
			remote_ts = $server_inner/$host_bits"
		server_ts="local_ts = $server_inner/$host_bits
			remote_ts = $node_inner/$host_bits" ;;
	tunnel)
		node_ts="remote_ts = $server_inner/$host_bits"
		server_ts="local_ts = $server_inner/$host_bits"
		vips="vips = $([ "${FAMILY:-v4}" = v4 ] && echo 0.0.0.0 || echo ::)"
		pools="pools = node" ;;
	esac
	swanctl_conf_of node server "$mode" "remote_addrs = $server_outer
			${NODE_LOCAL:-}
			$vips
			${IKE_NODE:-}" "$node_ts
					${CHILD_NODE:-}" ""
	swanctl_conf_of server node "$mode" "$pools
			${IKE_SERVER:-}" "$server_ts
					${CHILD_SERVER:-}" \
		"pools { node { addrs = $node_inner/$host_bits } }"
}

# swanctl_conf_of HOST PEER MODE CONNECTION CHILD REST: settings of this end;
# CHILDREN_NODE and CHILDREN_SERVER are further children of the connection
swanctl_conf_of() {
	local children=CHILDREN_${1^^}
	mkdir -p "$out/$1/swanctl/conf.d"
	cat >"$out/$1/swanctl/swanctl.conf" <<-END
	connections {
		main {
			version = 2
			proposals = aes128-sha256-x25519
			mobike = yes
			encap = ${ENCAP:-no}
			$4
			${IKE_EXTRA:-}
			local { auth = psk
				id = $1.example }
			remote { auth = psk
				id = $2.example }
			children {
				data {
					mode = $3
					$5
					esp_proposals = ${ESP:-aes128gcm16}
					start_action = none
					${CHILD_EXTRA:-}
				}
				${!children:-}
			}
		}
	}
	$6
	secrets { ike { secret = "not a secret, a test" } }
	END
}
