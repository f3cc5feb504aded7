# Completion of ovn-k8s-watcher for bash.

_ovn_k8s_watcher() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local flags='--overlay --owner --manage-nodes --legacy-annotation --check --leader-elect --lease-name
        --lease-namespace --lease-identity --lease-duration --renew-deadline --retry-period --ovs --nb
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
    --metrics-address | --owner | --timeout | --verbose | --lease-name | --lease-namespace | --lease-identity | \
        --lease-duration | --renew-deadline | --retry-period)
        COMPREPLY=()
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
}

complete -F _ovn_k8s_watcher ovn-k8s-watcher
