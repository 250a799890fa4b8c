import type { Command } from 'commander';

/** The command tree as Markdown: docs/reference/generated/cli.md is this and nothing else. */
export function cliReference(program: Command): string {
  const lines = [
    '# Command line',
    '',
    'Generated from the command tree by `npm run generate`. `rackwright help COMMAND` says the same.',
    '',
    '## Every command',
    '',
    ...optionTable(program),
    '',
    '## Exit codes',
    '',
    '| code | |',
    '| --- | --- |',
    ...EXIT_TEXTS.map((text, code) => `| ${code} | ${text} |`),
    '',
    ...visible(program).flatMap((command) => section(command, 'rackwright')),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

const EXIT_TEXTS = [
  'done',
  'anything else that went wrong',
  'usage, or documents that are not right',
  'refused by policy',
  'conflict: somebody else is at it, or the plan is stale',
  'undone: the run went back',
  'stuck: the run needs a person',
  'timed out; the run goes on',
];

function section(command: Command, above: string): string[] {
  const path = `${above} ${command.name()}`;
  const children = visible(command);
  if (children.length > 0) return children.flatMap((child) => section(child, path));
  const usage = [path, command.options.length > 0 ? '[options]' : '', ...command.registeredArguments.map(argumentText)];
  return [
    `## ${path}`,
    '',
    sentence(command.description()),
    '',
    '```',
    usage.filter((part) => part !== '').join(' '),
    '```',
    '',
    ...(command.options.length > 0 ? [...optionTable(command), ''] : []),
  ];
}

function visible(command: Command): readonly Command[] {
  return command.commands.filter((each) => !['help', 'reference'].includes(each.name()));
}

function optionTable(command: Command): string[] {
  return [
    '| option | |',
    '| --- | --- |',
    ...command.options.map(({ flags, description, mandatory, argChoices }) => {
      const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
      return `| \`${flags}\` | ${escape(description)}${choices}${mandatory ? ' (required)' : ''} |`;
    }),
  ];
}

function argumentText(argument: { name(): string; required: boolean; variadic: boolean }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function sentence(text: string): string {
  return `${escape(text.charAt(0).toUpperCase())}${escape(text.slice(1))}.`;
}
