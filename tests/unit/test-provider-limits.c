// SPDX-License-Identifier: MIT
/* Limits as settings: what profiles may say, what is observed and remarked on, what is proposed. */
#include "provider-limits.h"

#include "audit.h"
#include "error.h"
#include "host.h"
#include "plan-build.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "/usr/lib/x86_64-linux-gnu/security/pam_limits.so"
#define CONF "/etc/security/limits.conf"
#define PERMIT "/usr/lib/x86_64-linux-gnu/security/pam_permit.so"

static const char debian12[] =
	"pam_sm_open_session\0nonewprivs\0chroot\0/proc/sys/fs/nr_open\0"
	"/etc/security/limits.conf\0%s%s%s%s\0cannot read settings from %s: %m\0"
	"Could not set limit for '%s' to soft=%d, hard=%d: %m";

static const struct query query = { .runtime = true, .persistent = true };

/* Inherited: nofile 1024:524288, as nothing else says it. */
static const char *new_tree(const char *conf)
{
	const char *root = tree_new();

	tree_put_bytes(root, MODULE, debian12, sizeof debian12);
	tree_put(root, PERMIT, "pam_sm_open_session");
	tree_put(root, "/etc/passwd",
		 "root:x:0:0::/root:/bin/bash\nalice:x:1001:1001::/home/alice:/bin/bash\n"
		 "bob:x:1002:100::/home/bob:/bin/sh\nwww:x:33:33::/:/usr/sbin/nologin\n");
	tree_put(root, "/etc/group", "root:x:0:\ndba:x:50:alice\nusers:x:100:\n");
	tree_put(root, "/etc/pam.d/login", "session required pam_limits.so\n");
	tree_put(root, CONF, conf);
	return root;
}

static struct host *open_tree(const char *root)
{
	struct host *host;

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	return host;
}

/* "* soft nofile 8192 4096": at least 4096; without the last word exactly 8192. */
static struct setting setting_of(struct pool *pool, const char *text)
{
	char *words = pool_strdup(pool, text), *save;
	struct setting setting = { .provider = &provider_limits,
				   .origin = { .file = "/x/web.conf", .line = 7 } };
	struct error err;

	setting.name = strtok_r(words, " ", &save);
	setting.side = strcmp(strtok_r(NULL, " ", &save), "soft") ? SIDE_HARD : SIDE_SOFT;
	setting.item = strtok_r(NULL, " ", &save);
	setting.want = value_parse(pool, strtok_r(NULL, " ", &save));
	const char *least = strtok_r(NULL, " ", &save);
	if (least)
		setting.at_least = value_parse(pool, least);
	setting.id = pool_printf(pool, "limit:%s:%s:%s", setting.name, setting.item,
				 setting.side == SIDE_SOFT ? "soft" : "hard");
	if (provider_limits.check(pool, &setting, &err))
		ck_abort_msg("%s: %s", text, err.message);
	return setting;
}

/* ---- check -------------------------------------------------------------------------------- */

static const struct {
	const char *domain, *item, *want, *at_least, *at_most, *message; /* NULL: accepted */
} checks[] = {
	{ "*", "nofile", "8192", NULL, NULL, NULL },
	{ "root", "nofile", "8192", "4096", NULL, NULL },
	{ "@dba", "memlock", "unlimited", NULL, NULL, NULL },
	{ "DOM\\user", "memlock", "infinity", NULL, NULL, NULL },
	{ "alice", "nproc", "-1", "100", "unlimited", NULL },
	{ "alice", "nice", "-1", "-20", "5", NULL },
	{ "", "nofile", "1", NULL, NULL, "allowed are" },
	{ "@", "nofile", "1", NULL, NULL, "allowed are" },
	{ "-x", "nofile", "1", NULL, NULL, "allowed are" },
	{ "1000:2000", "nofile", "1", NULL, NULL, "no ranges" },
	{ "%dba", "nofile", "1", NULL, NULL, "no %" },
	{ "a b", "nofile", "1", NULL, NULL, "allowed are" },
	{ "a#b", "nofile", "1", NULL, NULL, "allowed are" },
	{ "a\nb", "nofile", "1", NULL, NULL, "allowed are" },
	{ "**", "nofile", "1", NULL, NULL, "allowed are" },
	{ "*", "nofiles", "1", NULL, NULL, "perhaps \"nofile\"; allowed: cpu, fsize" },
	{ "*", "maxlogins", "1", NULL, NULL, "unknown item \"maxlogins\"" },
	{ "*", "nofile", "10k", NULL, NULL,
	  "soft = 10k: item nofile takes 0 to 2147483584 (files)" },
	{ "*", "nofile", "unlimited", NULL, NULL, "item nofile takes 0 to 2147483584" },
	{ "*", "nofile", "-2", NULL, NULL, "item nofile takes" },
	{ "*", "nofile", "8192", "x", NULL, "at_least = x" },
	{ "*", "nofile", "8192", NULL, "99999999999", "at_most = 99999999999" },
	{ "*", "nice", "20", NULL, NULL, "item nice takes -20 to 19" },
	{ "*", "core", "18014398509481982", NULL, NULL, NULL },
	{ "*", "core", "18014398509481983", NULL, NULL, "or unlimited (KiB)" },
	{ "*", "rtprio", "99", "0", NULL, NULL },
	{ "*", "rtprio", "100", NULL, NULL, "item rtprio takes 0 to 99" },
	{ "*", "nice", "-20", NULL, "19", NULL },
	{ "*", "nice", "-21", NULL, NULL, "item nice takes -20 to 19" },
	{ "*", "nofile", "2147483584", NULL, NULL, NULL },
	{ "*", "nofile", "2147483585", NULL, NULL, "item nofile takes 0 to 2147483584" },
	{ "*", "nofile", "100", "200", NULL, "soft = 100 is outside its own bounds: 200 to -" },
	{ "*", "nofile", "300", "100", "200", "bounds: 100 to 200" },
};

