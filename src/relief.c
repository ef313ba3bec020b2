// SPDX-License-Identifier: MIT
/* Plans of relief, see relief.h. What a socket has is read of a copy of its descriptor, one after
 * the other; between this and the change sockets come and go, and each is looked at again then. */
#include "relief.h"

#include "array.h"
#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "live-process.h"
#include "pool.h"
#include "process.h"
#include "relief-why.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked for ----------------------------------------------------------------------- */

int relief_parse_keepalive(const char *text, struct relief_request *ret, struct error *err)
{
	ret->has_keepalive = true;
	if (keepalive_parse_numbers(text, &ret->keepalive) &&
	    keepalive_is_settable(&ret->keepalive))
		return 0;
	return error_set(
		err, -EINVAL,
		"--keepalive %.80s: TIME:INTVL:PROBES, 1 to 32767 : 1 to 32767 : 1 to 127, "
		"as in 300:15:3",
		text);
}

int relief_parse_nofile(const char *text, struct relief_request *ret, struct error *err)
{
	const char *colon = strchr(text, ':');
	char soft[24];
	size_t size = colon ? (size_t)(colon - text) : strlen(text);

	ret->has_nofile = true;
	ret->has_hard = colon != NULL;
	if (size < sizeof soft) {
		memcpy(soft, text, size);
		soft[size] = '\0';
		if (parse_decimal(soft, INT32_MAX, &ret->nofile.soft) && ret->nofile.soft &&
		    (!colon || parse_decimal(colon + 1, INT32_MAX, &ret->nofile.hard))) {
			if (!colon || ret->nofile.hard >= ret->nofile.soft)
				return 0;
			return error_set(err, -EINVAL,
					 "--nofile %.80s: the soft limit is above the hard one",
					 text);
		}
	}
	return error_set(err, -EINVAL, "--nofile %.80s: SOFT or SOFT:HARD, as in 65536:131072",
			 text);
}

/* ---- the changes ----------------------------------------------------------------------------- */

static struct change make_change(struct pool *pool, enum change_kind kind,
				 struct process_identity place, struct image before,
				 struct image after)
{
	const char **ids = pool_alloc(pool, sizeof *ids);

	ids[0] = pool_printf(pool, "process:%d:%s", place.pid,
			     kind == CHANGE_NOFILE ? "nofile" : "keepalive");
	return (struct change){ .kind = kind,
				.path = process_place_path(pool, kind, place),
				.ids = ids,
				.id_count = 1,
				.before = before,
				.after = after };
}

struct change relief_change(struct pool *pool, struct process_identity place,
			    struct socket_values *sockets)
{
	struct change change =
		make_change(pool, CHANGE_KEEPALIVE, place, socket_values_before(pool, sockets),
			    socket_values_after(pool, sockets));

	change.sockets = sockets;
	return change;
}

static void add_change(struct plan *plan, struct change change)
{
	plan->changes = pool_extend(plan->pool, plan->changes, plan->count, sizeof *plan->changes);
	plan->changes[plan->count++] = change;
}

static int check_limit(struct nofile wanted, struct nofile now, pid_t pid, struct error *err)
{
	long most = relief_nr_open();

	if (wanted.soft < now.soft || wanted.hard < now.hard)
		return error_set(err, -EINVAL,
				 "nothing is lowered: process %d has a soft limit of %" PRIu64
				 " descriptors and a hard one of %" PRIu64,
				 pid, now.soft, now.hard);
	/* The kernel asks for the hard one that it is told, changed or not. */
	if (most > 0 && now.hard > (uint64_t)most)
		return error_set(err, -EPERM,
				 "the hard limit of process %d, %" PRIu64
				 " descriptors, is above fs.nr_open, %ld: until that is raised the "
				 "kernel takes no limit for this process, not even a lower one",
				 pid, now.hard, most);
	if (most > 0 && wanted.hard > (uint64_t)most)
		return error_set(err, -EINVAL,
				 "%" PRIu64 " descriptors are more than fs.nr_open, %ld, allows",
				 wanted.soft > (uint64_t)most ? wanted.soft : wanted.hard, most);
	if (wanted.hard > now.hard && !relief_may_raise())
		return error_set(err, -EPERM,
				 "the hard limit of process %d is %" PRIu64
				 ": raising it needs CAP_SYS_RESOURCE%s",
				 pid, now.hard,
				 geteuid() == 0 ? ", which root does not have here (a container?)"
						: ": run this as root");
	return 0;
}

