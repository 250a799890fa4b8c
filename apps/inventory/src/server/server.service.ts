import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { done, refused, inventory, type InputOf, type OutcomeOf } from '@rackwright/contracts';
import { IdFactory, type Clock } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { FormerHolderEntity } from '../profile/profile.entity.js';
import { ServerPoolEntity } from '../server-pool/server-pool.entity.js';
import { SiteEntity } from '../site/site.entity.js';
import { CONFIDENCE, mergeObservation, observationsOf } from './cabling.policy.js';
import { CablingEntity, ServerEntity } from './server.entity.js';
import { lifecycleProblem } from './server-lifecycle.policy.js';
import { ServerRepository } from './server.repository.js';
import { searchTextOf } from './server.view.js';

/** Servers: declared in the manifest, discovered through BMCs, moved through their life cycle. */
@Injectable()
export class ServerService {
  constructor(
    private readonly servers: ServerRepository,
    private readonly events: EventBus,
    private readonly ids: IdFactory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async putServer(tx: Tx, input: InputOf<typeof inventory.putServer>): Promise<OutcomeOf<typeof inventory.putServer>> {
    const problem = await this.declarationProblem(tx, input);
    if (problem) return problem;
    const existing = await this.servers.lockBySerial(tx, input.boardSerial);
    const server = existing ?? newServer(this.ids.newId('server'), input.name, input.boardSerial);
    const before = JSON.stringify([declaredPart(server), await this.declaredCabling(tx, server.id)]);
    Object.assign(server, {
      name: input.name,
      bmc: input.bmc ?? server.bmc,
      site: input.site ?? null,
      rack: input.rack ?? null,
      position: input.position ?? null,
      chassis: input.chassis ?? null,
      powerFeeds: input.powerFeeds,
      pool: input.pool ?? null,
      declaredArchitecture: input.architecture ?? null,
      expected: true,
    });
    if (
      existing &&
      (existing.lockedBy !== null || existing.profileId !== null) &&
      before !== JSON.stringify([declaredPart(server), [...input.cabling].sort(byPort)])
    ) {
      return refused(
        'server-in-use',
        `${input.name} has a profile or a running change; its declaration cannot be edited now`,
      );
    }
    if (server.lifecycle === 'enrolled' && server.facts !== null) server.lifecycle = 'available';
    server.searchText = searchTextOf(server);
    await this.servers.save(tx, server);
    await this.replaceDeclaredCabling(tx, server.id, input.cabling);
    const changed =
      !existing || before !== JSON.stringify([declaredPart(server), await this.declaredCabling(tx, server.id)]);
    if (changed)
      await this.events.emit(tx, inventory.serverChanged, {
        serverId: server.id as never,
        server: server.name,
        changed: ['declaration'],
        lifecycle: server.lifecycle,
      });
    return done({ serverId: server.id as never, changed });
  }

  async register(
    tx: Tx,
    input: InputOf<typeof inventory.registerServer>,
  ): Promise<OutcomeOf<typeof inventory.registerServer>> {
    const boardSerial = input.facts.boardSerial ?? input.facts.serial;
    if (boardSerial === undefined) return refused('no-serial', `${input.bmcName} tells no serial of its machine`);
    const declared = await tx.manager.findOne(ServerEntity, {
      where: { bmc: input.bmcName },
      lock: { mode: 'pessimistic_write' },
    });
    const found =
      (await this.servers.lockBySerial(tx, boardSerial)) ??
      (input.facts.serial === undefined ? null : await this.servers.lockBySerial(tx, input.facts.serial));
    if (declared && found?.id !== declared.id) {
      const message = `BMC ${input.bmcName} is declared to manage ${declared.name} (serial ${declared.boardSerial}), but the machine behind it has serial ${boardSerial}`;
      await this.events.emit(tx, inventory.findingRaised, { code: 'serial-mismatch', message, subject: declared.id });
      return refused('serial-mismatch', message, { expected: declared.boardSerial, found: boardSerial });
    }
    const server = found ?? newServer(this.ids.newId('server'), nameFor(boardSerial), boardSerial);
    const changed = changedFacts(server, input.facts);
    Object.assign(server, {
      bmc: input.bmcName,
      driver: input.driver,
      facts: input.facts,
      factsAt: new Date(input.readAt),
    });
    if (server.lifecycle === 'enrolled' && server.expected) server.lifecycle = 'available';
    server.searchText = searchTextOf(server);
    await this.servers.save(tx, server);
    await this.mergeSeenCabling(tx, server, new Date(input.readAt));
    await this.tellRegistered(tx, server, !found, changed);
    return done({ serverId: server.id as never, created: !found, changed });
  }

  async setLifecycle(
    tx: Tx,
    input: InputOf<typeof inventory.setServerLifecycle>,
  ): Promise<OutcomeOf<typeof inventory.setServerLifecycle>> {
    const server = await this.servers.lockById(tx, input.serverId);
    if (!server) return refused('unknown-server', `there is no server ${input.serverId}`);
    if (server.lockedBy !== null) return refused('server-locked', `run ${server.lockedBy} is changing ${server.name}`);
    const from = server.lifecycle;
    if (from === input.to) return done({ from, to: input.to });
    const holds = await tx.manager.countBy(FormerHolderEntity, { serverId: server.id });
    const problem = lifecycleProblem({
      from,
      to: input.to,
      hasProfile: server.profileId !== null,
      mayCarryIdentity: holds > 0,
    });
    if (problem) return refused(problem.code, `${server.name}: ${problem.message}`);
    // Out of maintenance, a server that carries a profile is assigned again.
    const to = input.to === 'available' && server.profileId !== null ? ('assigned' as const) : input.to;
    Object.assign(server, { lifecycle: to, lifecycleReason: input.reason });
    await this.servers.save(tx, server);
    await this.events.emit(tx, inventory.serverChanged, {
      serverId: server.id as never,
      server: server.name,
      changed: ['lifecycle'],
      lifecycle: input.to,
    });
    return done({ from, to: input.to });
  }

  /** Power readings feed the projection only; an older reading never overwrites a newer one. */
  async recordPower(
    tx: Tx,
    readings: readonly { serverId: string; state: string; at: string; source: string; watts?: number | undefined }[],
  ): Promise<void> {
    for (const reading of readings) {
      await tx.prepared(
        'inventory-power-read',
        `UPDATE servers SET power_state = $2, power_at = $3, power_source = $4, power_watts = coalesce($5, power_watts)
         WHERE id = $1 AND (power_at IS NULL OR power_at <= $3)`,
        [reading.serverId, reading.state, reading.at, reading.source, reading.watts ?? null],
      );
    }
  }

  private async declarationProblem(tx: Tx, input: InputOf<typeof inventory.putServer>) {
    const named = await tx.manager.findOneBy(ServerEntity, { name: input.name });
    if (named && named.boardSerial !== input.boardSerial)
      return refused('server-name-taken', `${input.name} is the name of the machine with serial ${named.boardSerial}`);
    if (input.site !== undefined && !(await tx.manager.existsBy(SiteEntity, { name: input.site })))
      return refused('unknown-site', `there is no site ${input.site}`);
    if (input.pool !== undefined && !(await tx.manager.existsBy(ServerPoolEntity, { name: input.pool })))
      return refused('unknown-pool', `there is no server pool ${input.pool}`);
    const managed = input.bmc === undefined ? null : await tx.manager.findOneBy(ServerEntity, { bmc: input.bmc });
    if (managed && managed.boardSerial !== input.boardSerial)
      return refused('serial-taken', `BMC ${input.bmc ?? ''} manages ${managed.name} (serial ${managed.boardSerial})`);
    for (const end of input.cabling) {
      const taken = await tx.manager.findOneBy(CablingEntity, { device: end.device, devicePort: end.devicePort });
      const owner = taken && (await tx.manager.findOneBy(ServerEntity, { id: taken.serverId }));
      if (taken && (owner?.boardSerial !== input.boardSerial || taken.port !== end.port)) {
        return refused(
          'port-cabled-twice',
          `${end.device} port ${end.devicePort} is cabled to ${owner?.name ?? 'another server'} port ${taken.port}`,
        );
      }
    }
    return undefined;
  }

  private async declaredCabling(
    tx: Tx,
    serverId: string,
  ): Promise<{ port: string; device: string; devicePort: string }[]> {
    const rows = await tx.manager.findBy(CablingEntity, { serverId, source: 'declared' });
    return rows.map(({ port, device, devicePort }) => ({ port, device, devicePort })).sort(byPort);
  }

  private async replaceDeclaredCabling(
    tx: Tx,
    serverId: string,
    cabling: InputOf<typeof inventory.putServer>['cabling'],
  ): Promise<void> {
    const wanted = new Map(cabling.map((end) => [end.port, end]));
    const existing = await tx.manager.findBy(CablingEntity, { serverId });
    for (const end of existing) {
      const want = wanted.get(end.port);
      if (end.source === 'declared' && want?.device === end.device && want.devicePort === end.devicePort)
        wanted.delete(end.port);
      else if (end.source === 'declared' || want) await tx.manager.remove(CablingEntity, end);
    }
    const at = this.clock.now();
    for (const end of wanted.values())
      await tx.manager.insert(CablingEntity, {
        serverId,
        ...end,
        source: 'declared',
        confidence: CONFIDENCE.declared,
        at,
      });
  }

  private async mergeSeenCabling(tx: Tx, server: ServerEntity, at: Date): Promise<void> {
    const known = new Map(
      (await tx.manager.findBy(CablingEntity, { serverId: server.id })).map((end) => [end.port, end]),
    );
    for (const seen of observationsOf(server.facts?.ports ?? [], at)) {
      const { cabling, contradicted } = mergeObservation(known.get(seen.port), seen);
      const elsewhere = await tx.manager.findOneBy(CablingEntity, {
        device: cabling.device,
        devicePort: cabling.devicePort,
      });
      const isTaken = elsewhere !== null && (elsewhere.serverId !== server.id || elsewhere.port !== cabling.port);
      if (contradicted || isTaken) {
        const message = `${server.name} port ${seen.port} is seen at ${seen.device} port ${seen.devicePort}, which is not what is known`;
        await this.events.emit(tx, inventory.findingRaised, {
          code: 'cabling-contradicted',
          message,
          subject: server.id,
        });
      }
      if (!isTaken) await tx.manager.save(CablingEntity, { ...cabling, serverId: server.id });
    }
  }

  private async tellRegistered(
    tx: Tx,
    server: ServerEntity,
    isNew: boolean,
    changed: readonly string[],
  ): Promise<void> {
    const who = { serverId: server.id as never, server: server.name };
    if (isNew || changed.includes('first reading')) {
      await this.events.emit(tx, inventory.serverRegistered, {
        ...who,
        boardSerial: server.boardSerial,
        ...(server.facts?.model !== undefined && { model: server.facts.model }),
      });
    } else if (changed.length > 0)
      await this.events.emit(tx, inventory.serverChanged, {
        ...who,
        changed: [...changed],
        lifecycle: server.lifecycle,
      });
    if (isNew)
      await this.events.emit(tx, inventory.findingRaised, {
        code: 'unexpected-server',
        message: `nobody declared the machine with serial ${server.boardSerial}`,
        subject: server.id,
      });
  }
}

function byPort(left: { port: string }, right: { port: string }): number {
  return left.port < right.port ? -1 : 1;
}

function newServer(id: string, name: string, boardSerial: string): ServerEntity {
  return Object.assign(new ServerEntity(), {
    id,
    name,
    boardSerial,
    expected: false,
    bmc: null,
    driver: null,
    site: null,
    rack: null,
    position: null,
    chassis: null,
    powerFeeds: [],
    pool: null,
    declaredArchitecture: null,
    lifecycle: 'enrolled',
    lifecycleReason: null,
    facts: null,
    factsAt: null,
    searchText: '',
    powerState: 'unknown',
    powerAt: null,
    powerSource: null,
    powerWatts: null,
    epoch: 1,
    lockedBy: null,
    profileId: null,
  } satisfies ServerEntity);
}

/** A machine nobody declared is named after its serial. */
function nameFor(boardSerial: string): string {
  return `server-${boardSerial
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')}`.slice(0, 63);
}

function declaredPart(server: ServerEntity): unknown[] {
  return [
    server.name,
    server.bmc,
    server.site,
    server.rack,
    server.position,
    server.chassis,
    server.powerFeeds,
    server.pool,
    server.declaredArchitecture,
  ];
}

function changedFacts(server: ServerEntity, facts: NonNullable<ServerEntity['facts']>): string[] {
  const before = server.facts;
  if (before === null) return ['first reading'];
  const volatile = new Set(['powerWatts']);
  return Object.keys({ ...before, ...facts }).filter(
    (key) => !volatile.has(key) && !isDeepStrictEqual(before[key as never], facts[key as never]),
  );
}
