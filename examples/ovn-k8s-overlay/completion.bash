# Completion of ovn-k8s-overlay for bash.

_ovn_k8s_overlay() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' i
    local verbs='master-init minion-init gateway-init gateway-del node-del cluster-del network-del check repair status topology'
    local flags='--dry-run --verbose --format --wait --owner --ovs --nb --timeout --private-key
        --certificate --ca-cert --kubeconfig --config --show-config --help --version'
    local gateway='--node-name --cluster-ip-subnet --physical-interface --bridge-interface --physical-ip
        --default-gw --rampout-ip-subnets --single-default --logical-only --chassis --mac'
    local init='--node-name --cluster-ip-subnet --mtu --logical-only'

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
        local formats='text json'
        if [[ -z $verb || $verb == topology ]]; then
            formats+=' dot svg'
        fi
        mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$word")
        return
        ;;
    --wait)
        mapfile -t COMPREPLY < <(compgen -W 'none sb hv' -- "$word")
        return
        ;;
    --private-key | --certificate | --ca-cert | --kubeconfig | --config | -p | -c | -C)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --nb | --sb | --ovs)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W 'unix: tcp: ssl:' -- "$word")
        return
        ;;
    --physical-interface | --bridge-interface)
        mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$word")
        return
        ;;
    --owner | --timeout | --mtu | --node-name | --cluster-ip-subnet | --master-switch-subnet | \
        --minion-switch-subnet | --join-subnet | --service-cluster-ip-range | --physical-ip | --default-gw | \
        --rampout-ip-subnets | --chassis | --mac)
        COMPREPLY=()
        return
        ;;
    esac
    case $verb in
    master-init) flags+=" $init --master-switch-subnet --join-subnet --service-cluster-ip-range" ;;
    minion-init) flags+=" $init --minion-switch-subnet" ;;
    gateway-init) flags+=" $gateway" ;;
    gateway-del) flags+=' --logical-only' ;;
    cluster-del | network-del) flags+=' --force' ;;
    status) flags+=' --sb' ;;
    topology) flags+=' --ports' ;;
    esac
    if [[ -z $verb && $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    fi
}

complete -F _ovn_k8s_overlay ovn-k8s-overlay
