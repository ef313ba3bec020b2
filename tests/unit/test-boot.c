// SPDX-License-Identifier: MIT
/* What the next boot would leave: winners, losers with their reasons, what cannot be known, and
 * which engine a host has. The algorithms themselves are compared with the programs in
 * tests/conformance. */
#include "boot.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TIME "net.ipv4.tcp_keepalive_time"
#define INTVL "net.ipv4.tcp_keepalive_intvl"
#define PROBES "net.ipv4.tcp_keepalive_probes"
#define FILES "fs.file-max"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct notes notes;

static void set_up(void)
{
	struct error err;

	root = tree_new();
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
	notes = (struct notes){ .pool = pool };
}

static void tear_down(void)
{
	host_close(host);
}

static struct boot_value evaluate(enum engine engine, const char *key)
{
	struct boot_value value;

	boot_evaluate(host, engine, &key, 1, &value, &notes);
	ck_assert_str_eq(value.key, key);
	return value;
}

/* "VALUE at FILE:LINE", "VALUE (why)", "absent (why)", ... */
static const char *show(struct reading reading)
{
	static const char *const states[] = { "not applicable", "", "absent", "unreadable" };
	const char *text = reading.state == READING_PRESENT ? value_format(pool, reading.value)
							    : states[reading.state];

	if (reading.origin.file)
		text = pool_printf(pool, "%s at %s:%u", text, reading.origin.file,
				   reading.origin.line);
	return reading.why ? pool_printf(pool, "%s (%s)", text, reading.why) : text;
}

static const char *show_shadows(const struct boot_value *value)
{
	const char *text = "";

	for (size_t i = 0; i < value->shadowed_count; i++)
		text = pool_printf(pool, "%s%s:%u %s: %s\n", text, value->shadowed[i].origin.file,
				   value->shadowed[i].origin.line,
				   value_format(pool, value->shadowed[i].value),
				   value->shadowed[i].why);
	return text;
}

static bool noted(const char *file, unsigned line, const char *part)
{
	for (size_t i = 0; i < notes.count; i++)
		if (notes.items[i].origin.file && !strcmp(notes.items[i].origin.file, file) &&
		    notes.items[i].origin.line == line && strstr(notes.items[i].text, part))
			return true;
	return false;
}

/* ---- values ------------------------------------------------------------------------------ */

START_TEST(defaults)
{
	struct boot_value value = evaluate(ENGINE_PROCPS, TIME);

	ck_assert_str_eq(show(value.boot), "7200 (kernel default)");
	ck_assert_str_eq(show(value.configured), "absent (no file sets it)");
	ck_assert_uint_eq(value.shadowed_count, 0);
	ck_assert_int_eq(evaluate(ENGINE_PROCPS, FILES).boot.state, READING_ABSENT);
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, FILES).boot),
			 "9223372036854775807 (set by systemd before it reads files)");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, "vm.swappiness").boot),
			 "absent (no file sets it)");
	value = evaluate(ENGINE_NONE, TIME);
	ck_assert_str_eq(show(value.boot),
			 "not applicable (skipped: nothing applies sysctl files here)");
	ck_assert_int_eq(value.configured.state, READING_NOT_APPLICABLE);
	ck_assert_uint_eq(notes.count, 0);
}
END_TEST

