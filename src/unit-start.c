// SPDX-License-Identifier: MIT
/* From what a unit's files say to what its main process gets, see provider-unit.h: exec_child() of
 * systemd's src/core/execute.c sets the limits, setrlimit_closest(), and then opens the PAM
 * session.
 */
#include "provider-unit.h"

#include "catalog.h"
#include "host.h"
#include "provider-limits.h"
#include "text.h"
#include "unit-main.h"

#include <string.h>

/* Every kernel takes so much; see bump_file_max_and_nr_open() of systemd. */
#define NEVER_ABOVE_NR_OPEN 524288

/* ---- what no file says ------------------------------------------------------------------- */

/* systemd keeps limits of its own for these and hands down other ones. */
static bool is_raised_by_manager(const struct limit_row *row)
{
	return row->resource == RLIMIT_NOFILE || row->resource == RLIMIT_MEMLOCK;
}

static const char *manager_limits(struct host *host, size_t *ret_size)
{
	const struct file *comm = host_kernel(host, "/proc/1/comm");
	const struct file *file = host_kernel(host, "/proc/1/limits");

	if (comm->state != FILE_PRESENT || strcmp(comm->bytes, "systemd\n") != 0 ||
	    file->state != FILE_PRESENT)
		return NULL;
	*ret_size = file->size;
	return file->bytes;
}

static void inherit(struct host *host, const struct limit_row *row, struct unit_start *start)
{
	struct rlimit limits[RLIM_NLIMITS] = { 0 };
	struct rlimit *limit = &limits[row->resource];
	size_t size;
	const char *bytes = is_raised_by_manager(row) ? NULL : manager_limits(host, &size);

	if (bytes) {
		*limit = (struct rlimit){ start->files.soft, start->files.hard };
		process_parse_limits(bytes, size, limits);
		start->files.soft = start->gets.soft.number = limit->rlim_cur;
		start->files.hard = start->gets.hard.number = limit->rlim_max;
		start->gets.soft.why = start->gets.hard.why = "no file says it: that of pid 1";
		return;
	}
	start->gets.soft.why = start->gets.hard.why = "no file says it: systemd's default";
	if (row->resource == RLIMIT_NPROC || row->resource == RLIMIT_SIGPENDING)
		start->unknown = "no file says it, and the kernel's default depends on its memory";
}

/* ---- the kernel and PAM ------------------------------------------------------------------ */

static void clamp(struct login_limit *limit, uint64_t ceiling, const char *why)
{
	struct login_value *values[] = { &limit->soft, &limit->hard };

	for (size_t i = 0; i < 2; i++) {
		if (values[i]->number <= ceiling)
			continue;
		values[i]->number = ceiling;
		values[i]->why = why;
	}
}

const char *unit_account_name(struct host *host, const char *user)
{
	struct accounts accounts;
	uint64_t uid;

	if (!parse_decimal(user, UINT32_MAX, &uid))
		return user;
	accounts_read(host, &accounts);
	for (size_t i = 0; i < accounts.user_count; i++)
		if (accounts.users[i].uid == uid)
			return accounts.users[i].name;
	return user;
}

static void open_session(const struct unit *unit, const char *service, const char *user,
			 uint64_t nr_open, const struct limit_row *row, struct unit_start *start)
{
	struct login_context context;
	struct login_limits limits;

	login_open(unit->host, service, nr_open, &context);
	login_load_accounts(&context);
	const struct account *account =
		accounts_find(&context.accounts, unit_account_name(unit->host, user));
	if (!account) /* then it does not start, whatever its limits are */
		return;
	struct login_inherited *given = &context.caller[row->resource];
	given->soft = start->gets.soft.number;
	given->hard = start->gets.hard.number;
	given->origin = start->gets.soft.origin;
	given->why = start->gets.soft.why;
	login_evaluate(&context, account, &limits);
	start->gets = limits.item[row->resource];
	start->origin = limits.origin;
	if (limits.fails)
		start->fails = limits.why;
	else if (limits.unknown)
		start->unknown = limits.why;
}

/* pam_limits.so of the session has the last word. */
static void ask_pam(const struct unit *unit, uint64_t nr_open, const struct limit_row *row,
		    struct unit_start *start)
{
	const struct unit_line *pam = unit_setting(unit, "PAMName");
	const struct unit_line *user = unit_setting(unit, "User");

	if (!pam || !user)
		return; /* systemd opens a session for a named user only */
	const char *service = unit_resolve(unit, pam->value);
	const char *name = unit_resolve(unit, user->value);
	if (service && name) {
		open_session(unit, service, name, nr_open, row, start);
	} else {
		start->unknown = "it has a PAM session, and its files alone do not tell of whom";
		start->origin = service ? user->origin : pam->origin;
	}
}

void unit_start(const struct unit *unit, const struct query *query, const struct limit_row *row,
		struct unit_start *ret)
{
	struct unit_start start = { .unknown = NULL };
	uint64_t nr_open = UINT64_MAX;

	unit_limit(unit, row, &start.files);
	start.gets.soft =
		(struct login_value){ .number = start.files.soft, .origin = start.files.origin };
	start.gets.hard =
		(struct login_value){ .number = start.files.hard, .origin = start.files.origin };
	if (start.files.source == UNIT_LIMIT_DEFAULT)
		inherit(unit->host, row, &start);
	bool is_session = unit_setting(unit, "PAMName") != NULL;
	bool is_high =
		row->resource == RLIMIT_NOFILE && start.gets.hard.number > NEVER_ABOVE_NR_OPEN;
	if (is_session || is_high)
		nr_open = limits_find_ceiling(unit->host, query).boot;
	if (is_high)
		clamp(&start.gets, nr_open, "more than fs.nr_open is not to be had");
	clamp(&start.gets, unit_most(unit->host, row), UNIT_HAS_NO_MORE);
	if (is_session)
		ask_pam(unit, nr_open, row, &start);
	*ret = start;
}