START_TEST(check)
{
	struct pool *pool = pool_new();
	struct setting setting = { .name = checks[_i].domain,
				   .item = checks[_i].item,
				   .side = SIDE_SOFT,
				   .want = value_parse(pool, checks[_i].want) };
	struct error err = { 0 };

	if (checks[_i].at_least)
		setting.at_least = value_parse(pool, checks[_i].at_least);
	if (checks[_i].at_most)
		setting.at_most = value_parse(pool, checks[_i].at_most);
	int rc = provider_limits.check(pool, &setting, &err);
	ck_assert_int_eq(rc, checks[_i].message ? -EINVAL : 0);
	if (rc)
		ck_assert_msg(strstr(err.message, checks[_i].message), "%s", err.message);
	else
		ck_assert(setting_accepts(&setting, setting.want));
	pool_free(pool);
}
END_TEST

START_TEST(check_normalises)
{
	struct pool *pool = pool_new();

	struct setting setting = setting_of(pool, "alice soft memlock infinity");
	ck_assert_int_eq(setting.want.kind, VALUE_UNLIMITED);
	ck_assert_int_eq(setting.min.kind, VALUE_UNLIMITED);
	setting = setting_of(pool, "alice soft nproc 8192 4096");
	ck_assert_uint_eq(setting.min.number, 4096);
	ck_assert_int_eq(setting.max.kind, VALUE_NONE);
	setting = setting_of(pool, "alice soft nice -1");
	ck_assert(setting.want.negative && setting.want.number == 1);
	pool_free(pool);
}
END_TEST

/* ---- observe ------------------------------------------------------------------------------ */

static void observe(struct host *host, const char *text, struct observed *ret, struct notes *notes)
{
	struct pool *pool = host_pool(host);
	struct setting *setting = pool_alloc(pool, sizeof *setting);
	const struct setting *const settings[] = { setting };

	*setting = setting_of(pool, text);
	*notes = (struct notes){ .pool = pool };
	provider_limits.observe(host, &query, settings, 1, ret, notes);
}

static const char *boot_of(struct host *host, const struct observed *observed)
{
	const struct reading *boot = &observed->layer[LAYER_BOOT];

	ck_assert_int_eq(boot->state, READING_PRESENT);
	return value_format(host_pool(host), boot->value);
}

static const struct {
	const char *conf, *setting, *boot, *configured, *deviation;
	unsigned line;
} observations[] = {
	{ "", "* soft nofile 1", "1024", NULL, NULL, 0 },
	{ "", "* hard nofile 1", "524288", NULL, NULL, 0 },
	{ "* soft nofile 600000\n", "* soft nofile 1", "524288", "600000", NULL, 1 },
	{ "* - memlock 64\n", "* soft memlock 1", "64", "64", NULL, 1 },
	{ "* - nofile unlimited\n", "* hard nofile 1", "1048576", "unlimited", NULL, 1 },
	{ "* - nofile 300\n", "root soft nofile 1", "1024", NULL, NULL, 0 },
	{ "* - nofile 300\n\nroot - nofile 400\n", "root soft nofile 1", "400", "400", NULL, 3 },
	{ "* - nofile 300\nalice - nofile 400\n", "alice soft nofile 1", "400", "400", NULL, 2 },
	{ "* - nofile 300\nalice - nofile 400\n", "* soft nofile 300", "300", "300",
	  "account alice", 1 },
	{ "* - nofile 300\nalice - nproc 400\n", "* soft nofile 300", "300", "300", NULL, 1 },
	{ "* - nofile 300\nwww - nofile 400\nroot - nofile 5\n", "* soft nofile 300", "300", "300",
	  NULL, 1 },
	{ "* - nofile 300\n1002: - nofile 400\n", "* soft nofile 300", "300", "300", "account bob",
	  1 },
	{ "* - nofile 300\nbob -\n", "* soft nofile 300", "300", "300", "account bob", 1 },
	{ "@dba - nofile 700\n", "@dba soft nofile 700", "700", "700", NULL, 1 },
	{ "@dba - nofile 700\nalice - nofile 1\n", "@dba soft nofile 700", "700", "700",
	  "account alice", 1 },
	{ "* - nofile 300\n* - maxlogins 0\n", "* soft nofile 300", "no session", "300", NULL, 2 },
};

START_TEST(observation)
{
	struct host *host = open_tree(new_tree(observations[_i].conf));
	struct observed observed;
	struct notes notes;

	observe(host, observations[_i].setting, &observed, &notes);
	ck_assert_ptr_null(observed.missing);
	ck_assert_str_eq(boot_of(host, &observed), observations[_i].boot);
	ck_assert_uint_eq(observed.layer[LAYER_BOOT].origin.line, observations[_i].line);
	ck_assert_int_eq(observed.layer[LAYER_RUNNING].state, READING_NOT_APPLICABLE);
	ck_assert_int_eq(observed.layer[LAYER_LIVE].state, READING_NOT_APPLICABLE);
	const struct reading *configured = &observed.layer[LAYER_CONFIGURED];
	if (observations[_i].configured)
		ck_assert_str_eq(value_format(host_pool(host), configured->value),
				 observations[_i].configured);
	else
		ck_assert_int_eq(configured->state, READING_ABSENT);
	ck_assert_uint_eq(observed.deviation_count, observations[_i].deviation != NULL);
	if (observations[_i].deviation)
		ck_assert_str_eq(observed.deviations[0].who, observations[_i].deviation);
	host_close(host);
}
END_TEST