START_TEST(winner_and_losers)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", "# c\n" TIME " = 600\n" TIME "=abc\n");
	tree_put(root, "/etc/sysctl.d/50-b.conf", TIME " = 0x50\nnet.ipv4.tcp_keepalive_t* = 5\n");
	tree_put(root, "/usr/lib/sysctl.d/50-b.conf", TIME " = 1\n");
	tree_put(root, "/etc/sysctl.d/.hidden.conf", TIME " = 2\n");
	tree_put(root, "/etc/sysctl.conf", TIME " = 222\n");

	struct boot_value value = evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_str_eq(show(value.boot), "80 at /etc/sysctl.d/50-b.conf:1");
	ck_assert_str_eq(show(value.configured), "80 at /etc/sysctl.d/50-b.conf:1");
	ck_assert_str_eq(show_shadows(&value),
			 "/etc/sysctl.d/10-a.conf:2 600: /etc/sysctl.d/10-a.conf:3 replaces it\n"
			 "/etc/sysctl.d/10-a.conf:3 abc: /etc/sysctl.d/50-b.conf:1 replaces it\n"
			 "/etc/sysctl.d/50-b.conf:2 5: a line that names the key goes before "
			 "patterns\n"
			 "/etc/sysctl.d/.hidden.conf:1 2: systemd-sysctl does not read hidden "
			 "files\n"
			 "/usr/lib/sysctl.d/50-b.conf:1 1: /etc/sysctl.d/50-b.conf has the same "
			 "name and hides it\n"
			 "/etc/sysctl.conf:1 222: systemd-sysctl does not read /etc/sysctl.conf\n");

	value = evaluate(ENGINE_PROCPS, TIME);
	ck_assert_str_eq(show(value.boot), "222 at /etc/sysctl.conf:1");
	ck_assert_str_eq(show_shadows(&value),
			 "/etc/sysctl.d/.hidden.conf:1 2: /etc/sysctl.d/10-a.conf:2 is applied "
			 "later\n"
			 "/etc/sysctl.d/10-a.conf:2 600: /etc/sysctl.d/50-b.conf:1 is applied "
			 "later\n"
			 "/etc/sysctl.d/10-a.conf:3 abc: the kernel refuses this value\n"
			 "/etc/sysctl.d/50-b.conf:1 80: /etc/sysctl.conf:1 is applied later\n"
			 "/etc/sysctl.d/50-b.conf:2 5: a line that names the key goes before "
			 "patterns\n"
			 "/usr/lib/sysctl.d/50-b.conf:1 1: /etc/sysctl.d/50-b.conf has the same "
			 "name and hides it\n");
}
END_TEST

START_TEST(refused_values)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME "=111\n");
	tree_put(root, "/etc/sysctl.d/20-b.conf", TIME "=abc\n");

	struct boot_value value = evaluate(ENGINE_PROCPS, TIME);
	ck_assert_str_eq(show(value.boot), "111 at /etc/sysctl.d/10-a.conf:1");
	value = evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_str_eq(show(value.boot), "7200 (kernel default)");
	ck_assert_int_eq(value.configured.state, READING_ABSENT);
	ck_assert_str_eq(show_shadows(&value),
			 "/etc/sysctl.d/10-a.conf:1 111: /etc/sysctl.d/20-b.conf:1 replaces it\n"
			 "/etc/sysctl.d/20-b.conf:1 abc: the kernel refuses this value\n");
}
END_TEST

START_TEST(one_file_under_two_names)
{
	tree_put(root, "/etc/sysctl.conf", TIME " = 222\n");
	tree_link(root, "/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");

	struct boot_value value = evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_str_eq(show(value.boot),
			 "222 at /etc/sysctl.conf:1 (read as /etc/sysctl.d/99-sysctl.conf)");
	ck_assert_uint_eq(value.shadowed_count, 0);
	value = evaluate(ENGINE_PROCPS, TIME);
	ck_assert_str_eq(show(value.boot), "222 at /etc/sysctl.conf:1");
	ck_assert_uint_eq(value.shadowed_count, 0);
	ck_assert(!noted("/etc/sysctl.conf", 0, "does not read"));
}
END_TEST

START_TEST(merged_lib_is_one_directory)
{
	tree_put(root, "/usr/lib/sysctl.d/50-a.conf", TIME " = 5\n");
	tree_link(root, "/lib", "usr/lib");
	struct boot_value value = evaluate(ENGINE_BUSYBOX, TIME);
	ck_assert_str_eq(show(value.boot), "5 at /usr/lib/sysctl.d/50-a.conf:1");
	ck_assert_uint_eq(value.shadowed_count, 0);

	/* A link one level deeper is the same directory, too. */
	root = tree_new();
	tear_down();
	struct error err;
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
	notes = (struct notes){ .pool = pool };
	tree_put(root, "/usr/lib/sysctl.d/50-a.conf", TIME " = 5\n");
	tree_link(root, "/lib/sysctl.d", "../usr/lib/sysctl.d");
	value = evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_str_eq(show(value.boot), "5 at /usr/lib/sysctl.d/50-a.conf:1");
	ck_assert_uint_eq(value.shadowed_count, 0);
}
END_TEST

