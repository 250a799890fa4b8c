import type { inventory } from '@rackwright/contracts';
import type { CablingEntity, ServerEntity } from './server.entity.js';

/** A power reading older than this is shown as `unknown`. */
export const POWER_FRESH_MS = 15 * 60_000;

const defined = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

/** Leaves keys without a value out, as the message schemas want it. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** A server as others see it: facts with their age, nothing stale as fact. Pure. */
export function serverViewOf(
  server: ServerEntity,
  cabling: readonly CablingEntity[],
  profile: string | undefined,
  now: Date,
): inventory.ServerView {
  const { facts } = server;
  const isFresh = server.powerAt !== null && now.getTime() - server.powerAt.getTime() <= POWER_FRESH_MS;
  const ends = new Map(cabling.map((end) => [end.port, end]));
  const view = {
    id: server.id,
    name: server.name,
    site: defined(server.site),
    rack: defined(server.rack),
    position: defined(server.position),
    chassis: defined(server.chassis),
    powerFeeds: server.powerFeeds,
    pool: defined(server.pool),
    lifecycle: server.lifecycle,
    vendor: facts?.vendor,
    model: facts?.model,
    serial: facts?.serial,
    boardSerial: server.boardSerial,
    uuid: facts?.uuid,
    architecture: facts?.architecture ?? defined(server.declaredArchitecture),
    processorCount: facts?.processorCount,
    cores: facts?.cores,
    memoryGiB: facts?.memoryGiB,
    bmc: defined(server.bmc),
    driver: defined(server.driver),
    power: withoutUndefined({
      state: isFresh ? server.powerState : 'unknown',
      at: server.powerAt?.toISOString(),
      source: defined(server.powerSource),
      watts: isFresh ? defined(server.powerWatts) : undefined,
    }),
    profile,
    profileId: defined(server.profileId),
    lockedBy: defined(server.lockedBy),
    epoch: server.epoch,
    factsAt: server.factsAt?.toISOString(),
    ports: (facts?.ports ?? []).map((port) => {
      const end = ends.get(port.name);
      return withoutUndefined({
        ...port,
        cabling: end && {
          device: end.device,
          port: end.devicePort,
          source: end.source,
          confidence: end.confidence,
          at: end.at.toISOString(),
        },
      });
    }),
    gaps: facts?.gaps ?? [],
  };
  return withoutUndefined(view) as inventory.ServerView;
}

/** What a search looks through: names, serials, model, every MAC and WWN without separators. Pure. */
export function searchTextOf(server: Pick<ServerEntity, 'name' | 'boardSerial' | 'facts'>): string {
  const { facts } = server;
  const identities = (facts?.ports ?? [])
    .flatMap((port) => [port.permanentMac, port.permanentWwpn, port.permanentWwnn])
    .filter((identity) => identity !== undefined);
  const words = [server.name, server.boardSerial, facts?.serial, facts?.model, facts?.uuid].filter(
    (word) => word !== undefined,
  );
  return [...words, ...identities.map((identity) => identity.replaceAll(':', ''))].join(' ').toLowerCase();
}

/** A search as typed, in the form of {@link searchTextOf}: identities in any notation lose their separators. */
export function searchTermOf(typed: string): string {
  const lower = typed.trim().toLowerCase();
  const bare = lower.replace(/^0x/, '').replace(/[:.\-\s]/g, '');
  return /^[0-9a-f]{6,16}$/.test(bare) && /[:.-]|^0x/.test(lower) ? bare : lower;
}
