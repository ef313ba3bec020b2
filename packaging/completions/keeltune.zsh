#compdef keeltune
# SPDX-License-Identifier: MIT
# Completion of keeltune for zsh; installed as `_keeltune`. What there is to complete is in the table, which
# the build has from the program's own tables (packaging/completions/table.c).

_keeltune_table() {
	cat <<'TABLE'
@TABLE@
TABLE
}

_keeltune_value() { # KIND WORDS
	local -a names
	case $1 in
	word) compadd -- ${=2} ;;
	output)
		if compset -P '*:'; then _files; else compadd -S : -- ${=2}; fi
		;;
	directory) _files -/ ;;
	file) _files ;;
	profile)
		names=(${${(f)"$(_call_program profiles $program profile list)"}%% *})
		compadd -a names
		[[ $PREFIX != */* ]] || _files
		;;
	id)
		names=(${(M)${${(f)"$(_call_program ids $program history)"}%% *}:#<->T<->Z-*})
		compadd -a names
		;;
	user) _users ;;
	pid) _pids ;;
	netns) compadd -- /run/netns/*(N:t) ;;
	service) compadd -- /etc/pam.d/*(N:t) ;;
	*) _message -e $1 ;;
	esac
}

# Sets specs to what _arguments has to know of the options of COMMAND.
_keeltune_options() { # COMMAND
	local row of name letter kind values help both
	specs=()
	for row in $rows; do
		IFS=$'\t' read -r row of name letter kind values help <<<$row
		[[ $row == option && $of == $1 ]] || continue
		help=${${help//\[/\\[}//\]/\\]}
		both="($letter $name)"
		case $kind in
		-)
			specs+=("$both${name}[$help]")
			[[ $letter == - ]] || specs+=("$both${letter}[$help]")
			;;
		optional) specs+=("${name}=-[$help]:: :") ;;
		*)
			kind="{_keeltune_value $kind ${(q)values}}"
			specs+=("*${name}=[$help]: :$kind")
			[[ $letter == - ]] || specs+=("*${letter}+[$help]: :$kind")
			;;
		esac
	done
}

_keeltune_arguments() { # COMMAND FIRST: what stands behind COMMAND and its word FIRST
	local row of name letter kind values help
	local -a names
	for row in $rows; do
		IFS=$'\t' read -r row of name letter kind values help <<<$row
		[[ $row == argument && $of == $1 ]] || continue
		if [[ $name == (-|$2) ]]; then
			[[ $kind == - ]] || _keeltune_value $kind $values
		elif [[ -z $2 ]]; then
			names+=$name
		fi
	done
	compadd -a names
}

_keeltune() {
	local program=$words[1] curcontext=$curcontext state state_descr command row of help
	local -a line rows specs commands
	local -A opt_args

	rows=(${(f)"$(_keeltune_table)"})
	_keeltune_options -
	_arguments -C -s $specs '1: :->command' '*:: :->behind' && return
	case $state in
	command)
		for row in $rows; do
			[[ $row == command$'\t'* ]] || continue
			commands+=("${${(s:	:)row}[2]}:${${(s:	:)row}[-1]}")
		done
		_describe -t commands command commands
		;;
	behind)
		command=$line[1]
		_keeltune_options $command
		_arguments -C -s $specs '1: :->first' '*: :->more' && return
		case $state in
		first) _keeltune_arguments $command '' ;;
		more) _keeltune_arguments $command $line[1] ;;
		esac
		;;
	esac
}

_keeltune "$@"
