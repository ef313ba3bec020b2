// SPDX-License-Identifier: MIT
/* PAM as a setting: what profiles may say, what is observed and remarked on, which bytes are
 * proposed. */
#include "provider-pam.h"

#include "audit.h"
#include "error.h"
#include "host.h"
#include "plan-build.h"
#include "pool.h"
#include "sshd-config.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULES "/usr/lib/x86_64-linux-gnu/security/"
#define RUN "session required pam_limits.so\n"
#define ADDED "session    required     pam_limits.so\n"
#define SSHD_CONFIG "/etc/ssh/sshd_config"

static const struct query query = { .runtime = true, .persistent = true };

static const char *new_tree(void)
{
	static const char *const names[] = { "limits", "permit", "unix", "deny", "succeed_if" };
	const char *root = tree_new();
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, MODULES "pam_%s.so", names[i]);
		tree_put(root, path, "pam_sm_open_session");
	}
	return root;
}

static struct host *open_tree(const char *root)
{
	struct host *host;

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	return host;
}

static struct setting setting_of(struct pool *pool, const char *service)
{
	struct setting setting = { .provider = &provider_pam,
				   .name = service,
				   .want = value_text("pam_limits.so"),
				   .origin = { "/x/web.conf", 3 } };
	struct error err;

	ck_assert_int_eq(provider_pam.check(pool, &setting, &err), 0);
	return setting;
}

/* ---- check ------------------------------------------------------------------------------- */

START_TEST(check_normalises)
{
	struct pool *pool = pool_new();
	struct setting setting = setting_of(pool, "SSHD");

	ck_assert_str_eq(setting.name, "sshd");
	ck_assert_str_eq(setting.item, "pam_limits");
	ck_assert_str_eq(setting.id, "pam:sshd:pam_limits");
	ck_assert_str_eq(setting.want.text, "runs");
	ck_assert(setting_accepts(&setting, value_text("runs")));
	ck_assert(!setting_accepts(&setting, value_text("conditional")));
	pool_free(pool);
}
END_TEST

