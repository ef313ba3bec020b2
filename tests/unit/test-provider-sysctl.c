// SPDX-License-Identifier: MIT
/* The sysctl provider: what it takes from a profile, what it sees, what it proposes. */
#include "provider-sysctl.h"

#include "audit.h"
#include "error.h"
#include "host.h"
#include "plan-build.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define TIME "net.ipv4.tcp_keepalive_time"
#define INTVL "net.ipv4.tcp_keepalive_intvl"
#define PROBES "net.ipv4.tcp_keepalive_probes"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct error err;
static struct query query;

static void open_host(const char *tree)
{
	if (host)
		host_close(host);
	ck_assert_int_eq(host_open(tree, &host, &err), 0);
	pool = host_pool(host);
	err = (struct error){ 0 };
}

static void set_up(void)
{
	host = NULL;
	root = tree_new();
	tree_directory(root, "/etc/sysctl.d");
	query = (struct query){ .runtime = true,
				.persistent = true,
				.engines = { .engine = ENGINE_SYSTEMD } };
	open_host(root);
}

static void tear_down(void)
{
	host_close(host);
}

/* ---- settings ---------------------------------------------------------------------------- */

static struct value number_or_none(const char *text)
{
	return text ? value_parse(pool, text) : (struct value){ 0 };
}

static int check_setting(struct setting *setting, const char *name, const char *want,
			 const char *at_least, const char *at_most)
{
	*setting = (struct setting){ .provider = &provider_sysctl,
				     .name = name,
				     .want = value_parse(pool, want),
				     .at_least = number_or_none(at_least),
				     .at_most = number_or_none(at_most),
				     .reason = "because",
				     .origin = { .file = "/profiles/test.conf", .line = 7 } };
	return provider_sysctl.check(pool, setting, &err);
}

static struct setting wanted(const char *name, const char *want, const char *at_least,
			     const char *at_most)
{
	struct setting setting;

	ck_assert_msg(check_setting(&setting, name, want, at_least, at_most) == 0, "%s",
		      err.message);
	return setting;
}

static const struct {
	const char *name, *want, *at_least, *at_most;
	const char *range; /* accepted, or NULL and part of the message */
	const char *message;
} checks[] = {
	{ TIME, "1800", NULL, "1800", "1..1800", NULL },
	{ TIME, "1800", NULL, NULL, "1800..1800", NULL },
	{ TIME, "1800", "600", NULL, "600..32767", NULL },
	{ TIME, "1800", "0", "99999", "1..32767", NULL },
	{ PROBES, "3", "2", "5", "2..5", NULL },
	{ TIME, "60", "60", "60", "60..60", NULL },
	{ "fs.file-max", "65536", "65536", NULL, "65536..9223372036854775807", NULL },
	{ "net/ipv4/tcp_keepalive_time", "60", NULL, NULL, "60..60", NULL },
	{ "net.ipv4.ip_local_port_range", "1024 65535", NULL, NULL, "-..-", NULL },
	{ "vm.swappiness", "10", NULL, "60", "-..60", NULL },
	{ "vm.swappiness", "-5", "-10", NULL, "-10..-", NULL },
	{ "net.ipv4.tcp_rmem", "4096 87380 6291456", NULL, NULL, "-..-", NULL },
	{ "tcp_keepalive_time", "5", NULL, NULL, NULL, "is not a sysctl key" },
	{ "net.ipv4.*", "5", NULL, NULL, NULL, "is not a sysctl key" },
	{ TIME, "0", NULL, NULL, NULL,
	  "outside what is safe (1..32767); the kernel accepts -8589934..8589934" },
	{ TIME, "32768", NULL, NULL, NULL, "outside what is safe (1..32767)" },
	{ TIME, "8589935", NULL, NULL, NULL,
	  "outside what the kernel accepts (-8589934..8589934)" },
	{ PROBES, "128", NULL, NULL, NULL,
	  "outside what is safe (1..127); the kernel accepts 0..255" },
	{ PROBES, "256", NULL, NULL, NULL, "outside what the kernel accepts (0..255)" },
	{ "fs.nr_open", "65536", NULL, NULL, NULL, "outside what is safe (524288..2147483584)" },
	{ TIME, "soon", NULL, NULL, NULL, "a number in 1..32767 is wanted" },
	{ TIME, "60 70", NULL, NULL, NULL, "a number in 1..32767 is wanted" },
	{ TIME, "unlimited", NULL, NULL, NULL, "a sysctl takes a number" },
	{ TIME, "60", "100", "50", NULL, "at_least 100 is above at_most 50" },
	{ TIME, "60", "100", NULL, NULL, "value 60 is outside at_least 100 and at_most -" },
	{ TIME, "60", NULL, "50", NULL, "value 60 is outside at_least - and at_most 50" },
	{ "net.ipv4.ip_local_port_range", "1024", NULL, NULL, NULL, "two ports are wanted" },
	{ "net.ipv4.ip_local_port_range", "65535 1024", NULL, NULL, NULL, "two ports are wanted" },
	{ "net.ipv4.ip_local_port_range", "1024 65536", NULL, NULL, NULL, "two ports are wanted" },
	{ "net.ipv4.ip_local_port_range", "1024 65535 5", NULL, NULL, NULL,
	  "two ports are wanted" },
	{ "net.ipv4.tcp_rmem", "1 2 3", "1", NULL, NULL, "cannot have at_least" },
	{ "kernel.core_pattern", "a\033b", NULL, NULL, NULL, "control character" },
	{ "kernel.core_pattern", "a\\", NULL, NULL, NULL, "backslash" },
};

