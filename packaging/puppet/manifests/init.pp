# SPDX-License-Identifier: MIT
#
# @summary Makes a host comply with keeltune profiles.
#
# @param profiles names or absolute paths of profiles; none: those of /etc/keeltune/keeltune.conf
# @param override comment out lines of others that defeat the profiles
# @param manage_package install the package `keeltune`
# @param program where keeltune is
#
# `unless` is the audit: 0 complies, 1 differs, 2 could not be judged. Puppet takes every status but 0 for "go and
# apply"; an apply that cannot judge the host refuses with 2 and changes nothing, and the run fails with its message.
# With --noop nothing is run but the audit. A host on which something stays different (apply exits with 1, the report
# names file and line) fails in each run until somebody decides.
class keeltune (
  Array[String[1]]     $profiles       = [],
  Boolean              $override       = false,
  Boolean              $manage_package = true,
  Pattern[/\A\//]       $program        = '/usr/sbin/keeltune',
) {
  if $manage_package {
    package { 'keeltune':
      ensure => installed,
      before => Exec['keeltune apply'],
    }
  }

  $override_option = $override ? {
    true    => ['--override'],
    default => [],
  }

  # Lists of words: no shell reads them.
  exec { 'keeltune apply':
    command   => [$program, 'apply', '--comment=puppet'] + $override_option + ['--'] + $profiles,
    unless    => [[$program, 'audit', '--quiet', '--'] + $profiles],
    logoutput => true,
  }
}
