// SPDX-License-Identifier: MIT
/* Cgroup paths to units and containers, see cgroup.h. Units are found as cg_path_get_unit() and
 * its kin in systemd's src/basic/cgroup-util.c do; containers by the names their runtimes give. */
#include "cgroup.h"

#include "pool.h"
#include "unit-name.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define ID_SIZE 64 /* hex digits of a container's id */

struct path {
	const char **parts;
	size_t count;
};

static const char *after(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(text, prefix, size) ? NULL : text + size;
}

/* What stands between PREFIX and SUFFIX in NAME, if anything does; else NULL. */
static const char *between(struct pool *pool, const char *name, const char *prefix,
			   const char *suffix)
{
	const char *middle = after(name, prefix);
	size_t size = strlen(suffix), length = middle ? strlen(middle) : 0;

	if (length <= size || strcmp(middle + length - size, suffix) != 0)
		return NULL;
	return pool_copy(pool, middle, length - size);
}

static struct path split(struct pool *pool, const char *text)
{
	struct path path = { 0 };

	for (;;) {
		text += strspn(text, "/");
		size_t size = strcspn(text, "/");
		if (!size)
			return path;
		const char *part = pool_copy(pool, text, size);
		text += size;
		/* A cgroup namespace shows what is outside of it with leading "..". */
		if (!path.count && !strcmp(part, ".."))
			continue;
		path.parts = pool_extend(pool, (void *)path.parts, path.count, sizeof *path.parts);
		path.parts[path.count++] = part;
	}
}

/* ---- units ------------------------------------------------------------------------------- */

/* cg_unescape(): a "_" protects names that would be files of the kernel. */
static const char *unit_of(const char *part)
{
	const char *name = *part == '_' ? part + 1 : part;
	enum unit_name_form form = unit_name_form(name);

	return form == UNIT_NAME_PLAIN || form == UNIT_NAME_INSTANCE ? name : NULL;
}

static bool is_slice(const char *name)
{
	const char *suffix = unit_name_suffix(name);

	return suffix && !strcmp(suffix, ".slice");
}

static bool parse_uid(const char *text, uid_t *ret)
{
	uint64_t uid = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		uid = uid * 10 + (uint64_t)(*text - '0');
		if (uid >= UINT32_MAX)
			return false;
	}
	*ret = (uid_t)uid;
	return true;
}

/* The unit at *AT of PATH or behind slices, which are passed; NULL: none. */
static const char *next_unit(const struct path *path, size_t *at, const char **ret_slice)
{
	*ret_slice = "-.slice";
	for (; *at < path->count; (*at)++) {
		const char *name = unit_of(path->parts[*at]);
		if (!name || !is_slice(name)) {
			*at += name != NULL;
			return name;
		}
		*ret_slice = name;
	}
	return NULL;
}

static void find_units(struct pool *pool, const struct path *path, struct cgroup *ret)
{
	const char *slice;
	size_t at = 0;

	ret->unit = next_unit(path, &at, &slice);
	if (!at)
		return; /* neither a unit nor a slice */
	ret->slice = slice;
	ret->has_owner = parse_uid(between(pool, slice, "user-", ".slice"), &ret->owner);
	if (!ret->unit)
		return;
	ret->session = between(pool, ret->unit, "session-", ".scope");
	uid_t uid;
	bool manager = parse_uid(between(pool, ret->unit, "user@", ".service"), &uid);
	if (!manager && !ret->session)
		return;
	if (manager) {
		ret->has_owner = true;
		ret->owner = uid;
	}
	ret->user_unit = next_unit(path, &at, &slice);
	if (ret->user_unit)
		ret->user_slice = slice;
}

bool cgroup_is_of_user_unit(const struct cgroup *cgroup)
{
	return cgroup->user_unit && strcmp(cgroup->user_unit, "init.scope") != 0;
}

/* ---- containers -------------------------------------------------------------------------- */

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == ID_SIZE && !text[ID_SIZE];
}

static void found(struct cgroup *ret, const char *runtime, const char *container)
{
	ret->runtime = runtime;
	ret->container = container;
}

/* "docker-ID.scope" of systemd's cgroup driver; "libpod-ID" without it. */
static bool find_prefixed_id(struct pool *pool, const char *part, struct cgroup *ret)
{
	static const struct {
		const char *prefix, *runtime;
	} kinds[] = { { "docker-", "docker" },
		      { "libpod-", "podman" },
		      { "crio-", "cri-o" },
		      { "cri-containerd-", "containerd" },
		      { "nerdctl-", "containerd" } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const char *id = between(pool, part, kinds[i].prefix, ".scope");
		if (!id)
			id = after(part, kinds[i].prefix);
		if (id && is_id(id)) {
			found(ret, kinds[i].runtime, id);
			return true;
		}
	}
	return false;
}

/* "/kubepods-podUID.slice:cri-containerd:ID": a name for systemd's driver, given to the other. */
static bool find_colon_id(const char *part, struct cgroup *ret)
{
	const char *colon = strrchr(part, ':');

	if (!colon || !is_id(colon + 1))
		return false;
	found(ret, strstr(part, ":crio:") ? "cri-o" : "containerd", colon + 1);
	return true;
}

/* "kubepods-burstable-pod1b2c_3d.slice", "pod1b2c-3d"; NULL: no pod. */
static const char *pod_of(struct pool *pool, const char *part)
{
	const char *pod = strstr(part, "-pod");

	if (after(part, "kubepods-") && pod)
		pod += strlen("-pod");
	else
		pod = after(part, "pod");
	if (!pod)
		return NULL;
	size_t size = strspn(pod, "0123456789abcdef-_");
	if (size < 32 || (pod[size] && pod[size] != '.' && pod[size] != ':'))
		return NULL;
	char *uid = pool_copy(pool, pod, size);
	for (char *p = uid; *p; p++)
		if (*p == '_')
			*p = '-';
	return uid;
}

