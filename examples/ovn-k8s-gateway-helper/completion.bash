# Completion of ovn-k8s-gateway-helper for bash.

_ovn_k8s_gateway_helper() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local flags='--physical-bridge --physical-interface --conntrack-zone --dry-run --remove --ovs --nb
        --timeout --private-key --certificate --ca-cert --kubeconfig --config --show-config --detach
        --monitor --no-chdir --pidfile --overwrite-pidfile --log-file --verbose --unixctl
        --metrics-address --help --version'

    # "--flag=value" comes as three words.
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
    --physical-bridge)
        mapfile -t COMPREPLY < <(compgen -W "$(ovs-vsctl --timeout=2 list-br 2>/dev/null)" -- "$word")
        return
        ;;
    --physical-interface)
        mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$word")
        return
        ;;
    --private-key | --certificate | --ca-cert | --kubeconfig | --config | --pidfile | --log-file | \
        --unixctl | -p | -c | -C)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --nb | --ovs)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W 'unix: tcp: ssl:' -- "$word")
        return
        ;;
    --conntrack-zone | --metrics-address | --timeout | --verbose)
        COMPREPLY=()
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
}

complete -F _ovn_k8s_gateway_helper ovn-k8s-gateway-helper