START_TEST(separate_lib)
{
	tree_put(root, "/lib/sysctl.d/50-a.conf", TIME " = 5\n");
	tree_put(root, "/usr/lib/sysctl.d/50-a.conf", TIME " = 6\n");
	tree_put(root, "/lib/sysctl.d/60-b.conf", INTVL " = 7\n");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "6 at /usr/lib/sysctl.d/50-a.conf:1");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, INTVL).boot),
			 "7 at /lib/sysctl.d/60-b.conf:1");
	ck_assert_str_eq(show(evaluate(ENGINE_BUSYBOX, TIME).boot),
			 "6 at /usr/lib/sysctl.d/50-a.conf:1");
}
END_TEST

START_TEST(busybox_stops)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf",
		 TIME " = 5\nnet.ipv4.tcp_retries2 = 300\n" TIME " = 6\n" INTVL " = 7\n");
	tree_put(root, "/etc/sysctl.d/20-b.conf", PROBES " = 8\n");

	struct boot_value value = evaluate(ENGINE_BUSYBOX, TIME);
	ck_assert_str_eq(show(value.boot), "5 at /etc/sysctl.d/10-a.conf:1");
	ck_assert_str_eq(show_shadows(&value),
			 "/etc/sysctl.d/10-a.conf:3 6: BusyBox stops reading at line 2\n");
	ck_assert_str_eq(show(evaluate(ENGINE_BUSYBOX, INTVL).boot), "75 (kernel default)");
	ck_assert_str_eq(show(evaluate(ENGINE_BUSYBOX, PROBES).boot),
			 "8 at /etc/sysctl.d/20-b.conf:1");
	ck_assert(noted("/etc/sysctl.d/10-a.conf", 2, "reads no further"));
}
END_TEST

START_TEST(busybox_writes_no_empty_value)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 5\n" TIME " = \t\n");
	struct boot_value value = evaluate(ENGINE_BUSYBOX, TIME);
	ck_assert_str_eq(show(value.boot), "5 at /etc/sysctl.d/10-a.conf:1");
	ck_assert_str_eq(show_shadows(&value), "/etc/sysctl.d/10-a.conf:2 : "
					       "BusyBox writes nothing for an empty value\n");
	/* Others write it, and the kernel refuses. */
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, TIME).boot),
			 "5 at /etc/sysctl.d/10-a.conf:1");
}
END_TEST

/* What the kernel refuses and is longer than procps' buffer, procps writes again, up to the last
 * comma in it. */
START_TEST(procps_writes_in_pieces)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf",
		 pool_printf(pool, "%s = 600,%4092s\n%s = 60,%4092s\n", TIME, "x", INTVL, "x"));
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, TIME).boot),
			 "600 at /etc/sysctl.d/10-a.conf:1");
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS3, TIME).boot),
			 "600 at /etc/sysctl.d/10-a.conf:1");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot), "7200 (kernel default)");
	/* What fits is not written again. */
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, INTVL).boot), "75 (kernel default)");
}
END_TEST

START_TEST(what_cannot_be_read)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 5\n");
	tree_put(root, "/etc/sysctl.d/20-secret.conf", "x");
	tree_put(root, "/etc/sysctl.d/30-c.conf", INTVL " = 7\nnet.ipv4.*_probes = 8\n");
	tree_chmod(root, "/etc/sysctl.d/20-secret.conf", 0);
	tree_become_ordinary(root);

	/* It could set the first, not the second; a pattern loses to any line that names its key.
	 */
	ck_assert_str_eq(
		show(evaluate(ENGINE_SYSTEMD, TIME).boot),
		"unreadable (cannot read /etc/sysctl.d/20-secret.conf: Permission denied)");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, INTVL).boot),
			 "7 at /etc/sysctl.d/30-c.conf:1");
	ck_assert_int_eq(evaluate(ENGINE_SYSTEMD, PROBES).boot.state, READING_UNREADABLE);
	ck_assert_int_eq(evaluate(ENGINE_SYSTEMD, PROBES).configured.state, READING_UNREADABLE);
}
END_TEST

START_TEST(directory_that_cannot_be_read)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 5\n");
	tree_chmod(root, "/etc/sysctl.d", 0);
	tree_become_ordinary(root);
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "unreadable (cannot read /etc/sysctl.d: Permission denied)");
}
END_TEST

START_TEST(ports_depend_on_each_other)
{
	static const char range[] = "net.ipv4.ip_local_port_range";

	tree_put(root, "/etc/sysctl.d/10-a.conf", "net.ipv4.ip_local_port_range = 80 65535\n");
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, range).boot), "32768 60999 (kernel default)");
	tree_put(root, "/etc/sysctl.d/05-b.conf", "net.ipv4.ip_unprivileged_port_start = 80\n");
	tear_down();
	struct error err;
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
	notes = (struct notes){ .pool = pool };
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, range).boot),
			 "80 65535 at /etc/sysctl.d/10-a.conf:1");
}
END_TEST

