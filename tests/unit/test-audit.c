// SPDX-License-Identifier: MIT
/* audit.c: every judgement, with a provider that has seen what the table says. */
#include "audit.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct host *host;
static struct pool *pool;
static struct observed seen; /* what the providers below answer */
static size_t calls;

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(host_open(tree_new(), &host, &err), 0);
	pool = host_pool(host);
}

static void tear_down(void)
{
	host_close(host);
}

static void observe(struct host *of, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	(void)query;
	ck_assert_ptr_eq(of, host);
	calls++;
	for (size_t i = 0; i < count; i++) {
		ret[i] = seen;
		notes_add(notes, settings[i]->id, (struct origin){ 0 }, "seen %s", settings[i]->id);
	}
}

static const struct provider both_planes = { .kind = "a",
					     .form = SECTION_VALUE,
					     .boot_phrase = "the next boot leaves",
					     .observe = observe };
static const struct provider files_only = { .kind = "b",
					    .form = SECTION_ITEMS,
					    .files_only = true,
					    .boot_phrase = "a new login gets",
					    .observe = observe };

static struct reading present(uint64_t number)
{
	return (struct reading){ .state = READING_PRESENT, .value = value_number(number) };
}

static struct reading in_file(uint64_t number, const char *file, unsigned line, const char *why)
{
	return (struct reading){ .state = READING_PRESENT,
				 .value = value_number(number),
				 .origin = { .file = file, .line = line },
				 .why = why };
}

static struct reading unreadable(const char *why)
{
	return (struct reading){ .state = READING_UNREADABLE, .why = why };
}

/* Wanted: 10 to 20. */
static struct setting sample(const struct provider *provider)
{
	return (struct setting){ .provider = provider,
				 .id = "kind:name",
				 .name = "name",
				 .want = value_number(15),
				 .min = value_number(10),
				 .max = value_number(20) };
}

static const struct query both = { .runtime = true, .persistent = true };
static const struct query runtime = { .runtime = true };
static const struct query persistent = { .persistent = true };

static struct finding judge(const struct query *query, const struct setting *setting)
{
	struct audit audit;

	audit_run(host, query, setting, 1, &audit);
	ck_assert_uint_eq(audit.count, 1);
	ck_assert_ptr_eq(audit.findings[0].setting, setting);
	for (enum verdict i = 0; i < VERDICT_COUNT; i++)
		ck_assert_uint_eq(audit.summary[i], i == audit.findings[0].verdict);
	return audit.findings[0];
}

/* ---- two layers -------------------------------------------------------------------------- */

#define GOOD 15
#define BAD 99
#define NOT_THERE 0  /* no such layer */
#define NOTHING (-1) /* the layer says nothing */
#define CLOSED (-2)  /* the layer could not be looked at */

static struct reading reading_of(int what)
{
	return what == NOT_THERE ? (struct reading){ 0 }
	       : what == NOTHING ? (struct reading){ .state = READING_ABSENT }
	       : what == CLOSED  ? unreadable("permission denied")
				 : present((uint64_t)what);
}

static const struct {
	int running, boot;
	enum verdict both, runtime, persistent;
} layers[] = {
	{ GOOD, GOOD, VERDICT_OK, VERDICT_OK, VERDICT_OK },
	{ BAD, GOOD, VERDICT_DIFFERS, VERDICT_DIFFERS, VERDICT_OK },
	{ GOOD, BAD, VERDICT_DIFFERS, VERDICT_OK, VERDICT_DIFFERS },
	{ BAD, BAD, VERDICT_DIFFERS, VERDICT_DIFFERS, VERDICT_DIFFERS },
	{ GOOD, NOTHING, VERDICT_DIFFERS, VERDICT_OK, VERDICT_DIFFERS },
	{ NOTHING, GOOD, VERDICT_DIFFERS, VERDICT_DIFFERS, VERDICT_OK },
	{ NOT_THERE, GOOD, VERDICT_OK, VERDICT_SKIPPED, VERDICT_OK },
	{ GOOD, NOT_THERE, VERDICT_OK, VERDICT_OK, VERDICT_SKIPPED },
	{ NOT_THERE, BAD, VERDICT_DIFFERS, VERDICT_SKIPPED, VERDICT_DIFFERS },
	{ NOT_THERE, NOT_THERE, VERDICT_SKIPPED, VERDICT_SKIPPED, VERDICT_SKIPPED },
	/* not judged wins over differs */
	{ CLOSED, GOOD, VERDICT_UNKNOWN, VERDICT_UNKNOWN, VERDICT_OK },
	{ GOOD, CLOSED, VERDICT_UNKNOWN, VERDICT_OK, VERDICT_UNKNOWN },
	{ CLOSED, BAD, VERDICT_UNKNOWN, VERDICT_UNKNOWN, VERDICT_DIFFERS },
	{ BAD, CLOSED, VERDICT_UNKNOWN, VERDICT_DIFFERS, VERDICT_UNKNOWN },
	{ CLOSED, NOT_THERE, VERDICT_UNKNOWN, VERDICT_UNKNOWN, VERDICT_SKIPPED },
};

