// SPDX-License-Identifier: MIT
/* What a login gets. The expected values were observed with the real pam_limits.so of Debian 12
 * (and of other builds where they differ); tests/conformance/limits.c asks the real one again. */
#include "login.h"
#include "process.h"

#include "catalog.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "/usr/lib/x86_64-linux-gnu/security/pam_limits.so"

static const char debian12[] =
	"pam_sm_open_session\0nonewprivs\0chroot\0/proc/sys/fs/nr_open\0"
	"/etc/security/limits.conf\0%s%s%s%s\0cannot read settings from %s: %m\0"
	"Could not set limit for '%s' to soft=%d, hard=%d: %m";
static const char upstream[] = "pam_sm_open_session\0strtok_r\0nonewprivs\0/proc/sys/fs/nr_open\0"
			       "/etc/security/limits.conf\0/usr/share/pam/security/limits.conf\0"
			       "cannot read settings from %s: %s\0invalid line %llu";

static const char passwd[] =
	"root:x:0:0::/root:/bin/bash\ntoor:x:0:100::/root:/bin/sh\n"
	"alice:x:1001:1001::/home/alice:/bin/bash\nbob:x:1002:100::/home/bob:/bin/sh\n";
static const char group[] = "root:x:0:\nwheel:x:10:root\nstaff:x:50:alice\ndev:x:60:alice,bob\n"
			    "users:x:100:\nalice:x:1001:\n";

static const char *new_tree(bool debian, const char *conf)
{
	const char *root = tree_new();

	if (debian)
		tree_put_bytes(root, MODULE, debian12, sizeof debian12);
	else
		tree_put_bytes(root, MODULE, upstream, sizeof upstream);
	tree_put(root, "/etc/passwd", passwd);
	tree_put(root, "/etc/group", group);
	tree_put(root, "/etc/pam.d/login", "session required pam_limits.so\n");
	if (conf)
		tree_put(root, "/etc/security/limits.conf", conf);
	return root;
}

/* The process has nofile 1000:2222 and nproc 3333:4444, pid 1 8001:8002 and 7001:7002. */
static void open_login(const char *root, struct host **ret_host, struct login_context *ret)
{
	static const char pid1[] =
		"Max processes             7001                 7002                 processes \n"
		"Max open files            8001                 8002                 files     \n";

	ck_assert_int_eq(host_open(root, ret_host, NULL), 0);
	login_open(*ret_host, "login", 1048576, ret);
	login_load_accounts(ret);
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret->caller[i] = (struct login_inherited){ 5, 6, .why = "caller" };
	ret->caller[RLIMIT_NOFILE] = (struct login_inherited){ 1000, 2222, .why = "caller" };
	ret->caller[RLIMIT_NPROC] = (struct login_inherited){ 3333, 4444, .why = "caller" };
	login_inherit_from_pid1(&ret->module, pid1, strlen(pid1), ret->reset);
}

struct expected {
	bool fails;
	uint64_t soft, hard; /* of nofile */
};

static void check_nofile(const struct login_limits *limits, struct expected expected)
{
	ck_assert_int_eq(limits->fails, expected.fails);
	ck_assert_uint_eq(limits->item[RLIMIT_NOFILE].soft.number, expected.soft);
	ck_assert_uint_eq(limits->item[RLIMIT_NOFILE].hard.number, expected.hard);
}

/* Left alone: Debian 12 resets to pid 1 (1024:8002), upstream keeps 1000:2222. */
#define ALONE                     \
	{ false, 1024, 8002 },    \
	{                         \
		false, 1000, 2222 \
	}
#define BOTH(soft, hard)              \
	{ false, (soft), (hard) },    \
	{                             \
		false, (soft), (hard) \
	}