START_TEST(check_refuses)
{
	static const struct {
		const char *service, *module, *message;
	} cases[] = {
		{ "login", "pam_cap.so", "module \"pam_cap.so\": only pam_limits.so is supported" },
		{ "login", "pam_limits", "module \"pam_limits\": only" },
		{ "a/b", "pam_limits.so", "\"a/b\" is no PAM service" },
		{ "", "pam_limits.so", "\"\" is no PAM service" },
		{ ".hidden", "pam_limits.so", "\".hidden\" is no PAM service" },
		{ "a b", "pam_limits.so", "is no PAM service" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct setting setting = { .provider = &provider_pam,
					   .name = cases[i].service,
					   .want = value_text(cases[i].module) };
		struct error err = { 0 };
		ck_assert_int_eq(provider_pam.check(pool, &setting, &err), -EINVAL);
		if (!strstr(err.message, cases[i].message))
			ck_abort_msg("\"%s\" is not in \"%s\"", cases[i].message, err.message);
	}
	pool_free(pool);
}
END_TEST

/* ---- observe ----------------------------------------------------------------------------- */

static struct observed observe(struct host *host, const char *service, struct notes *notes)
{
	struct setting setting = setting_of(host_pool(host), service);
	const struct setting *settings = &setting;
	struct observed observed;

	*notes = (struct notes){ .pool = host_pool(host) };
	provider_pam.observe(host, &query, &settings, 1, &observed, notes);
	return observed;
}

START_TEST(observe_runs)
{
	const char *root = new_tree();
	struct notes notes;

	tree_put(root, "/etc/pam.d/login", "#\n" RUN);
	struct host *host = open_tree(root);
	struct observed observed = observe(host, "login", &notes);
	for (enum layer layer = LAYER_CONFIGURED; layer <= LAYER_BOOT; layer++) {
		const struct reading *reading = &observed.layer[layer];
		ck_assert_int_eq(reading->state, READING_PRESENT);
		ck_assert_str_eq(reading->value.text, "runs");
		ck_assert_str_eq(reading->origin.file, "/etc/pam.d/login");
		ck_assert_uint_eq(reading->origin.line, 2);
		ck_assert_ptr_null(reading->why);
	}
	ck_assert_int_eq(observed.layer[LAYER_RUNNING].state, READING_NOT_APPLICABLE);
	ck_assert_int_eq(observed.layer[LAYER_LIVE].state, READING_NOT_APPLICABLE);
	ck_assert_ptr_null(observed.missing);
	ck_assert_uint_eq(notes.count, 0);
	host_close(host);
}
END_TEST

START_TEST(observe_others)
{
	const char *root = new_tree();
	struct notes notes;

	tree_put(root, "/etc/pam.d/cond", "session sufficient pam_succeed_if.so x\n" RUN);
	tree_put(root, "/etc/pam.d/broken", "session required pam_none.so\n");
	tree_put(root, "/etc/pam.d/secret", "");
	tree_chmod(root, "/etc/pam.d/secret", 0);
	tree_become_ordinary(root);
	struct host *host = open_tree(root);
	struct reading reading = observe(host, "cond", &notes).layer[LAYER_BOOT];
	ck_assert_str_eq(reading.value.text, "conditional");
	ck_assert_str_eq(reading.why, "pam_succeed_if.so decides");
	reading = observe(host, "broken", &notes).layer[LAYER_BOOT];
	ck_assert_str_eq(reading.value.text, "broken");
	ck_assert_uint_eq(reading.origin.line, 1);
	reading = observe(host, "secret", &notes).layer[LAYER_BOOT];
	ck_assert_int_eq(reading.state, READING_UNREADABLE);
	ck_assert_str_eq(reading.why, "/etc/pam.d/secret: Permission denied");
	struct observed observed = observe(host, "none", &notes);
	ck_assert_str_eq(observed.missing, "no PAM service none here");
	ck_assert_int_eq(observed.layer[LAYER_BOOT].state, READING_ABSENT);
	host_close(host);
}
END_TEST

/* ---- notes ------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	unsigned line;
	const char *note; /* NULL: none */
} note_cases[] = {
	{ RUN "@include a\naccount required pam_none.so\n", 0, NULL },
	{ RUN "-session optional pam_none.so\n", 0, NULL },
	{ RUN "sesion required pam_unix.so\n", 2, "unknown type \"sesion\" (session?)" },
	{ RUN "whatever x y\n", 2, "unknown type \"whatever\": libpam takes the line" },
	{ RUN "\nsession requird pam_unix.so\n", 3, "unknown control \"requird\"" },
	{ RUN "session optional pam_none.so\n", 2,
	  "pam_none.so is not installed, and the line is skipped" },
	{ "-session optional pam_limits.so \n#\n-session optional /x/pam_limits.so\n", 3,
	  "/x/pam_limits.so does not exist: write pam_limits.so without a directory" },
	{ RUN "session optional pam_unix.so a\r\nsession optional pam_unix.so\r\n", 2,
	  "line ends are CR LF" },
};

START_TEST(notes_on_mistakes)
{
	const char *root = new_tree();
	struct notes notes;

	tree_put(root, "/etc/pam.d/login", note_cases[_i].text);
	tree_put(root, "/etc/pam.d/a", "");
	struct host *host = open_tree(root);
	observe(host, "login", &notes);
	ck_assert_uint_eq(notes.count, note_cases[_i].note != NULL);
	if (notes.count) {
		ck_assert_str_eq(notes.items[0].origin.file, "/etc/pam.d/login");
		ck_assert_uint_eq(notes.items[0].origin.line, note_cases[_i].line);
		ck_assert_ptr_nonnull(strstr(notes.items[0].text, note_cases[_i].note));
	}
	host_close(host);
}
END_TEST

START_TEST(note_on_long_line)
{
	const char *root = new_tree();
	char text[1200] = "#";
	struct notes notes;

	memset(text + 1, 'x', 1022);
	strcpy(text + 1023, RUN);
	tree_put(root, "/etc/pam.d/login", text);
	struct host *host = open_tree(root);
	observe(host, "login", &notes);
	ck_assert_uint_eq(notes.count, 1);
	ck_assert_ptr_nonnull(strstr(notes.items[0].text, "what follows byte 1023"));
	host_close(host);
}
END_TEST

/* ---- sshd -------------------------------------------------------------------------------- */

