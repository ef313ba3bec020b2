// SPDX-License-Identifier: MIT
/* Running processes that have less than a profile wants for the logins of their user or for their
 * unit, see live.h. All processes are looked at for the price of a system call or two each; what is
 * worth asking about those with too little is asked once for all that share a unit or session and
 * the reason. */
#include "live.h"

#include "catalog.h"
#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "process-limits.h"
#include "process-list.h"
#include "procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SANDBOX 3 /* who may have no more descriptors than stdin and stdout wants it so: sshd */

/* What the settings have to do with one user. */
struct subject {
	uid_t uid;
	const struct account *account;
	bool *is_judged; /* by each setting; NULL where units are */
	struct login_survey *survey;
};

struct member {
	pid_t pid, parent;
	uint64_t ticks;
	uid_t euid;
	uint32_t used;
	const char *comm, *cgroup; /* the latter as /proc/PID/cgroup has it */
	const char *unit;          /* of the system manager; only where units are judged */
	struct rlimit limits[RLIM_NLIMITS];
	size_t group;
};

/* Members of one cgroup and user that have the same limits from the same program. */
struct group {
	const struct member *first;
	const char *source; /* name of the eldest in its line that has these limits */
	size_t count;
	uint32_t used;
};

struct look {
	struct host *host;
	struct pool *pool;
	const struct live_scope *scope;
	struct login_context *context;
	const struct setting *const *settings;
	size_t setting_count;
	struct observed *ret;
	uint32_t resources; /* mask of those that settings are about */
	int proc;
	pid_t self;
	struct process_list list;
	struct subject *subjects;
	size_t subject_count;
	struct member *members; /* too little of something, by pid */
	size_t member_count;
	struct group *groups;
	size_t group_count;
	size_t unreadable, contained;
};

/* ---- whom a setting is about -------------------------------------------------------------- */

static const struct account *find_account(struct look *look, uid_t uid)
{
	const struct accounts *accounts = &look->context->accounts;

	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return &accounts->users[i];
	struct account *nobody = pool_alloc(look->pool, sizeof *nobody);
	*nobody = uid ? login_ordinary : login_root;
	nobody->uid = uid;
	return nobody;
}

static struct subject *find_subject(struct look *look, uid_t uid)
{
	for (size_t i = 0; i < look->subject_count; i++)
		if (look->subjects[i].uid == uid)
			return &look->subjects[i];
	look->subjects = pool_extend(look->pool, look->subjects, look->subject_count,
				     sizeof *look->subjects);
	struct subject *subject = &look->subjects[look->subject_count++];
	subject->uid = uid;
	subject->account = find_account(look, uid);
	if (look->scope->is_of_unit)
		return subject;
	subject->is_judged =
		pool_alloc(look->pool, look->setting_count * sizeof *subject->is_judged);
	for (size_t i = 0; i < look->setting_count; i++)
		subject->is_judged[i] =
			!look->ret[i].missing &&
			login_is_meant(look->context, subject->account, look->settings,
				       look->setting_count, look->settings[i]);
	return subject;
}

static bool is_judged(const struct look *look, const struct subject *subject, const char *unit,
		      size_t setting)
{
	if (!look->scope->is_of_unit)
		return subject->is_judged[setting];
	return unit && !look->ret[setting].missing &&
	       look->scope->is_of_unit(look->scope->data, look->settings[setting], unit);
}

static const struct login_survey *survey_of(struct look *look, struct subject *subject)
{
	if (!subject->survey) {
		const char *name = subject->account->name;
		subject->survey = pool_alloc(look->pool, sizeof *subject->survey);
		/* No name contains a colon: nobody is called so. */
		login_survey(look->context,
			     name ? name
				  : pool_printf(look->pool, "uid:%u", (unsigned)subject->uid),
			     subject->survey);
	}
	return subject->survey;
}

static struct value side_of(const struct look *look, size_t setting, const struct rlimit limits[])
{
	const struct limit_row *row = catalog_limit(look->settings[setting]->item);
	const struct rlimit *limit = &limits[row->resource];
	bool is_soft = look->settings[setting]->side == SIDE_SOFT;

	return look->scope->value(row, is_soft ? limit->rlim_cur : limit->rlim_max);
}