static const struct {
	const char *user, *conf;
	struct expected debian, upstream;
} logins[] = {
	{ "alice", "", ALONE },
	{ "alice", "alice - nofile 2000000\n", { false, 1000, 2222 }, { true, 1000, 2222 } },
	{ "alice", "alice soft nofile 2000000\n", { false, 8002, 8002 }, { false, 2222, 2222 } },
	{ "alice",
	  "alice hard nofile 1048576\n",
	  { false, 1024, 1048576 },
	  { false, 1000, 1048576 } },
	{ "alice", "alice hard nofile 500\n", BOTH(500, 500) },
	{ "alice", "alice soft nofile 900\nalice hard nofile 800\n", BOTH(800, 800) },
	{ "alice", "alice - nofile unlimited\n", BOTH(1048576, 1048576) },
	{ "alice", "alice - nofile -1\n", BOTH(1048576, 1048576) },
	{ "alice", "alice - nofile -2\n", { false, 1000, 2222 }, { true, 1000, 2222 } },
	{ "alice", "alice soft nofile 1024.5\n", { false, 1024, 8002 }, { false, 1024, 2222 } },
	{ "alice", "alice - nofile 0\n", BOTH(0, 0) },
	{ "alice",
	  "alice soft nofile 300\n* - nofile 500\n",
	  { false, 300, 8002 },
	  { false, 300, 2222 } },
	{ "alice", "* - nofile 500\nalice soft nofile 300\n", BOTH(300, 500) },
	{ "alice", "alice hard nofile 900\n* - nofile 500\n", BOTH(500, 900) },
	{ "alice", "@staff soft nofile 500\nalice hard nofile 600\n* - nofile 700\n",
	  BOTH(500, 600) },
	{ "alice", "alice - nofile 300\n@staff - nofile 400\n* - nofile 500\n", BOTH(300, 300) },
	{ "alice", "* - nofile 500\n@staff - nofile 400\nalice - nofile 300\n", BOTH(300, 300) },
	{ "alice", "alice - nofile 300\n1000: - nofile 400\n", BOTH(400, 400) },
	{ "alice", "1000: - nofile 400\nalice - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@alice - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@STAFF - nofile 300\n", ALONE },
	{ "alice", "@:50 - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@:51 - nofile 300\n", ALONE },
	{ "alice", "@50:60 - nofile 300\n", ALONE },
	{ "alice", "@1000:1100 - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@1001: - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@1002: - nofile 300\n", ALONE },
	{ "alice", "@900:1001 - nofile 300\n", BOTH(300, 300) },
	{ "alice", "@900:1000 - nofile 300\n", ALONE },
	{ "alice", ":1001 - nofile 300\n", BOTH(300, 300) },
	{ "alice", "1001:1001 - nofile 300\n", BOTH(300, 300) },
	{ "alice", "1002: - nofile 300\n", ALONE },
	{ "alice", "1001 - nofile 300\n", ALONE },
	{ "alice", "1500:1000 - nofile 300\n", ALONE },
	{ "alice", "-1: - nofile 300\n", ALONE },
	{ "alice", "4294967296: - nofile 300\n", BOTH(300, 300) },
	{ "alice", "%staff - nofile 300\n", ALONE },
	{ "alice", "% - nofile 300\n", ALONE },
	{ "alice", "%1001: - maxlogins 0\n", ALONE },
	{ "alice", "%:50 - maxlogins 0\n", { true, 1024, 8002 }, { true, 1000, 2222 } },
	{ "alice", "%:51 - maxlogins 0\n", ALONE },
	{ "alice", "%staff - maxlogins 0\n", { true, 1024, 8002 }, { true, 1000, 2222 } },
	{ "alice", "alice - maxlogins 0\n", { true, 1024, 8002 }, { true, 1000, 2222 } },
	{ "alice",
	  "alice - maxlogins 0\n* - maxsyslogins 4\n",
	  { true, 1024, 8002 },
	  { true, 1000, 2222 } },
	{ "alice", "alice - maxlogins 4\n* - maxlogins 0\n", ALONE },
	{ "alice", "** - nofile 300\nali* - nofile 300\n", ALONE },
	{ "alice", "* - nofile 300\nalice -\n", { false, 1000, 2222 }, { false, 1000, 2222 } },
	{ "alice", "* -\n%staff -\n* - nofile 300\n", BOTH(300, 300) },
	{ "alice", "* - nofile 300\n@staff -\n", { false, 1000, 2222 }, { false, 1000, 2222 } },
	{ "alice", "* - nofile 300\n1000: -\n", { false, 1000, 2222 }, { false, 1000, 2222 } },
	{ "alice", "alice -nofile 300\n* - nofile 400\n", BOTH(400, 400) },
	{ "alice", "alice - chroot /nowhere\n", { true, 1024, 8002 }, { false, 1000, 2222 } },
	{ "alice", "alice - chroot /etc\n", ALONE },
	{ "bob", "@users - nofile 300\n@dev - nofile 400\n", BOTH(400, 400) },
	{ "root", "* - nofile 300\n", { false, 1024, 8002 }, { false, 300, 300 } },
	{ "root", "@wheel - nofile 300\n", { false, 1024, 8002 }, { false, 300, 300 } },
	{ "root", "0: - nofile 300\n", BOTH(300, 300) },
	{ "root", "@0:50 - nofile 300\n", BOTH(300, 300) },
	{ "root", "@root -\nroot - nofile 300\n", { false, 1000, 2222 }, { false, 1000, 2222 } },
	{ "root", "root - maxlogins 0\n", ALONE },
	{ "toor", "root - nofile 300\n", ALONE },
	{ "toor", "@60:200 - nofile 300\n", { false, 1024, 8002 }, { false, 300, 300 } },
};