START_TEST(layers_make_the_verdict)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = reading_of(layers[_i].running);
	seen.layer[LAYER_BOOT] = reading_of(layers[_i].boot);
	ck_assert_int_eq(judge(&both, &setting).verdict, layers[_i].both);
	ck_assert_int_eq(judge(&runtime, &setting).verdict, layers[_i].runtime);
	ck_assert_int_eq(judge(&persistent, &setting).verdict, layers[_i].persistent);

	struct finding finding = judge(&both, &setting);
	int running = layers[_i].running, boot = layers[_i].boot;
	ck_assert_int_eq(finding.differs[LAYER_RUNNING], running == BAD || running == NOTHING);
	ck_assert_int_eq(finding.differs[LAYER_BOOT], boot == BAD || boot == NOTHING);
	ck_assert_int_eq(finding.reason == NULL, finding.verdict == VERDICT_OK);
}
END_TEST

START_TEST(runtime_only_looks_at_the_kernel)
{
	struct setting setting = sample(&both_planes);

	setting.runtime_only = true;
	seen.layer[LAYER_RUNNING] = present(GOOD);
	seen.layer[LAYER_BOOT] = present(BAD);
	ck_assert_int_eq(judge(&both, &setting).verdict, VERDICT_OK);
	struct finding finding = judge(&persistent, &setting);
	ck_assert_int_eq(finding.verdict, VERDICT_SKIPPED);
	ck_assert_ptr_nonnull(strstr(finding.reason, "scope = \"runtime\""));
	seen.layer[LAYER_RUNNING] = (struct reading){ 0 };
	ck_assert_int_eq(judge(&both, &setting).verdict, VERDICT_SKIPPED);
}
END_TEST

START_TEST(files_only_looks_at_the_files)
{
	struct setting setting = sample(&files_only);

	seen.layer[LAYER_RUNNING] = present(BAD);
	seen.layer[LAYER_BOOT] = present(GOOD);
	struct finding today = judge(&both, &setting);
	ck_assert_int_eq(today.verdict,
			 VERDICT_DIFFERS); /* a login today is not that of the next boot */
	ck_assert(!strncmp(today.reason, "now ", 4));
	struct finding finding = judge(&runtime, &setting);
	ck_assert_int_eq(finding.verdict, VERDICT_SKIPPED);
	ck_assert_ptr_nonnull(strstr(finding.reason, "no running value"));
}
END_TEST

START_TEST(other_layers_are_not_judged)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_CONFIGURED] = present(BAD);
	seen.layer[LAYER_LIVE] = present(BAD);
	seen.layer[LAYER_RUNNING] = present(GOOD);
	seen.layer[LAYER_BOOT] = present(GOOD);
	ck_assert_int_eq(judge(&both, &setting).verdict, VERDICT_OK);
}
END_TEST

START_TEST(the_edges_of_a_range_are_inside)
{
	static const struct {
		uint64_t found;
		enum verdict verdict;
	} rows[] = { { 9, VERDICT_DIFFERS },
		     { 10, VERDICT_OK },
		     { 20, VERDICT_OK },
		     { 21, VERDICT_DIFFERS } };
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = present(rows[_i].found);
	ck_assert_int_eq(judge(&both, &setting).verdict, rows[_i].verdict);
}
END_TEST