START_TEST(many_losers_are_cut)
{
	char *text = pool_strdup(pool, "");

	for (int i = 0; i < 500; i++)
		text = pool_printf(pool, "%s" TIME " = %d\n", text, i + 1);
	tree_put(root, "/etc/sysctl.d/10-a.conf", text);
	struct boot_value value = evaluate(ENGINE_PROCPS, TIME);
	ck_assert_str_eq(show(value.boot), "500 at /etc/sysctl.d/10-a.conf:500");
	ck_assert_uint_eq(value.shadowed_count, 64);
}
END_TEST

START_TEST(hostile_patterns_end)
{
	char *text = pool_strdup(pool, "");

	for (int i = 0; i < 200; i++)
		text = pool_printf(pool,
				   "%snet.{ipv4,%d}{,}{,}{,}{,}{,}{,}{,}.tcp_keepalive_t* = 5\n",
				   text, i);
	tree_put(root, "/etc/sysctl.d/10-a.conf", text);
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "unreadable (too many lines with braces)");
}
END_TEST

START_TEST(several_keys_at_once)
{
	const char *keys[] = { FILES, "net/ipv4/conf/eth0.100/forwarding", "vm.swappiness",
			       "net.ipv4.conf.eth0/100.forwarding", "not-a-key" };
	struct boot_value values[5];

	tree_put(root, "/etc/sysctl.d/10-a.conf",
		 "fs.file-max = 100000\nnet.ipv4.conf.eth0/100.forwarding = 1\nvm/swappiness = "
		 "010\n");
	boot_evaluate(host, ENGINE_SYSTEMD, keys, 5, values, NULL);
	ck_assert_str_eq(show(values[0].boot), "100000 at /etc/sysctl.d/10-a.conf:1");
	ck_assert_str_eq(show(values[1].boot), "1 at /etc/sysctl.d/10-a.conf:2");
	ck_assert_str_eq(show(values[2].boot), "8 at /etc/sysctl.d/10-a.conf:3");
	ck_assert_str_eq(show(values[3].boot), "1 at /etc/sysctl.d/10-a.conf:2");
	ck_assert_int_eq(values[4].boot.state, READING_ABSENT);
}
END_TEST

START_TEST(overlay)
{
	static const char line[] = TIME " = 7\n";

	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME " = 5\n");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "5 at /etc/sysctl.d/10-a.conf:1");
	host_overlay(host, "/etc/sysctl.d/20-b.conf", line, strlen(line));
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "7 at /etc/sysctl.d/20-b.conf:1");
	host_overlay(host, "/etc/sysctl.d/10-a.conf", NULL, 0);
	host_overlay(host, "/etc/sysctl.d/20-b.conf", NULL, 0);
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot), "7200 (kernel default)");
}
END_TEST

/* The live host, with another command line; these keys exist nowhere. */
START_TEST(kernel_command_line)
{
	static const struct {
		const char *line, *value;
	} cases[] = {
		{ "quiet sysctl.keeltune.test=5 ro\n",
		  "5 at /proc/cmdline:0 (kernel command line)" },
		{ "sysctl/keeltune/test=0x10", "16 at /proc/cmdline:0 (kernel command line)" },
		{ "sysctl.keeltune/test=\"5 6\"", "5 6 at /proc/cmdline:0 (kernel command line)" },
		{ "sysctl.keeltune.test=5 sysctl.keeltune.test=6",
		  "6 at /proc/cmdline:0 (kernel command line)" },
		{ "x=\"sysctl.keeltune.test=5\"", "absent (no file sets it)" },
		{ "-- sysctl.keeltune.test=5", "absent (no file sets it)" },
		{ "sysctl.keeltune.test= sysctl.keeltune.test sysctl.keeltune.tes=5",
		  "absent (no file sets it)" },
		{ "", "absent (no file sets it)" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error err;
		tear_down();
		ck_assert_int_eq(host_open(NULL, &host, &err), 0);
		pool = host_pool(host);
		notes = (struct notes){ .pool = pool };
		host_overlay(host, "/proc/cmdline", cases[i].line, strlen(cases[i].line));
		ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, "keeltune.test").boot),
				 cases[i].value);
	}
}
END_TEST

