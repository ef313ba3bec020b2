# shellcheck shell=bash disable=SC2034 # $server is for who sources this
# SPDX-License-Identifier: MIT
# Leaking servers and their clients, for `make lab` and for tests. Source it inside namespaces of their own;
# BUILDDIR and TMPDIR are set.
#
# serve OPTION... VARIANT      starts a leak-server; its pid is then in $server, its port in $port
# clients OPTION... COUNT      COUNT clients of it come and leave; ADDRESS is where to, 127.0.0.1 unless set
# crowd_of OPTION... COUNT     the same for clients that stay; returns when all are connected
# await WORD                   returns when the server has said it: settled, emfile
# settled                      await settled
# dismiss                      ends the servers and clients that were started here

lab_started=()
lab_said=

lab_start() {
	lab_said=$TMPDIR/lab.${#lab_started[@]}
	: >"$lab_said"
	"$@" >"$lab_said" 2>&1 &
	lab_started+=($!)
}

await() {
	local _
	for _ in $(seq 500); do
		! grep -qwE "$1" "$lab_said" || return 0
		sleep 0.02
	done
	echo "no \"$1\" from a program of the laboratory: $(cat "$lab_said")" >&2
	return 1
}

serve() {
	lab_start "$BUILDDIR/tests/leak-server" "$@"
	server=${lab_started[-1]}
	server_said=$lab_said
	await listening || exit 2
	port=$(sed -n 's/^listening //p' "$lab_said")
}

clients() {
	"$BUILDDIR/tests/lab-clients" "${@:1:$#-1}" "${ADDRESS:-127.0.0.1}" "$port" "${@: -1}" >/dev/null
}

crowd_of() {
	lab_start "$BUILDDIR/tests/lab-clients" -o "${@:1:$#-1}" "${ADDRESS:-127.0.0.1}" "$port" "${@: -1}"
	await connected
	lab_said=$server_said
}

settled() {
	await settled
}

dismiss() {
	[ ${#lab_started[@]} = 0 ] || kill -KILL "${lab_started[@]}" 2>/dev/null
	wait "${lab_started[@]}" 2>/dev/null
	lab_started=()
}
