import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `rackwright completion SHELL`: words of the command tree; names of servers and profiles are not looked up. */
export function addCompletionCommand(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('print a completion script: source <(rackwright completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) => cli.terminal.out(completionScript(program, shell)));
}

/** What can follow each command path: subcommands and options. */
function wordsByPath(command: Command, path: readonly string[] = []): [path: string, words: string[]][] {
  const options = command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]));
  const names = command.commands.map((each) => each.name()).filter((name) => name !== 'reference');
  return [
    [path.join(' '), [...names, ...options]],
    ...command.commands.flatMap((each) => wordsByPath(each, [...path, each.name()])),
  ];
}

export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const all = wordsByPath(program);
  if (shell === 'fish') {
    return `${all
      .map(([path, words]) => {
        const seen = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
        return `complete -c rackwright -f -n '${seen}' -a '${words.join(' ')}'`;
      })
      .join('\n')}\n`;
  }
  const cases = all.map(([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n');
  const header = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${header}_rackwright() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases}
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case "$path" in *' '*) path="\${path% *}" ;; *) path='' ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _rackwright rackwright
`;
}