/* systemd sets fs.file-max behind the kernel's command line, and before it reads files. */
START_TEST(systemd_comes_behind_the_command_line)
{
	static const char line[] = "sysctl.fs.file-max=4711";
	struct error err;

	tear_down();
	ck_assert_int_eq(host_open(NULL, &host, &err), 0);
	pool = host_pool(host);
	notes = (struct notes){ .pool = pool };
	host_overlay(host, "/proc/cmdline", line, strlen(line));
	struct boot_value value = evaluate(ENGINE_SYSTEMD, FILES);
	ck_assert(!value_equals(value.boot.value, value_number(4711)));
}
END_TEST

/* /etc/sysctl.d is a link, so "..", seen from what it leads to, is not /etc. */
START_TEST(link_from_another_directory)
{
	tree_put(root, "/etc/sysctl.conf", TIME "=5\n");
	tree_put(root, "/srv/sysctl.conf", TIME "=6\n");
	tree_link(root, "/srv/d/99-sysctl.conf", "../sysctl.conf");
	tree_link(root, "/etc/sysctl.d", "../srv/d");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "6 at /srv/sysctl.conf:1 (read as /etc/sysctl.d/99-sysctl.conf)");
}
END_TEST

/* ---- systemd's credential ---------------------------------------------------------------- */

START_TEST(credential_is_read_last)
{
	tree_put(root, "/etc/sysctl.d/zzz.conf", TIME "=5\n" PROBES "=5\n");
	tree_put(root, "/usr/lib/credstore/sysctl.extra", TIME "=8\n");
	tree_put(root, "/run/credstore/sysctl.extra", TIME "=7\n-" PROBES "\n");
	/* Of another boot. */
	tree_put(root, "/run/credentials/@system/sysctl.extra", TIME "=9\n");

	struct boot_value value = evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_str_eq(show(value.boot), "7 at /run/credstore/sysctl.extra:1");
	ck_assert_str_eq(show_shadows(&value),
			 "/etc/sysctl.d/zzz.conf:1 5: /run/credstore/sysctl.extra:1 replaces it\n");
	value = evaluate(ENGINE_SYSTEMD, PROBES);
	ck_assert_str_eq(value_format(pool, value.boot.value), "9");
	ck_assert_str_eq(value.boot.origin.file, "/run/credstore/sysctl.extra");
	ck_assert_uint_eq(value.boot.origin.line, 2);
	ck_assert_ptr_nonnull(strstr(value.boot.why, "keeps files from setting it"));
	ck_assert_str_eq(show(evaluate(ENGINE_PROCPS, TIME).boot), "5 at /etc/sysctl.d/zzz.conf:1");
}
END_TEST

START_TEST(credential_of_the_administrator)
{
	tree_put(root, "/usr/lib/credstore/sysctl.extra", TIME "=8\n");
	tree_put(root, "/run/credstore/sysctl.extra", TIME "=7\n");
	tree_put(root, "/etc/credstore/sysctl.extra", TIME "=6\n");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "6 at /etc/credstore/sysctl.extra:1");
}
END_TEST

START_TEST(credential_of_the_vendor)
{
	tree_put(root, "/usr/lib/credstore/sysctl.extra", TIME "=8\n");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "8 at /usr/lib/credstore/sysctl.extra:1");
}
END_TEST

/* ---- notes ------------------------------------------------------------------------------- */

START_TEST(mistakes)
{
	static const char file[] = "/etc/sysctl.d/10-a.conf";

	tree_put(root, file,
		 "\xef\xbb\xbf" TIME " = 5\n"
		 "net.ipv4.tcp_tw_recycle = 1\n"
		 "net/ipv4/tcp_tw_recycle = 1\n"
		 "sysctl -w " TIME "=5\n"
		 "just words\n"
		 "net.core.somaxconn = \"5\"\n"
		 "net.core.somaxconn = 0100\n"
		 "net.core.somaxconn = 5# c\n"
		 "net.core.somaxconn = 64k\n"
		 "export net.core.somaxconn = 4\n");
	tree_put(root, "/etc/sysctl.conf", "# c\na.b = 1\nc.d = 2\n");
	evaluate(ENGINE_PROCPS, TIME);
	ck_assert(noted(file, 1, "byte order mark"));
	ck_assert(noted(file, 2, "removed in Linux 4.12"));
	ck_assert(noted(file, 3, "removed in Linux 4.12"));
	ck_assert(noted(file, 4, "is a command"));
	ck_assert(noted(file, 5, "ignores the line 'just words'"));
	ck_assert(noted(file, 6, "without quotes"));
	ck_assert(noted(file, 7, "octal because of the leading zero: the kernel takes 64"));
	ck_assert(noted(file, 8, "a line of its own"));
	ck_assert(noted(file, 9, "digits only"));
	ck_assert(noted(file, 10, "is no sysctl key"));
	ck_assert(!noted("/etc/sysctl.conf", 0, ""));
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert(noted("/etc/sysctl.conf", 0, "does not read this file: its 2 settings"));
}
END_TEST

