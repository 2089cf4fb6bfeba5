# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# pluto, libreswan's daemon, in charon's place on the hosts that LIBRESWAN_HOSTS names.

libreswan=$project/build/libreswan

has_libreswan() { [[ " ${LIBRESWAN_HOSTS:-} " == *" $1 "* ]]; }

# libreswan_needed: ends a scenario that cannot be run, and says why
libreswan_needed() {
	[ ! -e "$libreswan/complete" ] || return 0
	echo "skipped: libreswan has not been fetched: run tests/libreswan"
	exit 77
}

# pluto_conf HOST: the connection "main", in tunnel mode between the inner addresses
#
# _updown sets up routes, of which these hosts have all they need; it is a shell script
# that would have to be where the package puts it.
pluto_conf() {
	local name=$1 left=$server_outer right=%any left_inner=$server_inner \
		right_inner=$node_inner other=node
	if [ "$name" = node ]; then
		left=%defaultroute right=$server_outer other=server
		left_inner=$node_inner right_inner=$server_inner
	fi
	cat >"$out/$name/ipsec.conf" <<-END
	config setup
	conn main
	  auto=ignore
	  type=tunnel
	  ikev2=insist
	  mobike=yes
	  authby=secret
	  left=$left
	  leftid=@$name.example
	  leftsubnet=$left_inner/$host_bits
	  leftupdown=%disabled
	  right=$right
	  rightid=@$other.example
	  rightsubnet=$right_inner/$host_bits
	  rightupdown=%disabled
	  ike=aes128-sha2_256-dh31
	  esp=aes_gcm128-null
	  pfs=no
	  replay-window=1024
	END
	echo '@node.example @server.example : PSK "not a secret, a test"' >"$out/$name/ipsec.secrets"
}

pluto_program() { at "$1" "/usr/libexec/ipsec/$2" "${@:3}"; }	# HOST PROGRAM ARGUMENT...

# pluto_install HOST: pluto starts addconn by its full name and dies without it
pluto_install() {
	at "$1" bash -c 'mkdir -p /usr/libexec /run/pluto && mount --bind "$1" /usr/libexec' \
		pluto_install "$libreswan/usr/libexec"
}

# pluto_start HOST: returns when it listens and has its configuration
pluto_start() {
	local name=$1 policy=()
	if exact; then
		policy=(chrt --idle 0)	# as charon_start
	fi
	pluto_conf "$name"
	cp -r "$libreswan/nss" "$out/$name/nss"
	pluto_install "$name"
	at "$name" "${policy[@]}" /usr/libexec/ipsec/pluto --nofork --no-dnssec \
		--config "$out/$name/ipsec.conf" --secretsfile "$out/$name/ipsec.secrets" \
		--nssdir "$out/$name/nss" --ipsecdir "$out/$name" --rundir /run/pluto \
		--logfile "$out/$name/pluto.log" >"$out/$name/pluto.out" 2>&1 </dev/null &
	echo $! >"$out/$name/pluto.nspid"
	await 30 at "$name" test -S /run/pluto/pluto.ctl ||
		die "pluto on $name does not listen: see $out/$name/pluto.out"
	{ pluto_program "$name" whack --listen &&
		pluto_program "$name" addconn --config "$out/$name/ipsec.conf" main
	} >"$out/$name/load.out" 2>&1 ||
		die "libreswan's configuration on $name: $(tail -n 5 "$out/$name/load.out")"
}

pluto_initiate() {
	pluto_program node whack --initiate --name main >"$out/node/initiate.out" 2>&1 ||
		die "no CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
}

# pluto_stop HOST: without telling the peer
pluto_stop() {
	[ -s "$out/$1/pluto.nspid" ] || return 0
	pluto_program "$1" whack --shutdown --leave-state >/dev/null 2>&1 || true
	wait "$(<"$out/$1/pluto.nspid")" 2>/dev/null || true
	rm -f "$out/$1/pluto.nspid"
}
