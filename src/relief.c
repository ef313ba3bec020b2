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
#include "procfs.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

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

/* ---- why not --------------------------------------------------------------------------------- */

static bool has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) ||
	       (data[capability / 32].effective & (1u << capability % 32));
}

/* A number in a file of /proc, -1: none. */
static long read_number(const char *path)
{
	char text[64];
	ssize_t size = procfs_read(AT_FDCWD, path, text, sizeof text);

	if (size <= 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	return procfs_number(text);
}

/* This process is under a filter of system calls. */
static bool is_filtered(void)
{
	char text[4096];
	const char *line;

	return procfs_read(AT_FDCWD, "/proc/self/status", text, sizeof text) > 0 &&
	       (line = strstr(text, "\nSeccomp:")) && strchr(line + 1, '\t')[1] == '2';
}

static int refuse_sockets(pid_t pid, int rc, struct error *err)
{
	long yama = read_number("/proc/sys/kernel/yama/ptrace_scope");

	if (rc == -ENOSYS)
		return error_set(err, rc,
				 "the sockets of process %d cannot be reached: %s has no "
				 "pidfd_getfd(2)",
				 pid,
				 is_filtered() ? "the filter of system calls (seccomp) that this "
						 "program runs under, or the kernel (before 5.6),"
					       : "this kernel (before 5.6)");
	if (rc != -EPERM && rc != -EACCES)
		return error_set(err, rc, "the sockets of process %d cannot be reached: %s", pid,
				 strerror(-rc));
	if (yama == 3)
		return error_set(err, rc,
				 "the sockets of process %d cannot be reached: "
				 "kernel.yama.ptrace_scope is 3, which forbids it to everybody",
				 pid);
	if (!has_capability(CAP_SYS_PTRACE))
		return error_set(
			err, rc, "the sockets of process %d cannot be reached: %s", pid,
			geteuid() == 0 ? "root has no CAP_SYS_PTRACE here (a container?): run "
					 "this outside, or give it to the container"
			: yama > 0     ? "kernel.yama.ptrace_scope (Yama) wants CAP_SYS_PTRACE: "
					 "run this as root"
				       : "it is another user's, or protected as set-user-ID "
					 "programs are: run this as root");
	return error_set(err, rc, "the sockets of process %d cannot be reached: %s", pid,
			 is_filtered() ? "a filter of system calls (seccomp) forbids "
					 "pidfd_getfd(2) to this program"
				       : "a security module forbids it, or the process is of "
					 "another user namespace");
}

static int refuse_process(pid_t pid, int rc, struct error *err)
{
	if (rc == -EINVAL)
		return error_set(err, rc, "%d is a thread, not a process", pid);
	if (rc == -ESRCH)
		return error_set(err, rc, "there is no process %d", pid);
	if (rc == -ENOSYS)
		return error_set(err, rc, "process %d cannot be held: %s has no pidfd_open(2)", pid,
				 is_filtered()
					 ? "a filter of system calls (seccomp), or the kernel "
					   "(before 5.3),"
					 : "this kernel (before 5.3)");
	return error_set(err, rc, "process %d: %s", pid, strerror(-rc));
}

/* ---- the changes ----------------------------------------------------------------------------- */

static void add_change(struct plan *plan, enum change_kind kind, struct process_identity place,
		       const struct change *change)
{
	const char **ids = pool_alloc(plan->pool, sizeof *ids);

	ids[0] = pool_printf(plan->pool, "process:%d:%s", place.pid,
			     kind == CHANGE_NOFILE ? "nofile" : "keepalive");
	plan->changes = pool_extend(plan->pool, plan->changes, plan->count, sizeof *plan->changes);
	plan->changes[plan->count] = *change;
	plan->changes[plan->count].kind = kind;
	plan->changes[plan->count].path = process_place_path(plan->pool, kind, place);
	plan->changes[plan->count].ids = ids;
	plan->changes[plan->count++].id_count = 1;
}

static int plan_nofile(const struct relief_request *request, const struct live_process *process,
		       struct plan *plan, struct error *err)
{
	struct nofile now, wanted = request->nofile;
	pid_t pid = process->place.pid;
	long most = read_number("/proc/sys/fs/nr_open");
	int rc = live_process_nofile(process, &now);

	if (rc < 0)
		return error_set(err, rc, "the limits of process %d cannot be read: %s", pid,
				 rc == -EPERM ? "it is another user's: run this as root"
					      : strerror(-rc));
	if (!request->has_hard)
		wanted.hard = now.hard > wanted.soft ? now.hard : wanted.soft;
	if (wanted.soft < now.soft || wanted.hard < now.hard)
		return error_set(err, -EINVAL,
				 "nothing is lowered: process %d has a soft limit of %" PRIu64
				 " descriptors and a hard one of %" PRIu64,
				 pid, now.soft, now.hard);
	if (most > 0 && wanted.hard != now.hard && wanted.hard > (uint64_t)most)
		return error_set(err, -EINVAL,
				 "%" PRIu64 " descriptors are more than fs.nr_open, %ld, allows",
				 wanted.hard, most);
	if (most > 0 && wanted.soft > (uint64_t)most)
		return error_set(err, -EINVAL,
				 "%" PRIu64 " descriptors are more than fs.nr_open, %ld, allows",
				 wanted.soft, most);
	if (wanted.hard > now.hard && !has_capability(CAP_SYS_RESOURCE))
		return error_set(err, -EPERM,
				 "the hard limit of process %d is %" PRIu64
				 ": raising it needs CAP_SYS_RESOURCE%s",
				 pid, now.hard,
				 geteuid() == 0 ? ", which root does not have here (a container?)"
						: ": run this as root");
	if (wanted.soft == now.soft && wanted.hard == now.hard)
		return 0;
	add_change(plan, CHANGE_NOFILE, process->place,
		   &(struct change){ .before = nofile_image(plan->pool, now),
				     .after = nofile_image(plan->pool, wanted) });
	return 0;
}

struct gathering {
	const struct relief_request *request;
	struct socket_values *values;
	size_t room;
	struct relief *relief;
};

static int gather(int fd, const struct live_socket *socket, void *data)
{
	struct gathering *gathering = data;
	struct socket_values *values = gathering->values;
	struct relief *relief = gathering->relief;

	(void)fd;
	relief->sockets++;
	relief->listeners += socket->is_listener;
	if (keepalive_equal(&socket->keepalive, &gathering->request->keepalive)) {
		relief->already++;
		return 0;
	}
	uint32_t spec = KEEPALIVE_SPECS_MOST;
	bool can_go_back = !socket->keepalive.on || keepalive_is_settable(&socket->keepalive);
	if (can_go_back && values->count < SOCKETS_MOST)
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
	return 0;
}

static int plan_keepalive(const struct relief_request *request, const struct live_process *process,
			  struct plan *plan, struct relief *relief, struct error *err)
{
	struct pool *pool = plan->pool;
	struct socket_values *values = pool_alloc(pool, sizeof *values);
	struct gathering gathering = { .request = request, .values = values, .relief = relief };

	values->wanted = request->keepalive;
	int rc = live_process_sockets(process, gather, &gathering);
	struct socket_value *items = values->items;
	if (!rc) {
		socket_values_sort(values);
		values->items = (struct socket_value *)(void *)pool_copy(
			pool, (const char *)items, values->count * sizeof *items);
	}
	free(items);
	if (rc < 0)
		return refuse_sockets(process->place.pid, rc, err);
	if (values->count)
		add_change(plan, CHANGE_KEEPALIVE, process->place,
			   &(struct change){ .before = socket_values_before(pool, values),
					     .after = socket_values_after(pool, values),
					     .sockets = values });
	return 0;
}

static void describe(struct host *host, struct relief *relief)
{
	struct process process;
	struct error ignored;

	relief->comm = "?";
	if (process_read(host, relief->process.pid, &process, &ignored) < 0 ||
	    process.ticks != relief->process.ticks)
		return;
	relief->comm = process.comm;
	relief->unit = process.cgroup.unit;
}

int relief_plan(struct host *host, const struct relief_request *request,
		struct process_identity place, struct plan *ret_plan, struct relief *ret,
		struct error *err)
{
	struct pool *pool = host_pool(host);
	struct live_process process;
	int rc = live_process_open(request->pid, place.pid ? place.ticks : 0, &process);

	*ret_plan = (struct plan){ .pool = pool, .notes.pool = pool };
	*ret = (struct relief){ .process = process.place };
	if (rc < 0)
		refuse_process(request->pid, rc, err);
	if (!rc)
		describe(host, ret);
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
	struct nofile limit;

	if (!process_place_parse(change->kind, change->path, &place))
		return -EINVAL;
	if (change->kind == CHANGE_KEEPALIVE)
		return store_put_keepalive(place, change->sockets,
					   strchr(image->bytes, ' ') != NULL);
	return nofile_parse(image, &limit) ? store_put_nofile(place, limit) : -EINVAL;
}