static bool is_below(const struct setting *setting, struct value value)
{
	return value_is_ordered(setting->min) && value_compare(value, setting->min) < 0;
}

/* Remembers the least that a setting saw. True: that is too little for one of them. */
static bool judge(struct look *look, const struct subject *subject, const struct member *member)
{
	bool any = false;

	for (size_t i = 0; i < look->setting_count; i++) {
		struct reading *live = &look->ret[i].layer[LAYER_LIVE];
		if (!is_judged(look, subject, member->unit, i))
			continue;
		struct value value = side_of(look, i, member->limits);
		if (is_below(look->settings[i], value))
			any = true;
		else if (live->state != READING_PRESENT || value_compare(value, live->value) < 0)
			*live = (struct reading){ .state = READING_PRESENT, .value = value };
	}
	return any;
}

/* ---- looking at all processes ------------------------------------------------------------- */

static bool parse_limits(struct look *look, pid_t pid, struct rlimit *ret)
{
	char path[32], text[2048];

	snprintf(path, sizeof path, "%d/limits", pid);
	ssize_t size = procfs_read(look->proc, path, text, sizeof text);
	look->unreadable += size == -EACCES || size == -EPERM;
	if (size <= 0)
		return false;
	process_parse_limits(text, (size_t)size, ret);
	return true;
}

/* prlimit(2) takes a twentieth of the time, but answers only for processes of the same user, or
 * with CAP_SYS_RESOURCE. */
static bool read_limits(struct look *look, const struct listed_process *process,
			struct rlimit ret[])
{
	bool quick = look->list.is_kernel && !process->is_closed;

	for (int i = 0; quick && i < RLIM_NLIMITS; i++)
		if (look->resources & 1u << i)
			quick = !prlimit(process->pid, (enum __rlimit_resource)i, NULL, &ret[i]);
	return quick || parse_limits(look, process->pid, ret);
}

/* What it is part of; a unit of a user manager is none of the system manager, which runs that. */
static void read_cgroup(struct look *look, struct member *member)
{
	char path[32], text[4096];
	struct cgroup cgroup;

	snprintf(path, sizeof path, "%d/cgroup", member->pid);
	ssize_t size = procfs_read(look->proc, path, text, sizeof text);
	member->cgroup = size > 0 ? pool_copy(look->pool, text, (size_t)size) : "";
	if (!look->scope->is_of_unit)
		return;
	cgroup_parse(look->pool, member->cgroup, strlen(member->cgroup), &cgroup);
	member->unit = cgroup_is_of_user_unit(&cgroup) ? NULL : cgroup.unit;
}

static bool read_line(struct look *look, struct member *member, bool *ret_kernel)
{
	char path[32], text[4096];
	struct process process = { 0 };

	snprintf(path, sizeof path, "%d/stat", member->pid);
	if (procfs_read(look->proc, path, text, sizeof text) <= 0 ||
	    !process_parse_stat(text, &process))
		return false;
	*ret_kernel = process.of_kernel || process.ended;
	if (*ret_kernel)
		return true;
	member->parent = process.parent;
	member->ticks = process.ticks;
	const char *name = strchr(text, '('), *end = strrchr(text, ')');
	if (name && end && name < end)
		member->comm = pool_copy(look->pool, name + 1, (size_t)(end - name - 1));
	if (!member->cgroup)
		read_cgroup(look, member);
	return member->comm != NULL;
}

/* Of a directory that all may read the owner is the effective user, whatever the process is:
 * task_dump_owner() of the kernel. */
static void look_at(struct look *look, const struct listed_process *process)
{
	struct member member = { .pid = process->pid, .used = process->used };
	char name[16];
	struct stat st;
	bool of_kernel = false;

	/* What pid 1 hands down is a layer of its own; this process has no use for more. */
	if (process->pid == 1 || process->pid == look->self)
		return;
	snprintf(name, sizeof name, "%d", process->pid);
	if (fstatat(look->proc, name, &st, 0) || !read_limits(look, process, member.limits))
		return;
	if (look->resources & 1u << RLIMIT_NOFILE &&
	    member.limits[RLIMIT_NOFILE].rlim_max < SANDBOX)
		return;
	member.euid = st.st_uid;
	/* The kernel's own and zombies have no descriptors. */
	bool is_suspect = !process->used || process->used == FDS_UNKNOWN;
	if (is_suspect && (!read_line(look, &member, &of_kernel) || of_kernel))
		return;
	if (look->scope->is_of_unit && !member.cgroup)
		read_cgroup(look, &member);
	if (!judge(look, find_subject(look, st.st_uid), &member))
		return;
	if (!is_suspect && (!read_line(look, &member, &of_kernel) || of_kernel))
		return;
	look->members =
		pool_extend(look->pool, look->members, look->member_count, sizeof *look->members);
	look->members[look->member_count++] = member;
}

