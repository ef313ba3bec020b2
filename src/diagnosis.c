// SPDX-License-Identifier: MIT
/* Advice, see diagnosis.h. What is said here about the kernel was measured: a CLOSE_WAIT has no
 * timeout of its own; keepalive ends it only when the program has asked for it (SO_KEEPALIVE), and
 * then takes it out of the tables but leaves the descriptor with the process. */
#include "diagnosis.h"

#include "pool.h"
#include "socket-report.h"

#include <inttypes.h>
#include <string.h>

#define WORTH_SAYING 100        /* sockets */
#define NR_OPEN_DEFAULT 1048576 /* fs.nr_open, unless raised */

struct list {
	struct pool *pool;
	struct advice *items;
	size_t count;
};

static void add(struct list *list, const char *id, const char *command, const char *text)
{
	list->items = pool_extend(list->pool, list->items, list->count, sizeof *list->items);
	list->items[list->count++] = (struct advice){ .id = id, .text = text, .command = command };
}

const char *duration_format(struct pool *pool, uint64_t milliseconds)
{
	uint64_t seconds = (milliseconds + 999) / 1000, minutes = seconds / 60,
		 hours = minutes / 60;

	if (seconds < 120)
		return pool_printf(pool, "%" PRIu64 "s", seconds);
	if (minutes < 60)
		return pool_printf(pool, "%" PRIu64 "m%02" PRIu64 "s", minutes, seconds % 60);
	if (hours < 48)
		return pool_printf(pool, "%" PRIu64 "h%02" PRIu64 "m", hours, minutes % 60);
	return pool_printf(pool, "%" PRIu64 "d %" PRIu64 "h", hours / 24, hours % 24);
}

/* Unit names come from whoever may make cgroups: only what needs no quoting goes into a command. */
static bool is_plain(const char *name)
{
	return name && *name && *name != '-' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 ":_.@-")] == '\0';
}

static bool is_service(const struct leak *leak)
{
	size_t size = leak->unit ? strlen(leak->unit) : 0;

	return size > 8 && !strcmp(leak->unit + size - 8, ".service") && is_plain(leak->unit) &&
	       !leak->container && strncmp(leak->unit, "user@", 5) != 0 &&
	       (!leak->is_user_unit || is_plain(leak->user));
}

static const char *systemctl(struct pool *pool, const struct leak *leak, const char *verb)
{
	if (leak->is_user_unit)
		return pool_printf(pool, "systemctl --user -M %s@ %s %s", leak->user, verb,
				   leak->unit);
	return pool_printf(pool, "systemctl %s %s", verb, leak->unit);
}

/* ---- what the program does wrong ---------------------------------------------------------- */

static void advise_close(struct list *list, const struct leak *leak)
{
	struct pool *pool = list->pool;

	if (leak->not_closed)
		add(list, "close-after-eof", NULL,
		    pool_printf(
			    pool,
			    "%" PRIu64 " of %" PRIu64
			    " were read to the end and are still open: a bug in the program. When "
			    "read() returns 0 it must close() the socket; if it has stopped "
			    "reading, it "
			    "must read once more to see that. No setting of the kernel does it",
			    leak->not_closed, leak->states[TCP_STATE_CLOSE_WAIT]));
	if (leak->never_read)
		add(list, "read-to-eof", NULL,
		    pool_printf(pool,
				"%" PRIu64 " of %" PRIu64 " were never read to the end (%" PRIu64
				" unread bytes), so the program does not know that the peer has "
				"closed: "
				"it must read until read() returns 0, then close()",
				leak->never_read, leak->states[TCP_STATE_CLOSE_WAIT],
				leak->unread_bytes));
	if (leak->shared)
		add(list, "shared-sockets", NULL,
		    pool_printf(pool,
				"%" PRIu64 " of its CLOSE_WAIT sockets are held by other "
				"processes, too (inherited by "
				"fork() or passed on): each of them must close its own descriptor",
				leak->shared));
	if (leak->never_accepted)
		add(list, "accept-stuck", NULL,
		    pool_printf(pool,
				"%" PRIu64 " connections were closed by their peers before the "
				"program accepted them "
				"(%" PRIu32
				" wait in the accept queue): it does not call accept(), because "
				"it hangs or has no descriptor left",
				leak->never_accepted, leak->queue));
	if (leak->listen_full)
		add(list, "listen-full", NULL,
		    pool_printf(pool,
				"the accept queue is full (%" PRIu32 " of %" PRIu32
				"): the kernel drops new connections until the program accepts",
				leak->queue, leak->queue_max));
}

/* ---- keepalive ---------------------------------------------------------------------------- */

static void advise_keepalive(struct list *list, const struct leak *leak,
			     const struct keepalive_settings *settings)
{
	struct pool *pool = list->pool;
	uint64_t close_wait = leak->states[TCP_STATE_CLOSE_WAIT];

	if (leak->keepalive_off)
		add(list, "keepalive-off", NULL,
		    pool_printf(pool,
				"keepalive is off on %" PRIu64 " of %" PRIu64
				" CLOSE_WAIT sockets: the program does not set SO_KEEPALIVE, so "
				"net.ipv4.tcp_keepalive_* do nothing for them",
				leak->keepalive_off, close_wait));
	if (leak->keepalive_on)
		add(list, "keepalive-hides", NULL,
		    pool_printf(
			    pool,
			    "keepalive is on for %" PRIu64 " of %" PRIu64
			    " CLOSE_WAIT sockets: it will take them out of netstat and ss, but the "
			    "descriptors stay with the process until it closes them",
			    leak->keepalive_on, close_wait));
	if (leak->dead)
		add(list, "dead-sockets", NULL,
		    pool_printf(
			    pool,
			    "%" PRIu64 " sockets have died (keepalive, reset) and are in no list "
			    "of netstat or ss, "
			    "yet the process still holds their descriptors: it must close() them",
			    leak->dead));
	if (leak->half_open)
		add(list, "half-open",
		    pool_printf(pool, "keeltune sockets relieve --pid %d --keepalive 300:15:3",
				leak->pid),
		    pool_printf(pool,
				"%" PRIu64 " ESTABLISHED connections have been silent for %s or "
				"longer and have no "
				"keepalive: if their peers have vanished, nobody will notice. This "
				"is what "
				"SO_KEEPALIVE is for",
				leak->half_open, duration_format(pool, settings->time * 1000)));
	if (leak->slow)
		add(list, "keepalive-old-value", NULL,
		    pool_printf(pool,
				"%" PRIu64 " sockets wait longer than tcp_keepalive_time (%" PRIu64
				" s): the timer was set before the value was lowered, or the "
				"program sets "
				"TCP_KEEPIDLE. A lowered value reaches them when the timer fires, "
				"in up to "
				"%s",
				leak->slow, settings->time,
				duration_format(pool, leak->slow_expires)));
}

