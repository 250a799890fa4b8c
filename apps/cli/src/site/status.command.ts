import type { SystemStatus } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.policy.js';
import { plain, type Style } from '../output/style.js';

/** `rackwright status`: is everything there, and does anything need a person? */
export function addStatusCommand(program: Command, cli: Cli): void {
  program
    .command('status')
    .description('services, servers, profiles and runs at a glance; exit code 1 when a service is unwell')
    .action(async () => {
      const status = await cli.client().status();
      cli.show(status, () => statusText(status, cli.target().context.url, cli.style));
      if (status.services.some(({ healthy }) => healthy === false)) cli.exitCode = EXIT.failed;
      if (stuckOf(status) > 0) cli.hint('rackwright run list --state stuck');
    });
}

export function statusText(status: SystemStatus, url: string, style: Style): string {
  const width = Math.max(0, ...status.services.map(({ name }) => name.length)) + 2;
  const lines = [
    `Rackwright ${plain(status.version)} at ${plain(url)}${status.simulator === true ? style.warn('  (simulated data centre)') : ''}`,
    ...status.services.map(({ name, healthy, problem }) => {
      const mark = healthy === undefined ? style.faint('?') : healthy ? style.good('+') : style.bad('x');
      return `  ${mark} ${plain(name).padEnd(width)}${plain(problem)}`.trimEnd();
    }),
    ...Object.entries(status.counts).map(([what, count]) => `${plain(what)}: ${countText(count)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function countText(count: unknown): string {
  if (typeof count !== 'object' || count === null) return numberText(count);
  const parts = Object.entries(count).map(([word, number]) => `${numberText(number)} ${plain(word)}`);
  return parts.length === 0 ? '0' : parts.join(', ');
}

/** What nobody answers for is not zero. */
function numberText(count: unknown): string {
  return count === null || count === undefined ? '?' : plain(count);
}

function stuckOf(status: SystemStatus): number {
  const runs = status.counts['runs'] as { readonly stuck?: unknown } | undefined;
  return Number(runs?.stuck ?? 0) || 0;
}