/* ---- those that belong together ----------------------------------------------------------- */

static int by_pid(const void *a, const void *b)
{
	const struct member *first = a, *second = b;

	return (first->pid > second->pid) - (first->pid < second->pid);
}

static bool same_limits(const struct look *look, const struct rlimit a[], const struct rlimit b[])
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (look->resources & 1u << i &&
		    (a[i].rlim_cur != b[i].rlim_cur || a[i].rlim_max != b[i].rlim_max))
			return false;
	return true;
}

/* Limits are inherited: the eldest in a line that has them is where they come from. */
static const struct member *source_of(const struct look *look, const struct member *member)
{
	for (;;) {
		struct member key = { .pid = member->parent };
		const struct member *parent =
			bsearch(&key, look->members, look->member_count, sizeof key, by_pid);
		/* Who is younger than his child has the pid of a parent that is gone. */
		if (!parent || parent == member || parent->ticks > member->ticks ||
		    parent->euid != member->euid || strcmp(parent->cgroup, member->cgroup) != 0 ||
		    !same_limits(look, parent->limits, member->limits))
			return member;
		member = parent;
	}
}

static size_t find_group(struct look *look, const struct member *member, const char *source)
{
	for (size_t i = 0; i < look->group_count; i++) {
		const struct group *group = &look->groups[i];
		if (group->first->euid == member->euid && !strcmp(group->source, source) &&
		    !strcmp(group->first->cgroup, member->cgroup) &&
		    same_limits(look, group->first->limits, member->limits))
			return i;
	}
	look->groups =
		pool_extend(look->pool, look->groups, look->group_count, sizeof *look->groups);
	look->groups[look->group_count] = (struct group){ .first = member, .source = source };
	return look->group_count++;
}

static void make_groups(struct look *look)
{
	if (look->member_count)
		qsort(look->members, look->member_count, sizeof *look->members, by_pid);
	for (size_t i = 0; i < look->member_count; i++) {
		struct member *member = &look->members[i];
		member->group = find_group(look, member, source_of(look, member)->comm);
		struct group *group = &look->groups[member->group];
		group->count++;
		if (member->used != FDS_UNKNOWN && member->used > group->used)
			group->used = member->used;
	}
}

/* ---- one group, as the settings see it ---------------------------------------------------- */

/* A member that is still there, with all that /proc says of it. */
static bool read_member(struct look *look, size_t group, struct process *ret)
{
	struct error ignored;

	for (size_t i = 0; i < look->member_count; i++) {
		const struct member *member = &look->members[i];
		if (member->group == group &&
		    !process_read(look->host, member->pid, ret, &ignored) &&
		    ret->ticks == member->ticks)
			return true;
	}
	return false;
}

static void add_pids(const struct look *look, size_t group, struct live_group *ret)
{
	for (size_t i = 0; i < look->member_count && ret->pid_count < LIVE_PIDS; i++) {
		const struct member *member = &look->members[i];
		if (member->group != group)
			continue;
		if (!ret->pid_count)
			ret->comm = member->comm;
		ret->pids[ret->pid_count++] = member->pid;
	}
}

