// SPDX-License-Identifier: MIT
/* What store.h has for running processes: the only file that sets limits and socket options of
 * others. Sockets come and go while this runs; each is known by its cookie, looked at again on the
 * copy that is about to be set, and left alone when it is not as it was. */
#include "store.h"

#include "live-process.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

static rlim_t native(uint64_t limit)
{
	return limit == LIMIT_UNLIMITED ? RLIM_INFINITY : (rlim_t)limit;
}

static bool is_limit(const struct rlimit *found, struct nofile limit)
{
	return found->rlim_cur == native(limit.soft) && found->rlim_max == native(limit.hard);
}

/* prlimit(2) takes a number, not a descriptor: if the process is still there behind it, it was the
 * one. If it is not, whoever has the number now gets back what he had; and so does the process when
 * it was changed since the look. */
int store_put_nofile(struct process_identity place, struct nofile before, struct nofile limit)
{
	struct rlimit new = { .rlim_cur = native(limit.soft), .rlim_max = native(limit.hard) };
	struct live_process process;
	struct rlimit old;
	int rc = live_process_open(place.pid, place.ticks, &process);

	if (!rc && prlimit(place.pid, RLIMIT_NOFILE, &new, &old))
		rc = -errno;
	else if (!rc) {
		rc = live_process_has_ended(&process) ? -ESRCH
		     : is_limit(&old, before)         ? 0
						      : -ESTALE;
		if (rc)
			(void)prlimit(place.pid, RLIMIT_NOFILE, &old, NULL);
	}
	live_process_close(&process);
	return rc;
}

static int set_number(int fd, int level, int option, uint32_t value)
{
	int number = (int)value;

	return setsockopt(fd, level, option, &number, sizeof number) ? -errno : 0;
}

static int set_numbers(int fd, const struct keepalive *spec)
{
	int rc = set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, spec->time);

	if (!rc)
		rc = set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, spec->intvl);
	return rc ? rc : set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, spec->probes);
}

/* On comes last and off first, so that the timer never runs with half of the numbers. */
static int set_keepalive(int fd, const struct keepalive *spec)
{
	int rc = spec->on ? 0 : set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 0);

	/* The system's own numbers may be ones that no program can set; then they are off, and
	 * nobody asks for them. */
	if (!rc && keepalive_is_settable(spec))
		rc = set_numbers(fd, spec);
	if (!rc && spec->on)
		rc = set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	return rc;
}

struct put {
	struct socket_values *values;
	bool back;
};

/* Somebody was interrupted between the numbers and the switch. */
static bool is_half_set(const struct keepalive *now, const struct keepalive *before,
			const struct keepalive *after)
{
	return (now->on == before->on || now->on == after->on) &&
	       (now->time == before->time || now->time == after->time) &&
	       (now->intvl == before->intvl || now->intvl == after->intvl) &&
	       (now->probes == before->probes || now->probes == after->probes);
}

/* A second descriptor of the same socket finds it done. */
static int set_one(int fd, const struct live_socket *socket, void *data)
{
	const struct put *put = data;
	struct socket_values *values = put->values;
	struct socket_value *item = socket_values_find(values, socket->cookie);

	if (!item || item->outcome != SOCKET_GONE)
		return 0;
	const struct keepalive *before = &values->specs[item->spec], *after = &values->wanted;
	const struct keepalive *from = put->back ? after : before;
	const struct keepalive *to = put->back ? before : after;
	if (keepalive_equal(&socket->keepalive, to))
		item->outcome = SOCKET_HAD_IT;
	else if (!keepalive_equal(&socket->keepalive, from) &&
		 !(put->back && is_half_set(&socket->keepalive, before, after)))
		item->outcome = SOCKET_CHANGED;
	else
		item->outcome = set_keepalive(fd, to) ? SOCKET_REFUSED : SOCKET_SET;
	return 0;
}

int store_put_keepalive(struct process_identity place, struct socket_values *values, bool back)
{
	struct put put = { .values = values, .back = back };
	struct live_process process;
	size_t unreached;
	int rc = live_process_open(place.pid, place.ticks, &process);

	for (size_t i = 0; i < values->count; i++)
		values->items[i].outcome = SOCKET_GONE;
	if (!rc)
		rc = live_process_sockets(&process, set_one, &put, &unreached);
	live_process_close(&process);
	return rc;
}
