// SPDX-License-Identifier: MIT
/* Open sockets that keepalive does not protect as a profile wants it, see live.h: those of programs
 * that never asked for it, and those whose timer still runs for a longer time. The kernel tells
 * neither tcp_keepalive_intvl nor _probes of a socket. */
#include "live.h"

#include "cgroup.h"
#include "cleanup.h"
#include "host.h"
#include "leak.h"
#include "pool.h"
#include "procfs.h"
#include "socket-owners.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TRIES 3

struct look {
	struct pool *pool;
	uint64_t longest;    /* seconds that are accepted */
	const char *advised; /* TIME:INTVL:PROBES */
	int proc;
	struct socket_set set; /* those that are not as they should be */
	uint64_t seen;
	int error;
	struct live live;
	size_t *last; /* of each socket: the group + 1 that has counted it last */
};

static bool is_off(const struct tcp_socket *socket)
{
	return socket->timer == TCP_TIMER_NONE;
}

/* Both ends are on this host: whoever ends there is noticed without keepalive. */
static bool is_inside(const struct tcp_socket *socket)
{
	return !memcmp(socket->local, socket->peer, socket->is_ipv6 ? 16 : 4);
}

static uint64_t waits(const struct tcp_socket *socket)
{
	return ((uint64_t)socket->silent + socket->expires) / 1000;
}

static void take(const struct tcp_socket *socket, void *data)
{
	struct look *look = data;

	if (!socket->inode) /* not accepted yet, or closed by its process */
		return;
	look->seen++;
	if ((is_off(socket) || socket_waits_longer(socket, look->longest)) && !look->error)
		look->error = socket_set_add(&look->set, socket);
}

static int dump(struct look *look)
{
	int rc = -EINTR;

	for (int i = 0; i < TRIES && rc == -EINTR; i++) {
		look->set.count = look->seen = 0;
		rc = sockets_dump(TCP_STATE_BIT(TCP_STATE_ESTABLISHED) |
					  TCP_STATE_BIT(TCP_STATE_CLOSE_WAIT),
				  true, take, look);
	}
	if (rc == -EINTR) /* a table that changes all the time: as good as it gets */
		rc = 0;
	return look->error ? look->error : rc;
}

/* ---- whose they are ----------------------------------------------------------------------- */

/* Of an owner, for the names of its groups. */
struct holder {
	bool is_read;
	const char *place, *comm;
};

static void read_holder(const struct look *look, const struct owner *owner, struct holder *ret)
{
	char text[4096];
	struct cgroup cgroup;
	int process = owner->scan.process;
	char path[32];

	ret->is_read = true;
	ret->comm = "";
	snprintf(path, sizeof path, "%d/comm", owner->pid);
	ssize_t size = process ? procfs_read(process, "comm", text, sizeof text)
			       : procfs_read(look->proc, path, text, sizeof text);
	if (size > 0)
		ret->comm = pool_copy(look->pool, text, strcspn(text, "\n"));
	snprintf(path, sizeof path, "%d/cgroup", owner->pid);
	size = process ? procfs_read(process, "cgroup", text, sizeof text)
		       : procfs_read(look->proc, path, text, sizeof text);
	if (size <= 0)
		return;
	cgroup_parse(look->pool, text, (size_t)size, &cgroup);
	ret->place = live_place(look->pool, &cgroup);
}

static const char *why(const struct tcp_socket *socket)
{
	if (is_off(socket))
		return is_inside(socket)
			       ? "their program did not set SO_KEEPALIVE, so the sysctl does "
				 "nothing "
				 "for them; both ends are on this host, where a peer that ends is "
				 "noticed at once"
			       : "their program did not set SO_KEEPALIVE, so the sysctl does "
				 "nothing "
				 "for them: a peer that vanishes is never noticed while they are "
				 "idle";
	return "their timer was started with a longer time, before the sysctl was changed or by "
	       "TCP_KEEPIDLE of the program";
}

static const char *advice(const struct look *look, const struct tcp_socket *socket)
{
	const char *now = pool_printf(
		look->pool, "keeltune sockets relieve --pid PID --keepalive %s", look->advised);

	if (is_off(socket))
		return pool_printf(look->pool,
				   "switch keepalive on in the program (an option such as "
				   "so_keepalive, tcp-keepalive, SO_KEEPALIVE), then restart it; "
				   "until then: %s",
				   now);
	return pool_printf(look->pool,
			   "nothing: a new connection takes the new value at once, an old one when "
			   "its timer fires; to be sooner: %s",
			   now);
}