static void report(struct look *look, size_t number, const struct process_limits *limits,
		   size_t index)
{
	const struct setting *setting = look->settings[index];
	const struct limit_row *row = catalog_limit(setting->item);
	const struct process_limit *item = &limits->items[row->resource];
	const struct rlimit *has = &limits->process.limits[row->resource];
	struct observed *observed = &look->ret[index];
	struct reading *live = &observed->layer[LAYER_LIVE];
	const struct group *group = &look->groups[number];
	bool by_unit = look->scope->is_of_unit != NULL;
	const struct reading *next = &observed->layer[by_unit ? LAYER_BOOT : LAYER_RUNNING];
	struct pool *pool = look->pool;
	bool next_serves = next->state == READING_PRESENT && value_is_ordered(next->value) &&
			   !is_below(setting, next->value);

	struct live_group ret = {
		.kind = LIVE_PROCESSES,
		.name = live_place(pool, &limits->process.cgroup),
		.user = live_user(pool, &look->context->accounts, limits->process.uid),
		.count = group->count,
		.used = row->resource == RLIMIT_NOFILE && group->used ? group->used : UINT32_MAX,
		.value = side_of(look, index, limits->process.limits),
		.shown = limit_pair_format(pool, has->rlim_cur, has->rlim_max),
		.cause = limit_cause_name(item->cause),
		.why = item->why,
		.origin = item->origin,
	};
	if (!item->differs && limits->kind == PLACE_SESSION && !by_unit) {
		ret.cause = "same-as-login";
		ret.why = "a new session of this user gets the same: no line asks for more yet";
		ret.origin.file = NULL;
	}
	ret.advice = live_advise_limit(pool, look->scope, setting, limits, next_serves);
	add_pids(look, number, &ret);
	live_add(pool, &observed->live, &ret);
	if (live->state != READING_PRESENT || value_compare(ret.value, live->value) < 0)
		*live = (struct reading){ .state = READING_PRESENT, .value = ret.value };
}

static void report_group(struct look *look, size_t number)
{
	struct process_limits *limits = pool_alloc(look->pool, sizeof *limits);
	struct process process;

	if (!read_member(look, number, &process))
		return;
	struct subject *subject = find_subject(look, process.uid);
	process_limits_compare(&process, survey_of(look, subject), look->resources, limits);
	if (limits->kind == PLACE_CONTAINER) {
		look->contained += look->groups[number].count;
		return;
	}
	/* In the cgroup of a daemon, but the limits are those of the session: a job of cron(8). */
	if (look->scope->is_of_unit && limits->kind == PLACE_SESSION)
		return;
	/* It may have raised its limit meanwhile. */
	for (size_t i = 0; i < look->setting_count; i++)
		if (is_judged(look, subject, look->groups[number].first->unit, i) &&
		    is_below(look->settings[i], side_of(look, i, process.limits)))
			report(look, number, limits, i);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static const char *unseen(const struct look *look)
{
	struct stat st;

	/* Process 1 is always there. */
	if (fstatat(look->proc, "1", &st, 0))
		return "/proc hides the processes of other users (hidepid)";
	if (look->unreadable)
		return pool_printf(look->pool, "%zu process%s: permission denied", look->unreadable,
				   look->unreadable == 1 ? "" : "es");
	return NULL;
}

void live_observe_limits(const struct live_scope *scope, const struct setting *const *settings,
			 size_t count, struct observed *ret, struct notes *notes)
{
	struct login_context *context = scope->context;
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct look look = { .host = context->host,
			     .scope = scope,
			     .pool = host_pool(context->host),
			     .context = context,
			     .settings = settings,
			     .setting_count = count,
			     .ret = ret,
			     .proc = proc,
			     .self = getpid() };

	if (!context->accounts_loaded)
		login_load_accounts(context);
	for (size_t i = 0; i < count; i++)
		look.resources |= 1u << catalog_limit(settings[i]->item)->resource;
	int rc = proc < 0 ? -errno : process_list_read(proc, NULL, 0, &look.list);
	for (size_t i = 0; !rc && i < look.list.count; i++)
		look_at(&look, &look.list.items[i]);
	make_groups(&look);
	for (size_t i = 0; i < look.group_count; i++)
		report_group(&look, i);
	const char *hidden =
		rc ? pool_printf(look.pool, "/proc: %s", strerror(-rc)) : unseen(&look);
	for (size_t i = 0; i < count; i++) {
		live_sort(&ret[i].live);
		ret[i].live.unseen = hidden;
	}
	if (look.contained)
		notes_add(notes, NULL, (struct origin){ 0 },
			  "%zu processes in containers have less and are not judged: what runs a "
			  "container sets their limits (--ulimit of docker and podman)",
			  look.contained);
	process_list_free(&look.list);
}