/* The runtime whose cgroup stands right above that of a container with a bare id. */
static const char *runtime_above(const char *parent, bool in_pod)
{
	if (in_pod)
		return "kubernetes";
	if (!parent || !strcmp(parent, "docker") || !strcmp(parent, "buildkit"))
		return parent ? "docker" : NULL;
	if (!strcmp(parent, "default") || !strcmp(parent, "k8s.io"))
		return "containerd"; /* namespaces of containerd */
	return !strcmp(parent, "libpod_parent") ? "podman" : NULL;
}

static bool find_bare_id(const struct path *path, size_t at, struct cgroup *ret)
{
	const char *parent = at ? path->parts[at - 1] : NULL;
	const char *runtime = runtime_above(parent, ret->pod != NULL);

	if (!runtime && at >= 2 && !strcmp(path->parts[at - 2], "ecs"))
		runtime = "ecs";
	if (!runtime && at && !strcmp(path->parts[0], "ecs"))
		runtime = "ecs";
	/* ECS has the task's id before that of the container: "TASK-NUMBER". */
	if (!runtime || (!is_id(path->parts[at]) && strcmp(runtime, "ecs") != 0))
		return false;
	found(ret, runtime, path->parts[at]);
	return true;
}

static bool find_lxc(const struct path *path, size_t at, struct cgroup *ret)
{
	const char *name = after(path->parts[at], "lxc.payload.");

	if (!name && at + 1 < path->count &&
	    (!strcmp(path->parts[at], "lxc") || !strcmp(path->parts[at], "lxc.payload")))
		name = path->parts[at + 1];
	if (!name || !*name)
		return false;
	found(ret, "lxc", name);
	return true;
}

/* What systemd-machined registers: containers of nspawn and libvirt, and virtual machines. */
static bool find_machine(struct pool *pool, const struct path *path, size_t at, struct cgroup *ret)
{
	const char *name = between(pool, path->parts[at], "machine-", ".scope");
	bool is_service = !name;

	if (is_service)
		name = between(pool, path->parts[at], "systemd-nspawn@", ".service");
	name = name ? unit_name_unescape(pool, name, false) : NULL;
	if (!name)
		return false;
	/* nspawn itself stays outside of its payload. */
	if (at + 1 < path->count && !strcmp(path->parts[at + 1], "supervisor"))
		return false;
	found(ret, after(name, "qemu-") || after(name, "lxc-") ? "libvirt" : "systemd-nspawn",
	      name);
	return true;
}

/* The innermost container of PATH. */
static void find_container(struct pool *pool, const struct path *path, struct cgroup *ret)
{
	for (size_t i = 0; i < path->count; i++) {
		const char *part = path->parts[i], *pod = pod_of(pool, part);
		if (pod)
			ret->pod = pod;
		if (!find_prefixed_id(pool, part, ret) && !find_colon_id(part, ret) &&
		    !find_bare_id(path, i, ret) && !find_lxc(path, i, ret))
			find_machine(pool, path, i, ret);
	}
}

/* ---- lines ------------------------------------------------------------------------------- */

enum rank { RANK_OTHER, RANK_UNIFIED, RANK_SYSTEMD };

struct line {
	enum rank rank;
	const char *path;
};

/* "4:memory:/user.slice", "1:name=systemd:/init.scope", "0::/init.scope". */
static bool parse_line(struct pool *pool, const char *text, size_t size, struct line *ret)
{
	static const char deleted[] = " (deleted)";
	const char *first = memchr(text, ':', size);
	const char *second =
		first ? memchr(first + 1, ':', size - (size_t)(first + 1 - text)) : NULL;

	if (!second || second + 1 == text + size || second[1] != '/')
		return false;
	size_t length = (size_t)(second - first - 1);
	ret->rank = RANK_OTHER;
	if (!length)
		ret->rank = RANK_UNIFIED;
	else if (length == strlen("name=systemd") && !memcmp(first + 1, "name=systemd", length))
		ret->rank = RANK_SYSTEMD;
	char *path = pool_copy(pool, second + 1, size - (size_t)(second + 1 - text));
	size_t path_size = strlen(path);
	if (path_size > sizeof deleted - 1 &&
	    !strcmp(path + path_size - (sizeof deleted - 1), deleted))
		path[path_size - (sizeof deleted - 1)] = '\0';
	ret->path = path;
	return true;
}

/* A hierarchy where the process was never moved says nothing. */
static bool says_more(const struct line *a, const struct line *b)
{
	bool a_moved = a->path[1] != '\0', b_moved = b->path[1] != '\0';

	return a_moved != b_moved ? a_moved : a->rank > b->rank;
}

void cgroup_parse(struct pool *pool, const char *bytes, size_t size, struct cgroup *ret)
{
	struct cgroup cgroup = { 0 };
	const char *end = bytes + size;
	struct line best = { 0 }, line;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;
		if (parse_line(pool, bytes, (size_t)(stop - bytes), &line)) {
			/* Without systemd only some controllers show the container. */
			if (!cgroup.runtime) {
				struct path path = split(pool, line.path);
				find_container(pool, &path, &cgroup);
			}
			if (!best.path || says_more(&line, &best))
				best = line;
		}
		bytes = newline ? newline + 1 : end;
	}
	cgroup.path = best.path;
	/* Units are of systemd's hierarchy; those of a v1 controller are moved on their own. */
	if (best.path) {
		struct path path = split(pool, best.path);
		find_units(pool, &path, &cgroup);
	}
	*ret = cgroup;
}