static int plan_nofile(const struct relief_request *request, const struct live_process *process,
		       struct plan *plan, struct error *err)
{
	struct nofile now, wanted = request->nofile;
	pid_t pid = process->place.pid;
	int rc = live_process_nofile(process, &now);

	if (rc < 0)
		return error_set(err, rc, "the limits of process %d cannot be reached: %s", pid,
				 rc == -EPERM ? relief_why_no_limit() : strerror(-rc));
	if (!request->has_hard)
		wanted.hard = now.hard > wanted.soft ? now.hard : wanted.soft;
	if (wanted.soft == now.soft && wanted.hard == now.hard)
		return 0;
	rc = check_limit(wanted, now, pid, err);
	if (!rc)
		add_change(plan, make_change(plan->pool, CHANGE_NOFILE, process->place,
					     nofile_image(plan->pool, now),
					     nofile_image(plan->pool, wanted)));
	return rc;
}

struct gathering {
	const struct relief_request *request;
	const struct socket_values *known; /* or NULL */
	struct socket_values *values;
	size_t room;
	struct relief *relief;
};

static int gather(int fd, const struct live_socket *socket, void *data)
{
	struct gathering *gathering = data;
	struct socket_values *values = gathering->values;
	const struct socket_values *known = gathering->known;
	struct relief *relief = gathering->relief;

	(void)fd;
	relief->sockets++;
	relief->listeners += socket->is_listener;
	/* What a program sets back itself is not fought over. */
	if (known && socket_values_find(known, socket->cookie)) {
		relief->waiting += socket->waiting;
		return 0;
	}
	if (keepalive_equal(&socket->keepalive, &gathering->request->keepalive)) {
		relief->already++;
		return 0;
	}
	uint32_t spec = KEEPALIVE_SPECS_MOST;
	bool can_go_back = !socket->keepalive.on || keepalive_is_settable(&socket->keepalive);
	if (can_go_back && values->count + (known ? known->count : 0) < SOCKETS_MOST)
		spec = socket_values_spec(values, &socket->keepalive);
	if (spec == KEEPALIVE_SPECS_MOST) {
		relief->left_out++;
		return 0;
	}
	struct socket_value *items =
		array_extend(values->items, values->count, &gathering->room, sizeof *values->items);
	if (!items)
		return -ENOMEM;
	values->items = items;
	values->items[values->count++] =
		(struct socket_value){ .cookie = socket->cookie, .spec = spec };
	relief->waiting += socket->waiting;
	return 0;
}

/* The sockets that KNOWN does not have and that are not as wanted; their specs begin with those of
 * KNOWN. NULL: none. */
static int gather_all(struct pool *pool, const struct relief_request *request,
		      const struct live_process *process, const struct socket_values *known,
		      struct relief *relief, struct socket_values **ret)
{
	struct socket_values *values = pool_alloc(pool, sizeof *values);
	struct gathering gathering = {
		.request = request, .known = known, .values = values, .relief = relief
	};

	if (known)
		*values = *known;
	values->items = NULL;
	values->count = 0;
	values->wanted = request->keepalive;
	int rc = live_process_sockets(process, gather, &gathering, &relief->unreached);
	struct socket_value *items = values->items;
	if (!rc) {
		socket_values_sort(values);
		values->items = (struct socket_value *)(void *)pool_copy(
			pool, (const char *)items, values->count * sizeof *items);
	}
	free(items);
	*ret = !rc && values->count ? values : NULL;
	return rc;
}

int relief_look_again(struct pool *pool, const struct relief_request *request,
		      const struct socket_values *known, struct relief *relief,
		      struct socket_values **ret_more)
{
	struct live_process process;
	struct relief seen = { 0 };
	int rc = live_process_open(relief->process.pid, relief->process.ticks, &process);

	*ret_more = NULL;
	if (!rc)
		rc = gather_all(pool, request, &process, known, &seen, ret_more);
	if (!rc) {
		relief->waiting = seen.waiting;
		relief->left_out = seen.left_out;
	}
	live_process_close(&process);
	return rc;
}

