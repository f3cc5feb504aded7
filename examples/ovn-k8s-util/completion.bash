# Completion of ovn-k8s-util for bash.

_ovn_k8s_util() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' i
    local verbs='nics-to-bridge bridges-to-nic trace'
    local flags='--format --ovs --nb --timeout --private-key --certificate
        --ca-cert --kubeconfig --config --show-config --help --version'

    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ " $verbs " == *" ${COMP_WORDS[i]} "* && ${COMP_WORDS[i - 1]} != = ]]; then
            verb=${COMP_WORDS[i]}
            break
        fi
    done
    # "--flag=value" comes as three words.
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
    --format)
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word")
        return
        ;;
    --private-key | --certificate | --ca-cert | --kubeconfig | --config | -p | -c | -C)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --nb | --ovs | --sb)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W 'unix: tcp: ssl:' -- "$word")
        return
        ;;
    --timeout | --owner)
        COMPREPLY=()
        return
        ;;
    esac
    if [[ $verb == nics-to-bridge || -z $verb ]]; then
        flags+=' --restore'
    fi
    if [[ $verb != trace ]]; then
        flags+=' --dry-run --verbose'
    fi
    if [[ $verb == trace || -z $verb ]]; then
        flags+=' --sb --owner'
    fi
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    elif [[ -z $verb ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    elif [[ $verb == trace ]]; then
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W 'node/ service/ outside' -- "$word")
    else
        local links=(/sys/class/net/*)
        mapfile -t COMPREPLY < <(compgen -W "${links[*]##*/}" -- "$word")
    fi
}

complete -F _ovn_k8s_util ovn-k8s-util
