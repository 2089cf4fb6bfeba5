# SPDX-License-Identifier: GPL-2.0-or-later
# A plan in, a cell a line out: NAME STACK MODE CIPHER TRAFFIC EVENT NETWORK N. What one
# machine does stays together: all cells of a stack and a mode, by cipher and network.

/^#/ || NF == 0 { next }

NF != 7 || $7 !~ /^[1-9][0-9]*$/ {
	printf "%s:%d: STACK MODE CIPHER TRAFFIC EVENT NETWORK N are wanted\n", \
		FILENAME, FNR > "/dev/stderr"
	failed = 1
	exit 1
}

{
	split($1, stacks, ","); split($2, modes, ","); split($3, ciphers, ",")
	split($4, traffics, ","); split($5, events, ","); split($6, networks, ",")
	for (s = 1; s in stacks; s++)
	for (m = 1; m in modes; m++)
	for (c = 1; c in ciphers; c++)
	for (n = 1; n in networks; n++)
	for (t = 1; t in traffics; t++)
	for (e = 1; e in events; e++)
		add(stacks[s], modes[m], ciphers[c], traffics[t], events[e], networks[n], $7)
}

function add(stack, mode, cipher, traffic, event, network, n,    name) {
	name = stack "." mode "." cipher "." traffic "." event "." network
	if (name in seen) {
		printf "%s:%d: %s is there twice\n", FILENAME, FNR, name > "/dev/stderr"
		failed = 1
		exit 1
	}
	seen[name] = 1
	print name, stack, mode, cipher, traffic, event, network, n
}

END { exit failed }