START_TEST(check)
{
	struct setting setting;
	int rc = check_setting(&setting, checks[_i].name, checks[_i].want, checks[_i].at_least,
			       checks[_i].at_most);

	if (!checks[_i].range) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_msg(strstr(err.message, checks[_i].message), "%s", err.message);
		return;
	}
	ck_assert_msg(rc == 0, "%s", err.message);
	ck_assert_str_eq(pool_printf(pool, "%s..%s", value_format(pool, setting.min),
				     value_format(pool, setting.max)),
			 checks[_i].range);
	ck_assert_int_eq(strncmp(setting.id, "sysctl:", 7), 0);
	ck_assert_str_eq(setting.id + 7, setting.name);
	ck_assert_ptr_null(strchr(setting.name, '/'));
}
END_TEST

/* ---- observing --------------------------------------------------------------------------- */

static struct notes notes;

static struct observed observe(const struct setting *setting)
{
	struct observed observed;

	notes = (struct notes){ .pool = pool };
	provider_sysctl.observe(host, &query, &setting, 1, &observed, &notes);
	return observed;
}

static bool noted(const char *part)
{
	for (size_t i = 0; i < notes.count; i++)
		if (strstr(notes.items[i].text, part))
			return true;
	return false;
}

START_TEST(layers_of_a_tree)
{
	struct setting setting = wanted(TIME, "1800", NULL, "1800");

	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 600\n");
	struct observed observed = observe(&setting);
	ck_assert_int_eq(observed.layer[LAYER_CONFIGURED].state, READING_PRESENT);
	ck_assert_uint_eq(observed.layer[LAYER_CONFIGURED].value.number, 600);
	ck_assert_uint_eq(observed.layer[LAYER_BOOT].value.number, 600);
	ck_assert_str_eq(observed.layer[LAYER_BOOT].origin.file, "/etc/sysctl.d/10-a.conf");
	ck_assert_int_eq(observed.layer[LAYER_RUNNING].state, READING_NOT_APPLICABLE);
	ck_assert_int_eq(observed.layer[LAYER_LIVE].state, READING_NOT_APPLICABLE);
	ck_assert_ptr_null(observed.missing);
}
END_TEST

START_TEST(other_owners)
{
	struct setting setting = wanted(TIME, "1800", NULL, "1800");

	tree_put(root, "/etc/ufw/ufw.conf", "ENABLED=yes\n");
	tree_put(root, "/etc/ufw/sysctl.conf", "net/ipv4/tcp_keepalive_time=5\n");
	observe(&setting);
	ck_assert(noted(TIME ": ufw sets this key to 5"));
	/* They set the keys of the host's own namespace. */
	query.netns = "blue";
	observe(&setting);
	ck_assert(!noted("ufw"));
}
END_TEST