START_TEST(login)
{
	for (int debian = 0; debian < 2; debian++) {
		struct login_context context;
		struct login_limits limits;
		struct host *host;

		open_login(new_tree(debian, logins[_i].conf), &host, &context);
		ck_assert_int_eq(context.plan, LOGIN_LIMITED);
		ck_assert(context.installed && !context.assumed);
		login_evaluate(&context, accounts_find(&context.accounts, logins[_i].user),
			       &limits);
		check_nofile(&limits, debian ? logins[_i].debian : logins[_i].upstream);
		host_close(host);
	}
}
END_TEST

START_TEST(origins_and_shadows)
{
	const char *root =
		new_tree(true, "* soft nofile 300\nalice soft nofile 400\n# x\n* - nofile 500\n");
	struct login_context context;
	struct login_limits limits;
	struct shadow *shadows;
	struct host *host;
	size_t count;

	tree_put(root, "/etc/security/limits.d/z.conf",
		 "\n@dev hard nofile 600\nalice soft nofile 410\n");
	open_login(root, &host, &context);
	const struct account *alice = accounts_find(&context.accounts, "alice");
	login_evaluate(&context, alice, &limits);
	const struct login_limit *nofile = &limits.item[RLIMIT_NOFILE];
	check_nofile(&limits, (struct expected){ false, 410, 600 });
	ck_assert_str_eq(nofile->soft.origin.file, "/etc/security/limits.d/z.conf");
	ck_assert_uint_eq(nofile->soft.origin.line, 3);
	ck_assert_uint_eq(nofile->hard.origin.line, 2);
	ck_assert_ptr_null(nofile->soft.why);

	login_shadows(&context, alice, &limits, RLIMIT_NOFILE, SIDE_SOFT, &shadows, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(shadows[0].origin.line, 1);
	ck_assert_uint_eq(shadows[0].value.number, 300);
	ck_assert_str_eq(shadows[0].why, "a more specific line wins");
	ck_assert_str_eq(shadows[1].why, "a later line wins");
	ck_assert_uint_eq(shadows[2].origin.line, 4);
	login_shadows(&context, alice, &limits, RLIMIT_NOFILE, SIDE_HARD, &shadows, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(shadows[0].why, "a more specific line wins");

	/* The user of a service and he alone is named; "% nofile" is nobody's. */
	ck_assert(!login_line_singles_out(context.entries.items));
	ck_assert(login_line_singles_out(context.entries.items + 1));

	/* Nobody in particular: only `*` counts. */
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 500, 500 });
	ck_assert_str_eq(limits.item[RLIMIT_NPROC].soft.why, "inherited from pid 1");
	host_close(host);
}
END_TEST