START_TEST(missing_subjects)
{
	struct host *host = open_tree(new_tree(""));
	struct observed observed;
	struct notes notes;

	observe(host, "ghost soft nofile 1", &observed, &notes);
	ck_assert_str_eq(observed.missing, "no such user here (/etc/passwd)");
	observe(host, "@ghost soft nofile 1", &observed, &notes);
	ck_assert_str_eq(observed.missing, "no such group here (/etc/group)");
	host_close(host);
}
END_TEST

/* An account with a setting of its own is judged by that alone. */
START_TEST(own_setting)
{
	struct host *host =
		open_tree(new_tree("* - nofile 300\nalice - nofile 400\nbob - nofile 500\n"));
	struct pool *pool = host_pool(host);
	struct setting all = setting_of(pool, "* soft nofile 300");
	struct setting alice = setting_of(pool, "alice soft nofile 400");
	struct setting users = setting_of(pool, "@users soft nofile 300");
	const struct setting *const settings[] = { &all, &alice, &users };
	struct observed observed[3];
	struct notes notes = { .pool = pool };

	provider_limits.observe(host, &query, settings, 3, observed, &notes);
	ck_assert_uint_eq(observed[0].deviation_count, 0);
	ck_assert_uint_eq(observed[1].deviation_count, 0);
	ck_assert_uint_eq(observed[2].deviation_count, 1);
	ck_assert_str_eq(observed[2].deviations[0].who, "account bob");
	ck_assert_uint_eq(observed[2].deviations[0].value.number, 500);
	ck_assert_uint_eq(observed[2].deviations[0].origin.line, 3);
	host_close(host);
}
END_TEST

START_TEST(many_deviations)
{
	const char *root = new_tree("* - nofile 300\n1000: - nofile 400\n");
	char passwd[4096] = "", *to = passwd;
	struct observed observed;
	struct notes notes;

	for (int i = 0; i < 40; i++)
		to += sprintf(to, "user%d:x:%d:9::/:/bin/sh\n", i, 2000 + i);
	tree_put(root, "/etc/passwd", passwd);
	struct host *host = open_tree(root);
	observe(host, "* soft nofile 300", &observed, &notes);
	ck_assert_uint_eq(observed.deviation_count, 17);
	ck_assert_str_eq(observed.deviations[15].who, "account user15");
	ck_assert_str_eq(observed.deviations[16].who, "24 more accounts");
	host_close(host);
}
END_TEST

/* What nobody can be told of without the list of accounts. */
START_TEST(unreadable_accounts)
{
	const char *root = new_tree("");
	struct observed observed;
	struct notes notes;

	tree_chmod(root, "/etc/passwd", 0);
	tree_become_ordinary(root);
	struct host *host = open_tree(root);
	observe(host, "alice soft nofile 1", &observed, &notes);
	ck_assert_ptr_null(observed.missing);
	ck_assert_int_eq(observed.layer[LAYER_BOOT].state, READING_UNREADABLE);
	ck_assert_str_eq(observed.layer[LAYER_BOOT].origin.file, "/etc/passwd");
	observe(host, "root soft nofile 1024", &observed, &notes);
	ck_assert_str_eq(boot_of(host, &observed), "1024");
	host_close(host);
}
END_TEST

/* A number that no kernel says is none. */
START_TEST(odd_ceiling)
{
	static const char *const odd[] = { "99999999999999999999999\n", "\n", "-1\n" };
	struct host *host = open_tree(new_tree(""));

	host_overlay(host, "/proc/sys/fs/nr_open", odd[_i], strlen(odd[_i]));
	struct limits_ceiling ceiling = limits_find_ceiling(host, &query);
	ck_assert_uint_eq(ceiling.now, 1048576);
	ck_assert_uint_eq(ceiling.boot, 1048576);
	host_close(host);
}
END_TEST

START_TEST(unreadable_here)
{
	const char *root = new_tree("");
	struct observed observed;
	struct notes notes;

	tree_put(root, "/etc/security/limits.d/secret.conf", "* - nofile 300\n");
	tree_chmod(root, "/etc/security/limits.d/secret.conf", 0);
	tree_become_ordinary(root);
	struct host *host = open_tree(root);
	observe(host, "* soft nofile 1", &observed, &notes);
	ck_assert_int_eq(observed.layer[LAYER_BOOT].state, READING_UNREADABLE);
	ck_assert_str_eq(observed.layer[LAYER_BOOT].why,
			 "/etc/security/limits.d/secret.conf: Permission denied");
	host_close(host);
}
END_TEST

/* ---- notes -------------------------------------------------------------------------------- */

