#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT
# Copyright: the keeltune project

DOCUMENTATION = r"""
---
module: profile
short_description: Audit a host against keeltune profiles, apply them, undo them
version_added: 0.1.0
description:
  - Compares a host with profiles of C(keeltune) (TCP keepalive and other sysctl values, descriptor limits, pam_limits in PAM stacks,
    limits of systemd units), makes it comply, and undoes that.
  - Everything is judged and done by the program C(keeltune) on the host; nothing is written but what C(keeltune diff) shows, and the
    rollback file.
  - Limits reach new logins. An SSH connection that Ansible keeps open has the old ones until C(meta) C(reset_connection).
options:
  state:
    description:
      - C(audited) looks and changes nothing; whether the host complies is returned as C(compliant).
      - C(applied) makes the host comply. What is out of its reach (an administrator's line that wins, a unit that is not restarted)
        is returned in C(remaining) and given as a warning; the task does not fail for it, so that handlers can restart what has to be.
      - C(rolled_back) undoes an apply. Nothing to undo is no failure.
      - Options that are about another state are ignored, so that a loop over states can name all of them.
    type: str
    choices: [audited, applied, rolled_back]
    default: audited
  profile:
    description:
      - Names of profiles, or absolute paths of profile files on the host. A value must be accepted by all of them.
      - Without any, those of C(/etc/keeltune/keeltune.conf), else C(baseline).
    type: list
    elements: str
    default: []
    aliases: [profiles]
  rollback:
    description:
      - For I(state=rolled_back), the id of the apply to undo, as returned in C(rollback). Without it, the newest that is not undone.
      - An empty string undoes nothing. That is what C(rollback) of a task that changed nothing may become in a template.
    type: str
    aliases: [rollback_id]
  all:
    description: For I(state=rolled_back), undo every apply, the newest first. Not together with I(rollback).
    type: bool
    default: false
  force:
    description: For I(state=rolled_back), put the old state back even where somebody changed it since.
    type: bool
    default: false
  override:
    description: For I(state=applied), comment out lines that somebody else wrote and that defeat the profile.
    type: bool
    default: false
  comment:
    description: For I(state=applied), why this is done; kept in the rollback file.
    type: str
  runtime:
    description: Running values only. Not together with I(persistent).
    type: bool
    default: false
  persistent:
    description: Only what the next boot and the next login get.
    type: bool
    default: false
  live:
    description: For I(state=audited), judge running processes and open sockets, too.
    type: bool
    default: false
  root:
    description: A tree to look at or to change instead of the host, such as an image or a chroot.
    type: path
  profile_dir:
    description: A directory on the host in which profiles are looked for first.
    type: path
  engine:
    description: Who applies sysctl files at boot, instead of what is found.
    type: str
    choices: [systemd, procps, procps3, busybox]
  netns:
    description: A network namespace, by name or pid; for I(state=audited) also C(all).
    type: str
  wait:
    description: How many seconds to wait for another keeltune that is changing the host. keeltune itself waits 10.
    type: int
  executable:
    description: The program. Without it, C(keeltune) is looked for in the search path and in the usual sbin directories.
    type: path
attributes:
  check_mode:
    description: Changes nothing, and reports what would be changed, by C(keeltune diff) or C(keeltune rollback --dry-run).
    support: full
  diff_mode:
    description: Before and after of every file and kernel value, whole, as they would be or were written.
    support: full
  platform:
    description: Linux.
    platforms: linux
    support: full
requirements:
  - keeltune 0.1.0 or later on the host
  - Python 3.9 or later on the host
  - root, but for I(state=audited) and trees that the user may write
notes:
  - Bytes in a file that are not UTF-8 are shown as U+FFFD in a diff, because Ansible's results are JSON; they are kept in the file.
  - In check mode with I(override=true), C(ID) stands in a diff for the id of the rollback file, which only an apply has.
seealso:
  - module: keeltune.host.profile_info
author:
  - The keeltune project (@keeltune)
"""