START_TEST(a_percent_counts_for_logins_only)
{
	const char *root = new_tree(true, "% - nofile 300\n%staff soft nofile 400\n");
	struct login_context context;
	struct login_limits limits;
	struct shadow *shadows;
	struct host *host;
	size_t count;

	open_login(root, &host, &context);
	const struct account *alice = accounts_find(&context.accounts, "alice");
	login_evaluate(&context, alice, &limits);
	login_shadows(&context, alice, &limits, RLIMIT_NOFILE, SIDE_SOFT, &shadows, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_nonnull(strstr(shadows[0].why, "maxlogins only"));
	ck_assert_ptr_nonnull(strstr(shadows[1].why, "maxlogins only"));
	host_close(host);
}
END_TEST

START_TEST(soft_side_takes_hard_side_along)
{
	struct login_context context;
	struct login_limits limits;
	struct shadow *shadows;
	struct host *host;
	size_t count;

	open_login(new_tree(true, "alice soft nofile 300\n* - nofile 500\n"), &host, &context);
	const struct account *alice = accounts_find(&context.accounts, "alice");
	login_evaluate(&context, alice, &limits);
	login_shadows(&context, alice, &limits, RLIMIT_NOFILE, SIDE_HARD, &shadows, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_nonnull(strstr(shadows[0].why, "its hard side is not looked at"));
	host_close(host);
}
END_TEST

START_TEST(clamped)
{
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	open_login(new_tree(false, "* soft nofile 9000\n* hard nproc 10\n"), &host, &context);
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 2222, 2222 });
	ck_assert_str_eq(limits.item[RLIMIT_NOFILE].soft.why, "cut to the hard limit");
	ck_assert_uint_eq(limits.item[RLIMIT_NOFILE].soft.origin.line, 1);
	ck_assert_uint_eq(limits.item[RLIMIT_NPROC].soft.number, 10);
	ck_assert_uint_eq(limits.item[RLIMIT_NPROC].soft.origin.line, 2);
	host_close(host);
}
END_TEST

START_TEST(without_capability)
{
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	open_login(new_tree(true, "* - nofile 4000\n* - nproc 9\n"), &host, &context);
	context.capable = false;
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 1000, 2222 });
	ck_assert_ptr_nonnull(strstr(limits.item[RLIMIT_NOFILE].hard.why, "CAP_SYS_RESOURCE"));
	ck_assert_uint_eq(limits.item[RLIMIT_NPROC].hard.number, 9);
	host_close(host);

	open_login(new_tree(false, "* - nofile 4000\n* - nproc 9\n"), &host, &context);
	context.capable = false;
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ true, 1000, 2222 });
	ck_assert_uint_eq(limits.origin.line, 1);
	ck_assert_uint_eq(limits.item[RLIMIT_NPROC].hard.number, 9);
	host_close(host);
}
END_TEST

/* ---- files -------------------------------------------------------------------------------- */

static void check_tree(const char *root, struct expected expected, const char *origin)
{
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	open_login(root, &host, &context);
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, expected);
	ck_assert_int_eq(limits.unknown, false);
	if (expected.fails)
		ck_assert_str_eq(limits.origin.file, origin);
	host_close(host);
}

START_TEST(missing_files)
{
	const struct expected fails = { true, 1000, 2222 };
	const char *root = new_tree(true, NULL);

	tree_put(root, "/etc/security/limits.d/a.conf", "* - nofile 300\n");
	check_tree(root, fails, "/etc/security/limits.conf");
	tree_link(root, "/etc/security/limits.conf", "/dev/null");
	check_tree(root, (struct expected){ false, 300, 300 }, NULL);
	tree_link(root, "/etc/security/limits.d/z.conf", "nowhere");
	check_tree(root, fails, "/etc/security/limits.d/z.conf");

	root = new_tree(false, NULL);
	tree_put(root, "/etc/security/limits.d/a.conf", "* - nofile 300\n");
	tree_link(root, "/etc/security/limits.d/z.conf", "nowhere");
	check_tree(root, (struct expected){ false, 300, 300 }, NULL);
	tree_link(root, "/etc/security/limits.d/zz.conf", "zz.conf");
	check_tree(root, fails, "/etc/security/limits.d/zz.conf");
}
END_TEST

