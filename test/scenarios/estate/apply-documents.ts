import {
  inventory,
  network,
  networkSealingKey,
  power,
  powerSealingKey,
  storageIdentity as storage,
  storageSealingKey,
  type CommandDefinition,
} from '@rackwright/contracts';
import { sealCredential, type PlainCredential } from '@rackwright/device-registry';
import type { CommandBus, QueryClient } from '@rackwright/messaging';
import type { SiteDocument } from '@rackwright/sim';
import { waitFor } from '@rackwright/testing';

interface Conversation {
  readonly commands: CommandBus;
  readonly queries: QueryClient;
}

type SealingKey = typeof networkSealingKey;

/** Kinds in the order in which they are applied, each with its command and, for devices, whose key seals credentials. */
const KINDS: readonly (readonly [SiteDocument['kind'], CommandDefinition, SealingKey?])[] = [
  ['Site', inventory.putSite],
  ['ServerPool', inventory.putServerPool],
  ['Network', network.putNetwork],
  ['MacPool', network.putMacPool],
  ['WwnPool', storage.putWwnPool],
  ['IqnPool', storage.putIqnPool],
  ['Switch', network.putSwitch, networkSealingKey],
  ['Fabric', storage.putFabric, storageSealingKey],
  ['Array', storage.putArray, storageSealingKey],
  ['Volume', storage.putVolume],
  ['Server', inventory.putServer],
  ['Bmc', power.putBmc, powerSealingKey],
];

const ASK_MS = 15_000;

/** Does with documents what the gateway does: one put command each, credentials sealed to the service that owns them. */
export async function applyDocuments(talk: Conversation, documents: readonly SiteDocument[]): Promise<void> {
  for (const [kind, command, sealingKey] of KINDS) {
    const mine = documents.filter((document) => document.kind === kind);
    if (mine.length === 0) continue;
    const publicKey = sealingKey && (await queryWhenUp(talk, sealingKey)).publicKey;
    await Promise.all(mine.map((document) => applyOne(talk, command, document, publicKey)));
  }
}

/** A service that has just started may not answer questions yet. */
function queryWhenUp({ queries }: Conversation, sealingKey: SealingKey) {
  return waitFor(() => queries.query(sealingKey, {}), { withinMs: 10_000, what: `${sealingKey.service} to answer` });
}

async function applyOne(
  { commands }: Conversation,
  command: CommandDefinition,
  { kind, metadata, spec }: SiteDocument,
  publicKey: Record<string, unknown> | undefined,
): Promise<void> {
  const { credential, ...rest } = spec;
  const sealed =
    credential !== undefined && publicKey ? await sealCredential(credential as PlainCredential, publicKey) : undefined;
  const input = { name: metadata.name, ...rest, ...(sealed !== undefined && { credential: sealed }) };
  const outcome = await commands.ask(command, command.input.parse(input), { timeoutMs: ASK_MS });
  if (outcome.kind !== 'done') throw new Error(`${kind} ${metadata.name}: ${outcome.code}: ${outcome.message}`);
}

/** Waits until every server was discovered and every device was read. */
export async function untilReady({ queries }: Conversation, servers: number): Promise<void> {
  await waitFor(
    async () => {
      const { items } = await queries.query(inventory.listServers, { limit: 500 });
      const waiting = items.filter((server) => server.lifecycle !== 'available' || server.factsAt === undefined);
      if (items.length < servers || waiting.length > 0)
        throw new Error(`${items.length} servers, waiting for ${waiting.map((server) => server.name).join(', ')}`);
      return true;
    },
    { withinMs: 30_000, everyMs: 100, what: `${servers} servers to be discovered` },
  );
  await waitFor(
    async () => {
      const devices = [
        ...(await queries.query(storage.listFabrics, {})).items,
        ...(await queries.query(storage.listArrays, {})).items,
        ...(await queries.query(network.listSwitches, {})).items,
      ];
      const unread = devices.filter((device) => device.readAt === undefined || device.problem !== undefined);
      if (unread.length > 0) throw new Error(unread.map(({ name, problem }) => `${name}: ${problem ?? ''}`).join('; '));
      return true;
    },
    { withinMs: 30_000, everyMs: 100, what: 'every switch, fabric and array to be read' },
  );
}
