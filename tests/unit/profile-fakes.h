/* SPDX-License-Identifier: MIT
 *
 * Providers for the tests of profiles: they check names and values, and observe nothing.
 * sysctl takes net.*, kernel.* and fs.*, and makes '.' of '/'; net.safe takes 1..32767, bounds
 * up to 40000. limits takes nofile and core with 32 bits or unlimited, pam takes pam_limits.so.
 */
#ifndef KEELTUNE_PROFILE_FAKES_H
#define KEELTUNE_PROFILE_FAKES_H

#include "provider.h"

extern const struct provider *const fake_providers[];

#endif