START_TEST(two_engines)
{
	struct setting setting = wanted(TIME, "1800", NULL, "1800");

	query.engines.other = ENGINE_PROCPS;
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 600\n");
	tree_put(root, "/etc/sysctl.conf", TIME " = 1200\n");
	struct observed observed = observe(&setting);
	ck_assert_uint_eq(observed.deviation_count, 0);
	ck_assert(noted("systemd-sysctl leaves 600 in " TIME
			", but sysctl --system would leave 1200; both are accepted"));

	open_host(root);
	setting = wanted(TIME, "1800", NULL, "1800");
	tree_put(root, "/etc/sysctl.conf", TIME " = 3600\n");
	observed = observe(&setting);
	ck_assert_uint_eq(observed.deviation_count, 1);
	ck_assert_str_eq(observed.deviations[0].who, "sysctl --system, installed as well");
	ck_assert_uint_eq(observed.deviations[0].value.number, 3600);
	ck_assert_str_eq(observed.deviations[0].origin.file, "/etc/sysctl.conf");
	ck_assert_uint_eq(observed.deviations[0].origin.line, 1);

	/* Both outside in the same way: the boot value says it. */
	open_host(root);
	setting = wanted(TIME, "1800", NULL, "1800");
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 3600\n");
	ck_assert_uint_eq(observe(&setting).deviation_count, 0);
}
END_TEST

/* Where boot and running shall be different, the other engine is judged by what boot shall be. */
START_TEST(two_engines_and_two_values)
{
	struct setting boot = wanted(TIME, "600", NULL, "600");
	struct setting setting = wanted(TIME, "7200", "7000", NULL);

	setting.boot = &boot;
	query.engines.other = ENGINE_PROCPS;
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 500\n");
	tree_put(root, "/etc/sysctl.conf", TIME " = 400\n");
	ck_assert_uint_eq(observe(&setting).deviation_count, 0);
	open_host(root);
	boot = wanted(TIME, "600", NULL, "600");
	setting = wanted(TIME, "7200", "7000", NULL);
	setting.boot = &boot;
	tree_put(root, "/etc/sysctl.conf", TIME " = 7100\n");
	ck_assert_uint_eq(observe(&setting).deviation_count, 1);
}
END_TEST

START_TEST(file_max_without_a_file)
{
	struct setting small = wanted("fs.file-max", "8192", "8192", NULL);
	struct setting large = wanted("fs.file-max", "65536", "65536", NULL);

	query.engines.engine = ENGINE_PROCPS;
	ck_assert_int_eq(observe(&small).layer[LAYER_BOOT].state, READING_NOT_APPLICABLE);
	ck_assert_int_eq(observe(&large).layer[LAYER_BOOT].state, READING_ABSENT);
	query.engines.engine = ENGINE_SYSTEMD;
	ck_assert_int_eq(observe(&large).layer[LAYER_BOOT].state, READING_PRESENT);
}
END_TEST

/* The live host with other words in /proc. */
static void put_kernel(const char *path, const char *text)
{
	host_overlay(host, path, text, strlen(text));
}

START_TEST(file_max_of_this_memory)
{
	struct setting setting;

	open_host(NULL);
	setting = wanted("fs.file-max", "65536", "65536", NULL);
	put_kernel("/proc/meminfo", "MemTotal:        1000000 kB\n");
	query.engines.engine = ENGINE_BUSYBOX;
	struct observed observed = observe(&setting);
	if (observed.layer[LAYER_CONFIGURED].state != READING_ABSENT)
		return; /* this host sets it */
	ck_assert_int_eq(observed.layer[LAYER_BOOT].state, READING_NOT_APPLICABLE);
	ck_assert_str_eq(observed.layer[LAYER_BOOT].why,
			 "no file sets it; the kernel takes about 100000 for this memory");
	put_kernel("/proc/meminfo", "MemTotal:        700000 kB\n"); /* too near to say */
	ck_assert_int_eq(observe(&setting).layer[LAYER_BOOT].state, READING_ABSENT);
	put_kernel("/proc/meminfo", "no such line\n");
	ck_assert_int_eq(observe(&setting).layer[LAYER_BOOT].state, READING_ABSENT);
}
END_TEST