static const struct {
	const char *conf;
	unsigned line;
	const char *text;
} remarks[] = {
	{ "root - nofile 1\n* - nofiles 5\n", 2,
	  "unknown item \"nofiles\" (did you mean nofile?): the line is ignored" },
	{ "* - rttime 5\n", 1, "does not know item \"rttime\"" },
	{ "* both nproc 5\n", 1, "type \"both\" is none of soft, hard and -" },
	{ "* - nproc\n", 1, "has 3 fields where 4 are needed" },
	{ "* - nproc many\n", 1, "value \"many\" is no number: the line is ignored" },
	{ "alice - nproc 10k\n", 1, "value \"10k\" is read as 10" },
	{ "alice - memlock 65535k\n", 1, "value \"65535k\" is read as 65535" },
	{ "alice - nproc -2\n", 1, "value \"-2\" is read as 18446744073709551614" },
	{ "alice - nproc 0300\n", 1, "value \"0300\" has leading zeros: read as decimal 300" },
	{ "\xef\xbb\xbf* - nproc 5\n", 1, "begins with a byte order mark" },
	{ "alice soft nproc 900\n\nalice hard nproc 800\n", 1,
	  "soft nproc 900 is above hard 800 (/etc/security/limits.conf:3) and is cut to it" },
	{ "* - nofile 600\n", 1, "* does not reach root here, and root has no line for nofile" },
	{ "root - nproc 5\n* - nproc 5\n* - core 5\n* soft memlock 5\n", 3,
	  "root has no line for core, memlock" },
	{ "root - nofile 2000000\n", 1,
	  "nofile 2000000 is above fs.nr_open (1048576): the kernel refuses it and a login keeps "
	  "what it had" },
	{ "bob soft nproc 3\nbob soft nproc 4\n", 1,
	  "bob soft nproc 3 loses to /etc/security/limits.conf:2, which says 4" },
	{ "ghost - nproc 5\n", 1, "no user \"ghost\" in /etc/passwd" },
	{ "@ghosts - nproc 5\n", 1, "no group \"ghosts\" in /etc/group" },
	{ "<user> - nproc 5\n", 1, "looks like a placeholder that nobody replaced: \"<user>\"" },
	{ "* - nproc ${LIMIT}\n", 1, "looks like a placeholder" },
	{ "{{ user }} - nproc 4\n", 1, "looks like a placeholder" },
	{ "%dba - nproc 4\n", 1, "a domain with % counts for maxlogins only" },
	{ "x:y - nproc 4\n", 1, "is no range of ids" },
	{ "root soft nproc many\r\n", 1, "value \"many\" is no number" },
	{ "bob soft nproc 5000\n@dba hard nproc 4000\n1002: hard nproc 900\n", 1,
	  "soft nproc 5000 is above hard 900 (/etc/security/limits.conf:3) and is cut to it" },
	{ "@dba soft memlock 9000\n", 1,
	  "soft memlock 9000 is above the hard limit, which no line sets (8192, " },
	{ "ldap soft nproc 5\nldap hard nproc 5\nldap soft nproc 5\n", 1, "no user \"ldap\"" },
	{ "1000: soft nproc 5\n1000: hard nproc 4\n", 1, "soft nproc 5 is above hard 4" },
	{ "alice soft nofile 300\n@dba - nofile 500\n", 2,
	  "sets no hard nofile for alice: the soft one of /etc/security/limits.conf:1 is more "
	  "specific, and then - sets neither" },
	{ "root - nproc 99999999999999999999\n", 1, "is out of range: read as unlimited" },
	{ "root - nice 25\n", 1, "value \"25\" is out of range: read as 19" },
	{ "root - memlock 18014398509481984\n", 1, "is out of range: read as unlimited" },
	{ "root - maxlogins 3x\n", 1, "value \"3x\" is read as 3" },
	{ "root - nonewprivs yes\n", 1, "value \"yes\" is read as 0" },
	{ "root - priority -5x\n", 1, "value \"-5x\" is read as -5" },
	{ "root - nproc 5 hard nofile 6\n", 1,
	  "what stands behind the value is ignored: \"hard nofile 6\"" },
	{ "bob -nofile\n", 1, "\"-nofile\" is read as \"-\": whom the line names is exempt" },
	{ "* -\n", 1, "\"* -\" means nobody" },
	{ "%dba -\n", 1, "\"%dba -\" means nobody" },
	{ "2000:1000 - nproc 5\n", 1, "is reversed: it means nobody" },
	{ "4294967296: - nproc 5\n", 1, "is read as 0:" },
	{ "@-1:5 - nproc 5\n", 1, "is read as 4294967295:5" },
	{ "alice, bob - nproc 5\n", 1, "with one name as the domain" },
	{ "alice,bob - nproc 5\n", 1, "a domain is one name, not a list" },
	{ "ali* - nproc 5\n", 1, "a domain is a name, not a pattern" },
	{ "1001 - nproc 5\n", 1, "a number is a name here" },
	{ "YOUR_USER - nproc 5\n", 1, "a placeholder that nobody replaced?" },
	{ "@your-group - nproc 5\n", 1, "a placeholder that nobody replaced?" },
	{ "@<group> - nproc 5\n", 1, "looks like a placeholder" },
	{ "`whoami` - nproc 5\n", 1, "looks like a placeholder" },
	{ "* hadr nproc 5\n", 1, "type \"hadr\" is none of soft, hard and - (did you mean hard?)" },
	{ "soft nofile 16384\n", 1, "begins with \"soft\": the domain is missing" },
	{ "$USER - nproc 5\n", 1, "looks like a placeholder" },
	{ "host$ - nproc 5\n", 1, "no user \"host$\" in /etc/passwd" },
	{ "ulimit -n 65535\n", 1, "looks like a shell command" },
	{ "fs.file-max = 65535\n", 1, "looks like a line of sysctl.conf" },
	{ "LimitNOFILE=65535\n", 1, "looks like a line of a systemd unit" },
	{ "session required pam_limits.so\n", 1, "looks like a line of a file in /etc/pam.d" },
	{ "<!DOCTYPE html>\n<html><body>\n<p>Not Found</p>\n", 0,
	  "does not look like limits.conf, rather like HTML: none of its 3 lines is a rule" },
	{ "net.ipv4.x = 1\nvm.y = 2\n# c\nkernel.z = 3\n", 0,
	  "does not look like limits.conf, rather like a line of sysctl.conf: none of its 3 lines "
	  "is a "
	  "rule" },
	{ "a b c\nd e f g\nh\n", 0,
	  "does not look like limits.conf: none of its 3 lines is a rule" },
};