/* ---- reasons ----------------------------------------------------------------------------- */

START_TEST(a_reason_names_value_and_place)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = present(99);
	seen.layer[LAYER_BOOT] = in_file(7200, "/etc/sysctl.conf", 3, NULL);
	ck_assert_str_eq(judge(&both, &setting).reason,
			 "the running value is 99; the next boot leaves 7200: /etc/sysctl.conf:3");
	seen.layer[LAYER_RUNNING] = present(GOOD);
	seen.layer[LAYER_BOOT] = in_file(7200, "/etc/x", 0, "a pattern");
	ck_assert_str_eq(judge(&both, &setting).reason,
			 "the next boot leaves 7200: /etc/x (a pattern)");
	seen.layer[LAYER_BOOT] = (struct reading){ .state = READING_PRESENT,
						   .value = value_unlimited(),
						   .why = "kernel default" };
	ck_assert_str_eq(judge(&both, &setting).reason,
			 "the next boot leaves unlimited (kernel default)");
	seen.layer[LAYER_BOOT] = (struct reading){ .state = READING_ABSENT };
	ck_assert_str_eq(judge(&both, &setting).reason, "the next boot leaves nothing");

	struct setting limit = sample(&files_only);
	seen.layer[LAYER_BOOT] = in_file(99, "/etc/security/limits.conf", 12, NULL);
	ck_assert_str_eq(judge(&both, &limit).reason,
			 "a new login gets 99: /etc/security/limits.conf:12");
}
END_TEST

/* Beyond the accepted range is one thing, beyond what no profile may want another. */
START_TEST(a_reason_names_the_safe_range)
{
	static const struct {
		uint64_t at_least, at_most, found; /* 0: not said */
		const char *says;
	} rows[] = {
		{ 0, 18, 5, "the running value is 5, below the safe minimum 10" },
		{ 0, 18, 19, "the running value is 19" },
		{ 12, 0, 25, "the running value is 25, above the safe maximum 20" },
		{ 12, 0, 11, "the running value is 11" },
		{ 12, 18, 5, "the running value is 5" },
		{ 12, 18, 25, "the running value is 25" },
		{ 0, 0, 5, "the running value is 5" },
		{ 0, 0, 25, "the running value is 25" },
	};
	struct setting setting = sample(&both_planes);

	/* As profiles are read: what is accepted is within what is safe. */
	if (rows[_i].at_least)
		setting.at_least = setting.min = value_number(rows[_i].at_least);
	if (rows[_i].at_most)
		setting.at_most = setting.max = value_number(rows[_i].at_most);
	seen.layer[LAYER_RUNNING] = present(rows[_i].found);
	ck_assert_str_eq(judge(&both, &setting).reason, rows[_i].says);
}
END_TEST

START_TEST(a_reason_says_what_could_not_be_seen)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = unreadable("permission denied");
	seen.layer[LAYER_BOOT] = unreadable(NULL);
	const char *reason = judge(&both, &setting).reason;
	ck_assert_ptr_nonnull(strstr(reason, "running value not readable: permission denied"));
	ck_assert_ptr_nonnull(strstr(reason, "boot value not readable"));
}
END_TEST

START_TEST(skipped_says_why)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_BOOT].why = "nothing applies sysctl files here";
	ck_assert_str_eq(judge(&both, &setting).reason, "nothing applies sysctl files here");
}
END_TEST

/* ---- missing things and deviations ------------------------------------------------------- */

START_TEST(what_the_host_lacks)
{
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = present(GOOD);
	seen.missing = "this kernel has no such key";
	struct finding finding = judge(&both, &setting);
	ck_assert_int_eq(finding.verdict, VERDICT_UNKNOWN);
	ck_assert_str_eq(finding.reason, "this kernel has no such key");
	setting.optional = true;
	finding = judge(&both, &setting);
	ck_assert_int_eq(finding.verdict, VERDICT_SKIPPED);
	ck_assert_ptr_nonnull(strstr(finding.reason, "this kernel has no such key"));
	ck_assert_ptr_nonnull(strstr(finding.reason, "optional"));
}
END_TEST

