# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for segue(8): commands, devices, sessions and paths, as they are now
# shellcheck shell=bash

# A column of one of segue's tables; nothing if it is not attached.
_segue_column() {
	segue "$1" 2>/dev/null | awk -v "column=$2" 'NR > 1 { print $column }'
}

_segue_devices() {
	local device
	for device in /sys/class/net/*; do
		device=${device##*/}
		[[ $device == lo || $device == segue0 ]] || echo "$device"
	done
}

# Names where they are enough, NAME[ID] where they are not.
_segue_sessions() {
	_segue_column session 1 | awk -F'[[]' '
		{ full[NR] = $0; name[NR] = $1; count[$1]++ }
		END { for (i = 1; i <= NR; i++) print count[name[i]] == 1 ? name[i] : full[i] }'
}

# Of the session: slots, devices, local addresses.
_segue_paths() {
	segue path "$1" 2>/dev/null | awk 'NR > 1 { print $2; print $3; print $4 }' | sort -u
}

_segue() {
	local commands='attach detach status link session path sa switch monitor check'
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	local list='' command='' argument='' position=0 i

	COMPREPLY=()
	# readline ends words at a colon; an IPv6 address is one word all the same
	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n : cur prev words cword
	fi
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--ingress | -i | --window | -w | --child | -c) ((i++)) ;;
		-*) ;;
		*)
			if [[ ! $command ]]; then
				command=${words[i]}
			elif [[ ${words[i]} != show ]]; then
				argument=${words[i]}
				((position++))
			fi
			;;
		esac
	done

	if [[ $prev == --ingress || $prev == -i ]]; then
		list='auto xdp tc'
	elif [[ $prev == --window || $prev == -w ]]; then
		list='50 200 1000'
	elif [[ $prev == --child || $prev == -c ]]; then
		list=$(_segue_column sa 1)
	elif [[ $cur == -* ]]; then
		list='--json --verbose --help --version'
		[[ $command != attach ]] || list+=' --ingress'
		[[ $command != switch ]] || list+=' --soft --window --child'
		[[ $command != link ]] || list+=' --window'
	else
		case $command in
		'') list=$commands ;;
		attach) list=$(_segue_devices) ;;
		detach) list=$(_segue_column link 1) ;;
		link)
			case $position in
			0) list=$(_segue_column link 1) ;;
			1) list='drain resume' ;;
			esac
			;;
		session | path | sa) ((position)) || list=$(_segue_sessions) ;;
		switch)
			case $position in
			0) list=$(_segue_sessions) ;;
			1) list=$(_segue_paths "$argument") ;;
			esac
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
	# of an address readline then wants only what follows the colon
	if declare -F __ltrim_colon_completions >/dev/null; then
		__ltrim_colon_completions "$cur"
	fi
}
complete -F _segue segue
