import { Injectable } from '@nestjs/common';
import { inventory, network, storageIdentity as storage, type ProfileDefinition } from '@rackwright/contracts';
import {
  inDependencyOrder,
  parseDocuments,
  referencesOf,
  type DocumentProblem,
  type Kind,
  type ParsedDocument,
  type Reference,
  type RackDocument,
} from '@rackwright/documents';
import { Asker } from '../asking/asker.service.js';
import { Problem } from '../http/problem.js';
import {
  claimants,
  clashesOf,
  danglingOf,
  parkingClashes,
  sameMachine,
  worldAfter,
  type Finding,
} from './claims.policy.js';
import { definitionOf } from './commands.js';
import { changesOf, type FieldChange } from './diff.policy.js';
import { keyOf, type Existing } from './existing.policy.js';
import { WorldService, type World } from './world.service.js';

export type ChangeAction = 'create' | 'update' | 'unchanged' | 'error';

/** What one document would do. */
export interface DocumentChange {
  readonly index: number;
  readonly kind: string;
  readonly name: string;
  readonly action: ChangeAction;
  readonly diff: readonly FieldChange[];
  readonly problems: readonly DocumentProblem[];
  readonly document?: RackDocument;
  readonly existing?: Existing | undefined;
}

/** Kinds that have to be known to judge a document of a kind, beside its own and what it refers to. */
const NEIGHBOURS: Partial<Record<Kind, readonly Kind[]>> = { Network: ['Switch'], Switch: ['Network'] };

/** Says what a stream of documents would change and everything that is wrong with it; changes nothing. */
@Injectable()
export class PlanDocumentsService {
  constructor(
    private readonly world: WorldService,
    private readonly asker: Asker,
  ) {}

  /**
   * In dependency order.
   *
   * @throws Problem 422 when the text cannot be read as documents at all; 503 when an owner does not answer
   */
  async plan(text: string): Promise<DocumentChange[]> {
    const stream = parseDocuments(text);
    if (stream.problems.length > 0) throw unreadable(stream.problems);
    const valid = stream.documents.flatMap(({ document }) => (document === undefined ? [] : [document]));
    const world = await this.known(valid);
    const after = worldAfter(world.values(), valid);
    const owners = claimants(after.values());
    const changes = await Promise.all(
      stream.documents.map(async (parsed): Promise<DocumentChange> => {
        const { document } = parsed;
        if (document === undefined) return bad(parsed, parsed.problems);
        const findings = [
          ...danglingOf(document, after),
          ...clashesOf(document, owners),
          ...parkingClashes(document, after),
          ...inUse(document, world),
          ...serverRenamed(document, world),
          ...(document.kind === 'ServerProfile' ? await this.previewed(document, valid) : []),
        ];
        return changeOf(parsed, document, world, findings);
      }),
    );
    return inDependencyOrder(changes);
  }

  /**
   * What has to be known of the world. Where a name may stand for several kinds, the later ones are looked at only when
   * the first does not have it: an owner that has no part in this is not needed for it.
   */
  private async known(documents: readonly RackDocument[]): Promise<World> {
    const world = await this.world.read(kindsToKnow(documents));
    const more = missingKinds(documents, world);
    return more.size === 0 ? world : new Map([...world, ...(await this.world.read(more))]);
  }

  /** What the owners would say to a profile, without what this stream is about to give them. */
  private async previewed(
    document: Extract<RackDocument, { kind: 'ServerProfile' }>,
    stream: readonly RackDocument[],
  ): Promise<Finding[]> {
    const definition = definitionOf(document);
    const coming = new Set(stream.map(({ kind, metadata }) => keyOf(kind, metadata.name)));
    const touches = (...kinds: Kind[]): boolean => stream.some(({ kind }) => kinds.includes(kind));
    const refersToComing = referencesOf(document).some(({ kinds, name }) =>
      kinds.some((kind) => coming.has(keyOf(kind, name))),
    );
    const [profile, vnics, initiators] = await Promise.all([
      this.asker.query(inventory.previewProfile, { definition }),
      this.asker.query(network.previewVnics, { profile: definition.name, vnics: definition.vnics }),
      this.previewInitiators(definition),
    ]);
    const isDoubtful = {
      network: refersToComing || touches('MacPool', 'Network'),
      storage: refersToComing || touches('WwnPool', 'IqnPool', 'Volume', 'Fabric', 'Array'),
    };
    return [
      ...told(profile.problems, refersToComing),
      ...told(vnics.problems, isDoubtful.network),
      ...told(initiators, isDoubtful.storage),
    ];
  }

