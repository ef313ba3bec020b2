// SPDX-License-Identifier: MIT
/* Other network namespaces, see live.h: a new one begins with the kernel's defaults, whatever the
 * host has, and nothing but who makes it sets them. */
#include "live.h"

#include "catalog.h"
#include "error.h"
#include "host.h"
#include "netns.h"
#include "pool.h"
#include "procfs.h"
#include "sysctl-path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define KEEPALIVE_TIME "net.ipv4.tcp_keepalive_time"

struct look {
	struct host *host;
	struct pool *pool;
	const struct setting *const *settings;
	size_t count;
	struct observed *ret;
	const char **paths; /* of the settings below /proc/sys; NULL: the same in all namespaces */
	size_t closed;      /* namespaces that this user may not enter */
};

static bool is_default(const struct setting *setting, struct value value)
{
	const struct sysctl_row *row = catalog_sysctl(setting->name);

	return row && row->initial.kind != VALUE_NONE && value_equals(row->initial, value);
}

static void report(struct look *look, const struct netns *netns, size_t index, struct value value)
{
	struct observed *observed = &look->ret[index];
	struct reading *live = &observed->layer[LAYER_LIVE];
	bool by_kernel = is_default(look->settings[index], value);
	struct live_group group = {
		.kind = LIVE_NAMESPACE,
		.name = netns->name,
		.pids = { netns->pid },
		.pid_count = netns->pid != 0,
		.count = 1,
		.used = UINT32_MAX,
		.value = value,
		.shown = value_format(look->pool, value),
		.cause = by_kernel ? "kernel-default" : "set",
		.why = by_kernel ? "the kernel's default: a new network namespace does not take "
				   "over what this one has"
				 : "set there by somebody",
		.advice = "keeltune apply --netns NAME (its name, or the pid) lasts as long as the "
			  "namespace; for good let what makes it set them (--sysctl of docker and "
			  "podman, securityContext.sysctls of Kubernetes)",
	};

	live_add(look->pool, &observed->live, &group);
	if (live->state != READING_PRESENT ||
	    (value_is_ordered(live->value) && setting_accepts(look->settings[index], live->value)))
		*live = (struct reading){ .state = READING_PRESENT, .value = value };
}

/* The namespace that we are in now. Not through the host handle, which keeps what it has read. */
static void read_values(struct look *look, const struct netns *netns)
{
	char text[4096];

	for (size_t i = 0; i < look->count; i++) {
		ssize_t size = look->paths[i] && !look->ret[i].missing
				       ? procfs_read(AT_FDCWD, look->paths[i], text, sizeof text)
				       : 0;
		if (size <= 0) /* there is no such key there */
			continue;
		struct value value = value_parse(look->pool, text);
		if (!setting_accepts(look->settings[i], value))
			report(look, netns, i, value);
		else if (look->ret[i].layer[LAYER_LIVE].state != READING_PRESENT)
			look->ret[i].layer[LAYER_LIVE] =
				(struct reading){ .state = READING_PRESENT, .value = value };
	}
}

static void look_around(struct look *look, int own)
{
	struct netns *items;
	size_t count, hidden;
	struct error ignored;

	netns_list(look->host, &items, &count, &hidden);
	for (size_t i = 1; i < count; i++) { /* the first is this one */
		int rc = netns_enter(&items[i], &ignored);
		if (rc < 0)
			look->closed += rc == -EPERM || rc == -EACCES; /* else it is gone */
		else
			read_values(look, &items[i]);
	}
	if (count > 1)
		(void)netns_return(own);
	const char *unseen =
		hidden         ? pool_printf(look->pool,
					     "the network namespace%s of %zu process%s: not permitted",
                                     hidden == 1 ? "" : "s", hidden, hidden == 1 ? "" : "es")
		: look->closed ? pool_printf(look->pool, "%zu network namespace%s: not permitted",
					     look->closed, look->closed == 1 ? "" : "s")
			       : NULL;
	for (size_t i = 0; i < look->count; i++)
		if (look->paths[i] && unseen && !look->ret[i].live.unseen)
			look->ret[i].live.unseen = unseen;
}

/* What the profile wants; in words what it does not name. */
static const char *advised(const struct look *look)
{
	static const struct {
		const char *key, *word;
	} parts[] = { { KEEPALIVE_TIME, "TIME" },
		      { "net.ipv4.tcp_keepalive_intvl", "INTVL" },
		      { "net.ipv4.tcp_keepalive_probes", "PROBES" } };
	const char *text = "";

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *part = parts[i].word;
		for (size_t j = 0; j < look->count; j++)
			if (!strcmp(look->settings[j]->name, parts[i].key))
				part = value_format(look->pool, look->settings[j]->want);
		text = pool_printf(look->pool, "%s%s%s", text, i ? ":" : "", part);
	}
	return text;
}

void live_observe_sysctls(struct host *host, const struct query *query,
			  const struct setting *const *settings, size_t count, struct observed *ret)
{
	struct look look = { .host = host,
			     .pool = host_pool(host),
			     .settings = settings,
			     .count = count,
			     .ret = ret };

	look.paths = pool_alloc(look.pool, (count + 1) * sizeof *look.paths);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(settings[i]->name, "net.", strlen("net.")) != 0)
			continue;
		look.paths[i] = pool_printf(look.pool, "/proc/sys/%s",
					    sysctl_key_path(look.pool, settings[i]->name));
		if (!strcmp(settings[i]->name, KEEPALIVE_TIME) && !ret[i].missing)
			live_observe_sockets(host, settings[i], advised(&look), &ret[i]);
	}
	int own = query->netns ? -1 : netns_save();
	if (own >= 0)
		look_around(&look, own);
	for (size_t i = 0; i < count; i++)
		live_sort(&ret[i].live);
}
