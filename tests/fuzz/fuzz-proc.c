// SPDX-License-Identifier: MIT
/* Texts of /proc, whose contents processes have a say in: names, paths of cgroups. The first byte
 * chooses the file. */
#include "cgroup.h"
#include "fuzz.h"
#include "pool.h"
#include "proc-net.h"
#include "process-change.h"
#include "process.h"
#include "procfs.h"

#include <string.h>

static void take_cgroup(struct pool *pool, const char *text, size_t size)
{
	struct cgroup cgroup = { 0 };

	cgroup_parse(pool, text, size, &cgroup);
	REQUIRE(!cgroup.container || cgroup.runtime);
	REQUIRE(!cgroup.user_slice || cgroup.user_unit);
	REQUIRE(!cgroup.unit || *cgroup.unit);
}

static void take_sockets(const char *text)
{
	for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		struct tcp_socket socket;
		if (proc_net_parse_tcp(text, is_ipv6, &socket))
			REQUIRE(socket.state < TCP_STATE_COUNT && socket.is_ipv6 == is_ipv6);
	}
}

static void take_counters(const char *text)
{
	struct sockstat sockstat = { 0 };
	uint64_t used, max;

	(void)proc_net_parse_sockstat(text, &sockstat);
	(void)proc_net_parse_sockstat6(text, &sockstat);
	(void)proc_net_parse_counter(text, "TcpExt", "ListenOverflows", &used);
	(void)proc_net_parse_counter(text, "Tcp", "CurrEstab", &used);
	(void)proc_parse_file_nr(text, &used, &max);
	REQUIRE(procfs_number(text) >= -1);
}

/* The images of a change of a process, which stand in manifests. */
static void take_change(struct pool *pool, const char *text)
{
	const char *second = strchr(text, '|');
	struct image before = { .exists = true, .bytes = text }, after = before;
	struct nofile limit;

	if (second) {
		before.bytes = pool_copy(pool, text, (size_t)(second - text));
		after.bytes = second + 1;
	}
	before.size = strlen(before.bytes);
	after.size = strlen(after.bytes);
	struct socket_values *values = socket_values_parse(pool, &before, &after);
	if (values) {
		REQUIRE(values->count <= SOCKETS_MOST);
		for (size_t i = 1; i < values->count; i++)
			REQUIRE(values->items[i - 1].cookie < values->items[i].cookie);
		struct image again = socket_values_before(pool, values);
		struct image wanted = socket_values_after(pool, values);
		struct socket_values *same = socket_values_parse(pool, &again, &wanted);
		REQUIRE(same && same->count == values->count);
	}
	if (nofile_parse(&before, &limit)) {
		struct nofile same;
		struct image again = nofile_image(pool, limit);
		REQUIRE(nofile_parse(&again, &same) && same.soft == limit.soft &&
			same.hard == limit.hard);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_recipe recipe = { data, data + size };
	struct process process = { 0 };
	struct pool *pool = pool_new();
	unsigned file = fuzz_byte(&recipe);
	size_t rest = (size_t)(recipe.end - recipe.at);
	const char *text = fuzz_text(pool, recipe.at, rest);

	switch (file % 6) {
	case 0:
		(void)process_parse_stat(text, &process);
		break;
	case 1:
		(void)process_parse_status(text, &process);
		break;
	case 2:
		take_cgroup(pool, text, rest);
		break;
	case 3:
		take_sockets(text);
		break;
	case 4:
		take_counters(text);
		break;
	default:
		take_change(pool, text);
	}
	pool_free(pool);
	return 0;
}
