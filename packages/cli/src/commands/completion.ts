// `weir completion`: a script for the shell, made from the tree of commands and options. It asks no cluster.

import { Argument, type Command } from 'commander';
import { exitCodesHelp } from '../exit.ts';
import type { Terminal } from '../terminal/terminal.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly string[];
}

const help = `
Examples:
  source <(weir completion bash)                                  this shell only
  weir completion zsh > "\${fpath[1]}/_weir"
  weir completion fish > ~/.config/fish/completions/weir.fish
${exitCodesHelp}`;

export function registerCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a completion script for the shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', help)
    .action((shell: Shell) => terminal.out(completionScript(shell, wordsOf(program))));
}

function wordsOf(program: Command): CommandWords[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({
      name: command.name(),
      description: command.description(),
      options: command.options.flatMap((option) =>
        [option.long, option.short].filter((flag) => flag != null),
      ),
    }));
}

export function completionScript(shell: Shell, commands: readonly CommandWords[]): string {
  if (shell === 'bash') return bashScript(commands);
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands);
}

function bashScript(commands: readonly CommandWords[]): string {
  return `# bash completion for weir
_weir() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(' ')} --help" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.map((command) => `    ${command.name}) COMPREPLY=($(compgen -W "${[...command.options, '--help'].join(' ')}" -- "$current")) ;;`).join('\n')}
  esac
}
complete -o default -F _weir weir
`;
}

function zshScript(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
  return `#compdef weir
_weir() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map((command) => `      '${command.name}:${quoted(command.description)}'`).join('\n')}
    )
    _describe command commands
    return
  fi
  case "\${words[2]}" in
${commands.map((command) => `    ${command.name}) compadd -- ${[...command.options, '--help'].join(' ')} ;;`).join('\n')}
  esac
}
compdef _weir weir
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "\\'");
  const lines = commands.flatMap((command) => [
    `complete -c weir -n __fish_use_subcommand -f -a ${command.name} -d '${quoted(command.description)}'`,
    ...command.options.map((option) => {
      const flag = option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`;
      return `complete -c weir -n '__fish_seen_subcommand_from ${command.name}' ${flag}`;
    }),
  ]);
  return `# fish completion for weir\n${lines.join('\n')}\n`;
}