static bool has_note(const struct notes *notes, const char *file, unsigned line, const char *text)
{
	for (size_t i = 0; i < notes->count; i++)
		if ((!file ||
		     (notes->items[i].origin.file && !strcmp(notes->items[i].origin.file, file))) &&
		    notes->items[i].origin.line == line && strstr(notes->items[i].text, text))
			return true;
	return false;
}

START_TEST(remark)
{
	struct host *host = open_tree(new_tree(remarks[_i].conf));
	struct observed observed;
	struct notes notes;

	observe(host, "* soft core 0", &observed, &notes);
	ck_assert_msg(has_note(&notes, CONF, remarks[_i].line, remarks[_i].text), "%s: %s",
		      remarks[_i].text, notes.count ? notes.items[0].text : "no note");
	ck_assert_uint_eq(notes.count, 1);
	host_close(host);
}
END_TEST

/* What the kernel refuses cuts nothing: a note for each line, and no third one. */
START_TEST(refused_hard_limit)
{
	struct host *host =
		open_tree(new_tree("bob soft nofile 2000000\nbob hard nofile 2000000\n"));
	struct observed observed;
	struct notes notes;

	observe(host, "* soft core 0", &observed, &notes);
	ck_assert(
		has_note(&notes, CONF, 1, "2000000 is above fs.nr_open (1048576): no login gets"));
	ck_assert(has_note(&notes, CONF, 2, "a login keeps what it had"));
	ck_assert_uint_eq(notes.count, 2);
	host_close(host);
}
END_TEST

/* Nothing to say about what is right. */
START_TEST(no_remarks)
{
	static const char conf[] =
		"# <user> ${x}\n* soft nproc 5\n* hard nproc 6\nroot - nofile 600\n"
		"root - nproc 7\n"
		"* - nofile unlimited\n@dba - core 0\nalice hard core unlimited\n"
		"1000: - rtprio 5\n@:50 - nice -5\n* - maxlogins 10\n%dba - maxlogins 2\n"
		"bob -\n";
	const char *root = new_tree(conf);
	struct observed observed;
	struct notes notes;

	tree_put(root, "/etc/security/limits.d/README", "hello\n");
	tree_put(root, "/etc/security/limits.d/.x.swp", "hello\n");
	struct host *host = open_tree(root);
	observe(host, "* soft core 0", &observed, &notes);
	ck_assert_msg(notes.count == 0, "%s", notes.count ? notes.items[0].text : "");
	host_close(host);
}
END_TEST

START_TEST(other_remarks)
{
	const char *root = new_tree("");
	struct observed observed;
	struct notes notes;
	char line[1200];

	tree_put(root, "/etc/security/limits.d/nofile.txt", "* - nofile 5\n");
	tree_put(root, "/etc/security/limits.d/.hidden.conf", "* - nofile 5\n");
	memset(line, 'x', sizeof line);
	line[0] = '#';
	snprintf(line + 1023, sizeof line - 1023, "alice - nproc 5\n");
	tree_put(root, "/etc/security/limits.d/long.conf", line);
	struct host *host = open_tree(root);
	observe(host, "* soft nofile 1024", &observed, &notes);
	ck_assert(has_note(&notes, "/etc/security/limits.d/nofile.txt", 0,
			   "is not read: the name does not end in .conf"));
	ck_assert(has_note(&notes, "/etc/security/limits.d/long.conf", 1,
			   "the end of a line longer than 1023 bytes"));
	ck_assert(has_note(&notes, "/etc/security/limits.d/.hidden.conf", 0,
			   "is not read: the name begins with a dot"));
	ck_assert(has_note(&notes, NULL, 0, "limits.conf does not reach systemd services"));
	ck_assert_uint_eq(notes.count, 4);
	host_close(host);
}
END_TEST

/* ---- propose ------------------------------------------------------------------------------ */

#define HEAD                                                                 \
	"# Written by keeltune; the next `keeltune apply` writes it anew.\n" \
	"# To undo: keeltune rollback. Without keeltune: remove this file.\n"

struct outcome {
	int rc;
	struct error err;
	struct plan plan;
};

/* TEXTS: settings, one a line. */
static struct outcome propose(struct host *host, const char *texts, const struct query *how)
{
	struct pool *pool = host_pool(host);
	struct setting *settings = pool_alloc(pool, 16 * sizeof *settings);
	struct outcome outcome = { .plan = { .pool = pool, .notes.pool = pool } };
	char *save, *copy = pool_strdup(pool, texts);
	struct audit audit;
	size_t count = 0;

	for (char *text = strtok_r(copy, "\n", &save); text; text = strtok_r(NULL, "\n", &save))
		settings[count++] = setting_of(pool, text);
	audit_run(host, how, settings, count, &audit);
	outcome.rc = provider_limits.propose(host, how, audit.findings, count, &outcome.plan,
					     &outcome.err);
	return outcome;
}

