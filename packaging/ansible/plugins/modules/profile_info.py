#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT
# Copyright: the keeltune project

DOCUMENTATION = r"""
---
module: profile_info
short_description: Profiles and history of keeltune on a host
version_added: 0.1.0
description:
  - Gathers which keeltune a host has, which profiles it can find, what was applied and undone there, and what named profiles ask for.
  - Whether the host complies is what M(keeltune.host.profile) with C(state=audited) tells.
options:
  profile:
    description: Names or absolute paths of profiles whose settings are returned, resolved and combined.
    type: list
    elements: str
    default: []
    aliases: [profiles]
  root:
    description: A tree to look at instead of the host.
    type: path
  profile_dir:
    description: A directory on the host in which profiles are looked for first.
    type: path
  executable:
    description: The program. Without it, C(keeltune) is looked for in the search path and in the usual sbin directories.
    type: path
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  platform:
    description: Linux.
    platforms: linux
    support: full
requirements:
  - keeltune 0.1.0 or later on the host
  - Python 3.9 or later on the host
notes:
  - Only root sees the history; for others it is empty, and a note says why.
seealso:
  - module: keeltune.host.profile
author:
  - The keeltune project (@keeltune)
"""

EXAMPLES = r"""
- name: What was applied here?
  keeltune.host.profile_info:
  register: keeltune

- name: What does the profile ask for?
  keeltune.host.profile_info:
    profile: web-server
  register: keeltune

- name: Name the settings
  ansible.builtin.debug:
    msg: "{{ keeltune.settings | map(attribute='id') }}"
"""

RETURN = r"""
version:
  description: The version of keeltune on the host.
  returned: success
  type: str
  sample: 0.1.0
profiles:
  description: The profiles that can be found by name.
  returned: success
  type: list
  elements: dict
  sample: [{name: baseline, file: /usr/share/keeltune/profiles/baseline.conf, description: Dead peers are noticed, hidden: false}]
settings:
  description: What I(profile) asks for, resolved; empty without it.
  returned: success
  type: list
  elements: dict
  sample: [{id: "sysctl:fs.file-max", want: 65536, at_least: 65536, at_most: null, optional: false, scope: both}]
history:
  description: The rollback files, oldest first.
  returned: success
  type: list
  elements: dict
  sample: [{id: 20260102T030405Z-web-server-0a1b2c, time: "2026-01-02T03:04:05Z", profiles: web-server, state: applied, changes: 6}]
interrupted:
  description: The id of an apply that was interrupted and not yet undone, or null.
  returned: success
  type: str
notes:
  description: What keeltune has to say beside.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keeltune.host.plugins.module_utils.keeltune import Keeltune, Trouble, gather


def main():
    module = AnsibleModule(
        argument_spec={
            "profile": {"type": "list", "elements": "str", "default": [], "aliases": ["profiles"]},
            "root": {"type": "path"},
            "profile_dir": {"type": "path"},
            "executable": {"type": "path"},
        },
        supports_check_mode=True,
    )
    program = module.params["executable"] or module.get_bin_path("keeltune", required=True)
    keeltune = Keeltune(program, lambda argv: module.run_command(argv, expand_user_and_vars=False), module.params)
    try:
        result = gather(keeltune)
    except Trouble as trouble:
        module.fail_json(msg=trouble.message, **trouble.details)
    for warning in keeltune.warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