START_TEST(optional_does_not_excuse_a_wrong_value)
{
	struct setting setting = sample(&both_planes);

	setting.optional = true;
	seen.layer[LAYER_RUNNING] = present(BAD);
	ck_assert_int_eq(judge(&both, &setting).verdict, VERDICT_DIFFERS);
}
END_TEST

START_TEST(a_deviation_differs)
{
	struct deviation deviations[] = {
		{ "account bob", value_number(5), { "/etc/security/limits.d/b.conf", 2 } },
		{ "procps (sysctl --system)", value_number(6), { NULL, 0 } },
	};
	struct setting setting = sample(&both_planes);

	seen.layer[LAYER_RUNNING] = seen.layer[LAYER_BOOT] = present(GOOD);
	seen.deviations = deviations;
	seen.deviation_count = 2;
	struct finding finding = judge(&both, &setting);
	ck_assert_int_eq(finding.verdict, VERDICT_DIFFERS);
	ck_assert(finding.differs[LAYER_BOOT]);
	ck_assert_str_eq(finding.reason, "account bob: 5 (/etc/security/limits.d/b.conf:2); "
					 "procps (sysctl --system): 6");
	ck_assert_int_eq(judge(&persistent, &setting).verdict, VERDICT_DIFFERS);
	/* of boot and login only */
	ck_assert_int_eq(judge(&runtime, &setting).verdict, VERDICT_OK);
	setting.runtime_only = true;
	ck_assert_int_eq(judge(&both, &setting).verdict, VERDICT_OK);
}
END_TEST

/* ---- many settings ----------------------------------------------------------------------- */

START_TEST(a_provider_is_asked_once)
{
	struct setting settings[5];
	struct audit audit;

	for (size_t i = 0; i < 5; i++) {
		settings[i] = sample(i % 2 ? &files_only : &both_planes);
		settings[i].id = pool_printf(pool, "id:%zu", i);
	}
	settings[4].want = settings[4].min = settings[4].max = value_number(99);
	seen.layer[LAYER_RUNNING] = seen.layer[LAYER_BOOT] = present(GOOD);
	audit_run(host, &both, settings, 5, &audit);
	ck_assert_uint_eq(calls, 2);
	ck_assert_uint_eq(audit.count, 5);
	ck_assert_uint_eq(audit.summary[VERDICT_OK], 4);
	ck_assert_uint_eq(audit.summary[VERDICT_DIFFERS], 1);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(audit.findings[i].setting->id, settings[i].id);
	ck_assert_uint_eq(audit.notes.count, 5);
}
END_TEST

START_TEST(nothing_wanted_nothing_found)
{
	struct audit audit;

	audit_run(host, &both, NULL, 0, &audit);
	ck_assert_uint_eq(audit.count, 0);
	ck_assert_uint_eq(calls, 0);
}
END_TEST

/* ---- what runs already ------------------------------------------------------------------- */

static const struct {
	int running;   /* the other layers */
	size_t groups; /* that have too little */
	enum reading_state live;
	const char *unseen;
	enum verdict verdict, without; /* with and without --live */
	const char *reason;
} lives[] = {
	{ GOOD, 0, READING_PRESENT, NULL, VERDICT_OK, VERDICT_OK, NULL },
	{ GOOD, 0, READING_NOT_APPLICABLE, NULL, VERDICT_OK, VERDICT_OK, NULL },
	{ GOOD, 1, READING_PRESENT, NULL, VERDICT_DIFFERS, VERDICT_OK,
	  "1 running process has less" },
	{ GOOD, 2, READING_PRESENT, NULL, VERDICT_DIFFERS, VERDICT_OK,
	  "3 running processes have less" },
	{ GOOD, 3, READING_PRESENT, NULL, VERDICT_DIFFERS, VERDICT_OK,
	  "3 running processes have less; 3 open sockets are without keepalive or wait longer" },
	{ GOOD, 0, READING_PRESENT, "half of it", VERDICT_UNKNOWN, VERDICT_OK,
	  "not looked at: half of it" },
	{ GOOD, 1, READING_PRESENT, "half of it", VERDICT_DIFFERS, VERDICT_OK,
	  "1 running process has less; not looked at: half of it" },
	{ CLOSED, 1, READING_PRESENT, NULL, VERDICT_UNKNOWN, VERDICT_UNKNOWN,
	  "running value not readable: permission denied; 1 running process has less" },
	{ NOT_THERE, 0, READING_PRESENT, NULL, VERDICT_OK, VERDICT_SKIPPED, NULL },
	{ NOT_THERE, 1, READING_PRESENT, NULL, VERDICT_DIFFERS, VERDICT_SKIPPED,
	  "1 running process has less" },
};

