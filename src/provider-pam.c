// SPDX-License-Identifier: MIT
/* The pam provider: does pam_limits.so run when a session of a service is opened? Sessions read the
 * files when they are opened, so what is configured, what the next boot gives and what a login gets
 * now are one answer. Reads only. */
#include "provider-pam.h"

#include "error.h"
#include "host.h"
#include "pam-program.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

#define MODULE "pam_limits.so"
#define NAME_MAX_SIZE 64

/* ---- check ------------------------------------------------------------------------------- */

static bool is_service(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._@:+-";
	size_t size = strlen(name);

	return size > 0 && size < NAME_MAX_SIZE && *name != '.' &&
	       name[strspn(name, allowed)] == '\0';
}

static int check(struct pool *pool, struct setting *setting, struct error *err)
{
	char *service = pool_strdup(pool, setting->name);

	for (char *c = service; *c; c++) /* as pam_start(3) does */
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!is_service(service))
		return error_set(
			err, -EINVAL,
			"\"%s\" is no PAM service: the name of a file in /etc/pam.d is wanted",
			setting->name);
	if (setting->want.kind != VALUE_TEXT || strcmp(setting->want.text, MODULE) != 0)
		return error_set(err, -EINVAL, "module \"%s\": only " MODULE " is supported",
				 value_format(pool, setting->want));
	setting->name = service;
	setting->item = "pam_limits";
	setting->id = pool_printf(pool, "pam:%s:pam_limits", service);
	setting->want = value_text(pam_outcome_name(PAM_RUNS));
	setting->min = setting->max = (struct value){ .kind = VALUE_NONE };
	return 0;
}

/* ---- observe ----------------------------------------------------------------------------- */

static struct reading reading_of(struct pool *pool, const struct pam_answer *answer)
{
	struct reading reading = { .state = READING_PRESENT,
				   .value = value_text(pam_outcome_name(answer->outcome)),
				   .origin = answer->origin,
				   .why = answer->why };

	if (answer->outcome == PAM_NO_SERVICE)
		return (struct reading){ .state = READING_ABSENT, .why = answer->why };
	if (answer->outcome == PAM_UNKNOWN) {
		reading.state = READING_UNREADABLE;
		reading.why = pool_printf(pool, "%s: %s", answer->origin.file, answer->why);
	}
	return reading;
}

static void observe_one(struct host *host, const struct setting *setting, struct observed *ret,
			struct notes *notes)
{
	struct pool *pool = host_pool(host);
	struct pam_answer answer;
	bool by_program;

	pam_ask(host, setting->name, &answer, &by_program);
	struct reading reading = reading_of(pool, &answer);
	*ret = (struct observed){ 0 };
	ret->layer[LAYER_CONFIGURED] = ret->layer[LAYER_BOOT] = reading;
	if (host_is_live(host))
		ret->layer[LAYER_RUNNING] = reading;
	if (answer.outcome == PAM_NO_SERVICE)
		ret->missing = answer.why;
	else
		pam_add_notes(host, answer.files, answer.file_count, notes);
}

static void observe(struct host *host, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	(void)query;
	for (size_t i = 0; i < count; i++)
		observe_one(host, settings[i], &ret[i], notes);
}

const struct provider provider_pam = {
	.kind = "pam",
	.section = "pam",
	.form = SECTION_MODULE,
	.files_only = true,
	.boot_phrase = MODULE,
	.check = check,
	.observe = observe,
	.propose = pam_propose,
};
