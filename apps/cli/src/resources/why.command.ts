import type { Placement } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { plain, type Style } from '../output/style.js';

/** `rackwright why PROFILE [SERVER]`: where a profile could go, and why nowhere else. */
export function addWhyCommand(program: Command, cli: Cli): void {
  program
    .command('why <profile> [server]')
    .description('which servers a profile could be put on, and for every other one why not')
    .option('--pool <pool>', 'only this server pool')
    .action(async (profile: string, server: string | undefined, { pool }: { readonly pool?: string }) => {
      const placement = await cli.client().placement(profile, {
        ...(server === undefined ? {} : { server }),
        ...(pool === undefined ? {} : { pool }),
      });
      const { candidates } = placement;
      if (cli.options.output === 'name') return cli.terminal.out(candidates.map((each) => `${each.server}\n`).join(''));
      cli.show(placement, () => placementText(placement, cli.style));
      if (candidates[0] !== undefined) cli.hint(`rackwright associate ${profile} --to ${candidates[0].server}`);
    });
}

/** Servers that qualify, best first, then the others with every reason. */
export function placementText(placement: Placement, style: Style): string {
  const { candidates, rejected } = placement;
  const lines = [
    ...candidates.map(
      ({ server, why }) =>
        `${style.good('+')} ${plain(server)}${why.length === 0 ? '' : `: ${why.map(plain).join('; ')}`}`,
    ),
    ...rejected.map(
      ({ server, reasons }) =>
        `${style.bad('x')} ${plain(server)}: ${reasons.map((each) => plain(each.message)).join('; ')}`,
    ),
    `${candidates.length} of ${candidates.length + rejected.length} servers qualify.`,
  ];
  return `${lines.join('\n')}\n`;
}