/* What the drop-in would hold: NULL when no change to it is planned, "" when it would be removed.
 */
static const char *dropin_of(const struct outcome *outcome)
{
	ck_assert_int_eq(outcome->rc, 0);
	ck_assert_uint_le(outcome->plan.count, 1);
	if (!outcome->plan.count)
		return NULL;
	ck_assert_str_eq(outcome->plan.changes[0].path, LIMITS_DROPIN);
	return outcome->plan.changes[0].after.exists ? outcome->plan.changes[0].after.bytes : "";
}

#define BASELINE                                             \
	"* soft nofile 8192 4096\n* hard nofile 8192 4096\n" \
	"root soft nofile 8192 4096\nroot hard nofile 8192 4096"

static const struct {
	const char *conf, *dropin, *settings, *result; /* NULL: nothing planned */
} proposals[] = {
	/* Only the soft limit is too low. */
	{ "", NULL, BASELINE,
	  HEAD "\n# web\n* soft nofile 8192\n\n# web\nroot soft nofile 8192\n" },
	{ "* soft nofile 5000\nroot soft nofile 5000\n", NULL, BASELINE, NULL },
	{ "* - nofile 5000\n", NULL, BASELINE, HEAD "\n# web\nroot soft nofile 8192\n" },
	/* A hard limit below. */
	{ "* - nofile 1000\nroot - nofile 5000\n", NULL, BASELINE,
	  HEAD "\n# web\n* soft nofile 8192\n\n# web\n* hard nofile 8192\n" },
	/* An accepted line keeps its value, a comment its words; superfluous lines go. */
	{ "", "# mine\n* soft nofile 4096\nroot soft nofile 5000\n", BASELINE, NULL },
	{ "", "* soft nofile 100\nroot soft nofile 5000\n", BASELINE,
	  HEAD "\n# web\n* soft nofile 8192\n\n# web\nroot soft nofile 5000\n" },
	{ "", "* soft nofile 8192\nroot soft nofile 8192\n* soft nproc 5\n", BASELINE,
	  HEAD "\n# web\n* soft nofile 8192\n\n# web\nroot soft nofile 8192\n" },
	{ "", "* soft nofile 8192\n", "* soft core 0", "" },
	{ "", "# nothing\n", "* soft core 0", "" },
	{ "", NULL, "* soft core 0", NULL },
	/* Order: everybody, groups, users. */
	{ "", NULL, "alice soft nproc 55\n@dba soft nproc 66\n* soft nproc 77",
	  HEAD
	  "\n# web\n* soft nproc 77\n\n# web\n@dba soft nproc 66\n\n# web\nalice soft nproc 55\n" },
	/* Both sides only where one alone does not help. */
	{ "* hard nproc 100\n", NULL, "* soft nproc 200\n* hard nproc 300 50",
	  HEAD "\n# web\n* soft nproc 200\n\n# web\n* hard nproc 300\n" },
	{ "", NULL, "* soft memlock unlimited\n* hard memlock unlimited",
	  HEAD "\n# web\n* soft memlock unlimited\n\n# web\n* hard memlock unlimited\n" },
	{ "", NULL, "* soft nice -5\n* hard nice -5",
	  HEAD "\n# web\n* soft nice -5\n\n# web\n* hard nice -5\n" },
	/* Nobody of that name. */
	{ "", NULL, "ghost soft nofile 8192", NULL },
};

START_TEST(proposal)
{
	const char *root = new_tree(proposals[_i].conf);

	if (proposals[_i].dropin)
		tree_put(root, LIMITS_DROPIN, proposals[_i].dropin);
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, proposals[_i].settings, &query);
	const char *bytes = dropin_of(&outcome);
	if (proposals[_i].result) {
		ck_assert_ptr_nonnull(bytes);
		ck_assert_str_eq(bytes, proposals[_i].result);
	} else {
		ck_assert_msg(!bytes, "%s", bytes);
	}
	ck_assert_uint_eq(outcome.plan.notes.count, 0);

	/* With it the host complies, and a second time there is nothing to do. */
	if (strcmp(proposals[_i].settings, "ghost soft nofile 8192") != 0) {
		if (bytes && *bytes)
			tree_put(root, LIMITS_DROPIN, bytes);
		else if (bytes)
			tree_remove(root, LIMITS_DROPIN);
		struct host *again = open_tree(root);
		outcome = propose(again, proposals[_i].settings, &query);
		ck_assert_ptr_null(dropin_of(&outcome));
		host_close(again);
	}
	host_close(host);
}
END_TEST

START_TEST(ids_of_a_change)
{
	const char *root = new_tree("");

	tree_put(root, LIMITS_DROPIN, "bob hard core 5\n");
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, "* soft nofile 8192", &query);
	ck_assert_ptr_nonnull(dropin_of(&outcome));
	ck_assert_uint_eq(outcome.plan.changes[0].id_count, 2);
	ck_assert_str_eq(outcome.plan.changes[0].ids[0], "limit:bob:core:hard");
	ck_assert_str_eq(outcome.plan.changes[0].ids[1], "limit:*:nofile:soft");
	host_close(host);
}
END_TEST

START_TEST(only_persistent)
{
	const struct query runtime = { .runtime = true };
	struct host *host = open_tree(new_tree(""));
	struct outcome outcome = propose(host, BASELINE, &runtime);

	ck_assert_ptr_null(dropin_of(&outcome));
	host_close(host);
}
END_TEST