START_TEST(removed_key_on_the_first_line)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", "net.ipv4.tcp_tw_recycle = 1\n");
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert(noted("/etc/sysctl.d/10-a.conf", 1, "removed in Linux 4.12"));
}
END_TEST

START_TEST(keys_that_stand_together)
{
	static const char file[] = "/etc/sysctl.d/10-a.conf";

	tree_put(root, file, TIME " = 5\n" TIME " = 6\nfs.file-max = 100000\n");
	tree_put(root, "/usr/lib/sysctl.d/05-v.conf", INTVL " = 5\n");
	evaluate(ENGINE_SYSTEMD, FILES);
	ck_assert(noted(file, 2, "but not tcp_keepalive_probes (9)"));
	ck_assert(noted(file, 1, "is set here as well, to 5, but /etc/sysctl.d/10-a.conf:2 wins"));
	ck_assert(noted(file, 3, "is a reduction"));
	ck_assert_uint_eq(notes.count, 3);
}
END_TEST

START_TEST(fine_files_get_no_notes)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf",
		 "# c\n" TIME " = 5\n" INTVL " = 5\n-" PROBES " = 5\n-net.ipv4.conf.all.x\n");
	tree_put(root, "/usr/lib/sysctl.d/05-v.conf", TIME " = 7\nkernel.core_pattern = |/x %p\n");
	tree_put(root, "/etc/sysctl.conf", "# only comments\n");
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_uint_eq(notes.count, 0);
}
END_TEST

START_TEST(notes_are_few_and_clean)
{
	char *text = pool_strdup(pool, "\033[2Jbad\x07\n");

	for (int i = 0; i < 100; i++)
		text = pool_printf(pool, "%sjunk %d\n", text, i);
	tree_put(root, "/etc/sysctl.d/10-a.conf", text);
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert_uint_eq(notes.count, 10);
	ck_assert(noted("/etc/sysctl.d/10-a.conf", 1, "'?[2Jbad?'"));
}
END_TEST

START_TEST(misspelt_keys)
{
	static const char file[] = "/etc/sysctl.d/10-a.conf";

	tree_put(root, file,
		 "net.ipv4.tcp_keepalve_time = 5\n"
		 "net/ipv4/tcp_keepalive_interval = 5\n"
		 "net.core.somaxcon = 5\n"
		 "fs.file_max = 5\n"
		 /* These exist, or look like nothing known. */
		 "net.ipv4.tcp_retries1 = 5\n"
		 "net.ipv4.tcp_synack_retries = 5\n"
		 "net.ipv4.tcp_rmem = 5\n"
		 "net.ipv4.conf.all.tcp_keepalve_time = 5\n"
		 "net.ipv4.tcp_keepalve_* = 5\n"
		 "fs.file-nr = 5\n"
		 "fs = 5\n"
		 "fs. = 5\n");
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert(noted(file, 1,
			"there is no key net.ipv4.tcp_keepalve_time, so the line does nothing; is "
			"net.ipv4.tcp_keepalive_time meant?"));
	ck_assert(noted(file, 2, "is net.ipv4.tcp_keepalive_intvl meant?"));
	ck_assert(noted(file, 3, "is net.core.somaxconn meant?"));
	ck_assert(noted(file, 4, "is fs.file-max meant?"));
	ck_assert_uint_eq(notes.count, 4);
}
END_TEST