static const struct {
	const char *config;  /* NULL: no file */
	const char *drop_in; /* sshd_config.d/50.conf */
	enum sshd_pam uses;
	const char *file;
	unsigned line;
} sshd_cases[] = {
	{ NULL, NULL, SSHD_PAM_YES, NULL, 0 },
	{ "UsePAM yes\n", NULL, SSHD_PAM_YES, SSHD_CONFIG, 1 },
	{ "#UsePAM yes\nusepam=no\n", NULL, SSHD_PAM_NO, SSHD_CONFIG, 2 },
	{ "\t UsePAM \"no\" # x\r\n", NULL, SSHD_PAM_NO, SSHD_CONFIG, 1 },
	{ "UsePAM = no\nUsePAM yes\n", NULL, SSHD_PAM_NO, SSHD_CONFIG, 1 },
	{ "UsePAM yes\nUsePAM no\n", NULL, SSHD_PAM_YES, SSHD_CONFIG, 1 },
	{ "Port 22\n", NULL, SSHD_PAM_NO, SSHD_CONFIG, 0 },
	{ "", "UsePAM yes\n", SSHD_PAM_NO, SSHD_CONFIG, 0 }, /* nothing includes it */
	{ "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes", "UsePAM no\n", SSHD_PAM_NO,
	  "/etc/ssh/sshd_config.d/50.conf", 1 },
	{ "include sshd_config.d/50.conf x\nUsePAM no\n", "Match all\nUsePAM no\n", SSHD_PAM_NO,
	  SSHD_CONFIG, 2 },
	{ "Match User x\nUsePAM yes\n", NULL, SSHD_PAM_NO, SSHD_CONFIG, 0 },
	{ "Include sshd_config\nUsePAM yes\n", NULL, SSHD_PAM_YES, SSHD_CONFIG, 2 },
};

START_TEST(use_pam)
{
	const char *root = new_tree();
	struct origin origin = { 0 };
	const char *why;

	if (sshd_cases[_i].config)
		tree_put(root, SSHD_CONFIG, sshd_cases[_i].config);
	if (sshd_cases[_i].drop_in)
		tree_put(root, "/etc/ssh/sshd_config.d/50.conf", sshd_cases[_i].drop_in);
	struct host *host = open_tree(root);
	ck_assert_int_eq(sshd_uses_pam(host, &origin, &why), sshd_cases[_i].uses);
	ck_assert_pstr_eq(origin.file, sshd_cases[_i].file);
	ck_assert_uint_eq(origin.line, sshd_cases[_i].line);
	ck_assert_int_eq(why != NULL, sshd_cases[_i].uses == SSHD_PAM_NO);
	host_close(host);
}
END_TEST

START_TEST(observe_sshd)
{
	const char *root = new_tree();
	struct notes notes;

	tree_put(root, "/etc/pam.d/sshd", RUN);
	tree_put(root, "/etc/pam.d/login", RUN);
	tree_put(root, SSHD_CONFIG, "UsePAM no\n");
	struct host *host = open_tree(root);
	struct reading reading = observe(host, "sshd", &notes).layer[LAYER_BOOT];
	ck_assert_str_eq(reading.value.text, "does not run");
	ck_assert_str_eq(reading.origin.file, SSHD_CONFIG);
	ck_assert_str_eq(reading.why, "UsePAM no: sshd does without PAM");
	ck_assert_str_eq(observe(host, "login", &notes).layer[LAYER_BOOT].value.text, "runs");
	host_close(host);

	tree_chmod(root, SSHD_CONFIG, 0);
	tree_become_ordinary(root);
	host = open_tree(root);
	reading = observe(host, "sshd", &notes).layer[LAYER_BOOT];
	ck_assert_int_eq(reading.state, READING_UNREADABLE);
	host_close(host);
}
END_TEST

/* ---- propose ----------------------------------------------------------------------------- */

/* Audits SERVICES ("a b") and proposes. */
static struct plan propose(struct host *host, const char *services, const struct query *asked)
{
	struct pool *pool = host_pool(host);
	struct plan plan = { .pool = pool, .notes.pool = pool };
	struct setting *settings = pool_alloc(pool, 4 * sizeof *settings);
	char *words = pool_strdup(pool, services), *save;
	struct audit audit;
	struct error err;
	size_t count = 0;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		settings[count++] = setting_of(pool, w);
	audit_run(host, asked, settings, count, &audit);
	ck_assert_int_eq(provider_pam.propose(host, asked, audit.findings, count, &plan, &err), 0);
	return plan;
}

