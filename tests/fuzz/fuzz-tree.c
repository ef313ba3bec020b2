// SPDX-License-Identifier: MIT
/* A whole host whose files somebody else wrote: every file that an audit reads, a profile, and then
 * what keeltune makes of it. Text with a line "@x" before each file, x being its letter in `paths`.
 *
 * What must hold: a plan is made or refused with a reason; once it is carried out nothing new
 * is planned; the reports are text without control characters and JSON. */
#include "cmd.h"
#include "diff.h"
#include "error.h"
#include "fuzz.h"
#include "journal.h"
#include "plan-build.h"
#include "pool.h"

#include <string.h>
#include <unistd.h>

static const char *const paths[] = {
	"/etc/sysctl.conf",
	"/etc/sysctl.d/10-a.conf",
	"/etc/sysctl.d/zzz.conf",
	"/usr/lib/sysctl.d/50-b.conf",
	"/run/sysctl.d/60-c.conf",
	"/etc/sysctl.d/99-zz-keeltune.conf",
	"/etc/security/limits.conf",
	"/etc/security/limits.d/20-a.conf",
	"/etc/security/limits.d/zzz.conf",
	"/etc/security/limits.d/99-zz-keeltune.conf",
	"/etc/pam.d/login",
	"/etc/pam.d/sshd",
	"/etc/pam.d/common-session",
	"/etc/pam.d/other",
	"/etc/pam.conf",
	"/etc/passwd",
	"/etc/group",
	"/etc/ssh/sshd_config",
	"/etc/sudoers",
	"/etc/systemd/system/a.service",
	"/etc/systemd/system/a.service.d/10-x.conf",
	"/usr/lib/systemd/system/service.d/10-y.conf",
	"/etc/systemd/system.conf",
	"/etc/systemd/system.conf.d/10-z.conf",
	"/etc/default/ufw",
	"/etc/os-release",
};

#define PATHS (sizeof paths / sizeof *paths)

static const char profile[] =
	"format = 1\nname = \"p\"\n"
	"sysctl \"net.ipv4.tcp_keepalive_time\" { value = 1800 at_most = 1800 }\n"
	"sysctl \"fs.file-max\" { value = 65536 at_least = 65536 }\n"
	"sysctl \"net.ipv4.ip_local_port_range\" { value = \"1024 65000\" }\n"
	"limits \"*\" { item \"nofile\" { soft = 8192 hard = 8192 at_least = 4096 } }\n"
	"limits \"root\" { item \"nofile\" { soft = 8192 hard = 8192 at_least = 4096 } }\n"
	"limits \"@dba\" { item \"core\" { soft = 0 hard = \"unlimited\" } }\n"
	"pam \"login\" { module = \"pam_limits.so\" }\n"
	"pam \"sshd\" { module = \"pam_limits.so\" optional = true }\n"
	"unit \"a.service\" { item \"nofile\" { soft = 4096 hard = 8192 } }\n";

static char root[] = "/tmp/keeltune-fuzz-XXXXXX";

static void remove_root(void)
{
	rmdir(root);
}

/* An empty directory: all files are in the overlay. */
static struct host *open_host(void)
{
	static bool made;
	struct host *host;
	struct error err;

	if (!made) {
		REQUIRE(mkdtemp(root));
		atexit(remove_root);
		made = true;
	}
	REQUIRE(host_open(root, &host, &err) == 0);
	return host;
}

static void put_files(struct host *host, const char *text, size_t size)
{
	const char *end = text + size, *at = text;

	while (at < end) {
		const char *next = at + 1;
		while (next < end && (next[-1] != '\n' || *next != '@'))
			next++;
		if (*at == '@' && next - at > 2) {
			unsigned index = (unsigned char)at[1] - (unsigned)'a';
			const char *newline = memchr(at, '\n', (size_t)(next - at));
			if (index < PATHS && newline)
				host_overlay(host, paths[index], newline + 1,
					     (size_t)(next - newline - 1));
		}
		at = next;
	}
}

static void render(const struct renderer *renderer, const struct report *report)
{
	struct style style = { .terminal = true, .verbose = true };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out);
	renderer->render[report->kind](out, report, &style);
	REQUIRE(fclose(out) == 0 && size && strlen(text) == size);
	for (size_t i = 0; i < size; i++)
		REQUIRE((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t');
	free(text);
}

/* A plan compares with the disk, where the first was not carried out: what the second one still
 * puts somewhere must be what the first put there. */
static void require_planned(struct pool *pool, const struct plan *plan, const struct change *again)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct image *first = &plan->changes[i].after, *second = &again->after;
		if (!strcmp(plan->changes[i].path, again->path) &&
		    first->exists == second->exists &&
		    (!first->exists || (first->size == second->size &&
					!memcmp(first->bytes, second->bytes, first->size))))
			return;
	}
	fprintf(stderr, "planned anew:\n%s", diff_unified(pool, again, &(size_t){ 0 }));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host *host = open_host();
	struct pool *pool = host_pool(host);
	struct notes problems = { .pool = pool };
	struct profile_text text = { 0 };
	struct audit audit, audit_after;
	struct plan plan = { 0 }, again = { 0 };
	struct held held = { 0 };
	struct error err = { 0 };
	struct query query = { .persistent = true };
	struct profile_set profiles = { .names = "p" };

	put_files(host, fuzz_text(pool, data, size), size);
	REQUIRE(profile_parse(pool, providers, "/p.conf", profile, sizeof profile - 1, &text,
			      &problems) == 0);
	profiles.settings = text.settings;
	profiles.count = text.count;
	query.engines = engine_detect(host, ENGINE_SYSTEMD + (enum engine)(size % 4));
	audit_run(host, &query, text.settings, text.count, &audit);
	REQUIRE(audit.count == text.count);

	struct report report = { .kind = REPORT_AUDIT,
				 .pool = pool,
				 .root = root,
				 .result = "ok",
				 .query = &query,
				 .profiles = &profiles,
				 .audit = &audit,
				 .notes = audit.notes };
	host_identify(host, &report.host);
	for (size_t i = 0; renderers[i]; i++)
		if (renderers[i]->render[REPORT_AUDIT])
			render(renderers[i], &report);

	int r = plan_build(host, &query, providers, &audit, &held, size & 4 ? "id" : NULL, &plan,
			   &err);
	if (r < 0) {
		REQUIRE(*err.message);
	} else {
		audit_run(host, &query, text.settings, text.count, &audit_after);
		REQUIRE(plan_build(host, &query, providers, &audit_after, &held, NULL, &again,
				   &err) == 0);
		for (size_t i = 0; i < again.count; i++)
			require_planned(pool, &plan, &again.changes[i]);
	}
	host_close(host);
	return 0;
}