START_TEST(what_is_no_file)
{
	tree_put(root, "/etc/sysctl.d/10-a.conf", TIME "=5\n");
	ck_assert_int_eq(mkfifo(tree_path(root, "/etc/sysctl.d/20-fifo.conf"), 0644), 0);
	tree_link(root, "/etc/sysctl.d/30-loop.conf", "30-loop.conf");
	tree_directory(root, "/etc/sysctl.d/40-directory.conf");
	tree_link(root, "/etc/sysctl.d/50-masked.conf", "/dev/null");
	tree_link(root, "/etc/sysctl.d/60-dangling.conf", "nowhere");
	ck_assert_str_eq(show(evaluate(ENGINE_SYSTEMD, TIME).boot),
			 "5 at /etc/sysctl.d/10-a.conf:1");
	ck_assert(noted("/etc/sysctl.d/20-fifo.conf", 0, "systemd-sysctl would wait at it"));
	ck_assert(noted("/etc/sysctl.d/30-loop.conf", 0, "lead in a circle"));
	ck_assert(noted("/etc/sysctl.d/40-directory.conf", 0, "this is a directory"));
	ck_assert(noted("/etc/sysctl.d/10-a.conf", 1, "but not tcp_keepalive_intvl"));
	ck_assert_uint_eq(notes.count, 4);
}
END_TEST

static size_t lost_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < notes.count; i++)
		count += strstr(notes.items[i].text, "settings lost at the upgrade") != NULL;
	return count;
}

START_TEST(lost_at_the_upgrade)
{
	tree_put(root, "/etc/sysctl.conf.dpkg-bak",
		 "# c\n" TIME " = 600\nnet/ipv4/tcp_keepalive_time = 7200\n" INTVL "=1\n");
	tree_put(root, "/etc/sysctl.conf.rpmsave", TIME "=abc\n" TIME "=601\n");
	evaluate(ENGINE_SYSTEMD, TIME);
	ck_assert(noted("/etc/sysctl.conf.dpkg-bak", 2,
			"settings lost at the upgrade: " TIME
			" = 600 stood in /etc/sysctl.conf, and nothing reads it here"));
	ck_assert(noted("/etc/sysctl.conf.rpmsave", 2, TIME " = 601"));
	ck_assert_uint_eq(lost_count(), 2);
}
END_TEST

START_TEST(nothing_lost)
{
	tree_put(root, "/etc/sysctl.conf.dpkg-old", TIME " = 600\n");
	tree_put(root, "/etc/sysctl.d/50-a.conf", TIME " = 600\n");
	evaluate(ENGINE_SYSTEMD, TIME); /* the same elsewhere */
	ck_assert_uint_eq(lost_count(), 0);
}
END_TEST

static const struct {
	enum engine engine;
	const char *link, *target;
	size_t lost;
} lost_cases[] = {
	{ ENGINE_SYSTEMD, NULL, NULL, 1 },
	{ ENGINE_SYSTEMD, "/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf", 0 },
	{ ENGINE_SYSTEMD, "/etc/sysctl.d/99-sysctl.conf", "/etc/sysctl.conf", 0 },
	{ ENGINE_SYSTEMD, "/etc/sysctl.d/x.conf", "../sysctl.conf", 0 },
	{ ENGINE_SYSTEMD, "/etc/sysctl.d/99-sysctl.conf", "/dev/null", 1 },
	{ ENGINE_PROCPS, NULL, NULL, 0 },
	{ ENGINE_PROCPS3, NULL, NULL, 0 },
	{ ENGINE_BUSYBOX, NULL, NULL, 0 },
};

START_TEST(lost_where_nobody_reads)
{
	tree_put(root, "/etc/sysctl.conf.dpkg-old", TIME " = 600\n");
	tree_put(root, "/etc/sysctl.conf", TIME " = 601\n");
	if (lost_cases[_i].link)
		tree_link(root, lost_cases[_i].link, lost_cases[_i].target);
	evaluate(lost_cases[_i].engine, TIME);
	ck_assert_uint_eq(lost_count(), lost_cases[_i].lost);
}
END_TEST

/* ---- engines ----------------------------------------------------------------------------- */

static void put_procps(const char *version)
{
	char text[] = "\177ELF\0\0procps-ng\0procps-ng 0.0.2\0\0";

	memcpy(strstr(text + 16, " 0.0.2") + 1, version, strlen(version));
	tree_put_bytes(root, "/usr/sbin/sysctl", text, sizeof text);
}

static const char *detected(enum engine forced)
{
	struct engine_choice choice = engine_detect(host, forced);

	return pool_printf(pool, "%s, %s (%s)", engine_name(choice.engine),
			   engine_name(choice.other), choice.detected_by);
}