  private async previewInitiators(definition: ProfileDefinition): Promise<readonly Finding[]> {
    const { name, vhbas, iscsi, volumes } = definition;
    if (vhbas.length === 0 && iscsi === undefined && volumes.length === 0) return [];
    const spec = { vhbas, volumes, ...(iscsi !== undefined && { iscsi }) };
    return (await this.asker.query(storage.previewInitiators, { profile: name, spec })).problems;
  }
}

/** Problems that hold whatever else the stream brings. */
const ALWAYS =
  /^(two-boot-volumes|no-initiator|unknown-vnic|name-twice|vnic-twice|lun-in-use|profile-locked|profile-associated|(mac|wwn|iqn|uuid)-taken|volume-in-use)$/;

/**
 * References were checked already, against the stream too, so unknown names are not said again; what depends on objects
 * that are yet to come is judged by the run.
 */
function told(problems: readonly Finding[], isDoubtful: boolean): Finding[] {
  return problems
    .filter(({ code }) => ALWAYS.test(code) || (!isDoubtful && !code.startsWith('unknown-')))
    .map(({ path, code, message }) => ({ path: `/spec${path}`, code, message }));
}

function kindsToKnow(documents: readonly RackDocument[]): Set<Kind> {
  const own = documents.flatMap(({ kind }) => [kind, ...(NEIGHBOURS[kind] ?? [])]);
  const referred = unresolved(documents, new Map()).flatMap(({ kinds }) => kinds.slice(0, 1));
  return new Set([...own, ...referred]);
}

function missingKinds(documents: readonly RackDocument[], world: World): Set<Kind> {
  return new Set(unresolved(documents, world).flatMap(({ kinds }) => kinds.slice(1)));
}

/** References to what is neither in the stream nor in the world as far as it is known. */
function unresolved(documents: readonly RackDocument[], world: World): Reference[] {
  const coming = new Set(documents.map(({ kind, metadata }) => keyOf(kind, metadata.name)));
  return documents
    .flatMap(referencesOf)
    .filter(({ kinds, name }) => !kinds.some((kind) => coming.has(keyOf(kind, name)) || world.has(keyOf(kind, name))));
}

function changeOf(
  parsed: ParsedDocument,
  document: RackDocument,
  world: World,
  findings: readonly Finding[],
): DocumentChange {
  const problems = [
    ...parsed.problems,
    ...unique(findings).map((finding) => ({ ...finding, ...parsed.at(finding.path) })),
  ];
  if (problems.length > 0) return bad(parsed, problems);
  const existing =
    world.get(keyOf(document.kind, document.metadata.name)) ?? world.get(sameMachine(world.values(), document) ?? '');
  const diff = changesOf(document, existing);
  const action = existing === undefined ? 'create' : diff.length > 0 ? 'update' : 'unchanged';
  const { index } = parsed;
  return { index, kind: document.kind, name: document.metadata.name, action, diff, problems: [], document, existing };
}

function bad({ index, kind, name }: ParsedDocument, problems: readonly DocumentProblem[]): DocumentChange {
  return { index, kind: kind ?? '', name: name ?? '', action: 'error', diff: [], problems };
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.path} ${finding.code}`, finding])).values()];
}

function inUse(document: RackDocument, world: World): Finding[] {
  if (document.kind !== 'Network') return [];
  const existing = world.get(keyOf('Network', document.metadata.name));
  const users = existing?.profiles ?? [];
  if (users.length === 0) return [];
  return changesOf(document, existing)
    .filter(({ path }) => path !== '/spec/description')
    .map(({ path }) => ({
      path,
      code: 'network-in-use',
      message: `${document.metadata.name} is used by ${users.join(', ')}; this cannot change now`,
    }));
}

function serverRenamed(document: RackDocument, world: World): Finding[] {
  if (document.kind !== 'Server') return [];
  const serial = world.get(keyOf('Server', document.metadata.name))?.spec['boardSerial'];
  if (serial === undefined || serial === document.spec.boardSerial) return [];
  const message = `${document.metadata.name} is the name of the machine with serial ${String(serial)}`;
  return [{ path: '/metadata/name', code: 'server-name-taken', message }];
}

/** The answer to text that is no stream of documents. */
function unreadable(problems: readonly DocumentProblem[]): Problem {
  const [first] = problems;
  const where = first?.line === undefined ? '' : ` (line ${first.line}, column ${first.column ?? 1})`;
  return new Problem(422, 'invalid-documents', `${first?.message ?? 'the documents cannot be read'}${where}`, {
    errors: problems.map(({ path, code, message, line, column }) => ({
      pointer: path,
      code,
      detail: message,
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
    })),
  });
}
