# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of keeltune for bash, with or without bash-completion: source it, or install it as `keeltune`
# where bash-completion looks. What there is to complete is in the table at the end, which the build has
# from the program's own tables (packaging/completions/table.c).

_keeltune_table() {
	cat <<'TABLE'
@TABLE@
TABLE
}

# The first words of what "$@" prints, as far as they need no quotes.
_keeltune_first_words() {
	local word rest
	while read -r word rest; do
		[[ $word =~ ^[A-Za-z0-9@][A-Za-z0-9@._:-]*$ ]] && printf '%s\n' "$word"
	done < <("$@" 2>/dev/null </dev/null)
}

_keeltune_names_in() { # DIRECTORY
	local path
	for path in "$1"/*; do
		[ ! -e "$path" ] || printf '%s\n' "${path##*/}"
	done
}

# Offers the values of KIND that begin with VALUE, each behind BEFORE.
_keeltune_offer() { # PROGRAM KIND WORDS BEFORE VALUE
	local program=$1 kind=$2 words=$3 before=$4 value=$5 candidate
	case $kind in
	directory) compopt -o dirnames ;;
	file) compopt -o default ;;
	profile) [[ $value != */* ]] || compopt -o default ;;
	output)
		if [[ $value == *:* ]]; then
			compopt -o default
			return
		fi
		compopt -o nospace
		;;
	esac
	while read -r candidate; do
		[[ -z $candidate || $candidate == - || $candidate != "$value"* ]] || COMPREPLY+=("$before$candidate")
	done < <(
		printf '%s\n' "${words// /$'\n'}" | if [ "$kind" = output ]; then sed 's/$/:/'; else cat; fi
		case $kind in
		profile) _keeltune_first_words "$program" profile list ;;
		id) _keeltune_first_words "$program" history | grep '^[0-9]*T[0-9]*Z-' ;;
		user) compgen -u ;;
		pid) _keeltune_names_in /proc | grep '^[0-9]*$' ;;
		netns) _keeltune_names_in /run/netns ;;
		service) _keeltune_names_in /etc/pam.d ;;
		esac
	)
}

_keeltune() {
	local line=${COMP_LINE:0:COMP_POINT} current='' pending='' command=- first='' word
	local row of name letter kind values
	local -a given=() rows=()
	local -A takes=()

	COMPREPLY=()
	read -ra given <<<"$line"
	if [[ $line != *[[:blank:]] ]]; then
		current=${given[-1]}
		unset 'given[-1]'
	fi
	mapfile -t rows < <(_keeltune_table)
	for row in "${rows[@]}"; do
		IFS=$'\t' read -r row of name letter kind values _ <<<"$row"
		[[ $row != option || $kind == - || $kind == optional ]] || takes[$name]=1 takes[$letter]=1
	done

	# What stands before the cursor: the command, its first word, an option that still wants its value.
	for word in "${given[@]:1}"; do
		if [[ $pending ]]; then
			pending=
		elif [[ $word == -* ]]; then
			[[ ! ${takes[$word]-} ]] || pending=$word
		elif [[ $command == - ]]; then
			command=$word
		elif [[ ! $first ]]; then
			first=$word
		fi
	done

	local before='' value=$current option=$pending
	if [[ ! $pending && $current == --*=* ]]; then
		option=${current%%=*} before=${current%%=*}= value=${current#*=}
	fi
	for row in "${rows[@]}"; do
		IFS=$'\t' read -r row of name letter kind values _ <<<"$row"
		case $row in
		command)
			[[ $option || $command != - || $current == -* || $of != "$current"* ]] || COMPREPLY+=("$of")
			;;
		argument)
			[[ ! $option && $current != -* && $of == "$command" ]] || continue
			if [[ $name == - || $name == "$first" ]]; then
				_keeltune_offer "$1" "$kind" "$values" '' "$current"
			elif [[ ! $first && $name == "$current"* ]]; then
				COMPREPLY+=("$name")
			fi
			;;
		option)
			[[ $of == "$command" ]] || continue
			if [[ $option ]]; then
				[[ $option != "$name" && $option != "$letter" ]] ||
					_keeltune_offer "$1" "$kind" "$values" "$before" "$value"
			elif [[ $current == -* && $name == "$current"* ]]; then
				COMPREPLY+=("$name")
			fi
			;;
		esac
	done

	# To readline the word begins behind a = or : that breaks words.
	local -r breaks=${COMP_WORDBREAKS//[^=:]/}
	if [[ $breaks && $current == *["$breaks"]* ]]; then
		value=${current##*["$breaks"]}
		COMPREPLY=("${COMPREPLY[@]#"${current%"$value"}"}")
	fi
}

complete -F _keeltune keeltune