START_TEST(engine_systemd)
{
	tree_put(root, "/usr/lib/systemd/systemd-sysctl", "x");
	ck_assert_str_eq(detected(ENGINE_COUNT),
			 "systemd, none (no init runs here, systemd-sysctl is installed)");
	put_procps("4.0.2");
	ck_assert_str_eq(detected(ENGINE_PROCPS), "procps, systemd (--engine)");
	tear_down();
	set_up();
	tree_put(root, "/lib/systemd/systemd-sysctl", "x");
	put_procps("3.3.17");
	ck_assert_str_eq(detected(ENGINE_COUNT),
			 "systemd, procps3 (no init runs here, systemd-sysctl is installed)");
}
END_TEST

START_TEST(engine_masked_systemd)
{
	tree_put(root, "/usr/lib/systemd/systemd-sysctl", "x");
	tree_link(root, "/etc/systemd/system/systemd-sysctl.service", "/dev/null");
	ck_assert_str_eq(detected(ENGINE_COUNT),
			 "none, none (no program found that applies sysctl files)");
	put_procps("4.0.4");
	tear_down();
	struct error err;
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
	ck_assert_str_eq(detected(ENGINE_COUNT), "procps, none (procps' sysctl is installed)");
}
END_TEST

START_TEST(engine_procps)
{
	put_procps("3.3.17");
	tree_put(root, "/etc/init.d/procps", "sysctl --system\n");
	ck_assert_str_eq(detected(ENGINE_COUNT), "procps3, none (/etc/init.d/procps)");
	ck_assert_str_eq(detected(ENGINE_SYSTEMD), "systemd, procps3 (--engine)");
	ck_assert_str_eq(detected(ENGINE_BUSYBOX), "busybox, procps3 (--engine)");
}
END_TEST

START_TEST(engine_openrc)
{
	tree_put(root, "/sbin/openrc-run", "x");
	tree_put(root, "/etc/init.d/sysctl", "sysctl -q --system\n");
	put_procps("4.0.2");
	ck_assert_str_eq(detected(ENGINE_COUNT), "procps, none (OpenRC with /etc/init.d/sysctl)");
}
END_TEST

START_TEST(engine_busybox)
{
	tree_put(root, "/bin/busybox", "procps-ng 4");
	tree_link(root, "/sbin/sysctl", "/bin/busybox");
	ck_assert_str_eq(detected(ENGINE_COUNT), "busybox, none (BusyBox is installed)");
	tree_put(root, "/sbin/openrc-run", "x");
	tree_put(root, "/etc/init.d/sysctl", "sysctl -q -p \"$f\"\n");
	ck_assert_str_eq(detected(ENGINE_COUNT), "busybox, none (OpenRC with /etc/init.d/sysctl)");
}
END_TEST

START_TEST(engine_names)
{
	enum engine engine;

	for (enum engine i = ENGINE_SYSTEMD; i < ENGINE_COUNT; i++) {
		ck_assert(engine_by_name(engine_name(i), &engine));
		ck_assert_int_eq(engine, i);
		ck_assert_str_ne(engine_program(i), "nothing");
	}
	ck_assert(!engine_by_name("none", &engine));
	ck_assert(!engine_by_name("", &engine));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults,
		winner_and_losers,
		refused_values,
		one_file_under_two_names,
		merged_lib_is_one_directory,
		separate_lib,
		busybox_stops,
		busybox_writes_no_empty_value,
		procps_writes_in_pieces,
		what_cannot_be_read,
		directory_that_cannot_be_read,
		ports_depend_on_each_other,
		many_losers_are_cut,
		hostile_patterns_end,
		several_keys_at_once,
		overlay,
		kernel_command_line,
		systemd_comes_behind_the_command_line,
		link_from_another_directory,
		credential_is_read_last,
		credential_of_the_administrator,
		credential_of_the_vendor,
		removed_key_on_the_first_line,
		mistakes,
		keys_that_stand_together,
		fine_files_get_no_notes,
		notes_are_few_and_clean,
		misspelt_keys,
		what_is_no_file,
		lost_at_the_upgrade,
		nothing_lost,
		engine_systemd,
		engine_masked_systemd,
		engine_procps,
		engine_openrc,
		engine_busybox,
		engine_names,
	};
	Suite *suite = suite_create("boot");
	TCase *tcase = tcase_create("boot");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	tcase_add_loop_test(tcase, lost_where_nobody_reads, 0,
			    sizeof lost_cases / sizeof *lost_cases);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