START_TEST(running_values)
{
	struct setting setting;

	open_host(NULL);
	setting = wanted(TIME, "1800", NULL, "1800");
	put_kernel("/proc/sys/net/ipv4/tcp_keepalive_time", "0x10\n");
	ck_assert_int_eq(observe(&setting).layer[LAYER_RUNNING].value.kind, VALUE_TEXT);
	put_kernel("/proc/sys/net/ipv4/tcp_keepalive_time", "-5\n");
	ck_assert_str_eq(value_format(pool, observe(&setting).layer[LAYER_RUNNING].value), "-5");
	ck_assert_ptr_null(observe(&setting).missing);

	setting = wanted("net.ipv4.ip_local_port_range", "1024 65535", NULL, NULL);
	put_kernel("/proc/sys/net/ipv4/ip_local_port_range", "1024\t65535\n");
	ck_assert_str_eq(observe(&setting).layer[LAYER_RUNNING].value.text, "1024 65535");

	setting = wanted("net.ipv4.no_such_key", "1", NULL, NULL);
	ck_assert_str_eq(observe(&setting).missing, "this kernel has no such key");
	setting = wanted("net.ipv4", "1", NULL, NULL);
	ck_assert_str_eq(observe(&setting).missing, "this is a group of keys, not a key");
}
END_TEST

/* A key that root alone may read. */
START_TEST(unreadable_key)
{
	open_host(NULL);
	struct setting setting = wanted("net.ipv4.tcp_fastopen_key", "1-2-3-4", NULL, NULL);
	tree_become_ordinary(root);
	int fd = open("/proc/sys/net/ipv4/tcp_fastopen_key", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		return; /* not this kernel */
	struct observed observed = observe(&setting);
	ck_assert_int_eq(observed.layer[LAYER_RUNNING].state, READING_UNREADABLE);
	ck_assert_str_eq(observed.layer[LAYER_RUNNING].why, "Permission denied");
	ck_assert_ptr_null(observed.missing);
}
END_TEST

/* ---- proposing --------------------------------------------------------------------------- */

static struct plan plan;

static int propose(const struct setting *settings, size_t count)
{
	struct audit audit;

	plan = (struct plan){ .pool = pool, .notes.pool = pool };
	audit_run(host, &query, settings, count, &audit);
	return provider_sysctl.propose(host, &query, audit.findings, count, &plan, &err);
}

static const struct change *change_of(const char *path)
{
	for (size_t i = 0; i < plan.count; i++)
		if (!strcmp(plan.changes[i].path, path))
			return &plan.changes[i];
	return NULL;
}

static bool changes_nothing(void)
{
	for (size_t i = 0; i < plan.count; i++) {
		const struct image *a = &plan.changes[i].before, *b = &plan.changes[i].after;
		if (a->exists != b->exists || a->size != b->size ||
		    memcmp(a->bytes, b->bytes, a->size))
			return false;
	}
	return true;
}

static bool plan_notes(const char *part)
{
	for (size_t i = 0; i < plan.notes.count; i++)
		if (strstr(plan.notes.items[i].text, part))
			return true;
	return false;
}

static const char header[] = "# Written by keeltune; the next `keeltune apply` writes it anew.\n"
			     "# To undo: keeltune rollback. Without keeltune: remove this file.\n";

START_TEST(new_dropin)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(PROBES, "3", "2", "9"),
				      wanted(INTVL, "15", NULL, "15") };

	settings[2].reason = "a\nline\twith \033 and an end \\";
	ck_assert_int_eq(propose(settings, 3), 0);
	const struct change *change = change_of(SYSCTL_DROPIN);
	ck_assert_ptr_nonnull(change);
	ck_assert_str_eq(change->after.bytes,
			 pool_printf(pool,
				     "%s\n# test: because\n" TIME " = 1800\n"
				     "\n# test: a line with   and an end\n" INTVL " = 15\n",
				     header));
	/* The host now looks so that nothing is left to do. */
	struct audit audit;
	audit_run(host, &query, settings, 3, &audit);
	ck_assert_uint_eq(audit.summary[VERDICT_OK], 3);
}
END_TEST

START_TEST(right_dropin_stays)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15") };

	/* Accepted values stay, and so does the form somebody gave the file. */
	tree_put(root, SYSCTL_DROPIN, "# mine\n" INTVL "=10\n" TIME " = 600\n");
	ck_assert_int_eq(propose(settings, 2), 0);
	ck_assert(changes_nothing());
}
END_TEST