EXAMPLES = r"""
- name: Does the host comply?
  keeltune.host.profile:
    profile: web-server
  register: audit
  failed_when: not audit.compliant

- name: Show what would be changed, change nothing
  keeltune.host.profile:
    state: applied
    profile: [baseline, cloud-nat]
  check_mode: true
  diff: true

- name: Make it comply
  keeltune.host.profile:
    state: applied
    profile: web-server
    comment: change 4711
  register: applied

- name: The connection that is open keeps its old limits
  ansible.builtin.meta: reset_connection

- name: Undo just that; nothing if nothing was changed
  keeltune.host.profile:
    state: rolled_back
    rollback: "{{ applied.rollback }}"
  when: applied.rollback is not none

- name: Relieve a leaking host at once, until the next boot
  keeltune.host.profile:
    state: applied
    profile: close-wait-relief
    runtime: true

- name: Back to before keeltune
  keeltune.host.profile:
    state: rolled_back
    all: true
"""

RETURN = r"""
compliant:
  description: C(audited), everything complies; C(applied), nothing differs any more, in check mode, would differ any more.
  returned: audited, applied
  type: bool
findings:
  description: The audit of the host when the task ends, one entry for each setting, as in C(keeltune audit --format json).
  returned: audited, applied
  type: list
  elements: dict
  sample: [{id: "sysctl:net.ipv4.tcp_keepalive_time", verdict: differs, want: 1800, layers: {configured: null, boot: 7200, running: 7200, live: null}}]
summary:
  description: Numbers of findings by verdict.
  returned: audited, applied
  type: dict
  sample: {ok: 5, differs: 1, unknown: 0, skipped: 0}
changes:
  description: The places that were changed, or in check mode would be, with the values of the kernel; contents of files are in C(diff).
  returned: applied, rolled_back
  type: list
  elements: dict
  sample: [{id: ["sysctl:net.ipv4.tcp_keepalive_time"], kind: sysctl, path: /proc/sys/net/ipv4/tcp_keepalive_time, before: 7200, after: 1800, release: false}]
remaining:
  description: Findings that are still not ok, in check mode, would not be.
  returned: applied
  type: list
  elements: dict
rollback:
  description: The id of the rollback file of this apply; null when nothing was changed, and in check mode.
  returned: applied
  type: str
  sample: 20260102T030405Z-web-server-0a1b2c
rolled_back:
  description: The rollback file that was undone, with I(all=true) the last one; null when there was none, and in check mode.
  returned: rolled_back
  type: str
undone:
  description: The rollback files that were undone.
  returned: rolled_back
  type: list
  elements: str
left:
  description: The rollback files that still hold, newest first.
  returned: rolled_back
  type: list
  elements: str
conflicts:
  description: What somebody changed since, for which nothing was undone.
  returned: rolled_back
  type: list
  elements: dict
notes:
  description: What keeltune has to say beside, such as commands that are left to run, with file and line.
  returned: always, when keeltune ran
  type: list
  elements: dict
exit:
  description: The exit status of keeltune. (It is not called C(rc), for which Ansible itself fails a task.)
  returned: always, when keeltune ran
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keeltune.host.plugins.module_utils.keeltune import STATES, Keeltune, Trouble


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["audited", "applied", "rolled_back"], "default": "audited"},
            "profile": {"type": "list", "elements": "str", "default": [], "aliases": ["profiles"]},
            "rollback": {"type": "str", "aliases": ["rollback_id"]},
            "all": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            "override": {"type": "bool", "default": False},
            "comment": {"type": "str"},
            "runtime": {"type": "bool", "default": False},
            "persistent": {"type": "bool", "default": False},
            "live": {"type": "bool", "default": False},
            "root": {"type": "path"},
            "profile_dir": {"type": "path"},
            "engine": {"type": "str", "choices": ["systemd", "procps", "procps3", "busybox"]},
            "netns": {"type": "str"},
            "wait": {"type": "int"},
            "executable": {"type": "path"},
        },
        # Not mutually_exclusive: that counts `runtime: false` beside `persistent: true`. keeltune itself refuses both.
        supports_check_mode=True,
    )
    program = module.params["executable"] or module.get_bin_path("keeltune", required=True)
    keeltune = Keeltune(program, lambda argv: module.run_command(argv, expand_user_and_vars=False), module.params)
    try:
        result = STATES[module.params["state"]](keeltune, module.check_mode, module._diff)
    except Trouble as trouble:
        module.fail_json(msg=trouble.message, **trouble.details)
    for warning in keeltune.warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