static const struct {
	const char *before, *after; /* /etc/pam.d/svc; AFTER NULL: nothing is proposed */
	const char *note;           /* part of the only one; NULL: there is none */
} edit_cases[] = {
	{ RUN, NULL, NULL },
	{ "#x\nsession required pam_unix.so\n#y\n",
	  "#x\nsession required pam_unix.so\n" ADDED "#y\n", NULL },
	{ "session required pam_unix.so", "session required pam_unix.so\n" ADDED, NULL },
	{ "session required \\\n pam_unix.so\naccount required pam_unix.so\n",
	  "session required \\\n pam_unix.so\n" ADDED "account required pam_unix.so\n", NULL },
	{ "account required pam_unix.so\n@include a\n",
	  "account required pam_unix.so\n@include a\n" ADDED, NULL },
	/* behind, it would not run */
	{ "@include b\nsession sufficient pam_unix.so\n",
	  "@include b\n" ADDED "session sufficient pam_unix.so\n", NULL },
	{ "#\n@include c\nsession required pam_unix.so\n",
	  "#\n" ADDED "@include c\nsession required pam_unix.so\n", NULL },
	{ "session sufficient pam_succeed_if.so x\n" RUN,
	  ADDED "session sufficient pam_succeed_if.so x\n" RUN, NULL },
	{ "session optional /lib/security/pam_limits.so\nsession required pam_unix.so\n",
	  "session optional /lib/security/pam_limits.so\nsession required pam_unix.so\n" ADDED,
	  NULL },
	/* nothing helps */
	{ "session required pam_unix.so\r\n", NULL, "pam_unix.so\r is not installed" },
	{ "session required pam_unix.so\n@include none\n", NULL,
	  "the stack does not load: includes none, which does not exist" },
	{ "account required pam_unix.so\n", NULL, "it has no session line" },
	{ "# Generated by authselect\nsession required pam_unix.so\n", NULL,
	  "this file is authselect's" },
	{ "# autogenerated by pam-config\nsession required pam_unix.so\n", NULL,
	  "pam-config -a --limits" },
};

START_TEST(edits)
{
	const char *root = new_tree();
	const char *after = edit_cases[_i].after, *note = edit_cases[_i].note;

	tree_put(root, "/etc/pam.d/svc", edit_cases[_i].before);
	tree_put(root, "/etc/pam.d/a", "session required pam_unix.so\n");
	tree_put(root, "/etc/pam.d/b", "auth required pam_unix.so\n");
	tree_put(root, "/etc/pam.d/c", "session sufficient pam_unix.so\n");
	tree_put(root, "/etc/pam.d/other", "session required pam_permit.so\n");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "svc", &query);
	ck_assert_uint_eq(plan.count, after != NULL);
	if (after) {
		ck_assert_str_eq(plan.changes[0].path, "/etc/pam.d/svc");
		ck_assert_str_eq(plan.changes[0].after.bytes, after);
		ck_assert_uint_eq(plan.changes[0].after.size, strlen(after));
		ck_assert_str_eq(plan.changes[0].ids[0], "pam:svc:pam_limits");
	}
	/* What is not proposed is not in the overlay either. */
	ck_assert_str_eq(host_file(host, "/etc/pam.d/svc")->bytes,
			 after ? after : edit_cases[_i].before);
	ck_assert_uint_eq(plan.notes.count, note != NULL);
	if (note && !strstr(plan.notes.items[0].text, note))
		ck_abort_msg("\"%s\" is not in \"%s\"", note, plan.notes.items[0].text);
	host_close(host);
}
END_TEST

START_TEST(copy_of_a_vendor_file)
{
	const char *root = new_tree();

	tree_put(root, "/usr/lib/pam.d/svc", "session required pam_unix.so\n");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "svc", &query);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert_str_eq(plan.changes[0].path, "/etc/pam.d/svc");
	ck_assert_str_eq(plan.changes[0].after.bytes, "session required pam_unix.so\n" ADDED);
	ck_assert(!plan.changes[0].before.exists);
	ck_assert_str_eq(plan.notes.items[0].text,
			 "from now on hides the vendor's /usr/lib/pam.d/svc");
	host_close(host);
}
END_TEST

