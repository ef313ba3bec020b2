// SPDX-License-Identifier: MIT
/* The catalogue, see catalog.h. Kernel ranges: kernel/sysctl.c, net/ipv4/sysctl_net_ipv4.c and
 * fs/file_table.c of Linux 5.10 to 7.2, each tried by writing. Safe ranges: what setsockopt(2)
 * takes for TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT (net/ipv4/tcp.c), which is narrower than
 * the sysctl; 0 and negative values switch keepalive off or kill healthy connections
 * (net/ipv4/tcp_timer.c). */
#include "catalog.h"

#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

/* clang-format off */
#define NUMBER(n)   { .kind = VALUE_NUMBER, .number = (n) }
#define MINUS(n)    { .kind = VALUE_NUMBER, .negative = true, .number = (n) }
#define NOTHING     { .kind = VALUE_NONE }
#define ANY_INT     MINUS(2147483648), NUMBER(2147483647)
#define JIFFIES     MINUS(8589934), NUMBER(8589934) /* INT_MAX / HZ with the usual HZ of 250 */
#define ANY_COUNT   NUMBER(0), NUMBER(2147483647)
#define U8          NUMBER(0), NUMBER(255)
#define BETWEEN(a, b) NUMBER(a), NUMBER(b)
#define TEXT(t)     { .kind = VALUE_TEXT, .text = (t) }

static const struct sysctl_row sysctls[] = {
	/* key, type, kernel range, safe range, initial, unit, help */
	{ "fs.file-max", SYSCTL_ULONG, BETWEEN(0, INT64_MAX), BETWEEN(8192, INT64_MAX), NOTHING, "files",
	  "open files of the whole system; systemd sets 9223372036854775807 before sysctl.d is read" },
	{ "fs.nr_open", SYSCTL_UINT, BETWEEN(64, 2147483584), BETWEEN(524288, 2147483584), NUMBER(1048576), "files",
	  "ceiling of every hard nofile limit; below 524288 services under systemd do not start" },
	{ "net.core.somaxconn", SYSCTL_INT, ANY_COUNT, BETWEEN(1, 2147483647), NUMBER(4096), "connections",
	  "ceiling of the backlog of listen(2), read when a program calls listen" },
	{ "net.ipv4.ip_local_port_range", SYSCTL_PORTS, BETWEEN(1, 65535), BETWEEN(1, 65535), TEXT("32768 60999"), "ports",
	  "local ports of outgoing connections, first and last" },
	{ "net.ipv4.ip_unprivileged_port_start", SYSCTL_INT, BETWEEN(0, 65535), BETWEEN(0, 65535), NUMBER(1024), "port",
	  "first port that needs no privilege; not above the first of net.ipv4.ip_local_port_range" },
	{ "net.ipv4.tcp_fin_timeout", SYSCTL_JIFFIES, JIFFIES, BETWEEN(1, 32767), NUMBER(60), "s",
	  "how long an orphaned FIN_WAIT2 socket stays; has nothing to do with CLOSE_WAIT" },
	{ "net.ipv4.tcp_keepalive_intvl", SYSCTL_JIFFIES, JIFFIES, BETWEEN(1, 32767), NUMBER(75), "s",
	  "seconds between unanswered keepalive probes" },
	{ "net.ipv4.tcp_keepalive_probes", SYSCTL_UINT, U8, BETWEEN(1, 127), NUMBER(9), "probes",
	  "unanswered probes after which a connection is dropped" },
	{ "net.ipv4.tcp_keepalive_time", SYSCTL_JIFFIES, JIFFIES, BETWEEN(1, 32767), NUMBER(7200), "s",
	  "idle seconds before the first keepalive probe of a socket with SO_KEEPALIVE" },
	{ "net.ipv4.tcp_max_syn_backlog", SYSCTL_INT, ANY_INT, BETWEEN(1, 2147483647), NOTHING, "connections",
	  "half-open connections a listener remembers" },
	{ "net.ipv4.tcp_retries2", SYSCTL_UINT, U8, BETWEEN(3, 255), NUMBER(15), "retries",
	  "retransmissions before a connection with unacknowledged data is dropped" },
	{ "net.ipv4.tcp_slow_start_after_idle", SYSCTL_UINT, U8, BETWEEN(0, 1), NUMBER(1), "",
	  "whether an idle connection starts slowly again" },
	{ "net.ipv4.tcp_syn_retries", SYSCTL_UINT, BETWEEN(1, 127), BETWEEN(1, 127), NUMBER(6), "retries",
	  "retransmissions of the first SYN of an outgoing connection" },
	{ "net.ipv4.tcp_tw_reuse", SYSCTL_UINT, BETWEEN(0, 2), BETWEEN(0, 2), NUMBER(2), "",
	  "whether outgoing connections may reuse TIME_WAIT ports (2: loopback only)" },
};

#define GONE(key, why) { (key), sizeof(key) - 1, (why) }