START_TEST(exempt_before_a_broken_file)
{
	const char *root = new_tree(true, "alice -\n");
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	tree_link(root, "/etc/security/limits.d/z.conf", "nowhere");
	open_login(root, &host, &context);
	login_evaluate(&context, accounts_find(&context.accounts, "alice"), &limits);
	check_nofile(&limits, (struct expected){ false, 1000, 2222 });
	ck_assert_str_eq(limits.item[0].soft.why, "this line exempts from all limits");
	login_evaluate(&context, &login_ordinary, &limits);
	ck_assert(limits.fails);
	host_close(host);
}
END_TEST

START_TEST(order_of_files)
{
	const char *root = new_tree(true, "* - nofile 1\n");

	tree_put(root, "/etc/security/limits.d/10-a.conf", "* - nofile 10\n");
	tree_put(root, "/etc/security/limits.d/9-a.conf", "* - nofile 9\n");
	tree_put(root, "/etc/security/limits.d/z.txt", "* - nofile 2\n");
	tree_put(root, "/etc/security/limits.d/.z.conf", "* - nofile 3\n");
	tree_put(root, "/etc/security/limits.d/z.CONF", "* - nofile 4\n");
	tree_directory(root, "/etc/security/limits.d/zz.conf");
	check_tree(root, (struct expected){ false, 9, 9 }, NULL);
}
END_TEST

START_TEST(vendor_files)
{
	const char *root = new_tree(false, NULL);

	tree_put(root, "/usr/share/pam/security/limits.conf", "* - nofile 300\n");
	check_tree(root, (struct expected){ false, 300, 300 }, NULL);
	tree_put(root, "/etc/security/limits.conf", "");
	check_tree(root, (struct expected){ false, 1000, 2222 }, NULL);
	tree_put(root, "/usr/share/pam/security/limits.d/90.conf", "* - nofile 90\n");
	tree_put(root, "/etc/security/limits.d/50.conf", "* - nofile 50\n");
	check_tree(root, (struct expected){ false, 90, 90 }, NULL);
	tree_link(root, "/etc/security/limits.d/90.conf", "/dev/null");
	check_tree(root, (struct expected){ false, 50, 50 }, NULL);
}
END_TEST

static const struct {
	const char *stack;
	enum login_plan plan;
	struct expected expected;
} stacks[] = {
	{ "session required pam_limits.so conf=/etc/o.conf\n", LOGIN_LIMITED, { false, 7, 7 } },
	{ "session required pam_limits.so conf=/x conf=/etc/o.conf\n",
	  LOGIN_LIMITED,
	  { false, 7, 7 } },
	{ "session required pam_limits.so conf=/etc/none.conf\n",
	  LOGIN_LIMITED,
	  { true, 1000, 2222 } },
	{ "session required pam_limits.so conf=\n", LOGIN_LIMITED, { true, 1000, 2222 } },
	{ "session optional pam_limits.so conf=/etc/none.conf\nsession required pam_unix.so\n",
	  LOGIN_LIMITED,
	  { false, 1000, 2222 } },
	{ "session required pam_limits.so SET_ALL change_uid\n",
	  LOGIN_LIMITED,
	  { false, 1000, 2222 } },
	{ "session required pam_limits.so set_all\n", LOGIN_LIMITED, { false, 8001, 8002 } },
	{ "session required pam_unix.so\n", LOGIN_NOT_LIMITED, { false, 1000, 2222 } },
	{ "session required pam_gone.so\nsession required pam_limits.so\n",
	  LOGIN_IMPOSSIBLE,
	  { true, 1000, 2222 } },
};