static int plan_keepalive(const struct relief_request *request, const struct live_process *process,
			  struct plan *plan, struct relief *relief, struct error *err)
{
	struct socket_values *values;
	int rc = gather_all(plan->pool, request, process, NULL, relief, &values);

	if (rc < 0)
		return relief_refuse_sockets(process->place.pid, rc, err);
	if (values)
		add_change(plan, relief_change(plan->pool, process->place, values));
	return 0;
}

/* A thread of the kernel has neither descriptors nor a use for a limit. */
static int describe(struct host *host, struct relief *relief, struct error *err)
{
	struct process process;
	struct error ignored;

	relief->comm = "?";
	if (process_read(host, relief->process.pid, &process, &ignored) < 0 ||
	    process.ticks != relief->process.ticks)
		return 0;
	relief->comm = process.comm;
	relief->unit = process.cgroup.unit;
	if (process.of_kernel)
		return error_set(err, -EINVAL, "%d is a thread of the kernel, not a process",
				 relief->process.pid);
	return 0;
}

int relief_plan(struct host *host, const struct relief_request *request, struct plan *ret_plan,
		struct relief *ret, struct error *err)
{
	struct pool *pool = host_pool(host);
	struct live_process process;
	int rc = live_process_open(request->pid, 0, &process);

	*ret_plan = (struct plan){ .pool = pool, .notes.pool = pool };
	*ret = (struct relief){ .process = process.place };
	if (rc < 0)
		relief_refuse_process(request->pid, rc, err);
	if (!rc)
		rc = describe(host, ret, err);
	if (!rc && request->has_nofile)
		rc = plan_nofile(request, &process, ret_plan, err);
	if (!rc && request->has_keepalive)
		rc = plan_keepalive(request, &process, ret_plan, ret, err);
	if (!rc && live_process_has_ended(&process))
		rc = error_set(err, -ESRCH, "process %d has ended", request->pid);
	live_process_close(&process);
	return rc;
}

/* ---- for apply.c ------------------------------------------------------------------------------
 */

static int open_place(const struct change *change, struct live_process *ret)
{
	struct process_identity place = { 0 };

	if (!process_place_parse(change->kind, change->path, &place)) {
		*ret = (struct live_process){ .pidfd = -1, .directory = -1 };
		return -EINVAL;
	}
	return live_process_open(place.pid, place.ticks, ret);
}

bool relief_lives(const struct change *change)
{
	struct live_process process;
	bool lives = !open_place(change, &process);

	live_process_close(&process);
	return lives;
}

int relief_image(struct pool *pool, const struct change *change, struct image *ret)
{
	struct live_process process;
	struct nofile now;
	int rc = open_place(change, &process);

	*ret = (struct image){ .bytes = "" };
	if (!rc && change->kind == CHANGE_NOFILE) {
		rc = live_process_nofile(&process, &now);
		if (!rc)
			*ret = nofile_image(pool, now);
	} else if (!rc) {
		*ret = change->after;
	}
	live_process_close(&process);
	return rc == -ESRCH || rc == -EINVAL ? 0 : rc;
}

int relief_compare(const struct change *change, const struct image *image)
{
	struct live_process process;
	struct nofile now, wanted;
	int rc = open_place(change, &process);

	if (!rc && change->kind == CHANGE_NOFILE) {
		rc = live_process_nofile(&process, &now);
		if (!rc && (!nofile_parse(image, &wanted) || now.soft != wanted.soft ||
			    now.hard != wanted.hard))
			rc = -ESTALE;
	}
	live_process_close(&process);
	return rc == -EINVAL ? -ESRCH : rc;
}

/* Of sockets the image with the groups is what was there before, whichever side of CHANGE it is. */
int relief_put(const struct change *change, const struct image *image)
{
	struct process_identity place;
	struct nofile from, to;

	if (!process_place_parse(change->kind, change->path, &place))
		return -EINVAL;
	if (change->kind == CHANGE_KEEPALIVE)
		return store_put_keepalive(place, change->sockets,
					   strchr(image->bytes, ' ') != NULL);
	if (!nofile_parse(image == &change->after ? &change->before : &change->after, &from) ||
	    !nofile_parse(image, &to))
		return -EINVAL;
	return store_put_nofile(place, from, to);
}