/* ---- descriptors -------------------------------------------------------------------------- */

static uint64_t roomier(const struct listed_process *fds)
{
	uint64_t wanted = 4096;

	while (wanted < 2 * fds->soft || wanted < (uint64_t)fds->used * 2)
		wanted *= 2;
	return wanted < NR_OPEN_DEFAULT ? wanted : NR_OPEN_DEFAULT;
}

static const char *raise_command(struct pool *pool, const struct leak *leak)
{
	uint64_t soft = roomier(&leak->fds);
	uint64_t hard = leak->fds.hard > soft ? leak->fds.hard : soft;
	const char *limit =
		hard == LIMIT_UNLIMITED ? "infinity" : pool_printf(pool, "%" PRIu64, hard);
	/* As prlimit(1), but recorded, and `keeltune rollback` takes it back. */
	const char *now = pool_printf(pool, "keeltune sockets relieve --pid %d --nofile %" PRIu64,
				      leak->pid, soft);

	if (is_service(leak))
		return pool_printf(pool,
				   "%s\n"
				   "%s\n"
				   "    [Service]\n"
				   "    LimitNOFILE=%" PRIu64 ":%s",
				   now, systemctl(pool, leak, "edit"), soft, limit);
	if (leak->container || !is_plain(leak->user))
		return now;
	return pool_printf(pool,
			   "%s\n"
			   "echo '%s - nofile %" PRIu64 "' >>/etc/security/limits.d/90-nofile.conf",
			   now, leak->user, soft);
}

static void advise_descriptors(struct list *list, const struct leak *leak)
{
	struct pool *pool = list->pool;
	bool leaks = leak->states[TCP_STATE_CLOSE_WAIT] || leak->dead;
	double share = leak->has_limits ? process_list_share(&leak->fds) : -1;

	if (share >= NEAR_LIMIT && leak->fds.soft < NR_OPEN_DEFAULT)
		add(list, "raise-nofile", raise_command(pool, leak),
		    pool_printf(pool,
				"%" PRIu32 " of %" PRIu64 " descriptors are in use: at the limit "
				"accept() and open() fail with \"Too "
				"many open files\". %s",
				leak->fds.used, leak->fds.soft,
				leaks ? "Raising the limit buys time, it does not stop the leak"
				      : "Raise the limit if the program really needs so many"));
	if (leaks && is_service(leak))
		add(list, "restart-unit", systemctl(pool, leak, "restart"),
		    "until the program is mended, a restart of the unit gives the descriptors "
		    "back");
}

void diagnose(struct pool *pool, struct leak *leak, const struct keepalive_settings *settings)
{
	struct list list = { .pool = pool };

	advise_close(&list, leak);
	advise_descriptors(&list, leak);
	advise_keepalive(&list, leak, settings);
	leak->advice = list.items;
	leak->advice_count = list.count;
}

void diagnose_system(struct pool *pool, const struct system_state *state,
		     struct advice **ret_advice, size_t *ret_count)
{
	struct list list = { .pool = pool };

	if (state->file_max && (double)state->file_nr >= NEAR_LIMIT * (double)state->file_max)
		add(&list, "raise-file-max",
		    pool_printf(pool, "sysctl -w fs.file-max=%" PRIu64, 2 * state->file_max),
		    pool_printf(
			    pool,
			    "%" PRIu64 " of %" PRIu64
			    " open files of the whole system are in use (fs.file-nr): at the limit "
			    "every program fails with \"Too many open files in system\"",
			    state->file_nr, state->file_max));
	if (state->in_no_table >= WORTH_SAYING && !state->is_searched)
		add(&list, "sockets-in-no-table", "keeltune sockets --pid PID",
		    pool_printf(
			    pool,
			    "up to %" PRIu64 " TCP sockets are in no table: they have died and are "
			    "still held, or are "
			    "not connected yet. They are few among all descriptors and were not "
			    "searched for; a suspect can be looked at alone",
			    state->in_no_table));
	*ret_advice = list.items;
	*ret_count = list.count;
}

void diagnose_unattributed(const struct unattributed *left,
			   struct unattributed_row ret[UNATTRIBUTED_ROWS])
{
	const struct unattributed_row rows[UNATTRIBUTED_ROWS] = {
		{ left->never_accepted, "never accepted: in the queue of a listener" },
		{ left->gone, "closed while this was looked at" },
		{ left->in_flight, "in no descriptor table: passed on and not taken" },
		{ left->thread_table,
		  "found in the table of a thread, not in that of its process" },
		{ left->not_permitted, "of processes that this user may not look into" },
	};

	memcpy(ret, rows, sizeof rows);
}