START_TEST(stack)
{
	const char *root = new_tree(false, "");
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	tree_put(root, "/etc/o.conf", "* - nofile 7\n");
	tree_put(root, "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "pam_sm_open_session");
	tree_put(root, "/etc/pam.d/login", stacks[_i].stack);
	open_login(root, &host, &context);
	ck_assert_int_eq(context.plan, stacks[_i].plan);
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, stacks[_i].expected);
	if (context.plan == LOGIN_NOT_LIMITED)
		ck_assert_str_eq(limits.item[0].soft.why, "login does not run pam_limits.so");
	if (context.plan == LOGIN_IMPOSSIBLE) {
		ck_assert_ptr_nonnull(strstr(limits.why, "pam_gone.so"));
		ck_assert_str_eq(limits.origin.file, "/etc/pam.d/login");
		ck_assert_uint_eq(limits.origin.line, 1);
	}
	host_close(host);
}
END_TEST

START_TEST(no_service_no_module)
{
	const char *root = new_tree(true, "* - nofile 300\n");
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	tree_remove(root, "/etc/pam.d/login");
	check_tree(root, (struct expected){ false, 300, 300 }, NULL);

	/* A captured /etc. */
	tree_remove(root, MODULE);
	open_login(root, &host, &context);
	ck_assert(!context.installed && context.assumed);
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 300, 300 });
	host_close(host);

	/* Modules, but not this one. */
	tree_put(root, "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "pam_sm_open_session");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	login_open(host, "login", 1048576, &context);
	ck_assert_int_eq(context.plan, LOGIN_NOT_LIMITED);
	ck_assert_str_eq(context.why, "pam_limits.so is not installed");
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 1024, 524288 });
	host_close(host);
}
END_TEST

/* ---- what is inherited -------------------------------------------------------------------- */

START_TEST(proc_limits)
{
	static const char text[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max cpu time              unlimited            unlimited            seconds   \n"
		"Max open files            1024                 524288               files     \n"
		"Max open filesystems      7                    7                    files     \n"
		"Max nice priority         5                    6                    \n"
		"Max processes             99999999999999999999 1                    processes \n"
		"Max msgqueue size         1";
	struct rlimit table[RLIM_NLIMITS] = { 0 };

	process_parse_limits(text, sizeof text - 1, table);
	ck_assert_uint_eq(table[RLIMIT_CPU].rlim_cur, RLIM_INFINITY);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].rlim_cur, 1024);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].rlim_max, 524288);
	ck_assert_uint_eq(table[RLIMIT_NICE].rlim_max, 6);
	ck_assert_uint_eq(table[RLIMIT_NPROC].rlim_max, 0);
	ck_assert_uint_eq(table[RLIMIT_MSGQUEUE].rlim_cur, 0);
}
END_TEST

static void from_systemd(const char *root, struct login_inherited *ret)
{
	struct host *host;

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	login_inherit_from_systemd(host, ret);
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret[i].origin.file = ret[i].origin.file ? "some" : NULL;
	host_close(host);
}