START_TEST(no_settings)
{
	const char *root = new_tree("");
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, "", &query);

	ck_assert_ptr_null(dropin_of(&outcome));
	host_close(host);
	tree_put(root, LIMITS_DROPIN, HEAD "* soft nofile 8192\n");
	host = open_tree(root);
	outcome = propose(host, "", &query);
	ck_assert_str_eq(dropin_of(&outcome), "");
	host_close(host);
}
END_TEST

static const struct {
	const char *settings, *message;
} refusals[] = {
	{ "* soft nofile 2000000",
	  "/x/web.conf:7: limit:*:nofile:soft: nofile 2000000 is above fs.nr_open, "
	  "which is 1048576 now and 1048576 after a boot" },
	{ "root hard nofile 1048577",
	  "limit:root:nofile:hard: nofile 1048577 is above fs.nr_open" },
	{ "alice soft nofile 10", "with nofile below 64 logins break" },
	{ "* hard nproc 0", "with nproc below 16 logins break" },
};

START_TEST(refusal)
{
	struct host *host = open_tree(new_tree(""));
	struct outcome outcome = propose(host, refusals[_i].settings, &query);

	ck_assert_int_eq(outcome.rc, -EINVAL);
	ck_assert_msg(strstr(outcome.err.message, refusals[_i].message), "%s", outcome.err.message);
	host_close(host);
}
END_TEST

/* The edges are allowed: the least that a login survives, and fs.nr_open itself. */
START_TEST(edges)
{
	struct host *host = open_tree(new_tree(""));
	struct outcome outcome = propose(
		host, "alice soft nofile 64\n* hard nofile 1048576\nbob soft nproc 16", &query);

	ck_assert_ptr_nonnull(dropin_of(&outcome));
	host_close(host);
}
END_TEST

/* fs.nr_open is to be raised at the next boot: a login before it would fail. */
START_TEST(ceiling_of_now)
{
	const struct query how = { .persistent = true, .engines.engine = ENGINE_SYSTEMD };
	const char *root = new_tree("");

	tree_put(root, "/etc/sysctl.d/50-mine.conf", "fs.nr_open = 3000000\n");
	struct host *host = open_tree(root);
	host_overlay(host, "/proc/sys/fs/nr_open", "1048576\n", 8);
	struct outcome outcome = propose(host, "* hard nofile 2000000", &how);
	ck_assert_int_eq(outcome.rc, -EINVAL);
	ck_assert_ptr_nonnull(strstr(outcome.err.message, "1048576 now and 3000000 after a boot"));
	host_close(host);
}
END_TEST

/* On Debian neither `*` nor a group reaches root, whoever asks. */
START_TEST(root_is_not_everybody)
{
	struct host *host = open_tree(new_tree("* - nofile 300\n"));
	struct pool *pool = host_pool(host);
	struct setting all = setting_of(pool, "* soft nofile 300");
	struct setting own = setting_of(pool, "root soft nofile 300");
	const struct setting *const settings[] = { &all, &own };
	const struct account root = { .name = "root" }, alice = { .name = "alice", .uid = 1001 };
	struct login_context context;
	struct observed observed[2];

	limits_observe(host, limits_find_ceiling(host, &query), settings, 2, observed, &context);
	ck_assert(context.module.debian);
	ck_assert(!login_is_meant(&context, &root, settings, 1, &all));
	ck_assert(login_is_meant(&context, &root, settings, 2, &own));
	ck_assert(login_is_meant(&context, &alice, settings, 2, &all));
	ck_assert(!login_is_meant(&context, &alice, settings, 2, &own));
	host_close(host);
}
END_TEST

/* A planned fs.nr_open counts, for now and for the next boot. */
START_TEST(planned_ceiling)
{
	const struct query how = { .persistent = true, .engines.engine = ENGINE_SYSTEMD };
	struct host *host = open_tree(new_tree(""));
	static const char sysctl[] = "fs.nr_open = 3000000\n";

	host_overlay(host, "/etc/sysctl.d/99-zz-keeltune.conf", sysctl, sizeof sysctl - 1);
	host_overlay(host, "/proc/sys/fs/nr_open", "3000000\n", 8);
	struct outcome outcome =
		propose(host, "* soft nofile 2000000\n* hard nofile 2000000", &how);
	ck_assert_str_eq(dropin_of(&outcome),
			 HEAD "\n# web\n* soft nofile 2000000\n\n# web\n* hard nofile 2000000\n");
	host_close(host);
}
END_TEST

static const struct {
	const char *path, *bytes; /* NULL: a link to nowhere */
	const char *file;
	unsigned line;
	const char *text;
} obstacles[] = {
	{ "/etc/security/limits.d/99-zzz.conf", "* soft nofile 100\n",
	  "/etc/security/limits.d/99-zzz.conf", 1, "a login would still get 100 (that line wins)" },
	{ "/etc/security/limits.d/x.conf", NULL, "/etc/security/limits.d/x.conf", 0,
	  "no session (pam_limits.so fails because this link leads nowhere)" },
	{ "/etc/pam.d/login", "session required pam_permit.so\n", "/etc/pam.d/login", 0,
	  "a login would still get 1024 (login does not run pam_limits.so)" },
	{ "/etc/pam.d/login", "session required pam_limits.so conf=/etc/security/o.conf\n",
	  "/etc/security/o.conf", 0,
	  "no session (pam_limits.so fails when this file does not exist)" },
};

