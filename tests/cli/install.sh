#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed where, the manual page, and completion.
#
#   home[3], work[8], work[5]    wlan0 10.1.0.2, lte0 10.2.0.2 and fd02::2
. "$(dirname "$0")/lib.sh"

if command -v make >/dev/null && [ -w "$project/build" ]; then
	echo "-- install"
	ok "make install-loader DESTDIR PREFIX" make -s -C "$project" install-loader \
		DESTDIR="$work/root" PREFIX=/opt/segue
	is "all of it below them" "sbin/segue share/bash-completion/completions/segue share/man/man8/segue.8" \
		"$(cd "$work/root/opt/segue" && find . -type f | sed 's/^..//' | sort | paste -sd' ')"
	ok "and nothing elsewhere" test "$(find "$work/root" -type f | wc -l)" = 3
	ok "uninstall" make -s -C "$project" uninstall-loader DESTDIR="$work/root" PREFIX=/opt/segue
	ok "removes it all" test "$(find "$work/root" -type f | wc -l)" = 0
fi

agent() { make -s -C "$project" "$1-agent" DESTDIR="$work/root"; }
if command -v make >/dev/null && [ -w "$project/build" ] && [ -e "$project/build/libstrongswan-mobikex.so" ]; then
	echo "-- the agent and its settings"
	settings=$work/root/etc/strongswan.d/charon/mobikex.conf
	exits 0 "install" agent install
	ok "the settings are there" cmp "$project/ike-agent/mobikex.conf" "$settings"
	exits 0 "install again" agent install
	is "unchanged, they are what is there" "mobikex.conf" "$(ls "${settings%/*}")"
	echo "# mine" >>"$settings"
	exits 0 "install over what the administrator changed" agent install
	says "is kept"
	is "it stays" "# mine" "$(tail -n 1 "$settings")"
	ok "and the new one is beside it" cmp "$project/ike-agent/mobikex.conf" "$settings.new"
	exits 0 "uninstall" agent uninstall
	says "is kept"
	is "leaves what was changed, and that alone" "$settings" "$(find "$work/root" -type f)"
	agent install >/dev/null
	cp "$project/ike-agent/mobikex.conf" "$settings"
	exits 0 "uninstall where nothing was changed" agent uninstall
	ok "removes it all" test "$(find "$work/root" -type f | wc -l)" = 0
fi

page=$project/docs/man/segue.8
if command -v mandoc >/dev/null; then
	echo "-- manual"
	is "mandoc finds no fault" "" "$(mandoc -Tlint -Wwarning "$page" 2>&1 | grep -v outdated)"
elif command -v man >/dev/null; then
	echo "-- manual"
	is "groff finds no fault" "" "$(man --warnings -l "$page" 2>&1 >/dev/null)"
fi
for command in attach detach status link session path sa switch monitor check; do
	ok "the manual has $command" grep -q "^\.It Cm $command" "$page"
	ok "so has --help" grep -q "^  $command " <("$segue" --help)
done

echo "-- completion"
cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
ip -6 addr add fd02::2/64 dev lte0 nodad
PATH=$(dirname "$segue"):$PATH
# shellcheck source=/dev/null
. "$project/loader/segue.bash"
complete_to() { # WORD...: what completes the last one
	COMP_WORDS=(segue "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_segue
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}
is "commands" "sa session status switch" "$(complete_to s)"
is "devices to attach" "lte0 wlan0" "$(complete_to attach '')"
is "nothing to detach yet" "" "$(complete_to detach '')"
is "options" "--ingress" "$(complete_to attach --i)"
is "ways in" "tc" "$(complete_to attach --ingress t)"
segue attach wlan0 >/dev/null
is "only what is attached can be detached" wlan0 "$(complete_to detach '')"
segue attach lte0 >/dev/null
"$maps" session 3 3 home 10.1.0.2 192.0.2.9
"$maps" session 4 8 work 10.1.0.2 192.0.2.10
"$maps" session 5 5 work 10.2.0.2 192.0.2.10
"$maps" path 3 0 wlan0 10.1.0.2 192.0.2.9 10 egress verified
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified
"$maps" path 5 2 lte0 10.2.0.2 192.0.2.10 20 egress verified
is "sessions, with their ids where the name is not enough" "home work[5] work[8]" \
	"$(complete_to switch '')"
is "paths of the session" "0 1 10.1.0.2 10.2.0.2 lte0 wlan0" "$(complete_to switch home '')"
is "of another" "10.2.0.2 2 lte0" "$(complete_to -j switch 'work[5]' '')"
is "options of switch" "--child" "$(complete_to switch --c)"
"$maps" sa in c2222222 3 tunnel 192.0.2.9 2
is "SPIs" "c2222222" "$(complete_to switch --child '')"
is "a session after it" "home" "$(complete_to switch --child c2222222 h)"
is "nothing after that" "" "$(complete_to switch home lte0 '')"
is "a session of a noun" home "$(complete_to path show h)"
is "what is done to a link" "drain resume" "$(complete_to link wlan0 '')"
is "and how" "--window" "$(complete_to link wlan0 drain --w)"
is "none twice" "" "$(complete_to path home '')"
finish