START_TEST(systemd)
{
	struct login_inherited table[RLIM_NLIMITS];
	const char *root = tree_new();

	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].soft, 1024);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].hard, 524288);
	ck_assert_ptr_null(table[RLIMIT_NOFILE].origin.file);

	tree_put(root, "/usr/lib/systemd/system.conf", "[Manager]\nDefaultLimitNOFILE=1:2\n");
	tree_put(root, "/etc/systemd/system.conf",
		 "[Manager]\n#DefaultLimitNOFILE=3:4\n; x\nDefaultLimitNOFILE = 2048:4096\n"
		 "DefaultLimitMEMLOCK=64M\nDefaultLimitNPROC=1K\nDefaultLimitSTACK=infinity\n"
		 "DefaultLimitCORE=5:4\n[Other]\nDefaultLimitNOFILE=5\n");
	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].soft, 2048);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].hard, 4096);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].origin.line, 4);
	ck_assert_uint_eq(table[RLIMIT_MEMLOCK].soft, 64 << 20);
	ck_assert_uint_eq(table[RLIMIT_NPROC].soft, LIMIT_UNLIMITED);
	ck_assert_uint_eq(table[RLIMIT_STACK].hard, LIMIT_UNLIMITED);
	ck_assert_uint_eq(table[RLIMIT_CORE].soft, 0);

	tree_put(root, "/usr/lib/systemd/system.conf.d/50.conf",
		 "[Manager]\nDefaultLimitNOFILE=50\n");
	tree_put(root, "/run/systemd/system.conf.d/60.conf",
		 "[Manager]\nDefaultLimitNOFILE=\\\n 60\\\n:70\n");
	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].soft, 50); /* "60 :70" is no limit */
	tree_put(root, "/run/systemd/system.conf.d/60.conf",
		 "[Manager]\nDefaultLimitNOFILE=60:70\n");
	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].hard, 70);
	tree_link(root, "/etc/systemd/system.conf.d/60.conf", "/dev/null");
	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].soft, 50);
	tree_put(root, "/etc/systemd/system.conf.d/99.conf", "[Manager]\nDefaultLimitNOFILE=\n");
	from_systemd(root, table);
	ck_assert_uint_eq(table[RLIMIT_NOFILE].hard, 50); /* an empty value resets nothing */
}
END_TEST

/* A module that starts from pid 1, in a tree: the same defaults, but its ceiling is known. */
START_TEST(systemd_in_a_tree)
{
	const char *root = new_tree(true, "");
	struct login_context context;
	struct login_limits limits;
	struct host *host;

	tree_put(root, "/etc/systemd/system.conf", "[Manager]\nDefaultLimitNOFILE=5000:6000\n");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	login_open(host, "login", 1048576, &context);
	login_evaluate(&context, &login_ordinary, &limits);
	check_nofile(&limits, (struct expected){ false, 1024, 6000 });
	ck_assert_str_eq(limits.item[RLIMIT_NPROC].hard.why, "inherited, the default of systemd");
	ck_assert_str_eq(limits.item[RLIMIT_NOFILE].hard.origin.file, "/etc/systemd/system.conf");
	ck_assert_uint_eq(limits.item[RLIMIT_NOFILE].hard.origin.line, 2);
	host_close(host);
}
END_TEST

START_TEST(units)
{
	ck_assert_uint_eq(login_unit_value(catalog_limit("core"), 10240).number, 10);
	ck_assert_uint_eq(login_unit_value(catalog_limit("cpu"), 300).number, 5);
	ck_assert_uint_eq(login_unit_value(catalog_limit("nofile"), 300).number, 300);
	ck_assert_int_eq(login_unit_value(catalog_limit("core"), LIMIT_UNLIMITED).kind,
			 VALUE_UNLIMITED);
	struct value nice = login_unit_value(catalog_limit("nice"), 40);
	ck_assert(nice.negative && nice.number == 20);
	nice = login_unit_value(catalog_limit("nice"), 0);
	ck_assert(!nice.negative && nice.number == 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("login");
	TCase *tcase = tcase_create("login");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, login, 0, sizeof logins / sizeof *logins);
	tcase_add_test(tcase, origins_and_shadows);
	tcase_add_test(tcase, a_percent_counts_for_logins_only);
	tcase_add_test(tcase, soft_side_takes_hard_side_along);
	tcase_add_test(tcase, clamped);
	tcase_add_test(tcase, without_capability);
	tcase_add_test(tcase, missing_files);
	tcase_add_test(tcase, exempt_before_a_broken_file);
	tcase_add_test(tcase, order_of_files);
	tcase_add_test(tcase, vendor_files);
	tcase_add_loop_test(tcase, stack, 0, sizeof stacks / sizeof *stacks);
	tcase_add_test(tcase, no_service_no_module);
	tcase_add_test(tcase, proc_limits);
	tcase_add_test(tcase, systemd);
	tcase_add_test(tcase, systemd_in_a_tree);
	tcase_add_test(tcase, units);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
