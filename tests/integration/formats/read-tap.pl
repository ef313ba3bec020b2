#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# read-tap.pl FILE...: what TAP::Parser, the parser of prove, finds in each, one line of JSON a file.
use strict;
use warnings;
use JSON::PP;
use TAP::Parser;

for my $file (@ARGV) {
	open my $in, '<:encoding(UTF-8)', $file or die "$file: $!";
	local $/;
	my $parser = TAP::Parser->new({ tap => scalar <$in> });
	my @tests;
	while (my $result = $parser->next) {
		if ($result->is_test) {
			push @tests, { ok => $result->is_actual_ok ? 1 : 0, description => $result->description,
				directive => $result->directive, explanation => $result->explanation };
		} elsif ($result->is_yaml) {
			$tests[-1]{yaml} = $result->data;
		} elsif ($result->is_unknown) {
			push @tests, { unknown => $result->raw };
		}
	}
	print JSON::PP->new->utf8->canonical->encode({ version => $parser->version, planned => $parser->tests_planned,
		errors => [$parser->parse_errors], failed => scalar($parser->failed), tests => \@tests }), "\n";
}
