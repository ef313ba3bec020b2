# SPDX-License-Identifier: MIT
# Completion of keeltune for fish. What there is to complete is in the table, which the build has from the
# program's own tables (packaging/completions/table.c).

# The words before the cursor that are neither options nor their values: the command and its arguments.
function __keeltune_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word $__keeltune_takes
            set skip 1
        else if not string match -q -- '-*' $word
            echo -- $word
        end
    end
end

# Is COMMAND given, and WORD behind it; "-" is none yet?
function __keeltune_at # COMMAND [WORD]
    set -l words (__keeltune_words) - -
    test "$words[1]" = $argv[1]; and begin
        not set -q argv[2]; or test "$words[2]" = $argv[2]
    end
end

function __keeltune_ask # ARGUMENT...
    set -l program (commandline -opc)[1]
    type -q $program; and $program $argv 2>/dev/null </dev/null
end

function __keeltune_values # KIND WORDS
    switch $argv[1]
        case word
            string split -- ' ' $argv[2]
        case output
            set -l given (string split -m 1 -- : (commandline -ct))
            if set -q given[2]
                __fish_complete_path $given[2] | string replace -r -- '^' $given[1]:
            else
                string split -- ' ' $argv[2] | string replace -r -- '$' ':'
            end
        case directory
            __fish_complete_directories (commandline -ct)
        case profile
            string match -q -- '*/*' (commandline -ct); and __fish_complete_path (commandline -ct)
            __keeltune_ask profile list | string replace -rf -- '^(\S+)\s+(.*)$' '$1\t$2'
        case id
            __keeltune_ask history | string replace -rf -- '^(\d+T\d+Z-\S+)\s+(.*)$' '$1\t$2'
        case user
            __fish_complete_users
        case pid
            __fish_complete_pids
        case netns
            set -l paths /run/netns/*
            string replace -r -- '.*/' '' $paths
        case service
            set -l paths /etc/pam.d/*
            string replace -r -- '.*/' '' $paths
    end
end

set -g __keeltune_takes
complete -c keeltune -f
echo -n '@TABLE@
' | while read -l --delimiter \t row of name letter kind values help
    set -l offer "(__keeltune_values $kind $(string escape -- $values))"
    switch $row
        case command
            complete -c keeltune -n '__keeltune_at -' -a $of -d $help
        case argument
            if test $name != -
                complete -c keeltune -n "__keeltune_at $of -" -a $name
                set of $of $name
            end
            test $kind = -; or complete -c keeltune -n "__keeltune_at $of" -a $offer
            test $kind = file; and complete -c keeltune -n "__keeltune_at $of" -F
        case option
            set -l option -c keeltune -n "__keeltune_at $of" -l (string sub -s 3 -- $name) -d $help
            test $letter = -; or set -a option -s (string sub -s 2 -- $letter)
            switch $kind
                case - optional
                    complete $option
                case file
                    set -a __keeltune_takes $name $letter
                    complete $option -r -F
                case '*'
                    set -a __keeltune_takes $name $letter
                    complete $option -x -a $offer
            end
    end
end