START_TEST(obstacle)
{
	const char *root = new_tree("");

	if (obstacles[_i].bytes)
		tree_put(root, obstacles[_i].path, obstacles[_i].bytes);
	else
		tree_link(root, obstacles[_i].path, "nowhere");
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, "* soft nofile 8192", &query);
	ck_assert_ptr_null(dropin_of(&outcome));
	ck_assert_uint_eq(outcome.plan.notes.count, 1);
	const struct note *note = &outcome.plan.notes.items[0];
	ck_assert_str_eq(note->id, "limit:*:nofile:soft");
	ck_assert_str_eq(note->origin.file, obstacles[_i].file);
	ck_assert_msg(strstr(note->text, obstacles[_i].text), "%s", note->text);
	if (obstacles[_i].line)
		ck_assert_uint_eq(note->origin.line, obstacles[_i].line);
	host_close(host);
}
END_TEST

START_TEST(obstacle_that_cannot_be_read)
{
	const char *root = new_tree("");

	tree_put(root, "/etc/security/limits.d/secret.conf", "* - nofile 300\n");
	tree_chmod(root, "/etc/security/limits.d/secret.conf", 0);
	tree_become_ordinary(root);
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, "* soft nofile 8192", &query);
	ck_assert_ptr_null(dropin_of(&outcome));
	ck_assert_uint_eq(outcome.plan.notes.count, 1);
	ck_assert_ptr_nonnull(strstr(outcome.plan.notes.items[0].text,
				     "what a login gets cannot be told (/etc/security/limits.d/"
				     "secret.conf: Permission denied)"));
	host_close(host);
}
END_TEST

START_TEST(our_file_is_something_else)
{
	const char *root = new_tree("");

	tree_link(root, LIMITS_DROPIN, "nowhere");
	struct host *host = open_tree(root);
	struct outcome outcome = propose(host, "* soft nofile 8192", &query);
	ck_assert_ptr_null(dropin_of(&outcome));
	ck_assert_uint_eq(outcome.plan.notes.count, 1);
	ck_assert_ptr_nonnull(
		strstr(outcome.plan.notes.items[0].text, "not a readable regular file"));
	host_close(host);
}
END_TEST

/* The hard limit that everybody gets leaves alice less than she had; a soft line cannot change it,
 * so there is none. */
START_TEST(what_cannot_be_kept)
{
	struct host *host = open_tree(new_tree("* - nofile 9000\n"));
	struct outcome outcome =
		propose(host, "* hard nofile 4096\nalice soft nofile 8192 5000", &query);

	ck_assert_str_eq(dropin_of(&outcome), HEAD "\n# web\n* hard nofile 4096\n");
	host_close(host);
}
END_TEST

START_TEST(comments)
{
	struct host *host = open_tree(new_tree(""));
	struct pool *pool = host_pool(host);
	struct setting setting = setting_of(pool, "* soft nofile 8192");
	struct plan plan = { .pool = pool, .notes.pool = pool };
	struct error err;
	struct audit audit;
	char reason[2000];

	memset(reason, 'x', sizeof reason);
	memcpy(reason, "why\nroot soft nofile 1\x1b[31m\x7f", 28);
	reason[194] = '\xc3'; /* a character across the cut */
	reason[195] = '\xa4';
	reason[sizeof reason - 1] = '\0';
	setting.reason = reason;
	audit_run(host, &query, &setting, 1, &audit);
	ck_assert_int_eq(provider_limits.propose(host, &query, audit.findings, 1, &plan, &err), 0);
	const char *text = strstr(plan.changes[0].after.bytes, "# web: ");
	ck_assert_ptr_nonnull(text);
	ck_assert(!strncmp(text, "# web: why root soft nofile 1 [31m xxx", 38));
	ck_assert_uint_eq(strcspn(text, "\n"), 2 + 199);
	ck_assert_str_eq(strchr(text, '\n'), "\n* soft nofile 8192\n");
	host_close(host);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("provider-limits");
	TCase *tcase = tcase_create("provider-limits");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, check, 0, sizeof checks / sizeof *checks);
	tcase_add_test(tcase, check_normalises);
	tcase_add_loop_test(tcase, observation, 0, sizeof observations / sizeof *observations);
	tcase_add_test(tcase, missing_subjects);
	tcase_add_test(tcase, own_setting);
	tcase_add_test(tcase, many_deviations);
	tcase_add_test(tcase, unreadable_here);
	tcase_add_test(tcase, unreadable_accounts);
	tcase_add_loop_test(tcase, odd_ceiling, 0, 3);
	tcase_add_loop_test(tcase, remark, 0, sizeof remarks / sizeof *remarks);
	tcase_add_test(tcase, refused_hard_limit);
	tcase_add_test(tcase, no_remarks);
	tcase_add_test(tcase, other_remarks);
	tcase_add_loop_test(tcase, proposal, 0, sizeof proposals / sizeof *proposals);
	tcase_add_test(tcase, ids_of_a_change);
	tcase_add_test(tcase, only_persistent);
	tcase_add_test(tcase, no_settings);
	tcase_add_loop_test(tcase, refusal, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(tcase, edges);
	tcase_add_test(tcase, ceiling_of_now);
	tcase_add_test(tcase, root_is_not_everybody);
	tcase_add_test(tcase, planned_ceiling);
	tcase_add_loop_test(tcase, obstacle, 0, sizeof obstacles / sizeof *obstacles);
	tcase_add_test(tcase, obstacle_that_cannot_be_read);
	tcase_add_test(tcase, our_file_is_something_else);
	tcase_add_test(tcase, what_cannot_be_kept);
	tcase_add_test(tcase, comments);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