static const struct { const char *key; size_t size; const char *why; } removed[] = {
	GONE("net.ipv4.tcp_tw_recycle", "removed in Linux 4.12"),
	GONE("net.ipv4.tcp_fack", "without effect since Linux 4.15"),
	GONE("net.ipv4.tcp_low_latency", "without effect since Linux 4.14"),
	GONE("net.ipv4.tcp_thin_dupack", "removed in Linux 4.11"),
	GONE("net.ipv4.tcp_frto_response", "removed in Linux 3.10"),
	GONE("net.ipv4.tcp_abc", "removed in Linux 3.9"),
	GONE("net.ipv4.tcp_dma_copybreak", "removed in Linux 3.18"),
	GONE("net.ipv4.ip_conntrack_max", "is net.netfilter.nf_conntrack_max since Linux 2.6.20"),
	GONE("net.ipv4.netfilter.ip_conntrack_max", "is net.netfilter.nf_conntrack_max since Linux 2.6.20"),
	GONE("net.ipv4.netfilter.ip_conntrack_tcp_timeout_established", "is net.netfilter.nf_conntrack_tcp_timeout_established since Linux 2.6.20"),
	GONE("kernel.exec-shield", "never part of mainline Linux"),
	GONE("kernel.sched_latency_ns", "moved to debugfs in Linux 5.13"),
	GONE("kernel.sched_nr_migrate", "moved to debugfs in Linux 5.13"),
	GONE("kernel.sched_min_granularity_ns", "moved to debugfs in Linux 5.13"),
	GONE("kernel.sched_migration_cost_ns", "moved to debugfs in Linux 5.13"),
	GONE("kernel.sched_wakeup_granularity_ns", "moved to debugfs in Linux 5.13"),
};

#define KIB 1024
#define INHERITED { .kind = VALUE_UNLIMITED }, { .kind = VALUE_UNLIMITED }

static const struct limit_row limits[] = {
	/* item, resource, scale, unit, kernel unit, label, least, default soft, default hard */
	{ "cpu", RLIMIT_CPU, 60, "minutes", "seconds", "Max cpu time", 1, INHERITED },
	{ "fsize", RLIMIT_FSIZE, KIB, "KiB", "bytes", "Max file size", 1024, INHERITED },
	{ "data", RLIMIT_DATA, KIB, "KiB", "bytes", "Max data size", 16384, INHERITED },
	{ "stack", RLIMIT_STACK, KIB, "KiB", "bytes", "Max stack size", 512, NUMBER(8388608), { .kind = VALUE_UNLIMITED } },
	{ "core", RLIMIT_CORE, KIB, "KiB", "bytes", "Max core file size", 0, NUMBER(0), { .kind = VALUE_UNLIMITED } },
	{ "rss", RLIMIT_RSS, KIB, "KiB", "bytes", "Max resident set", 0, INHERITED },
	{ "nproc", RLIMIT_NPROC, 1, "processes", "processes", "Max processes", 16, INHERITED },
	{ "nofile", RLIMIT_NOFILE, 1, "files", "files", "Max open files", 64, NUMBER(1024), NUMBER(524288) },
	{ "memlock", RLIMIT_MEMLOCK, KIB, "KiB", "bytes", "Max locked memory", 0, NUMBER(8388608), NUMBER(8388608) },
	{ "as", RLIMIT_AS, KIB, "KiB", "bytes", "Max address space", 65536, INHERITED },
	{ "locks", RLIMIT_LOCKS, 1, "locks", "locks", "Max file locks", 0, INHERITED },
	{ "sigpending", RLIMIT_SIGPENDING, 1, "signals", "signals", "Max pending signals", 0, INHERITED },
	{ "msgqueue", RLIMIT_MSGQUEUE, 1, "bytes", "bytes", "Max msgqueue size", 0, NUMBER(819200), NUMBER(819200) },
	{ "nice", RLIMIT_NICE, 1, "", "", "Max nice priority", 0, NUMBER(0), NUMBER(0) },
	{ "rtprio", RLIMIT_RTPRIO, 1, "", "", "Max realtime priority", 0, NUMBER(0), NUMBER(0) },
	{ "rttime", RLIMIT_RTTIME, 1, "us", "us", "Max realtime timeout", 0, INHERITED },
};
/* clang-format on */

const struct sysctl_row *catalog_sysctl(const char *key)
{
	for (size_t i = 0; i < sizeof sysctls / sizeof *sysctls; i++)
		if (!strcmp(sysctls[i].key, key))
			return &sysctls[i];
	return NULL;
}

const struct sysctl_row *catalog_sysctls(size_t *ret_count)
{
	*ret_count = sizeof sysctls / sizeof *sysctls;
	return sysctls;
}

const char *catalog_removed_sysctl(const char *key)
{
	const size_t size = strlen(key);

	for (size_t i = 0; i < sizeof removed / sizeof *removed; i++)
		if (removed[i].size == size && !memcmp(removed[i].key, key, size))
			return removed[i].why;
	return NULL;
}

const struct limit_row *catalog_limit(const char *item)
{
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (!strcmp(limits[i].item, item))
			return &limits[i];
	return NULL;
}