START_TEST(dropin_is_adapted)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15") };

	/* One stays, one is corrected, one is released, one is no line at all. */
	tree_put(root, SYSCTL_DROPIN, TIME " = 600\n" INTVL " = 20\n" PROBES " = 3\njunk\n");
	ck_assert_int_eq(propose(settings, 2), 0);
	ck_assert_str_eq(change_of(SYSCTL_DROPIN)->after.bytes,
			 pool_printf(pool,
				     "%s\n# test: because\n" TIME " = 600\n"
				     "\n# test: because\n" INTVL " = 15\n",
				     header));
}
END_TEST

START_TEST(dropin_is_removed)
{
	struct setting setting = wanted(TIME, "1800", NULL, "7200");

	tree_put(root, SYSCTL_DROPIN, PROBES " = 3\n");
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert(change_of(SYSCTL_DROPIN)->before.exists);
	ck_assert(!change_of(SYSCTL_DROPIN)->after.exists);

	open_host(root);
	ck_assert_int_eq(propose(NULL, 0), 0);
	ck_assert(!change_of(SYSCTL_DROPIN)->after.exists);
}
END_TEST

START_TEST(dropin_hides_another)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15") };

	/* Without the drop-in this file would set the first; the line for the second hides it. */
	tree_put(root, "/usr/lib/sysctl.d/99-zz-keeltune.conf", TIME " = 600\n");
	tree_put(root, SYSCTL_DROPIN, PROBES " = 3\n");
	ck_assert_int_eq(propose(settings, 2), 0);
	struct audit audit;
	audit_run(host, &query, settings, 2, &audit);
	ck_assert_uint_eq(audit.summary[VERDICT_OK], 2);
}
END_TEST

START_TEST(only_one_plane)
{
	struct setting setting = wanted(TIME, "1800", NULL, "1800");

	query.persistent = false;
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_uint_eq(plan.count, 0);
	query.persistent = true;
	setting.runtime_only = true;
	tree_put(root, SYSCTL_DROPIN, PROBES " = 3\n");
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_uint_eq(plan.count, 0);
	query.engines.engine = ENGINE_NONE;
	setting.runtime_only = false;
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert(plan_notes("nothing applies sysctl files here"));
}
END_TEST

START_TEST(line_for_the_other_engine)
{
	struct setting setting = wanted(TIME, "1800", NULL, "1800");

	query.engines = (struct engine_choice){ .engine = ENGINE_SYSTEMD, .other = ENGINE_PROCPS };
	/* Hidden from systemd, read by procps. */
	tree_put(root, "/etc/sysctl.d/.a.conf", TIME " = 7201\n");
	tree_put(root, "/etc/sysctl.d/+.conf", TIME " = 600\n");
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_ptr_nonnull(change_of(SYSCTL_DROPIN));
	struct audit audit;
	audit_run(host, &query, &setting, 1, &audit);
	ck_assert_uint_eq(audit.summary[VERDICT_OK], 1);
}
END_TEST

START_TEST(running_values_are_proposed)
{
	open_host(NULL);
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15"),
				      wanted("net.ipv4.no_such_key", "1", NULL, NULL) };
	put_kernel("/proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
	put_kernel("/proc/sys/net/ipv4/tcp_keepalive_intvl", "10\n");
	query.persistent = false;
	ck_assert_int_eq(propose(settings, 3), 0);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert_str_eq(plan.changes[0].path, "/proc/sys/net/ipv4/tcp_keepalive_time");
	ck_assert_str_eq(plan.changes[0].after.bytes, "1800");
	ck_assert_str_eq(plan.changes[0].ids[0], "sysctl:" TIME);
}
END_TEST

START_TEST(file_max_guards)
{
	open_host(NULL);
	struct setting setting = wanted("fs.file-max", "65536", NULL, NULL);
	query.persistent = false;
	put_kernel("/proc/sys/fs/file-max", "9223372036854775807\n");
	put_kernel("/proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert(plan_notes("fs.file-max = 65536 is a reduction: it is 9223372036854775807 now"));

	open_host(NULL);
	setting = wanted("fs.file-max", "65536", NULL, NULL);
	put_kernel("/proc/sys/fs/file-max", "9223372036854775807\n");
	put_kernel("/proc/sys/fs/file-nr", "70000\t0\t9223372036854775807\n");
	ck_assert_int_eq(propose(&setting, 1), -EINVAL);
	ck_assert_int_eq(strncmp(err.message, "refused: ", 9), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "70000 files that are open now"));
}
END_TEST

