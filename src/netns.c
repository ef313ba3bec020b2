// SPDX-License-Identifier: MIT
/* Network namespaces, see netns.h and network_namespaces(7). A namespace is its inode: two paths
 * with the same one are the same namespace. */
#include "netns.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define NAMED "/run/netns"

static bool is_known(const struct netns *items, size_t count, ino_t id)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].id == id)
			return true;
	return false;
}

/* "0::/system.slice/nginx.service" -> "nginx.service"; of a container its last part, shortened. */
static const char *unit_of(struct host *host, const char *pid)
{
	struct pool *pool = host_pool(host);
	const struct file *file = host_kernel(host, pool_printf(pool, "/proc/%s/cgroup", pid));
	const char *best = NULL;

	for (const char *line = file->bytes; *line; line += strcspn(line, "\n") + (*line != 0)) {
		size_t size = strcspn(line, "\n");
		const char *text = pool_copy(pool, line, size), *name = strrchr(text, '/');
		if (name && name[1])
			best = name + 1;
		if (!line[size])
			break;
	}
	if (best)
		return pool_printf(pool, "%s (pid %s)", best, pid);
	const struct file *comm = host_kernel(host, pool_printf(pool, "/proc/%s/comm", pid));
	return pool_printf(pool, "%.*s (pid %s)", (int)strcspn(comm->bytes, "\n"), comm->bytes,
			   pid);
}

static void add(struct host *host, struct netns **items, size_t *count, struct netns netns)
{
	*items = pool_extend(host_pool(host), *items, *count, sizeof **items);
	(*items)[(*count)++] = netns;
}

static void add_named(struct host *host, struct netns **items, size_t *count)
{
	const struct directory *names = host_directory(host, NAMED);

	for (size_t i = 0; i < names->count; i++) {
		const char *path = pool_printf(host_pool(host), "%s/%s", NAMED, names->names[i]);
		struct stat st;
		if (!stat(path, &st) && !is_known(*items, *count, st.st_ino))
			add(host, items, count,
			    (struct netns){
				    .name = names->names[i], .path = path, .id = st.st_ino });
	}
}

void netns_list(struct host *host, struct netns **ret_items, size_t *ret_count, size_t *ret_hidden)
{
	struct pool *pool = host_pool(host);
	const struct directory *processes = host_directory(host, "/proc");
	struct netns *items = NULL;
	size_t count = 0;
	struct stat st;

	*ret_hidden = 0;
	if (!stat("/proc/self/ns/net", &st))
		add(host, &items, &count,
		    (struct netns){
			    .name = "this one", .path = "/proc/self/ns/net", .id = st.st_ino });
	add_named(host, &items, &count);
	for (size_t i = 0; i < processes->count; i++) {
		const char *pid = processes->names[i];
		uint64_t number;
		if (!parse_decimal(pid, INT32_MAX, &number))
			continue;
		const char *path = pool_printf(pool, "/proc/%s/ns/net", pid);
		if (stat(path, &st))
			*ret_hidden += errno == EACCES || errno == EPERM;
		else if (!is_known(items, count, st.st_ino))
			add(host, &items, &count,
			    (struct netns){ .name = unit_of(host, pid),
					    .path = path,
					    .id = st.st_ino,
					    .pid = (pid_t)number });
	}
	*ret_items = items;
	*ret_count = count;
}

int netns_find(struct host *host, const char *name, struct netns *ret, struct error *err)
{
	uint64_t pid;
	struct stat st;
	bool is_pid = parse_decimal(name, INT32_MAX, &pid);
	const char *path = is_pid ? pool_printf(host_pool(host), "/proc/%s/ns/net", name)
				  : pool_printf(host_pool(host), "%s/%s", NAMED, name);

	if (strchr(name, '/') || !*name)
		return error_set(err, -EINVAL, "--netns %s: a name of `ip netns`, a pid, or all",
				 name);
	if (stat(path, &st))
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	*ret = (struct netns){ .name = is_pid ? unit_of(host, name) : name,
			       .path = path,
			       .id = st.st_ino,
			       .pid = is_pid ? (pid_t)pid : 0 };
	return 0;
}

int netns_find_id(struct host *host, ino_t id, struct netns *ret, struct error *err)
{
	struct netns *items;
	size_t count, hidden;

	netns_list(host, &items, &count, &hidden);
	for (size_t i = 0; i < count; i++) {
		if (items[i].id == id) {
			*ret = items[i];
			return 0;
		}
	}
	return error_set(err, -ESRCH, "the network namespace does not exist any more");
}

static uint64_t cookie_of_this(void)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		return 0;
	return cookie;
}

int netns_enter(struct netns *netns, struct error *err)
{
	autofd int fd = open(netns->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_set(err, -errno, "%s: %s", netns->path, strerror(errno));
	if (st.st_ino != netns->id)
		return error_set(err, -ESRCH, "%s is another network namespace by now",
				 netns->path);
	ino_t id = st.st_ino;
	bool is_own = !stat("/proc/self/ns/net", &st) && st.st_ino == id; /* needs no privilege */
	if (!is_own && setns(fd, CLONE_NEWNET))
		return error_set(err, -errno, "cannot enter network namespace %s: %s", netns->name,
				 strerror(errno));
	netns->cookie = cookie_of_this();
	return 0;
}

int netns_save(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_return(int saved)
{
	autofd int fd = saved;

	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}