const struct limit_row *catalog_limits(size_t *ret_count)
{
	*ret_count = sizeof limits / sizeof *limits;
	return limits;
}

/* ---- what the kernel makes of a write ---------------------------------------------------- */

#define KERNEL_PAGE 4096            /* a handler looks at one byte less */
#define KERNEL_WRITE_MAX (4u << 20) /* KMALLOC_MAX_SIZE: proc_sys_call_handler() refuses more */
#define KERNEL_NUMBER_MAX 20        /* TMPBUFLEN of proc_get_long() less what it keeps free */

/* Of lib/ctype.c: a no-break space of Latin-1 counts. */
static bool kernel_isspace(char c)
{
	return isspace((unsigned char)c) || (unsigned char)c == 0xa0;
}

static void skip_spaces(const char **at, const char *end)
{
	while (*at < end && kernel_isspace(**at))
		++*at;
}

/* One number as proc_get_long() of kernel/sysctl.c takes it: '-', base by prefix (0x, 0), then a
 * blank, tab, newline or the end; no overflow. */
static int kernel_number(const char **at, const char *end, struct value *ret)
{
	const char *p = *at;
	uint64_t number = 0;
	unsigned base = 10;

	bool negative = end - p >= 2 && *p == '-';
	p += negative;
	if (p == end || !isdigit((unsigned char)*p))
		return -EINVAL;
	if (*p == '0') {
		base = 8;
		if (end - p > 2 && (p[1] == 'x' || p[1] == 'X') && isxdigit((unsigned char)p[2])) {
			base = 16;
			p += 2;
		}
	}
	for (; p < end && isxdigit((unsigned char)*p); p++) {
		unsigned digit = isdigit((unsigned char)*p)
					 ? (unsigned)(*p - '0')
					 : (unsigned)(tolower((unsigned char)*p) - 'a') + 10;
		if (digit >= base)
			break;
		if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit, &number))
			return -EINVAL;
	}
	if (p - *at > KERNEL_NUMBER_MAX || (p < end && *p != ' ' && *p != '\t' && *p != '\n'))
		return -EINVAL;
	*at = p;
	*ret = (struct value){ .kind = VALUE_NUMBER,
			       .negative = negative && number,
			       .number = number };
	return 0;
}

static bool in_kernel_range(const struct sysctl_row *row, struct value value, unsigned hz)
{
	if (row->type == SYSCTL_JIFFIES)
		return value.number <= INT_MAX / hz;
	return value_compare(value, row->kernel_min) >= 0 &&
	       value_compare(value, row->kernel_max) <= 0;
}

/* ipv4_local_port_range() of net/ipv4/sysctl_net_ipv4.c. A missing second number keeps the old one.
 */
static int kernel_ports(struct pool *pool, const struct sysctl_row *row, const char *at,
			const char *end, struct value current, struct value *ret)
{
	struct value port[2] = { value_number(0), value_number(0) };

	if (current.kind == VALUE_TEXT) {
		const char *old = current.text, *stop = old + strlen(old);
		for (int i = 0; i < 2; i++) {
			skip_spaces(&old, stop);
			if (kernel_number(&old, stop, &port[i]))
				return -EINVAL;
		}
	}
	for (int i = 0; i < 2; i++) {
		skip_spaces(&at, end);
		if (at == end && i)
			break;
		if (kernel_number(&at, end, &port[i]) || !in_kernel_range(row, port[i], 1))
			return -EINVAL;
	}
	if (value_compare(port[0], port[1]) > 0)
		return -EINVAL;
	*ret = value_text(
		pool_printf(pool, "%u %u", (unsigned)port[0].number, (unsigned)port[1].number));
	return 0;
}

/* Of an unknown key: a single number in the kernel's own notation, else the text. */
static struct value unknown_value(struct pool *pool, const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	struct value value;

	if (!kernel_number(&at, end, &value) && at == end)
		return value;
	return value_parse(pool, pool_copy(pool, text, size));
}

int catalog_kernel_parse(struct pool *pool, const struct sysctl_row *row, const char *text,
			 size_t size, unsigned hz, struct value current, struct value *ret_value)
{
	if (size >= KERNEL_WRITE_MAX)
		return -EINVAL;
	if (size > KERNEL_PAGE - 1)
		size = KERNEL_PAGE - 1;
	if (!row) {
		*ret_value = unknown_value(pool, text, size);
		return 0;
	}

	const char *at = text, *end = text + size;
	struct value value;
	if (row->type == SYSCTL_PORTS)
		return kernel_ports(pool, row, at, end, current, ret_value);
	skip_spaces(&at, end);
	bool negative = at < end && *at == '-';
	if (kernel_number(&at, end, &value) || !in_kernel_range(row, value, hz))
		return -EINVAL;
	if (negative && (row->type == SYSCTL_UINT || row->type == SYSCTL_ULONG))
		return -EINVAL; /* even "-0" */
	*ret_value = value;
	return 0;
}