/* What is for the running kernel alone is not in the drop-in. */
START_TEST(scope_runtime_is_not_written)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15") };

	settings[0].runtime_only = true;
	ck_assert_int_eq(propose(settings, 2), 0);
	const char *text = change_of(SYSCTL_DROPIN)->after.bytes;
	ck_assert_ptr_nonnull(strstr(text, INTVL " = 15\n"));
	ck_assert_ptr_null(strstr(text, TIME));
}
END_TEST

/* A line that a later file overrides helps nobody; the one beside it stays. */
START_TEST(losing_lines_are_not_written)
{
	struct setting settings[] = { wanted(TIME, "1800", NULL, "1800"),
				      wanted(INTVL, "15", NULL, "15") };

	tree_put(root, "/etc/sysctl.d/zzz.conf", TIME " = 7200\n");
	ck_assert_int_eq(propose(settings, 2), 0);
	const char *text = change_of(SYSCTL_DROPIN)->after.bytes;
	ck_assert_ptr_nonnull(strstr(text, INTVL " = 15\n"));
	ck_assert_ptr_null(strstr(text, TIME));
}
END_TEST

/* As many as are open now are enough; one less would lock everybody out, at the next boot as well.
 */
START_TEST(file_max_at_its_edge)
{
	open_host(NULL);
	struct setting setting = wanted("fs.file-max", "65536", NULL, NULL);
	put_kernel("/proc/sys/fs/file-max", "9223372036854775807\n");
	put_kernel("/proc/sys/fs/file-nr", _i ? "65537\t0\t1\n" : "65536\t0\t1\n");
	query.runtime = false;
	ck_assert_int_eq(propose(&setting, 1), _i ? -EINVAL : 0);
	query.runtime = true;
	query.persistent = false;
	ck_assert_int_eq(propose(&setting, 1), _i ? -EINVAL : 0);
}
END_TEST

START_TEST(boot_reduction_is_said)
{
	struct setting setting = wanted("fs.file-max", "65536", NULL, NULL);

	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_ptr_nonnull(change_of(SYSCTL_DROPIN));
	ck_assert(plan_notes("is a reduction: it is 9223372036854775807 after a boot"));
}
END_TEST

START_TEST(nr_open_is_not_lowered)
{
	open_host(NULL);
	struct setting setting = wanted("fs.nr_open", "1048576", NULL, "1048576");
	put_kernel("/proc/sys/fs/nr_open", "2000000\n");
	query.persistent = false;
	ck_assert_int_eq(propose(&setting, 1), 0);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert(plan_notes("fs.nr_open stays at 2000000"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("provider-sysctl");
	TCase *tcase = tcase_create("provider-sysctl");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, check, 0, sizeof checks / sizeof *checks);
	tcase_add_test(tcase, layers_of_a_tree);
	tcase_add_test(tcase, other_owners);
	tcase_add_test(tcase, two_engines);
	tcase_add_test(tcase, two_engines_and_two_values);
	tcase_add_test(tcase, file_max_without_a_file);
	tcase_add_test(tcase, file_max_of_this_memory);
	tcase_add_test(tcase, running_values);
	tcase_add_test(tcase, unreadable_key);
	tcase_add_test(tcase, new_dropin);
	tcase_add_test(tcase, right_dropin_stays);
	tcase_add_test(tcase, dropin_is_adapted);
	tcase_add_test(tcase, dropin_is_removed);
	tcase_add_test(tcase, dropin_hides_another);
	tcase_add_test(tcase, only_one_plane);
	tcase_add_test(tcase, line_for_the_other_engine);
	tcase_add_test(tcase, running_values_are_proposed);
	tcase_add_test(tcase, file_max_guards);
	tcase_add_test(tcase, scope_runtime_is_not_written);
	tcase_add_test(tcase, losing_lines_are_not_written);
	tcase_add_loop_test(tcase, file_max_at_its_edge, 0, 2);
	tcase_add_test(tcase, boot_reduction_is_said);
	tcase_add_test(tcase, nr_open_is_not_lowered);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
