#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Gets strongSwan's headers, which no Debian package ships, out of Debian's source
# package: headers.sh DIRECTORY
#
# The machine's own apt configuration says where packages come from.  Its lists
# are copied with the type "deb" turned into "deb-src"; apt reads only the copies
# and keeps what it fetches below DIRECTORY, so nothing on the machine changes.
# Any Debian revision will do that has the upstream version installed here: only
# upstream's headers are used.
set -eu

dir=$(realpath -m "${1:?usage: headers.sh DIRECTORY}")

fail() {
	echo "headers.sh: $*" >&2
	exit 1
}

version=$(dpkg-query -W -f '${Version}' libstrongswan 2>/dev/null) ||
	fail "libstrongswan is not installed; try: apt-get install libstrongswan strongswan-charon"
# without epoch and Debian revision
upstream=${version#*:}
upstream=${upstream%-*}

apt=$dir/apt
rm -rf "$dir"
mkdir -p "$apt/parts" "$apt/lists/partial"

lists=0
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ -f "$list" ] || continue
	lists=$((lists + 1))
	sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$list" \
		>"$apt/parts/segue-$lists.list"
done
for list in /etc/apt/sources.list.d/*.sources; do
	[ -f "$list" ] || continue
	lists=$((lists + 1))
	sed 's/^Types:.*/Types: deb-src/' "$list" >"$apt/parts/segue-$lists.sources"
done
[ "$lists" -gt 0 ] || fail "apt has no sources list on this machine"

# The sandbox user could not write below DIRECTORY.
set -- -qq \
	-o Dir::Etc::sourcelist=/dev/null \
	-o Dir::Etc::sourceparts="$apt/parts" \
	-o Dir::State::lists="$apt/lists" \
	-o Dir::Cache="$apt" \
	-o APT::Sandbox::User="$(id -un)"

apt-get "$@" update || fail "apt-get update failed, see above"
found=$(apt-cache "$@" showsrc strongswan |
	sed -n 's/^Version: //p' | grep -F "$upstream-" | head -n 1) ||
	fail "no source package strongswan $upstream-* in apt's sources (libstrongswan $version is installed)"
(cd "$apt" && apt-get "$@" source --download-only --tar-only "strongswan=$found") ||
	fail "could not download the source of strongswan $found"

tar -xf "$apt/strongswan_$upstream.orig.tar".* -C "$dir" --strip-components=2 --wildcards \
	"strongswan-$upstream/src/libstrongswan/*.h" "strongswan-$upstream/src/libcharon/*.h"
rm -rf "$apt"
echo "$upstream" >"$dir/VERSION"