/* pam-config can do it without a copy. */
START_TEST(vendor_file_with_managed_include)
{
	const char *root = new_tree();

	tree_put(root, "/usr/lib/pam.d/svc",
		 "auth include common-auth\nsession include common-session\n");
	tree_put(root, "/etc/pam.d/common-auth", "#\n");
	tree_put(root, "/etc/pam.d/common-session-pc",
		 "# This file is autogenerated by pam-config.\nsession required pam_unix.so\n");
	tree_link(root, "/etc/pam.d/common-session", "common-session-pc");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "svc", &query);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_uint_eq(plan.notes.count, 1);
	ck_assert_str_eq(plan.notes.items[0].origin.file, "/etc/pam.d/common-session");
	ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, "pam-config -a --limits"));
	host_close(host);
}
END_TEST

START_TEST(not_edited)
{
	const char *root = new_tree();

	tree_put(root, "/etc/pam.d/common-session", "session required pam_unix.so\n");
	tree_put(root, "/etc/pam.d/real", "session required pam_unix.so\n");
	tree_link(root, "/etc/pam.d/link", "real");
	tree_put(root, "/etc/pam.d/sshd", RUN);
	tree_put(root, SSHD_CONFIG, "UsePAM no\n");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "common-session link sshd", &query);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_uint_eq(plan.notes.count, 3);
	ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, "pam-auth-update"));
	ck_assert_ptr_nonnull(strstr(plan.notes.items[1].text, "a link to real"));
	ck_assert_ptr_nonnull(strstr(plan.notes.items[2].text, "set UsePAM yes"));
	host_close(host);
}
END_TEST

START_TEST(one_file_for_all_services)
{
	const char *root = new_tree();

	tree_put(root, "/etc/pam.conf", "svc session required pam_unix.so\n");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "svc", &query);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_uint_eq(plan.notes.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, "keeltune does not edit pam.conf"));
	host_close(host);
}
END_TEST

START_TEST(module_not_installed)
{
	const char *root = new_tree();

	tree_put(root, "/etc/pam.d/svc", "session required pam_unix.so\n");
	tree_remove(root, MODULES "pam_limits.so");
	struct host *host = open_tree(root);
	struct plan plan = propose(host, "svc", &query);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, "the module is not installed"));
	host_close(host);
}
END_TEST

/* su-l includes su: one line cures both. Without the persistent plane nothing is proposed. */
START_TEST(one_edit_for_two)
{
	const char *root = new_tree();
	const struct query runtime = { .runtime = true };

	tree_put(root, "/etc/pam.d/su", "session required pam_unix.so\n");
	tree_put(root, "/etc/pam.d/su-l", "session include su\n");
	struct host *host = open_tree(root);
	ck_assert_uint_eq(propose(host, "su su-l", &runtime).count, 0);
	struct plan plan = propose(host, "su su-l", &query);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert_str_eq(plan.changes[0].path, "/etc/pam.d/su");
	ck_assert_uint_eq(propose(host, "su su-l", &query).count, 0);
	host_close(host);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("provider-pam");
	TCase *t = tcase_create("provider-pam");

	tcase_add_test(t, check_normalises);
	tcase_add_test(t, check_refuses);
	tcase_add_test(t, observe_runs);
	tcase_add_test(t, observe_others);
	tcase_add_loop_test(t, notes_on_mistakes, 0, sizeof note_cases / sizeof *note_cases);
	tcase_add_test(t, note_on_long_line);
	tcase_add_loop_test(t, use_pam, 0, sizeof sshd_cases / sizeof *sshd_cases);
	tcase_add_test(t, observe_sshd);
	tcase_add_loop_test(t, edits, 0, sizeof edit_cases / sizeof *edit_cases);
	tcase_add_test(t, copy_of_a_vendor_file);
	tcase_add_test(t, vendor_file_with_managed_include);
	tcase_add_test(t, not_edited);
	tcase_add_test(t, one_file_for_all_services);
	tcase_add_test(t, module_not_installed);
	tcase_add_test(t, one_edit_for_two);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