static size_t find_group(struct look *look, const struct tcp_socket *socket, const char *place,
			 const char *comm)
{
	const char *cause = is_off(socket) ? "no-keepalive" : "old-time";
	const char *reason = why(socket), *name = place ? place : comm;

	for (size_t i = 0; i < look->live.count; i++) {
		const struct live_group *group = &look->live.groups[i];
		if (group->why == reason && !strcmp(group->name, name) &&
		    !strcmp(group->comm ? group->comm : "", comm))
			return i;
	}
	struct live_group group = { .kind = LIVE_SOCKETS,
				    .name = name,
				    .comm = *comm ? comm : NULL,
				    .used = UINT32_MAX,
				    .cause = cause,
				    .why = reason,
				    .advice = advice(look, socket) };
	live_add(look->pool, &look->live, &group);
	return look->live.count - 1;
}

static void count(struct look *look, const struct tcp_socket *socket, size_t number, pid_t pid)
{
	struct live_group *group = &look->live.groups[number];
	size_t *last = &look->last[socket - look->set.items];
	bool is_known = !pid;

	for (size_t i = 0; i < group->pid_count && !is_known; i++)
		is_known = group->pids[i] == pid;
	if (!is_known && group->pid_count < LIVE_PIDS)
		group->pids[group->pid_count++] = pid;
	if (*last == number + 1) /* its workers share it */
		return;
	*last = number + 1;
	group->count++;
	if (is_off(socket)) {
		group->value = value_text("off");
	} else if (group->value.kind == VALUE_NONE || group->value.number < waits(socket)) {
		group->value = value_number(waits(socket));
	}
}

static int attribute(struct look *look)
{
	struct owners owners = { 0 };
	struct process_list list = { 0 };
	autofree uint8_t *wanted = malloc(look->set.count);
	const char *nobody = "processes that this user may not look into";

	if (!wanted)
		return -ENOMEM;
	memset(wanted, 1, look->set.count);
	int rc = socket_set_index(&look->set);
	if (!rc)
		rc = owners_find(look->proc, &look->set, wanted, false, NULL, 0, &list, &owners);
	struct holder *holders = pool_alloc(look->pool, (owners.count + 1) * sizeof *holders);
	look->last = pool_alloc(look->pool, look->set.count * sizeof *look->last);
	for (size_t i = 0; !rc && i < owners.hits.count; i++) {
		const struct tcp_socket *socket = &look->set.items[owners.hits.items[i].socket];
		const struct owner *owner = &owners.items[owners.hits.items[i].process];
		struct holder *holder = &holders[owners.hits.items[i].process];
		if (!holder->is_read)
			read_holder(look, owner, holder);
		count(look, socket, find_group(look, socket, holder->place, holder->comm),
		      owner->pid);
	}
	for (size_t i = 0; !rc && i < look->set.count; i++) {
		const struct tcp_socket *socket = &look->set.items[i];
		/* Without an owner in sight although all may be seen: it was closed meanwhile. */
		if (!look->last[i] && owners.hidden)
			count(look, socket, find_group(look, socket, nobody, ""), 0);
	}
	owners_free(&owners);
	process_list_free(&list);
	return rc;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void finish(struct look *look, struct observed *ret)
{
	struct reading *live = &ret->layer[LAYER_LIVE];

	for (size_t i = 0; i < look->live.count; i++) {
		struct live_group *group = &look->live.groups[i];
		group->shown =
			group->value.kind == VALUE_TEXT
				? "off"
				: pool_printf(look->pool, "%" PRIu64 " s", group->value.number);
		bool is_worse = live->state != READING_PRESENT || group->value.kind == VALUE_TEXT ||
				(live->value.kind == VALUE_NUMBER &&
				 value_compare(group->value, live->value) > 0);
		if (is_worse)
			*live = (struct reading){ .state = READING_PRESENT, .value = group->value };
		live_add(look->pool, &ret->live, group);
	}
	if (!look->live.count && look->seen)
		*live = ret->layer[LAYER_RUNNING];
}

void live_observe_sockets(struct host *host, const struct setting *setting, const char *advised,
			  struct observed *ret)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct look look = { .pool = host_pool(host), .advised = advised, .proc = proc };

	look.longest = setting->max.kind == VALUE_NUMBER ? setting->max.number : INT32_MAX;
	int rc = proc < 0 ? -errno : dump(&look);
	if (!rc && look.set.count)
		rc = attribute(&look);
	finish(&look, ret);
	if (rc == -EOPNOTSUPP)
		ret->live.unseen =
			"open sockets: this kernel has no inet_diag, or libmnl is missing";
	else if (rc)
		ret->live.unseen = pool_printf(look.pool, "open sockets: %s", strerror(-rc));
	socket_set_free(&look.set);
}