START_TEST(what_runs_is_judged_when_asked_for)
{
	struct live_group groups[] = { { .kind = LIVE_PROCESSES, .count = 1 },
				       { .kind = LIVE_PROCESSES, .count = 2 },
				       { .kind = LIVE_SOCKETS, .count = 3 } };
	struct setting setting = sample(&both_planes);
	struct query query = { .runtime = true, .persistent = true };

	seen = (struct observed){ .live = { groups, lives[_i].groups, lives[_i].unseen } };
	seen.layer[LAYER_RUNNING] = seen.layer[LAYER_BOOT] = reading_of(lives[_i].running);
	if (lives[_i].running == CLOSED)
		seen.layer[LAYER_BOOT] = present(GOOD);
	seen.layer[LAYER_LIVE] = present(GOOD);
	seen.layer[LAYER_LIVE].state = lives[_i].live;
	struct finding without = judge(&query, &setting);
	ck_assert_int_eq(without.verdict, lives[_i].without);
	ck_assert(!without.differs[LAYER_LIVE]);
	query.live = true;
	struct finding with = judge(&query, &setting);
	ck_assert_int_eq(with.verdict, lives[_i].verdict);
	ck_assert_int_eq(with.differs[LAYER_LIVE], lives[_i].groups != 0);
	ck_assert_pstr_eq(with.reason, lives[_i].reason);
	/* Of another network namespace nothing is kept but what runs there. */
	query.netns = "web";
	setting.id = "sysctl:net.x";
	struct finding elsewhere = judge(&query, &setting);
	ck_assert_uint_eq(elsewhere.observed.live.count, lives[_i].groups);
	ck_assert_int_eq(elsewhere.verdict, lives[_i].verdict);
}
END_TEST

START_TEST(names_are_those_of_the_contract)
{
	ck_assert_str_eq(verdict_name(VERDICT_OK), "ok");
	ck_assert_str_eq(verdict_name(VERDICT_DIFFERS), "differs");
	ck_assert_str_eq(verdict_name(VERDICT_UNKNOWN), "unknown");
	ck_assert_str_eq(verdict_name(VERDICT_SKIPPED), "skipped");
	ck_assert_str_eq(layer_name(LAYER_CONFIGURED), "configured");
	ck_assert_str_eq(layer_name(LAYER_BOOT), "boot");
	ck_assert_str_eq(layer_name(LAYER_RUNNING), "running");
	ck_assert_str_eq(layer_name(LAYER_LIVE), "live");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tests = tcase_create("audit");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, layers_make_the_verdict, 0, sizeof layers / sizeof *layers);
	tcase_add_test(tests, runtime_only_looks_at_the_kernel);
	tcase_add_test(tests, files_only_looks_at_the_files);
	tcase_add_test(tests, other_layers_are_not_judged);
	tcase_add_loop_test(tests, the_edges_of_a_range_are_inside, 0, 4);
	tcase_add_test(tests, a_reason_names_value_and_place);
	tcase_add_loop_test(tests, a_reason_names_the_safe_range, 0, 8);
	tcase_add_test(tests, a_reason_says_what_could_not_be_seen);
	tcase_add_test(tests, skipped_says_why);
	tcase_add_test(tests, what_the_host_lacks);
	tcase_add_test(tests, optional_does_not_excuse_a_wrong_value);
	tcase_add_test(tests, a_deviation_differs);
	tcase_add_test(tests, a_provider_is_asked_once);
	tcase_add_test(tests, nothing_wanted_nothing_found);
	tcase_add_loop_test(tests, what_runs_is_judged_when_asked_for, 0,
			    sizeof lives / sizeof *lives);
	tcase_add_test(tests, names_are_those_of_the_contract);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
