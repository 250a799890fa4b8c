import type { Profile, RackwrightClient, Server } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { planText } from '../plans/plan-text.js';
import { runText } from '../runs/run-text.js';
import { itemText, profileText, serverText, switchText } from './describe-text.js';
import { getOne } from './get.command.js';
import { kindOf } from './kinds.js';

/** `rackwright describe KIND NAME`: everything about one thing, for people. */
export function addDescribeCommand(program: Command, cli: Cli): void {
  program
    .command('describe <kind> <name>')
    .description('everything about one thing: cabling, identities, placement')
    .action(async (word: string, name: string) => {
      const client = cli.client();
      const now = cli.clock.now();
      if (word === 'run') {
        const run = await client.runs.get(name);
        return cli.show(run, () => runText(run, now, cli.style));
      }
      if (word === 'plan') {
        const plan = await client.plan(name);
        return cli.show(plan, () => planText(plan, cli.style));
      }
      const kind = kindOf(word);
      if (kind.name === 'profile') return describeProfile(cli, client, await client.profile(name));
      const item = await getOne(client, kind, name);
      if (kind.name === 'server') {
        return cli.show(item, () => serverText(item as unknown as Server, now, cli.style));
      }
      if (kind.name !== 'switch') return cli.show(item, () => itemText(item, cli.style));
      const { items: portList, readAt } = await client.switchPorts(name);
      cli.show({ ...item, portList, readAt }, () => switchText({ ...item, readAt }, portList, cli.style));
    });
}

async function describeProfile(cli: Cli, client: RackwrightClient, profile: Profile): Promise<void> {
  const placement = await client.placement(profile.id);
  cli.show({ ...profile, placement }, () => profileText(profile, placement, cli.clock.now(), cli.style));
}
